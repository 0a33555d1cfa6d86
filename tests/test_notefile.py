"""Note files in the encodings hospitals export, and what is refused."""

import codecs
import io
import os
import random
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorflan_ls.notefile import BadNoteFile, read_note

CHINESE = (
    "主诉：发热3天。\r\n现病史：患者3天前受凉后发热，体温38.6℃，否认胸痛。\n\x0c既往史：体健。"
)
ENGLISH = "CHIEF COMPLAINT: fever for 3 days.\nDenies chest pain.\r\n"
TRADITIONAL = "主訴：發熱三天。現病史：患者三天前受涼後發熱，無胸痛。"
NO_ASCII = "主诉发热三天现病史患者否认胸痛"
BMP = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1)


def _file(tmp_path, data: bytes) -> str:
    path = tmp_path / "note.txt"
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize(
    ("text", "mark", "codec", "encoding"),
    [
        (CHINESE, b"", "utf-8", "utf-8"),
        (CHINESE, codecs.BOM_UTF8, "utf-8", "utf-8"),
        (CHINESE, codecs.BOM_UTF16_LE, "utf-16-le", "utf-16-le"),
        (CHINESE, codecs.BOM_UTF16_BE, "utf-16-be", "utf-16-be"),
        (CHINESE, codecs.BOM_UTF32_LE, "utf-32-le", "utf-32-le"),
        (CHINESE, b"", "utf-16-le", "utf-16-le"),
        (CHINESE, b"", "utf-16-be", "utf-16-be"),
        (NO_ASCII, b"", "utf-16-le", "utf-16-le"),
        (CHINESE, b"", "gbk", "gb18030"),
        (CHINESE + "𠮷㐀", b"", "gb18030", "gb18030"),
        (TRADITIONAL, b"", "gb18030", "gb18030"),
        (ENGLISH, b"", "utf-8", "utf-8"),
        (ENGLISH, b"", "utf-16-le", "utf-16-le"),
        (ENGLISH, b"", "utf-16-be", "utf-16-be"),
        (ENGLISH + "The patient’s pain is “sharp” – naïve.", b"", "cp1252", "cp1252"),
        ("a", b"", "utf-8", "utf-8"),
    ],
)
def test_the_encoding_is_found_and_the_text_is_whole(tmp_path, text, mark, codec, encoding):
    found = read_note(_file(tmp_path, mark + text.encode(codec)))
    assert (found.text, found.encoding) == (text, encoding)


@given(BMP.filter(lambda text: text.strip()))
def test_utf8_is_always_utf8(tmp_path_factory, text):
    if any(text.startswith(magic) for magic in ("%PDF-", "PK", "GIF8", "{\\rtf")):
        return
    found = read_note(_file(tmp_path_factory.mktemp("note"), text.encode()))
    assert (found.text, found.encoding) == (text.removeprefix("\ufeff"), "utf-8")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (codecs.BOM_UTF8 + b" \n\t", "holds only blanks"),
        (b"%PDF-1.7\n...", "PDF file"),
        (b"PK\x03\x04...", "ZIP, DOCX, ODT file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...", "DOC, XLS file"),
        (b"{\\rtf1\\ansi note}", "RTF file"),
        (b"\0" * 128 + b"DICM", "DICOM file"),
        (random.Random(1).randbytes(4000), "not a text file"),
        (b"\x01\x02\x03\x04" * 50, "not a text file"),
        (b"\0" * 64, "not a text file"),
        (CHINESE.encode()[:-1], "broken utf-8 at byte"),
        ((CHINESE * 50).encode() + b"\xff" + CHINESE.encode(), "broken utf-8 at byte"),
        (codecs.BOM_UTF16_LE + b"\x2d\x4e\x00", "broken utf-16-le at byte 4"),
    ],
)
def test_what_is_no_note_is_refused_in_one_line(tmp_path, data, said):
    path = _file(tmp_path, data)
    with pytest.raises(BadNoteFile) as caught:
        read_note(path)
    for locale in ("en", "zh"):
        assert caught.value.user_message(locale).startswith(path)
        assert "\n" not in caught.value.user_message(locale)
    assert said in str(caught.value)


def test_missing_files_and_folders_are_named(tmp_path):
    for path, said in ((tmp_path / "none", "no such file"), (tmp_path, "is a folder")):
        with pytest.raises(BadNoteFile, match=said):
            read_note(str(path))
    with pytest.raises(BadNoteFile, match="no such file"):
        read_note("a\0b")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_named(tmp_path):
    path = _file(tmp_path, b"note")
    Path(path).chmod(0)
    with pytest.raises(BadNoteFile, match="cannot be read"):
        read_note(path)


@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "utf-16"])
def test_a_file_of_ten_megabytes_is_read_whole(tmp_path, codec):
    text = CHINESE * (10_000_000 // len(CHINESE.encode(codec)) + 20_000)
    data = text.encode(codec)
    assert len(data) >= 10_000_000
    assert read_note(_file(tmp_path, data)).text == text


def test_a_dash_is_standard_input(monkeypatch):
    stream = SimpleNamespace(buffer=io.BytesIO(CHINESE.encode("gbk")))
    monkeypatch.setattr(sys, "stdin", stream)
    found = read_note("-")
    assert (found.name, found.text, found.encoding) == ("<stdin>", CHINESE, "gb18030")
