"""Each hook: what a plugin gives is used, and what is none of it is left out."""

import json
import sys
import threading
from pathlib import Path

import jsonschema
import pytest

from doctorflan_ls.checks.run import check
from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.features.analysis import analysis
from doctorflan_ls.features.completion import complete
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.notes.brought import read_with
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.plugins.hooks import findings, prepared
from doctorflan_ls.plugins.loading import HOOKS
from doctorflan_ls.plugins.report import plugin_rows
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.testing import QueueModel, draft, note
from doctorflan_ls.text import Span
from tests.plugin_sources import (
    HEAD,
    MODEL,
    ROOT,
    TASK,
    TASK_IN_PYTHON,
    ZH,
    codes,
    installed,
    program,
)

# Each hook: what it gives is used; see also the real packages under plugins/

MANIFEST = """
id = "far"
version = "1"
kind = "openai"
licence = "none"
source = "a test"
languages = ["zh", "en"]
context_length = 4096
description = { zh = "远", en = "far" }
limits = { zh = "不知医学", en = "knows no medicine" }

[remote]
url = "http://127.0.0.1:9/v1"
model = "m"
"""
SECTIONS = (
    HEAD
    + """
from doctorflan_ls.notes.headings import SectionKind
from doctorflan_ls.tasks.loader import load_task

@hookimpl
def register_sections(register):
    register(SectionKind("tongue", None, ("舌象描述",), ("Tongue reading",)))
    register(SectionKind("hpi", None, ("病史摘录",), ()))

@hookimpl
def register_tasks(register):
    source = '''"""
    + TASK.replace('"vitals:"', '"section:tongue,hpi?limit=3"')
    + """'''
    register(load_task(source, "here"))
"""
)


def test_register_sections(plugins):
    text = "病史摘录：咳嗽3天。\n舌象描述：舌红苔黄。\n"
    assert [section.id for section in parse_note(text).sections] != ["hpi", "tcm/tongue"]
    made = plugins(tcm=SECTIONS)
    assert made.problems == ()
    read = parse_note(text)
    assert [section.id for section in read.sections] == ["hpi", "tcm/tongue"]
    assert "舌红苔黄" in draft(made, "tcm/handover", read).text


def test_a_known_heading_stays_with_its_section(plugins):
    made = plugins(bad=SECTIONS.replace("舌象描述", "主诉"))
    assert codes(made) == {"bad": "plugins.known-heading"}
    assert "chief_complaint" in made.problems[0].error.user_message("en")


def test_register_tasks(plugins):
    made = plugins(ward=TASK_IN_PYTHON)
    read = parse_note(ZH)
    snapshot = Snapshot(read, "zh", registry=made.registry)
    text = f"{ZH}/jbx"
    items = complete(Snapshot(parse_note(text), "zh", registry=made.registry), len(text)).items
    assert [item.data["task"] for item in items][:1] == ["ward/handover"]
    assert snapshot.task_title("ward/handover") == "交班小结"
    assert "38.5" in draft(made, "ward/handover", read).text


def test_register_models(plugins):
    made = plugins(good=MODEL)
    assert draft(made, "triage", parse_note(ZH), model="good/mine").text == "from mine"


def test_a_models_folder_stays_one(plugins, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "model.toml").write_text(MANIFEST, encoding="utf-8")
    source = (
        HEAD
        + f"""
from pathlib import Path
from doctorflan_ls.models.folders.store import folder_model

@hookimpl
def register_models(register):
    register(folder_model(Path({str(folder)!r})))
"""
    )
    made = plugins(pack=source)
    assert made.problems == ()
    listed = made.registry.models[-1].listed
    assert (listed.spec.id, listed.folder) == ("pack/far", folder)
    assert listed.manifest.id == "far"


CHECKS = (
    HEAD
    + """
from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.checks.scope import Check
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

RULE = Rule("cough", "warning", Bilingual("咳嗽{n}", "cough {n}"), Bilingual("甲", "A"))

def find(scope):
    at = str(scope.note.text).find("咳嗽")
    if at >= 0:
        yield Finding(RULE, Span(at, at + 2), {"n": "1"})

@hookimpl
def register_checks(register):
    register(Check("cough", (RULE,), find))
"""
)


def test_register_checks(plugins):
    made = plugins(ward=CHECKS)
    read = parse_note(ZH)
    found = findings(made, read)
    assert [(each.rule.id, read.slice(each.span)) for each in found] == [("ward/cough", "咳嗽")]
    told = analysis(Snapshot(read, "zh", registry=made.registry, brought=found))["findings"]
    assert {"rule": "ward/cough", "message": "咳嗽1"}.items() <= told[0].items()
    assert made.plugins[0].caller.failures == 0


@pytest.mark.parametrize(
    "change",
    [
        ("at + 2", "at + 99999"),
        ('{"n": "1"}', "{}"),
        ("Finding(RULE", "Finding(Rule('x', 'warning', RULE.text, RULE.source)"),
        ("yield Finding", "yield str"),
        ('"warning"', '"grave"'),
    ],
)
def test_a_check_that_says_what_cannot_be_shown_says_nothing(plugins, change):
    made = plugins(ward=CHECKS.replace(*change))
    assert findings(made, parse_note(ZH)) == ()
    row = next(plugin_rows(made, "en"))
    assert row["code"] in ("plugins.not-a", "plugins.raised")


TERMS = (
    HEAD
    + """
from doctorflan_ls.notes.facts.vocabulary import TermEntry

@hookimpl
def register_terms(register):
    register(TermEntry("diagnosis", zh=("肺气虚证",), en=("lung qi deficiency",)))
    register(TermEntry("diagnosis", zh=("肺炎克雷伯",), code="J15.0", system="ICD-10",
                       recognised=False))
    register(TermEntry("symptom", zh=("咳嗽",), en=("not a cough",)))
"""
)


def test_register_terms(plugins):
    text = "现病史：患者有肺气虚证，咳嗽。\n"
    assert not [fact for fact in parse_note(text).facts if fact.kind == "diagnosis"]
    made = plugins(tcm=TERMS)
    assert made.problems == ()
    facts = parse_note(text).facts
    assert [fact.name for fact in facts if fact.kind == "diagnosis"] == ["肺气虚证"]
    # What is known stays as it is, and what is only offered is not read.
    assert [fact.name for fact in parse_note("主诉：咳嗽").facts if fact.kind == "symptom"] == [
        "咳嗽"
    ]
    assert not [f for f in parse_note("诊断：肺炎克雷伯").facts if f.name == "肺炎克雷伯"]
    typed = note(f"{ZH[:-1]}$0")
    items = complete(Snapshot(typed.note, "zh", registry=made.registry), typed.cursor).items
    labels = {item.label: item.detail for item in items}
    assert "ICD-10 J15.0" in labels["肺炎克雷伯"]
    assert "肺气虚证" in labels
    assert "肺炎" in labels


CONTEXT = (
    HEAD
    + """
from doctorflan_ls.prompts import ContextItem

@hookimpl
def draft_context(task, note, span):
    return [ContextItem("编码", "肺炎 J18.9\\n支气管炎 J40", "ICD-10 2019")]

@hookimpl
def amend_prompt(prompt, task):
    return prompt.told("用国家标准术语。") if task.id == "triage" else None
"""
)


def test_draft_context_stands_apart_in_the_draft_and_in_the_prompt(plugins):
    made = plugins(icd=CONTEXT)
    read = parse_note(ZH)
    said = draft(made, "triage", read)
    assert said.text.endswith(
        "参考资料（来自插件，不是病历内容，请核对）：\n"
        "1. 编码：肺炎 J18.9；支气管炎 J40（来源：ICD-10 2019）"
    )
    model = QueueModel(["普通建议。"])
    worded = draft(made, "triage", read, model=model)
    assert worded.text.endswith("（来源：ICD-10 2019）")
    asked = model.asked[0][-1].text
    assert "参考资料（不是病历内容" in asked
    assert "J40" in asked


def test_amend_prompt(plugins):
    made = plugins(a=CONTEXT, b=CONTEXT.replace("用国家标准术语", "一句话"))
    read = parse_note(ZH)
    prompt = Prompt(get_task("triage"), read, Span(0, len(read.text)), "zh")
    assert prepared(made, prompt).instructions == ("用国家标准术语。", "一句话。")
    model = QueueModel(["普通建议。", "普通建议。"])
    draft(made, "triage", read, model=model)
    assert "另外：用国家标准术语。\n另外：一句话。" in model.asked[0][-1].text
    draft(made, "case-summary", read, model=model)
    assert "另外" not in model.asked[1][-1].text


@pytest.mark.parametrize(
    "gives",
    [
        "'text'",
        "replace(prompt, note=parse_note('another'))",
        "replace(prompt, span=Span(0, 10**6))",
        "replace(prompt, task=replace(task, id='other'))",
        "replace(prompt, instructions=('x' * 9999,))",
        "replace(prompt, context=('x',))",
    ],
)
def test_an_amendment_that_is_none_changes_nothing(plugins, gives):
    bad = HEAD + (
        "from dataclasses import replace\nfrom doctorflan_ls.text import Span\n"
        "from doctorflan_ls.notes.note import parse_note\n"
        f"@hookimpl\ndef amend_prompt(task, prompt): return {gives}\n"
    )
    made = plugins(a=bad, b=CONTEXT)
    read = parse_note(ZH)
    prompt = Prompt(get_task("triage"), read, Span(0, len(read.text)), "zh")
    amended = prepared(made, prompt)
    assert amended.note is read
    assert amended.instructions == ("用国家标准术语。",)
    assert amended.span == prompt.span
    rows = {row["name"]: row["code"] for row in plugin_rows(made, "en")}
    assert rows == {"a": "plugins.not-a", "b": ""}


CHECK_DRAFT = CHECKS.replace(
    '@hookimpl\ndef register_checks(register):\n    register(Check("cough", (RULE,), find))',
    "@hookimpl\ndef check_draft(task, note, draft):\n"
    "    at = draft.text.find('38.5')\n"
    "    return [Finding(RULE, Span(at, at + 4), {'n': draft.id})] if at >= 0 else None",
)


def test_check_draft(plugins):
    made = plugins(ward=CHECK_DRAFT)
    said = draft(made, "case-summary", parse_note(ZH))
    assert [(each.rule.id, said.text[slice(*each.span)]) for each in said.findings] == [
        ("ward/cough", "38.5")
    ]
    assert draft(made, "triage", parse_note("主诉：头痛。")).findings == ()


RECORD = HEAD + "seen = []\n@hookimpl\ndef record_event(event): seen.append(event)\n"


def test_record_event(plugins):
    made = plugins(log=RECORD)
    said = draft(made, "triage", parse_note(ZH))
    event = sys.modules["plugin_under_test_log_main"].seen[0]
    assert (event.kind, event.outcome) == ("draft", "ready")
    assert event.identifiers["task"] == "triage"
    assert event.identifiers["draft"] == said.id
    assert event.digests["source"] == said.provenance.source_digest
    assert event.counts["statements"] == len(said.statements)
    assert "咳嗽" not in json.dumps(event.to_json(), ensure_ascii=False)
    schema = json.loads((ROOT / "schemas" / "event.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(event.to_json(), schema)


def test_register_commands(tmp_path):
    site = installed(
        tmp_path,
        "ward",
        HEAD
        + """
import click

@hookimpl
def register_commands(cli):
    @cli.command("ward")
    @click.argument("name")
    def ward(name):
        "Say hello."
        click.echo(f"hello {name}")

    @cli.command("draft")
    def draft():
        click.echo("never")
""",
    )
    done = program(site, "-m", "doctorflan_ls", "ward", "Li")
    assert (done.stdout, done.returncode) == ("hello Li\n", 0)
    listed = program(site, "-m", "doctorflan_ls", "--lang", "en", "plugins", "list")
    assert "commands  ward" in listed.stdout
    assert "the command draft of the plugin ward has the name of another" in listed.stdout
    assert listed.returncode == 1
    none = program(site, "-m", "doctorflan_ls", "--no-plugins", "ward", "Li")
    assert none.returncode == 2


def test_a_finding_that_quotes_nothing_of_a_draft_is_none(plugins):
    made = plugins(ward=CHECK_DRAFT.replace("at + 4", "at + 10**6"))
    said = draft(made, "case-summary", parse_note(ZH))
    assert said.findings == ()
    assert next(plugin_rows(made, "en"))["code"] == "plugins.not-a"


def test_context_items_are_bounded(plugins):
    many = CONTEXT.replace("]\n\n@hookimpl\ndef amend", "] * 99\n\n@hookimpl\ndef amend")
    made = plugins(a=many)
    read = parse_note(ZH)
    prompt = Prompt(get_task("triage"), read, Span(0, len(read.text)), "zh")
    assert prepared(made, prompt).context == ()


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_test(hook):
    source = Path(__file__).read_text(encoding="utf-8")
    assert f"def test_{hook}" in source


@pytest.mark.parametrize(
    "entry",
    [
        'TermEntry("diagnosis", zh=("青霉素过敏", "青霉素过敏史"), code="Z88.0")',
        'TermEntry("trap", zh=("青霉素过敏", "否认发热"))',
        'TermEntry("symptom", zh=("否认发热",))',
    ],
)
def test_no_term_of_a_plugin_hides_an_allergy_or_a_denial(plugins, entry):
    """The longest of overlapping names counts, but not over what safety rests on."""
    source = HEAD + (
        "from doctorflan_ls.notes.facts.vocabulary import TermEntry\n"
        f"@hookimpl\ndef register_terms(register): register({entry})\n"
    )
    text = "现病史：否认发热。\n过敏史：青霉素过敏。\n治疗：阿莫西林 0.5g 口服。\n"

    def read() -> list[tuple[str, str, str]]:
        return [(fact.kind, fact.name, fact.assertion) for fact in parse_note(text).facts]

    before = read()
    assert ("symptom", "发热", "denied") in before
    assert plugins(ward=source).problems == ()
    assert read() == before
    assert "ZY-01" in {finding.rule.id for finding in check(parse_note(text))}


def test_a_running_reader_has_the_old_terms_or_the_new_ones(plugins):
    """What a thread was still building when the terms changed is not kept for the new ones."""
    stop = threading.Event()

    def reader() -> None:
        while not stop.is_set():
            _ = parse_note("舌象描述：肺气虚证。\n").facts

    thread = threading.Thread(target=reader)
    thread.start()
    try:
        for _ in range(10):
            plugins(tcm=SECTIONS + TERMS.replace(HEAD, ""))
            found = parse_note("舌象描述：肺气虚证。\n")
            assert [section.id for section in found.sections] == ["tcm/tongue"]
            assert "肺气虚证" in [fact.name for fact in found.facts]
            read_with((), ())
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    "gives",
    ["Bilingual(None, None)", "Bilingual('', 'x')", "Bilingual('x' * 9999, 'x')", "'x'"],
)
def test_an_amended_instruction_has_words_in_both_languages(plugins, gives):
    bad = HEAD + (
        "from dataclasses import replace\nfrom doctorflan_ls.tasks.model import Bilingual\n"
        "@hookimpl\ndef amend_prompt(task, prompt):\n"
        f"    return replace(prompt, task=replace(task, instruction={gives}))\n"
    )
    made = plugins(a=bad)
    read = parse_note(ZH)
    assert draft(made, "triage", read).state == "ready"
    assert next(plugin_rows(made, "en"))["code"] == "plugins.not-a"


@pytest.mark.parametrize(
    ("piece", "why"),
    [
        ("'text'", "no Chunk"),
        ("Chunk('abc', (Span(5, 9999),))", "evidence outside the note"),
        ("Chunk(Text('abc'))", "text that is no str"),
    ],
)
def test_a_models_piece_that_is_none_is_a_failure_of_the_model(plugins, piece, why):
    source = MODEL.replace('Chunk("from mine")', piece).replace(
        "class Mine:",
        "from doctorflan_ls.text import Span\nclass Text(str):\n    pass\n\nclass Mine:",
    )
    made = plugins(good=source)
    with pytest.raises(ModelUnavailable) as caught:
        draft(made, "triage", parse_note(ZH), model="good/mine")
    assert caught.value.key == "engine.bad-piece"
    assert why in caught.value.user_message("en")


def test_an_ending_that_is_known_stays_with_its_section(plugins):
    made = plugins(bad=SECTIONS.replace('("Tongue reading",)', '(), endings=("体格检查",)'))
    assert codes(made) == {"bad": "plugins.known-heading"}
