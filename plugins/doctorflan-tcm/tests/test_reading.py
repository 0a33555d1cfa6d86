"""Sections, terms, tasks, prompts and drafts."""

from __future__ import annotations

import doctorflan_tcm as plugin
import pytest
from doctorflan_tcm.tables import rows

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.drafts import DraftBuilder, Provenance, digest
from doctorflan_ls.hookspecs import API
from doctorflan_ls.models.base import Chunk
from doctorflan_ls.notes.facts import offers
from doctorflan_ls.notes.headings import builtin_kinds, normal
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.plugins.scratch import Scratch
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.registry import builtin_tasks
from doctorflan_ls.text import Span

CORE = {task.id: task for task in builtin_tasks()}


def drafts_findings(note_text: str, *chunks: Chunk) -> tuple[str, list[Finding]]:
    note = parse_note(note_text)
    whole = Span(0, len(note.text))
    origin = Provenance("t", "m", "", "", 0, whole, digest(note_text), "zh")
    builder = DraftBuilder("a", origin)
    for chunk in chunks:
        builder.add(chunk)
    draft = builder.draft("ready")
    return draft.text, plugin.check_draft(note=note, draft=draft)


def test_the_server_takes_all_of_it(tasks) -> None:
    scratch = Scratch("doctorflan-tcm")
    plugin.register_sections(scratch.register_section)
    plugin.register_terms(scratch.register_term)
    plugin.register_checks(scratch.register_check)
    for task in tasks.values():
        scratch.register_task(task)
    brought = scratch.commit()
    assert plugin.DOCTORFLAN_API == API
    assert {task.id for task in brought.tasks} == {f"doctorflan-tcm/{name}" for name in tasks}
    assert len(brought.checks) == 2
    assert any(kind.id == "doctorflan-tcm/tongue" for kind in brought.sections)
    assert any(kind.id == "tcm_diagnosis" for kind in brought.sections)


def test_no_heading_is_the_cores_or_another_ones() -> None:
    registered = []
    plugin.register_sections(registered.append)
    core = {normal(name) for kind in builtin_kinds() for name in (*kind.zh, *kind.en)}
    told = [normal(name) for kind in registered for name in (*kind.zh, *kind.en)]
    assert len(told) == len(set(told))
    assert core.isdisjoint(told)


def test_the_example_is_cut_into_its_parts(example) -> None:
    told = {section.id: section for section in parse_note(example).sections}
    parts = ("inspection", "listening", "inquiry", "palpation", "tongue", "pulse")
    assert all(part in told for part in parts)
    four = told["tcm_four_diagnosis"].span
    assert all(four.contains(told[part].span) for part in parts)
    assert {"pattern_analysis", "decoction", "tcm_nursing", "external_treatment"} <= told.keys()


def test_four_examinations_on_one_line_are_told_apart() -> None:
    text = "望诊：神疲。闻诊：语声低。问诊：纳差。切诊：脉细。"
    told = [(section.id, text[slice(*section.body)]) for section in parse_note(text).sections]
    assert [name for name, _ in told] == ["inspection", "listening", "inquiry", "palpation"]
    assert told[2][1].strip() == "纳差。"


def test_tongue_and_pulse_are_signs(example) -> None:
    told = {fact.text: fact.name for fact in parse_note(example).facts if fact.kind == "sign"}
    assert told["舌质淡暗"] == "舌淡暗"
    assert told["苔白滑"] == "苔白滑"
    assert told["脉沉紧"] == "脉沉紧"


@pytest.mark.parametrize(
    "text", ["肺动脉大小正常", "主动脉结突出", "颈动脉细小斑块", "静脉实质期强化", "手足脉动感"]
)
def test_vessels_are_no_pulse(text) -> None:
    facts = [fact for fact in parse_note(f"辅助检查：{text}。").facts if fact.kind == "sign"]
    assert not [fact for fact in facts if fact.name.startswith("脉")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("中医诊断：胸痹（气虚血瘀证）", "气虚血瘀证"),
        ("证属肝郁气滞，治宜疏肝。", "肝郁气滞证"),
        ("辨证：痰湿中阻型", "痰湿中阻证"),
        ("证候诊断：水气凌心证", "水气凌心证"),
    ],
)
def test_syndromes_are_diagnoses_under_their_own_words(text, name) -> None:
    facts = [fact for fact in parse_note(text).facts if fact.kind == "diagnosis"]
    assert name in [fact.name for fact in facts]


def test_a_mechanism_is_no_syndrome() -> None:
    facts = parse_note("思虑伤脾，脾失健运，胃气上逆。").facts
    assert not [fact for fact in facts if fact.kind == "diagnosis"]


def test_a_denied_syndrome_is_not_present() -> None:
    facts = parse_note("目前无肝郁气滞证。").facts
    told = [fact.assertion for fact in facts if fact.kind == "diagnosis"]
    assert told == ["denied"]


def test_the_vocabulary_is_as_large_as_the_readme_says() -> None:
    assert len(list(rows("syndromes"))) >= 200
    assert len(list(rows("signs"))) >= 120


def test_standard_names_are_offered_and_variants_are_not() -> None:
    assert "肝气郁结证" in [offer.name for offer in offers.offers("肝气", "diagnosis", 20)]
    assert "肝郁气结证" not in [offer.name for offer in offers.offers("肝郁", "diagnosis", 50)]
    assert "脉弦滑" in [offer.name for offer in offers.offers("脉弦", "sign", 20)]
    assert "制川乌" in [offer.name for offer in offers.offers("制川", "drug", 20)]


def test_herbs_are_not_read_as_drugs() -> None:
    facts = parse_note("方药：制川乌3g、半夏9g").facts
    assert not [fact for fact in facts if fact.kind == "drug"]


def test_the_summary_keeps_to_the_note(drafted, example) -> None:
    draft = drafted("four-examinations-summary", example)
    assert "脉沉紧" in draft
    assert "神清，面色少华" in draft
    assert "待补充" not in draft


def test_the_differentiation_leaves_the_judgement_open(drafted, example) -> None:
    draft = drafted("syndrome-differentiation", example)
    assert "痹证（痛痹证）" in draft
    assert "寒邪偏盛" in draft
    assert "［待补充：病位" in draft


def test_the_plan_has_doses_as_written_and_asks_for_the_rest(drafted, example) -> None:
    draft = drafted("formula-plan", example)
    assert "制川乌9g（先煎）" in draft
    assert "治法：温经散寒，祛风除湿" in draft
    assert "青霉素过敏" in draft
    bare = drafted("formula-plan", "中医诊断：感冒（风热犯表证）\n")
    for gap in ("治法（记录未载）", "方剂、药物及剂量（记录未载）", "煎法", "过敏史（记录未提及）"):
        assert gap in bare


def test_the_plan_in_english_has_english_words(drafted) -> None:
    draft = drafted("formula-plan", "TCM Diagnosis: common cold\n", "en")
    assert "Treatment principle: [to be added: treatment principle (not recorded)]" in draft


def prompt(task, text: str, language="zh") -> Prompt:
    note = parse_note(text)
    return Prompt(task, note, Span(0, len(note.text)), language)


@pytest.mark.parametrize("name", ["treatment-plan", "definitive-diagnosis"])
def test_core_tasks_are_told_more_only_for_a_tcm_record(name, example) -> None:
    task = CORE[name]
    before = prompt(task, example)
    after = plugin.amend_prompt(task=task, note=before.note, prompt=before)
    assert "证候" in after.instructions[-1]
    plain = prompt(task, "主诉：咳嗽3天。\n诊断：急性支气管炎\n")
    assert plugin.amend_prompt(task=task, note=plain.note, prompt=plain) is None


def test_own_tasks_are_told_in_the_prompts_language(tasks) -> None:
    task = tasks["formula-plan"]
    before = prompt(task, "Cough for three days.", "en")
    after = plugin.amend_prompt(task=task, note=before.note, prompt=before)
    assert "national standard" in after.instructions[0]


def test_other_tasks_are_left(example) -> None:
    before = prompt(CORE["triage"], example)
    assert plugin.amend_prompt(task=CORE["triage"], note=before.note, prompt=before) is None


def test_a_draft_is_marked_on_the_herb_itself() -> None:
    text, found = drafts_findings("主诉：腹痛", Chunk("方药：制附子30g、干姜6g、姜半夏9g。"))
    said = {each.rule.id: text[slice(*each.span)] for each in found}
    assert said == {"incompatible-herbs": "姜半夏", "dose-above": "制附子"}


def test_a_draft_that_adds_to_the_notes_prescription_is_marked() -> None:
    note = "方药：制附子9g、干姜6g\n"
    text, found = drafts_findings(note, Chunk("建议加瓜蒌15g、白术10g。"))
    assert [(each.rule.id, text[slice(*each.span)]) for each in found] == [
        ("incompatible-with-note", "瓜蒌")
    ]
    assert "制附子" in found[0].message("zh")
    past = "既往史：曾服附子。\n"
    assert drafts_findings(past, Chunk("建议加瓜蒌15g。"))[1] == []


def test_placeholders_and_warnings_of_a_draft_are_no_prescription() -> None:
    gap = Chunk("［待补充：附子、半夏］", gap="formula")
    assert drafts_findings("主诉：腹痛", Chunk("方药："), gap)[1] == []
    told = Chunk("附子不宜与半夏、瓜蒌同用。")
    assert drafts_findings("主诉：腹痛", told)[1] == []
