"""Texts of notes: reading, edits, front matter, checks, masking, files."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import fields
from importlib.resources import files
from pathlib import Path

from doctorflan_ls.calculators import calculate
from doctorflan_ls.checks.run import check
from doctorflan_ls.features import (
    score,
)
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.notefile import read_note
from doctorflan_ls.notes.front_matter import front_matter_end, read_front_matter
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.privacy import mask
from doctorflan_ls.text import Span
from doctorflan_ls.triage import triage
from tests.endurance.fuzz_targets import target, text_of

_FRONT = """---
doc_type: 出院记录
admission_time: 2024-03-05 08:00
record_time: "2024-03-08 08:00"
severity: 病危
allergies: [青霉素, {a: b}]
other_notes:
  - {doc_type: 病程记录, record_time: 2024-03-05, text: 血钾 3.9mmol/L}
---
"""
_DRAFT = (
    "〔DoctorFLAN 草稿 待审核｜病例总结｜case-summary｜skeleton 0.1.0｜#1a2b3c4d〕\n"
    "患者男，58岁，胸痛3小时，BP 160/90mmHg，阿司匹林 300mg。\n"
    "〔DoctorFLAN 草稿结束｜#1a2b3c4d〕\n"
)
_DENSE = (
    "入院记录\n姓名：王小明 性别：男 年龄：58岁 住院号：00123456 电话：13800138000\n"
    "主诉：左侧胸痛3小时，加重1小时。\n现病史：患者2024-03-05 08:00突发胸痛，否认发热，伴大汗。\n"
    "既往史：高血压10年，2型糖尿病，青霉素过敏（皮疹）。个人史：吸烟20支/日×30年。\n"
    "体格检查：T 36.5℃ P 98次/分 R 20次/分 BP 160/95mmHg，身高170cm，体重75kg，GCS 15分。\n"
    "辅助检查：血钾 5.9mmol/L↑，肌酐 132μmol/L，Na+ 135mmol/L，白细胞 12.3×10^9/L，右肺结节。\n"
    "初步诊断：1.急性心肌梗死 2.高血压病3级\n诊疗计划：阿司匹林 0.3g qd po，硫酸镁，左氧氟沙星。\n"
    "医师签名：李四 2024年3月5日 9时10分\n"
)
_ENGLISH = (
    "Name: John Smith  MRN: 12345678  DOB: 01/02/1960\nCC: chest pain x3 hours\n"
    "HPI: 64 y/o M with HTN, T2DM, no fever. Denies cough. NKDA? Allergies: penicillin (rash).\n"
    "Vitals: T 98.6 F, HR 110, BP 92/60, RR 22, SpO2 91% RA, Wt 80 kg\n"
    "Labs: K 6.1, Cr 2.3 mg/dL, Na 128, WBC 15.2\nMeds: amoxicillin 500 mg TID, MSO4 10 mg IV\n"
    "A/P: 1. NSTEMI - aspirin 325 mg. 2. AKI on CKD, right leg pain; left leg DVT.\n"
)
NOTE_WORDS = (
    *(
        "---\n",
        "doc_type: ",
        "主诉：",
        "现病史：",
        "既往史：",
        "诊断：",
        "1.",
        "（1）",
        "①",
        "否认",
        "无",
        "？",
    ),
    *(
        "38.5℃",
        "mmHg",
        "120/80",
        "×10^9/L",
        "mg",
        "qd",
        "青霉素过敏",
        "左",
        "右",
        "2024-03-05",
        "24:00",
        "3天",
    ),
    *(
        "HPI: ",
        "PMH: ",
        "denies ",
        "no ",
        "mg/dL",
        "y/o",
        "Allergies: ",
        "MSO4",
        "U ",
        "Dr. ",
        "A/P:",
        "女",
        "男",
    ),
    *(
        "〔DoctorFLAN 草稿结束｜#1a2b3c4d〕\n",
        _DRAFT,
        "\r\n",
        "\r",
        "\u2028",
        "\x0c",
        "/",
        "血钾",
        "|",
        "\t",
        "—",
    ),
)


def note_seeds() -> Iterator[bytes]:
    for each in (
        _DENSE,
        _ENGLISH,
        _FRONT + _DENSE,
        _DENSE.replace("诊疗计划", _DRAFT + "诊疗计划"),
    ):
        yield each.encode()
    for path in sorted(
        files("doctorflan_ls").joinpath("examples").iterdir(), key=lambda one: one.name
    ):
        if path.name.endswith(".txt"):
            text = path.read_text(encoding="utf-8")
            yield text[:900].encode()
            yield (_FRONT + text[-700:]).encode()


def whole(note: Note) -> tuple[object, ...]:
    return (
        *(str(note.text), note.language, note.doc_type, note.stated_type, note.front),
        *(note.front_matter, note.patient, note.draft_blocks, note.sections, note.facts),
    )


def _assert_spans(note: Note) -> None:
    size = len(note.text)
    for section in note.sections:
        assert 0 <= section.span.start <= section.heading_span.start, "a section begins outside"
        assert section.heading_span.end <= section.body.start <= section.span.end <= size, (
            "a section ends outside"
        )
        assert note.slice(section.heading_span) == section.heading, "a heading is elsewhere"
    for fact in note.facts:
        assert 0 <= fact.span.start < fact.span.end <= size, "a fact outside the note"
        assert note.slice(fact.span) == fact.text, "a fact is not what stands there"
    for block in note.draft_blocks:
        assert block.span.contains(block.body), "a draft's body outside it"
        assert not note.facts_in(block.span), "a draft is read as evidence"


def _seen(note: Note) -> Iterator[object]:
    yield (note.language, note.doc_type)
    yield from (("section", each.id) for each in note.sections)
    yield from (("fact", each.kind, each.assertion) for each in note.facts)


def _edits(text: str, chance: random.Random) -> Iterator[tuple[Span, str]]:
    """A few edits with pieces of the text itself and what stands between parts."""
    pieces = ("\n", "：", "。", "---\n", "", "诊断：", "\r", _DRAFT, "9")
    for _ in range(3):
        at, other = chance.randint(0, len(text)), chance.randint(0, len(text))
        replaced = min(at + chance.choice((0, 0, 1, 7, 60)), len(text))
        piece = text[other : other + chance.choice((1, 5, 60))]
        yield Span(at, replaced), chance.choice((piece, *pieces))


@target("notes", "text", note_seeds, words=NOTE_WORDS, longest=6000, quick=20)
def notes(data: bytes, _: Path) -> Iterable[object]:
    """Any text is read; an edited note equals a fresh one."""
    note = parse_note(text_of(data))
    _assert_spans(note)
    chance = random.Random(zlib.crc32(data))
    edited = note
    for version, (span, piece) in enumerate(_edits(str(note.text), chance), 1):
        at = Span(min(span.start, len(edited.text)), min(span.end, len(edited.text)))
        edited = edited.edited(at, piece, version)
    assert whole(edited) == whole(parse_note(str(edited.text))), "an edited note is another"
    triage(note)
    return _seen(note)


@target(
    "front-matter",
    "text",
    lambda: (_FRONT.encode(), b"---\nallergies: [a]\n---\n" + _DENSE.encode()),
    words=(
        "---\n",
        "&a ",
        "*a",
        "<<: ",
        "!!python/object:os.system ",
        "? ",
        "- ",
        "{",
        "[",
        "|\n ",
        ">\n ",
        "'",
        "%YAML 9\n",
        "other_notes:",
        "text: ",
        "uri: ",
    ),
    longest=8000,
    quick=60,
)
def front_matter(data: bytes, _: Path) -> Iterable[object]:
    """Any front matter tells a context, and a line for each thing that it does not."""
    note = parse_note(text_of(data))
    end = front_matter_end(note.text)
    read = read_front_matter(str(note.text)[:end])
    for each in read.problems:
        yield (each.key, each.span is None)
        assert each.span is None or 0 <= each.span.start <= each.span.end <= end, "outside"
    yield tuple(bool(getattr(read.context, each.name)) for each in fields(read.context))
    findings = check(note)
    for finding in findings:
        finding.message("zh"), finding.message("en")


@target("checks", "text", note_seeds, words=NOTE_WORDS, longest=4000, quick=8)
def checks(data: bytes, _: Path) -> Iterable[object]:
    """All checks, the points and the calculators run over any note, after an edit as afresh."""
    note = parse_note(text_of(data))
    found = check(note)
    for finding in found:
        yield finding.rule.id
        assert 0 <= finding.span.start <= finding.span.end <= len(note.text), "a finding outside"
        for locale in ("zh", "en"):
            assert finding.message(locale), "a finding says nothing"
    for result in calculate(note):
        yield (result.calculator.id, result.value is None)
    edited = note
    for version, (span, piece) in enumerate(
        _edits(str(note.text), random.Random(zlib.crc32(data))), 1
    ):
        at = Span(min(span.start, len(edited.text)), min(span.end, len(edited.text)))
        edited = edited.edited(at, piece, version)
    fresh = parse_note(str(edited.text))
    assert _told(edited) == _told(fresh), "findings of an edited note are others"
    made = Snapshot(note).score(found)
    json.dumps(score.score_json(made, "zh"))


def _told(note: Note) -> list[tuple[object, ...]]:
    return [(each.rule.id, each.span, each.message("zh")) for each in check(note)]


@target(
    "masking",
    "text",
    note_seeds,
    words=(*NOTE_WORDS, "[姓名1]", "13800138000", "110101199003071233", "王小明", "Dr. Smith"),
    longest=6000,
    quick=20,
)
def masking(data: bytes, _: Path) -> Iterable[object]:
    """What is masked comes back to the character, in whatever pieces."""
    text = text_of(data)
    masked = mask([text, text[:50]])
    assert masked.restore(masked.texts[0]) == text, "what was masked does not come back"
    restorer = masked.restorer()
    pieces = [
        restorer.push(masked.texts[0][at : at + 3]) for at in range(0, len(masked.texts[0]), 3)
    ]
    assert "".join(pieces) + restorer.finish() == text, "pieces do not come back"
    for name in masked.originals:
        yield name.rstrip("0123456789]")


@target(
    "note-files",
    "bytes",
    lambda: (
        _DENSE.encode("gb18030"),
        _DENSE.encode("utf-16"),
        _DENSE.encode(),
        _ENGLISH.encode("cp1252"),
        b"\xff\xfe\x00\x00" + _ENGLISH.encode("utf-32-le"),
    ),
    longest=4000,
)
def note_files(data: bytes, folder: Path) -> Iterable[object]:
    """A file is a note in some encoding, or is refused by a line."""
    path = folder / "note.txt"
    path.write_bytes(data)
    made = read_note(str(path))
    yield made.encoding
