"""Read a note from a file or from standard input, whatever it is encoded in."""

from __future__ import annotations

import codecs
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from doctorflan_ls.errors import DoctorFlanError

STANDARD_INPUT = "-"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    # Before UTF-16, whose little-endian mark is the start of this one.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# First bytes of the files that are mistaken for notes (each format's own specification).
_FORMATS = (
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "ZIP, DOCX, ODT"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "DOC, XLS"),
    (b"{\\rtf", "RTF"),
    (b"\x89PNG\r\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"\x1f\x8b", "gzip"),
    (b"\x7fELF", "ELF"),
    (b"SQLite format 3\x00", "SQLite"),
)
_DICOM_OFFSET = 128
_SAMPLE = 65536
# A text has line ends, tabs and form feeds; C0 controls beyond this share mean it is no text.
_CONTROL_SHARE = 0.01
# GB18030 decodes almost any bytes. Traditional Chinese is still half in GB 2312; chance is a tenth.
_COMMON_SHARE = 0.5
_BROKEN_SHARE = 0.01
_ACCENT_SHARE = 0.1
_TEXT_CONTROLS = frozenset("\t\n\r\f\v\x1a\x1b\x85")


class BadNoteFile(DoctorFlanError):
    """A file cannot be read as a note."""


@dataclass(frozen=True, slots=True)
class NoteFile:
    """A note's text, its line ends kept and its byte order mark left out.

    ``encoding`` is how it was read (``utf-8``, ``utf-16-le``, ``utf-16-be``, ``gb18030`` ...).
    """

    name: str
    text: str
    encoding: str


def read_note(path: str) -> NoteFile:
    """The note in the file ``path``, or on standard input for ``-``.

    Raises BadNoteFile where it cannot be read, holds nothing, or is not text.
    """
    name, data = _bytes(path)
    if not data:
        raise BadNoteFile("notefile.empty", name=name)
    text, encoding = _decoded(data, name)
    if not text.strip():
        raise BadNoteFile("notefile.blank", name=name)
    return NoteFile(name, text, encoding)


def _bytes(path: str) -> tuple[str, bytes]:
    if path == STANDARD_INPUT:
        return "<stdin>", sys.stdin.buffer.read()
    try:
        return path, Path(path).read_bytes()
    except FileNotFoundError:
        raise BadNoteFile("notefile.missing", name=path) from None
    except IsADirectoryError:
        raise BadNoteFile("notefile.directory", name=path) from None
    except OSError as error:
        raise BadNoteFile("notefile.unreadable", name=path, reason=error.strerror) from None
    except ValueError:
        raise BadNoteFile("notefile.missing", name=path.replace("\0", "\ufffd")) from None


def _decoded(data: bytes, name: str) -> tuple[str, str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strictly(data, encoding, name, skip=len(mark)), encoding
    known = _format(data)
    if known is not None:
        raise BadNoteFile("notefile.format", name=name, format=known)
    guess = _guessed(data)
    if guess is None:
        raise BadNoteFile("notefile.binary", name=name)
    return _strictly(data, guess, name), guess


def _strictly(data: bytes, encoding: str, name: str, skip: int = 0) -> str:
    try:
        return data[skip:].decode(encoding)
    except UnicodeDecodeError as error:
        at = error.start + skip
        raise BadNoteFile("notefile.broken", name=name, encoding=encoding, offset=at) from None


def _format(data: bytes) -> str | None:
    if data[_DICOM_OFFSET:].startswith(b"DICM"):
        return "DICOM"
    return next((name for magic, name in _FORMATS if data.startswith(magic)), None)


def _guessed(data: bytes) -> str | None:
    """The encoding of ``data``, which has no mark; None where it is no text in any we know."""
    sample = data[:_SAMPLE]
    if b"\0" not in data:
        if _decodes(data, "utf-8"):
            return "utf-8" if _is_text(sample.decode("utf-8", "ignore")) else None
        if _is_broken_utf8(sample):
            return "utf-8"
        for encoding, fits in (("gb18030", _is_chinese), ("cp1252", _is_western)):
            if _decodes(data, encoding) and fits(sample.decode(encoding, "ignore")):
                return encoding
    # Chinese in UTF-16 need not hold a NUL, so it is tried on every file.
    for encoding in ("utf-16-le", "utf-16-be"):
        if _decodes(data, encoding) and _is_utf16(sample.decode(encoding, "ignore")):
            return encoding
    return None


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _is_text(sample: str) -> bool:
    controls = sum(1 for letter in sample if letter < " " and letter not in _TEXT_CONTROLS)
    return controls <= len(sample) * _CONTROL_SHARE


def _is_broken_utf8(sample: bytes) -> bool:
    """True where a few bytes of UTF-8 are wrong; reading it then names the first of them."""
    # Incremental, because the sample may end inside a character.
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(sample)
    broken = text.count("\ufffd")
    whole = sum(1 for letter in text if letter > "\x7f") - broken
    return whole > 0 and _is_text(text) and broken <= whole * _BROKEN_SHARE


def _is_chinese(sample: str) -> bool:
    """True where what is not ASCII is for the greater part in GB 2312."""
    wide = [letter for letter in sample if letter > "\x7f"]
    return _is_text(sample) and _common(wide) >= len(wide) * _COMMON_SHARE


def _is_western(sample: str) -> bool:
    """True for text that is nearly all ASCII: typographic quotes and the odd accent."""
    wide = sum(1 for letter in sample if letter > "\x7f")
    return _is_text(sample) and wide <= len(sample) * _ACCENT_SHARE


def _is_utf16(sample: str) -> bool:
    """True where every character is assigned and most are ASCII or in GB 2312.

    Random bytes, and UTF-16 in the wrong byte order, are spread over all of the BMP.
    """
    if any(unicodedata.category(letter) in {"Cn", "Co", "Cs"} for letter in sample):
        return False
    plain = sum(1 for letter in sample if letter <= "~")
    wide = [letter for letter in sample if letter > "~"]
    return _is_text(sample) and plain + _common(wide) >= len(sample) * _COMMON_SHARE


def _common(letters: list[str]) -> int:
    """How many of ``letters`` GB 2312 has."""
    return len("".join(letters).encode("gb2312", "ignore").decode("gb2312"))
