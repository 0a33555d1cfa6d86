"""Time limits, order of times, signatures: a note, what is told of it, «where» rules point."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module

import pytest
from corpora import NAMES, notes_of

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.checks.overlay import overlaid
from doctorflan_ls.checks.run import check
from doctorflan_ls.notes import markers
from doctorflan_ls.notes.context import read_context
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.testing.notes import marked
from doctorflan_ls.text import Span

START = datetime.fromisoformat("2024-03-01T08:00")
MODULES = (
    *("front", "limits", "order", "signing", "copies"),
    *("agreement", "rounds", "surgery", "traces", "consents"),
)
CHECKS = [
    each for name in MODULES for each in import_module(f"doctorflan_ls.checks.stay.{name}").checks()
]


def found(text: str, context: dict[str, object], **options: object) -> list[Finding]:
    reading = read_context(context)
    assert not reading.problems
    chosen = CheckOptions(context=reading.context, **options)
    return list(check(parse_note(text), chosen, checks=CHECKS))


def rules_at(source: str, context: dict[str, object], **options: object) -> list[tuple[str, str]]:
    note = marked(source)
    found_ = found(note.text, context, **options)
    return [(each.rule.id, note.text[slice(*each.span)]) for each in found_]


def expected(source: str, *rules: str) -> list[tuple[str, str]]:
    note = marked(source)
    return [(rule, note.text[slice(*span)]) for rule, span in zip(rules, note.spans, strict=True)]


def day(hours: float, minutes: int = 0) -> str:
    """The time so long after the morning of the first of March."""
    at = START + timedelta(hours=hours, minutes=minutes)
    return f"{at:%Y-%m-%d %H:%M}"


LIMITS = [
    ("入院记录", "ZA-01", "admission_time", "record_time", 24),
    ("再次入院记录", "ZA-01", "admission_time", "record_time", 24),
    ("首次病程记录", "ZF-01", "admission_time", "record_time", 8),
    ("抢救记录", "ZR-01", "rescue_end_time", "record_time", 6),
    ("手术记录", "ZS-01", "surgery_end_time", "record_time", 24),
    ("术后首次病程记录", "ZS-04", "surgery_end_time", "record_time", 6),
    ("出院记录", "ZX-01", "discharge_time", "record_time", 24),
    ("死亡记录", "ZM-01", "death_time", "record_time", 24),
    ("死亡病例讨论记录", "ZM-03", "death_time", "record_time", 168),
    ("24小时内入出院记录", "ZT-01", "discharge_time", "record_time", 24),
    ("24小时内入院死亡记录", "ZT-01", "death_time", "record_time", 24),
    ("24小时内入出院记录", "ZT-01", "admission_time", "discharge_time", 24),
    ("主治医师首次查房记录", "ZW-01", "admission_time", "record_time", 48),
    ("# History and Physical\nHPI: He coughs.", "EN-HP-TIME", "admission_time", "record_time", 24),
    ("# Discharge Summary\nHe did well.", "EN-DS-TIME", "discharge_time", "record_time", 720),
]


@pytest.mark.parametrize(("title", "rule", "start", "end", "hours"), LIMITS)
def test_a_limit_to_the_minute(title: str, rule: str, start: str, end: str, hours: int) -> None:
    note = title + ("" if "\n" in title else "\n（补记）患者病情平稳。\n")
    within = {start: day(0), end: day(hours)}
    assert rules_at(note, within) == []
    assert [each for each, _ in rules_at(note, {start: day(0), end: day(hours, 1)})] == [rule]
    # Told without minutes: only what breaks the limit at the best.
    assert rules_at(note, {start: day(0)[:10], end: day(hours, 1)}) == []
    assert rules_at(note, {start: day(0), end: day(hours)[:10]}) == []
    later = {start: day(0)[:10], end: day(hours + 48)[:10]}
    assert [each for each, _ in rules_at(note, later)] == [rule]


def test_a_message_names_both_times_the_limit_and_what_is_over() -> None:
    context = {"admission_time": "2024-03-05 14:30", "record_time": "2024-03-06 16:40"}
    [finding] = found("入院记录\n主诉：咳嗽3天\n", context)
    for part in ("2024-03-05 14:30", "2024-03-06 16:40", "26小时10分", "24小时", "2小时10分"):
        assert part in finding.message("zh")
    for part in ("2024-03-05 14:30", "2024-03-06 16:40", "26 h 10 min", "24 h", "2 h 10 min"):
        assert part in finding.message("en")
    assert "第十七条" in finding.authority("zh")
    vague = {"admission_time": "2024-03-05", "record_time": "2024-03-08"}
    [finding] = found("入院记录\n主诉：咳嗽3天\n", vague)
    assert "至少48小时1分" in finding.message("zh")


@pytest.mark.parametrize(
    ("note", "rule"),
    [
        (
            "入院记录\n入院时间：2024-03-05 14:30\n记录时间：«2024-03-07 10:00»\n主诉：咳嗽\n",
            "ZA-01",
        ),
        ("入院记录\n入院时间：2024年3月5日14时\n记录日期：«2024年3月7日»\n主诉：咳嗽\n", "ZA-01"),
        ("«2024-03-05 23:00» 首次病程记录\n入院时间：2024-03-05 10:00\n病例特点：略\n", "ZF-01"),
        ("首次病程记录\n«2024-03-05 23:00»\n入院时间：2024-03-05 10:00\n病例特点：略\n", "ZF-01"),
        (
            "出院记录\n出院日期：2024-03-05 10:00\n医师签名：张三 «2024-03-06 10:01»\n",
            "ZX-01",
        ),
        ("接班记录\n接班日期：2024-03-05 08:00\n记录时间：«2024-03-06 08:01»\n", "ZH-01"),
        ("转入记录\n转入日期：2024-03-05 08:00\n记录时间：«2024-03-06 08:01»\n", "ZH-01"),
        (
            "死亡病例讨论记录\n死亡时间：2024-03-05 08:00\n讨论日期：«2024-03-13»\n主持人：张三\n",
            "ZM-03",
        ),
    ],
)
def test_times_that_the_note_itself_says(note: str, rule: str) -> None:
    assert rules_at(note, {}) == expected(note, rule)


@pytest.mark.parametrize(
    "note",
    [
        # No title: the type would be a guess.
        "入院时间：2024-03-05 14:30\n记录时间：2024-03-07\n现病史：略\n个人史：无\n体格检查：略\n",
        # Two admissions.
        "入院记录\n入院时间：2024-03-05 14:30\n记录时间：2024-03-07\n入院时间：2023-01-01 10:00\n",
        "入院记录\n上次入院时间：2024-03-05 14:30\n记录时间：2024-03-07 10:00\n",
        # A day beside the signature says nothing of the hour.
        "出院记录\n出院日期：2024-03-05 10:00\n医师签名：张三 2024-03-07\n",
        # Several records in one file.
        "首次病程记录\n入院时间：2024-03-05 10:00\n2024-03-05 12:00\n略\n2024-03-06 09:00\n略\n",
        "入院记录\n入院时间：2024-03-05 14:30\n记录时间：2024-13-45 10:00\n",
        "交班记录\n交班日期：2024-03-05 08:00\n记录时间：2024-03-07 08:01\n",
    ],
)
def test_times_that_are_in_doubt(note: str) -> None:
    assert rules_at(note, {}) == []


def test_what_is_told_goes_before_what_is_written() -> None:
    note = "入院记录\n入院时间：2024-03-05 14:30\n记录时间：2024-03-07 10:00\n"
    told = {"admission_time": "2024-03-06 14:30", "record_time": "2024-03-07 10:00"}
    assert rules_at(note, told) == []


def test_a_draft_says_no_time() -> None:
    opening = markers.opening("zh", "诊断", "initial-diagnosis", "skeleton 1", "ab12")
    draft = f"{opening}\n记录时间：2024-03-09 10:00\n{markers.closing('zh', 'ab12')}\n"
    note = "入院记录\n入院时间：2024-03-05 14:30\n" + draft
    assert len(parse_note(note).draft_blocks) == 1
    assert rules_at(note, {}) == []


def test_without_a_type_nothing_is_said() -> None:
    context = {"admission_time": day(0), "record_time": day(99)}
    assert rules_at("患者病情平稳。\n", context) == []
    told = {**context, "doc_type": "入院记录"}
    assert [rule for rule, _ in rules_at("患者病情平稳。\n", told)] == ["ZA-01"]


CONSULT = "会诊记录\n会诊意见：建议加用呋塞米。\n"


@pytest.mark.parametrize(
    ("minutes", "kind", "hours", "severity"),
    [
        (24 * 60, None, 24, None),
        (24 * 60 + 1, None, 24, "warning"),
        (48 * 60, "普通", 24, "warning"),
        (48 * 60 + 1, "普通", 24, "error"),
        (48 * 60, None, 48, None),
        (48 * 60 + 1, None, 48, "error"),
        (10, "急会诊", 24, None),
        (11, "急会诊", 24, "error"),
        (11, "急会诊", 48, "error"),
        (11, None, 24, None),
    ],
)
def test_a_consultation(minutes: int, kind: str | None, hours: int, severity: str | None) -> None:
    context: dict[str, object] = {"request_time": day(0), "opinion_time": day(0, minutes)}
    if kind:
        context["consult_kind"] = kind
    findings = found(CONSULT, context, consult_hours=hours)
    assert [(each.rule.id, each.rule.severity) for each in findings] == (
        [("ZK-01", severity)] if severity else []
    )


def test_a_consultation_names_its_source() -> None:
    def source(minutes: int, hours: int) -> str:
        context = {"request_time": day(0), "opinion_time": day(0, minutes)}
        return found(CONSULT, context, consult_hours=hours)[0].authority("zh")

    newer, older = "医疗质量安全核心制度要点", "第二十二条（十）"
    assert newer in source(25 * 60, 24)
    assert older not in source(25 * 60, 24)
    assert newer in source(49 * 60, 24)
    assert older in source(49 * 60, 24)
    assert newer not in source(49 * 60, 48)
    assert older in source(49 * 60, 48)


@pytest.mark.parametrize(
    ("note", "rules"),
    [
        ("急会诊记录\n申请时间：2024-03-05 10:00\n会诊时间：«2024-03-05 10:20»\n", ["ZK-01"]),
        (
            f"急会诊记录\n申请时间：{day(2)}\n到场时间：{day(2, 8)}\n会诊时间：{day(2, 40)}\n",
            [],
        ),
        ("会诊记录\n申请时间：2024-03-05 10:00\n会诊时间：2024-03-05 10:20\n", []),
    ],
)
def test_an_urgent_consultation_in_the_note(note: str, rules: list[str]) -> None:
    assert rules_at(note, {}) == expected(note, *rules)


def test_a_rescue_record_that_is_late_says_so() -> None:
    context = {"rescue_end_time": day(0), "record_time": day(3)}
    [finding] = found("抢救记录\n患者心跳骤停，予心肺复苏。\n", context)
    assert (finding.rule.id, finding.rule.severity) == ("ZR-01", "warning")
    assert "补记" in finding.message("zh")
    assert found("抢救记录（补记）\n患者心跳骤停，予心肺复苏。\n", context) == []
    soon = {"rescue_end_time": day(0), "record_time": day(0, 50)}
    assert found("抢救记录\n患者心跳骤停，予心肺复苏。\n", soon) == []


@pytest.mark.parametrize(
    ("doc_type", "context", "count"),
    [
        ("首次病程记录", {"admission_time": day(5), "record_time": day(0)}, 1),
        ("首次病程记录", {"admission_time": day(0), "record_time": day(0)}, 0),
        ("首次病程记录", {"admission_time": day(0)[:10], "record_time": day(-3)}, 0),
        ("首次病程记录", {"admission_time": day(48)[:10], "record_time": day(0)}, 1),
        ("日常病程记录", {"record_time": day(48), "discharge_time": day(24)}, 1),
        ("出院记录", {"record_time": day(20), "discharge_time": day(0)}, 0),
        ("出院记录", {"admission_time": day(20), "discharge_time": day(0)}, 1),
        ("死亡记录", {"death_time": day(20), "record_time": day(10)}, 1),
        ("手术记录", {"surgery_end_time": day(20), "record_time": day(10)}, 1),
        ("术前小结", {"surgery_end_time": day(20), "record_time": day(10)}, 0),
        ("会诊记录", {"request_time": day(20), "opinion_time": day(10)}, 1),
        ("门诊病历", {"admission_time": day(20), "record_time": day(0)}, 0),
    ],
)
def test_the_order_of_times(doc_type: str, context: dict[str, object], count: int) -> None:
    findings = found(f"{doc_type}\n患者病情平稳。\n", context)
    assert [each.rule.id for each in findings] == ["ZC-11"] * count


def test_the_order_is_told_at_the_time_that_is_written() -> None:
    note = "首次病程记录\n记录时间：«2024-03-05 08:00»\n病例特点：略\n"
    assert rules_at(note, {"admission_time": "2024-03-05 10:00"}) == expected(note, "ZC-11")


@pytest.mark.parametrize(
    ("role", "end", "rules"),
    [
        ("实习", "医师«签名»：王五\n", ["ZC-03"]),
        ("trainee", "«病程»", []),
        ("试用期", "医师签名：王五/李四\n", []),
        ("进修", "医师签名：王五\n上级医师签名：李四\n", []),
        ("进修", "医师«签名»：王五\n上级医师签名：\n", None),
        ("student", "带教老师：李四\n", []),
        ("student", "以上内容已由李四主任审阅。\n", []),
        ("执业医师", "医师签名：王五\n", []),
        ("主治医师", "", []),
    ],
)
def test_a_trainee_needs_a_doctor(role: str, end: str, rules: list[str] | None) -> None:
    end = end if end != "«病程»" else "主治医师：李四\n"
    note = "日常病程记录\n患者病情平稳，继续目前治疗。\n" + end
    findings = [rule for rule, _ in rules_at(note, {"author_role": role})]
    assert findings == (["ZC-03"] if rules is None else rules)


def test_a_trainee_without_a_signature_is_told_at_the_title() -> None:
    note = "«日常病程记录»\n患者病情平稳。\n"
    assert rules_at(note, {"author_role": "实习"}) == expected(note, "ZC-03")
    assert rules_at("# Progress Note\nHe feels well today.\n", {"author_role": "student"}) == []


def test_a_hospital_sets_its_own_limits() -> None:
    text = (
        "[data.context.limits]\nadmission_hours = 12\n"
        '[rule.ZX-01]\nseverity = "off"\n[rule.ZH-01]\nseverity = "information"\n'
    )
    table = overlaid({"ours": text}).table
    context = {"admission_time": day(0), "record_time": day(13)}
    [finding] = found("入院记录\n主诉：咳嗽\n", context, table=table)
    assert "12小时" in finding.message("zh")
    late = {"discharge_time": day(0), "record_time": day(99)}
    assert found("出院记录\n出院诊断：肺炎\n", late, table=table) == []
    taken = "接班记录\n接班日期：2024-03-05 08:00\n记录时间：2024-03-06 08:01\n"
    assert [each.rule.severity for each in found(taken, {}, table=table)] == ["information"]


def test_nothing_is_said_of_a_piece_of_a_note() -> None:
    note = parse_note(
        "入院记录\n入院时间：2024-03-05 14:30\n记录时间：2024-03-07 10:00\n" + "咳" * 60_000
    )
    assert check(note, CheckOptions(), Span(0, 5), checks=CHECKS) == ()
    assert len(check(note, CheckOptions(), checks=CHECKS)) == 1


@pytest.mark.data
@pytest.mark.parametrize("name", NAMES)
def test_real_notes_without_context_are_left_alone(name: str) -> None:
    told = [
        (each.rule.id, note.text.line_of(each.span.start))
        for note in map(parse_note, notes_of(name))
        for each in check(note, checks=CHECKS)
    ]
    assert told == []
