"""The YAML at a note's beginning: what it tells, what of it is no part of the record."""

from __future__ import annotations

from datetime import datetime

import pytest

from doctorflan_ls.checks.run import check
from doctorflan_ls.checks.stay.front import checks
from doctorflan_ls.notes import doctype
from doctorflan_ls.notes.context import (
    Context,
    Moment,
    OtherNote,
    _words,
    plain_uri,
    read_context,
)
from doctorflan_ls.notes.note import parse_note

BODY = "主诉：咳嗽3天\n现病史：3天前受凉后咳嗽，无发热。\n"
NOON = datetime.fromisoformat("2024-03-05T14:30")


def told(*lines: str, end: str = "\n") -> Context:
    text = end.join(("---", *lines, "---", BODY))
    return parse_note(text).front_matter.context


def test_every_key_of_the_contract_is_read() -> None:
    context = told(
        "doc_type: 出院记录",
        "admission_time: 2024-03-05 14:30",
        "record_time: 2024-03-05 14:30",
        "discharge_time: 2024-03-05 14:30",
        "death_time: 2024-03-05 14:30",
        "surgery_end_time: 2024-03-05 14:30",
        "rescue_end_time: 2024-03-05 14:30",
        "request_time: 2024-03-05 14:30",
        "opinion_time: 2024-03-05 14:30",
        "consult_kind: 急会诊",
        "severity: 病危",
        "department: 呼吸内科",
        "author_role: 实习医师",
        "allergies: [青霉素, 磺胺]",
        "other_notes:",
        "  - doc_type: 日常病程记录",
        "    record_time: 2024-03-05 14:30",
        "    text: |",
        "      日常病程记录",
        "      患者病情平稳。",
        "  - uri: other.txt",
    )
    moment = Moment(NOON, precise=True)
    assert context == Context(
        "discharge_record",
        *[moment] * 8,
        "urgent",
        "critical",
        "呼吸内科",
        "student",
        ("青霉素", "磺胺"),
        (
            OtherNote("日常病程记录\n患者病情平稳。\n", "daily_progress_note", moment),
            OtherNote("", uri="other.txt"),
        ),
    )


@pytest.mark.parametrize(
    ("written", "precise"),
    [
        ("2024-03-05 14:30", True),
        ("2024-03-05T14:30", True),
        ("2024-03-05T14:30:00Z", True),
        ("2024-03-05T14:30:00.123+08:00", True),
        ("2024-03-05T14:30:59+0800", True),
        ("'2024-03-05 14:30'", True),
        ("2024年3月5日 14:30", True),
        ("2024年3月5日14时30分", True),
        ("2024年3月5日14点30分", True),
        ("2024/3/5 14：30", True),
        ("2024.3.5 14:30", True),
        ("２０２４-０３-０５ １４：３０", True),
        ("２０２４年３月５日１４时３０分", True),
        ("2024-03-05 14时", False),
        ("2024-03-05", False),
        ("2024年3月5日", False),
    ],
)
def test_a_time_in_many_forms(written: str, precise: bool) -> None:
    moment = told(f"record_time: {written}").record_time
    assert moment is not None
    assert moment.at.date() == NOON.date()
    assert moment.precise is precise
    if precise:
        assert (moment.at.hour, moment.at.minute) == (14, 30)


def test_a_time_without_minutes_may_mean_the_whole_day() -> None:
    day, hour = told("record_time: 2024-03-05"), told("record_time: 2024-03-05 14时")
    assert day.record_time is not None
    assert hour.record_time is not None
    assert (day.record_time.at, day.record_time.latest) == (
        datetime.fromisoformat("2024-03-05"),
        datetime.fromisoformat("2024-03-05T23:59"),
    )
    assert hour.record_time.at == datetime.fromisoformat("2024-03-05T14:00")
    assert hour.record_time.latest == datetime.fromisoformat("2024-03-05T23:59")


def test_the_end_of_a_day_is_the_next() -> None:
    moment = told("record_time: 2024-03-04 24:00").record_time
    assert moment == Moment(datetime.fromisoformat("2024-03-05"), precise=True)
    assert told("record_time: 9999-12-31 24:00").record_time is None
    assert told("record_time: 2024-03-04 24:01").record_time is None


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("severity: 病重", "severity", "serious"),
        ("severity: Serious", "severity", "serious"),
        ("severity: 病情稳定", "severity", "stable"),
        ("consult_kind: 普通会诊", "consult_kind", "routine"),
        ("consult_kind: STAT", "consult_kind", "urgent"),
        ("author_role: 进修医师", "author_role", "trainee"),
        ("author_role: 试用期", "author_role", "probationer"),
        ("author_role: attending", "author_role", "registered"),
        ("allergies: 青霉素、磺胺", "allergies", ("青霉素", "磺胺")),
        ("allergies: penicillin, sulfa", "allergies", ("penicillin", "sulfa")),
    ],
)
def test_words_in_both_languages(line: str, key: str, value: object) -> None:
    assert getattr(told(line), key) == value


@pytest.mark.parametrize(
    ("written", "doc_type"),
    [
        ("入院记录", "admission_record"),
        ("admission_record", "admission_record"),
        ("Admission Record", "admission_record"),
        ("Discharge Summary", "discharge_summary"),
        ("discharge-record", "discharge_record"),
        ("operation_note", "operation_record"),
        ("first_course", "first_progress_note"),
        ("discharge", "discharge_record"),
        ("death", "death_record"),
        ("24小时内入出院记录", "admission_discharge_24h"),
        ("会诊", "consultation"),
        ("consultation", "consultation"),
        ("return_visit", "outpatient_followup"),
    ],
)
def test_a_document_type_by_id_title_or_common_name(written: str, doc_type: str) -> None:
    assert told(f"doc_type: {written}").doc_type == doc_type


@pytest.mark.parametrize(
    ("written", "chinese", "english"),
    [
        ("progress_note", "daily_progress_note", "progress_note"),
        ("admission_note", "admission_record", "history_and_physical"),
        ("Discharge Summary", "discharge_record", "discharge_summary"),
    ],
)
def test_an_english_type_of_a_chinese_note(written: str, chinese: str, english: str) -> None:
    head = f"---\ndoc_type: {written}\n---\n"
    assert parse_note(head + BODY).stated_type == chinese
    note = parse_note(head + "HPI: He has coughed for three days and denies fever.\n")
    assert note.stated_type == english


def test_each_alias_names_a_type_that_there_is() -> None:
    known = {each.id for each in doctype.doc_types()}
    assert set(_words("doc_type").values()) <= known


def test_it_is_no_part_of_the_record() -> None:
    head = (
        "---\ndoc_type: 出院记录\ndepartment: 患者男，80岁，高血压，服阿司匹林100mg\n"
        "other_notes:\n- text: 主诉：发热39℃\n---\n"
    )
    note, bare = parse_note(head + BODY), parse_note(BODY)
    assert note.front == len(head)
    assert note.stated_type == note.doc_type == "discharge_record"
    assert note.patient == bare.patient
    assert [each.moved(-note.front) for each in note.facts] == list(bare.facts)
    assert [each.id for each in note.sections] == [each.id for each in bare.sections]
    assert all(each.span.start >= note.front for each in note.sections)
    for fact in note.facts:
        assert note.slice(fact.span) == fact.text


def test_its_language_does_not_count() -> None:
    head = "---\ndepartment: 呼吸内科重症监护病房住院部东区二层\n---\n"
    assert parse_note(head + "HPI: cough for a week.\n").language == "en"


def test_a_long_one_does_not_hide_the_patient() -> None:
    head = "---\nother_notes:\n- text: " + "病" * 9000 + "\n---\n"
    assert parse_note(head + "患者女，46岁。\n").patient.age_years == 46


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end(end: str) -> None:
    assert told("severity: 病危", end=end).severity == "critical"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "---",
        "---\n",
        "---\n---\n主诉：咳嗽\n",
        "---\ndoc_type: 出院记录\n" + BODY,
        "---\n主诉：咳嗽3天\n---\n现病史：咳嗽。\n",
        "---\n\n# 出院记录\n\n---\n\n诊疗经过：抗感染。\n",
        "---\nCC: cough\n---\nHPI: He coughs.\n",
        "---\n- doc_type: 出院记录\n---\n",
        "---\n患者入院后予抗感染治疗。\n---\n",
        "--- \t x\ndoc_type: 出院记录\n---\n",
        "----\ndoc_type: 出院记录\n----\n",
        " ---\ndoc_type: 出院记录\n---\n",
        "主诉：咳嗽\n---\ndoc_type: 出院记录\n---\n",
    ],
)
def test_what_is_none(text: str) -> None:
    note = parse_note(text)
    assert note.front == 0
    assert note.front_matter.context == Context()
    assert note.front_matter.problems == []


def test_a_heading_between_rules_is_read_as_the_note() -> None:
    note = parse_note("---\n主诉：咳嗽3天\n---\n现病史：咳嗽。\n")
    assert [each.id for each in note.sections] == ["chief_complaint", "hpi"]


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("---\n\n# 说明\nseverity: 病危\n---\n", Context(severity="critical")),
        ("---\nseverity: 病危\n---", Context(severity="critical")),
        ("---  \nseverity: 病危\n---  \n", Context(severity="critical")),
        ("---\nseverity:\n---\n", Context()),
        ("---\nseverity: ''\ndepartment: ~\n---\n", Context(department="~")),
    ],
)
def test_what_is_one(text: str, context: Context) -> None:
    note = parse_note(text)
    assert note.front == len(text)
    assert note.front_matter.context == context
    assert note.front_matter.problems == []


def findings(text: str) -> list[tuple[str, str]]:
    note = parse_note(text)
    return [(f.rule.id, note.slice(f.span)) for f in check(note, checks=checks())]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["severity: 病危"], []),
        (["doc_typ: 出院记录", "severity: 病危"], [("FM-01", "doc_typ")]),
        (["Severity: 病危"], [("FM-01", "Severity")]),
        (["title: x"], [("FM-01", "title")]),
        (["severity: 很重"], [("FM-02", "severity")]),
        (["doc_type: 便条"], [("FM-02", "doc_type")]),
        (["record_time: 昨天"], [("FM-02", "record_time")]),
        (["record_time: 2024-02-30 10:00"], [("FM-02", "record_time")]),
        (["record_time: [2024]"], [("FM-02", "record_time")]),
        (["other_notes: 无"], [("FM-02", "other_notes")]),
        (["other_notes:", "- doc_type: 出院记录"], [("FM-02", "other_notes")]),
        (
            ["severity: 病危", "other_notes:", "- {text: 病程, record_time: 昨天, kind: x}"],
            [("FM-02", "other_notes"), ("FM-01", "other_notes")],
        ),
        (["severity: 病危", "record_time: [2024"], [("FM-03", "record_time: [2024")]),
        (["severity: a: b"], [("FM-03", "severity: a: b")]),
        (["x: &x [1, 2]", "severity: *x"], [("FM-03", "severity: *x")]),
        (["severity: !!python/object/apply:os.system [ls]"], [("FM-02", "severity")]),
        (["severity: \x00"], [("FM-03", "severity: \x00")]),
    ],
)
def test_mistakes_are_told_at_their_place(lines: list[str], expected: object) -> None:
    assert findings("\n".join(("---", *lines, "---", BODY))) == expected


def test_a_mistake_is_only_information_and_the_rest_stands() -> None:
    text = "---\ndoc_typ: x\nseverity: 很重\nrecord_time: 2024-03-05 14:30\n---\n" + BODY
    note = parse_note(text)
    assert note.front_matter.context == Context(record_time=Moment(NOON, precise=True))
    found = check(note, checks=checks())
    assert {each.rule.severity for each in found} == {"information"}
    messages = [each.message("zh") for each in found]
    assert "doc_type" in messages[0]
    assert "critical, serious, stable" in messages[1]
    assert all(each.message("en").isascii() or "“" in each.message("en") for each in found)


@pytest.mark.parametrize(
    "inside",
    [
        "x: " + "[" * 100_000,
        "x: " + "{b: " * 50_000,
        "x: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\n" * 2,
        "x: \ud800",
        "x: " + "\n " * 50_000,
        "\n" * 100_000 + "x: b",
    ],
)
def test_no_text_fails(inside: str) -> None:
    note = parse_note(f"---\n{inside}\n---\n{BODY}")
    assert note.front_matter.context == Context()
    assert note.front_matter.problems or not note.front
    assert note.sections[-1].id == "hpi"


def test_the_client_fills_what_the_note_does_not_say() -> None:
    front, client = Context(severity="critical"), Context(severity="stable", department="外科")
    assert front.over(client) == Context(severity="critical", department="外科")


@pytest.mark.parametrize("given", [None, [], "x", 3, {1: 2}, {"other_notes": [3]}])
def test_a_context_of_any_form_is_no_error(given: object) -> None:
    reading = read_context(given)
    assert reading.context == Context()
    assert reading.problems


def test_open_notes_are_taken_by_their_name() -> None:
    context = Context(
        other_notes=(OtherNote("", uri="病程.txt"), OtherNote("", uri="no"), OtherNote("x"))
    )
    base = "file:///stay/%E5%85%A5%E9%99%A2.txt"
    texts = {plain_uri("file:///stay/%E7%97%85%E7%A8%8B.txt"): "病情平稳。"}
    found = context.opened(base, texts).other_notes
    assert [each.text for each in found] == ["病情平稳。", "x"]


@pytest.mark.parametrize("escape", ["\\U0011FFFF", "\\UFFFFFFFF", "\\uD800"])
def test_an_escape_that_is_no_character_harms_nothing(escape):
    note = parse_note(f'---\nallergies: ["{escape}"]\n---\n入院记录\n')
    assert note.doc_type == "admission_record"
    note.front_matter.context.allergies.__repr__().encode("utf-8")


@pytest.mark.parametrize(
    ("written", "nearest"),
    [
        ("出园记录", "出院记录"),
        ("admision_record", "admission_record"),
        ("Discharge Sumary", "Discharge Summary"),
    ],
)
def test_a_type_that_is_misspelt_is_told_with_the_nearest(written, nearest):
    (problem,) = parse_note(f"---\ndoc_type: {written}\n---\n主诉：咳嗽\n").front_matter.problems
    assert nearest in problem.expected.split(", ")
