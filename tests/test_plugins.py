"""Plugins: each loaded alone and whole; what one does wrong is reported and spreads to no other."""

import io
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import redirect_stdout
from importlib.metadata import EntryPoint
from pathlib import Path

import jsonschema
import pytest

from doctorflan_ls import hookspecs
from doctorflan_ls.audit import Event, draft_event
from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.drafts import Draft
from doctorflan_ls.errors import PluginFailed
from doctorflan_ls.features.analysis import analysis
from doctorflan_ls.features.completion import complete
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.hookspecs import BUDGETS
from doctorflan_ls.models import catalogue
from doctorflan_ls.models.base import ModelOptions
from doctorflan_ls.notes.brought import read_with
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.plugins import Plugins, Registry, Selection, builtin_registry
from doctorflan_ls.plugins.calls import MOST_FAILURES, REST_SECONDS, Caller
from doctorflan_ls.plugins.hooks import examined, findings, prepared, record
from doctorflan_ls.plugins.loading import HOOKS, Point
from doctorflan_ls.plugins.report import plugin_rows, problem_rows
from doctorflan_ls.prompts import ContextItem, Prompt
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.testing import QueueModel, draft, note
from doctorflan_ls.text import Span

ROOT = Path(__file__).parent.parent
QUICK = dict.fromkeys(BUDGETS, 0.3) | {"import": 2.0, "register_tasks": 2.0}
HEAD = """
from doctorflan_ls.hookspecs import hookimpl
DOCTORFLAN_API = 1
"""
MODEL = (
    HEAD
    + """
from doctorflan_ls.models.base import Chunk, Listed, ModelSpec

class Mine:
    spec = ModelSpec("mine", "1", "skeleton")
    def generate(self, prompt, sampling, stop):
        yield Chunk("from mine")
    def close(self):
        pass

@hookimpl
def register_models(register):
    print("hello from a plugin")
    register(Listed(Mine.spec, lambda options: Mine()))
"""
)
TASK = """
id = "handover"
category = "Handover"
origin = "plugin"
phase = "any"
pinyin = "jbxj"
title = { zh = "交班小结", en = "Handover note" }
description = { zh = "要点", en = "The points" }
instruction = { zh = "写出交班小结。", en = "Write the handover note." }

[[elements]]
key = "state"
title = { zh = "情况", en = "State" }
ask = { zh = "生命体征", en = "vital signs" }
sources = ["vitals:"]
"""
TASK_IN_PYTHON = (
    HEAD
    + f"""
from doctorflan_ls.tasks.loader import load_task

@hookimpl
def register_tasks(register):
    register(load_task('''{TASK}''', "here"))
"""
)
BAD = {
    "raises_import": ("raise RuntimeError('patient Li Si')", "plugins.no-import"),
    "exits": ("import sys; sys.exit(3)", "plugins.exits"),
    "interrupts": ("raise KeyboardInterrupt", "plugins.no-import"),
    "syntax": ("def (", "plugins.no-import"),
    "missing_module": ("import no_such_module_anywhere", "plugins.no-import"),
    "empty": ("x = 1", "plugins.empty"),
    "no_api": (MODEL.replace("DOCTORFLAN_API = 1", ""), "plugins.no-api"),
    "api_99": (MODEL.replace("API = 1", "API = 99"), "plugins.wrong-api"),
    "api_text": (MODEL.replace("API = 1", "API = '1'"), "plugins.wrong-api"),
    "api_true": (MODEL.replace("API = 1", "API = True"), "plugins.wrong-api"),
    "raises_hook": (
        HEAD + "@hookimpl\ndef register_models(register): raise ValueError('patient Li Si')",
        "plugins.raised",
    ),
    "exits_hook": (
        HEAD + "@hookimpl\ndef register_models(register): raise SystemExit(1)",
        "plugins.exits",
    ),
    "wrong_arguments": (
        HEAD + "@hookimpl\ndef register_models(registry): pass",
        "plugins.bad-hook",
    ),
    "no_model": (
        HEAD + "@hookimpl\ndef register_models(register): register('skeleton')",
        "plugins.not-a",
    ),
    "catches": (
        HEAD
        + "@hookimpl\ndef register_models(register):\n"
        + "    try:\n        register('skeleton')\n    except Exception:\n        pass",
        "plugins.not-a",
    ),
    "wrapper": (
        HEAD + "@hookimpl(wrapper=True)\ndef register_models(register): return (yield)",
        "plugins.wrapper",
    ),
    "verified": (
        TASK_IN_PYTHON.replace('"plugin"\nphase', '"verified"\nphase'),
        "plugins.bad-task",
    ),
    "slash": (TASK_IN_PYTHON.replace('"handover"', '"a/handover"'), "plugins.says"),
    "bad_selector": (TASK_IN_PYTHON.replace('"vitals:"', '"vitales:"'), "plugins.bad-task"),
    "bad_cue": (TASK_IN_PYTHON.replace('"vitals:"', '"cue:nothing"'), "plugins.bad-task"),
    "bad_section": (TASK_IN_PYTHON.replace('"vitals:"', '"section:hpy"'), "plugins.bad-task"),
    "twice": (
        TASK_IN_PYTHON + "    register(load_task('''" + TASK + "''', 'again'))",
        "plugins.twice",
    ),
    "broken_folder": (
        HEAD
        + """
from pathlib import Path
from doctorflan_ls.models.folders.store import folder_model
@hookimpl
def register_models(register):
    register(folder_model(Path("/nowhere/at/all")))
""",
        "plugins.says",
    ),
}
ZH = "主诉：咳嗽3天。\n体格检查：T 38.5℃，P 96次/分。\n初步诊断：肺\n"


@pytest.fixture
def point(tmp_path, monkeypatch):
    """Makes a module of a source and gives the point that names it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made = []

    def make(name: str, source: str, entry: str = "main") -> Point:
        module = f"plugin_under_test_{name.replace('-', '_')}_{entry}"
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
        made.append(module)
        return Point(name, "1.0", entry, EntryPoint(entry, module, hookspecs.GROUP).load)

    yield make
    for module in made:
        sys.modules.pop(module, None)


@pytest.fixture
def plugins(point):
    """Loads plugins of sources by name, with short budgets."""

    def load(budgets=QUICK, selection=None, **sources: str) -> Plugins:
        points = [point(name.replace("_", "-"), source) for name, source in sorted(sources.items())]
        made = Plugins(selection, lambda: points, budgets)
        registry = made.load()
        read_with(registry.sections, registry.terms)
        return made

    return load


def models(registry: Registry) -> list[str]:
    return [each.listed.spec.id for each in registry.models]


def codes(made: Plugins) -> dict[str, str]:
    return {problem.name: problem.error.key for problem in made.problems}


# Loading


def test_a_plugins_models_are_found_and_its_words_are_no_output(plugins):
    out = io.StringIO()
    with redirect_stdout(out):
        made = plugins(good=MODEL)
    assert models(made.registry) == ["skeleton", "good/mine"]
    assert made.problems == ()
    assert out.getvalue() == ""


@pytest.mark.parametrize("name", BAD)
def test_one_that_fails_takes_no_other_with_it(plugins, name):
    source, code = BAD[name]
    made = plugins(z_last=MODEL, bad=source, a_first=MODEL)
    assert models(made.registry) == ["skeleton", "a-first/mine", "z-last/mine"]
    assert made.registry.tasks == builtin_registry().tasks
    assert codes(made) == {"bad": code}
    for locale in ("zh", "en"):
        said = made.problems[0].error.user_message(locale)
        assert "bad" in said
        assert "\n" not in said
        assert "Li Si" not in said


def test_what_registers_and_then_fails_counts_not_at_all(plugins):
    made = plugins(half=MODEL + "\n    raise ValueError\n")
    assert models(made.registry) == ["skeleton"]
    assert codes(made) == {"half": "plugins.raised"}


def test_what_registers_late_counts_not_at_all(plugins):
    late = HEAD + (
        "import time\nfrom doctorflan_ls.models.base import Listed, ModelSpec\n"
        "@hookimpl\ndef register_models(register):\n    time.sleep(0.6)\n"
        "    register(Listed(ModelSpec('late', '1', 'onnx'), lambda options: None))\n"
    )
    made = plugins(late=late, other=MODEL)
    assert codes(made) == {"late": "plugins.late"}
    time.sleep(0.6)
    assert models(made.registry) == ["skeleton", "other/mine"]


def test_a_hook_of_a_newer_version_is_left_alone_and_named(plugins):
    newer = MODEL + "\n@hookimpl\ndef register_holograms(register): pass\n"
    made = plugins(newer=newer)
    assert models(made.registry) == ["skeleton", "newer/mine"]
    assert made.problems == ()
    assert next(plugin_rows(made, "en"))["unknown_hooks"] == ["register_holograms"]


def test_two_entry_points_of_a_package_share_its_prefix(point):
    points = [point("pack", MODEL, "one"), point("pack", MODEL, "two")]
    made = Plugins(None, lambda: points, QUICK)
    assert models(made.load()) == ["skeleton", "pack/mine"]
    assert [(each.name, each.state) for each in made.plugins] == [
        ("pack:one", "loaded"),
        ("pack:two", "refused"),
    ]
    assert codes(made) == {"pack:two": "plugins.twice"}


def test_only_what_the_settings_allow_is_imported(plugins):
    selection = Selection(("A_Good", "gone"))
    made = plugins(selection=selection, a_good=MODEL, other="raise RuntimeError")
    assert [(each.name, each.state) for each in made.plugins] == [
        ("a-good", "loaded"),
        ("other", "off"),
    ]
    assert codes(made) == {"gone": "plugins.not-installed"}


def test_the_first_caller_loads_and_the_others_wait(plugins, point):
    slow = point("slow", "import time; time.sleep(0.3)" + MODEL)
    made = Plugins(None, lambda: [slow], QUICK)
    assert models(made.registry) == ["skeleton"]
    assert not made.is_loaded
    found = []
    threads = [threading.Thread(target=lambda: found.append(made.load())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1
    assert models(found[0]) == ["skeleton", "slow/mine"]


def test_a_model_may_be_called_without_its_package_where_that_is_clear(plugins, tmp_path):
    options = ModelOptions(folder=str(tmp_path / "none"))
    one = plugins(a=MODEL).registry
    assert catalogue.find("mine", options, one).plugin == "a"
    assert catalogue.find("a/mine", options, one).plugin == "a"
    two = plugins(a=MODEL, b=MODEL).registry
    assert catalogue.survey(options, two).entry("mine") is None
    assert catalogue.find("b/mine", options, two).plugin == "b"


def test_what_is_built_in_comes_through_the_hooks():
    registry = builtin_registry()
    assert len(registry.tasks) == 22
    assert models(registry) == ["skeleton"]
    assert {rule.id for check in registry.checks for rule in check.rules} >= {"ZA-04", "ZY-01"}


# Data: task files


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "tasks"
    made.mkdir()
    return made


def test_a_folder_of_task_files_needs_no_package(folder):
    (folder / "a.toml").write_text(TASK, encoding="utf-8")
    (folder / "b.toml").write_text(TASK.replace("vitals:", "vitales:"), encoding="utf-8")
    (folder / "c.toml").write_text("id = \n", encoding="utf-8")
    (folder / "d.toml").write_bytes(b'id = "\xff"')
    (folder / "e.toml").write_text(TASK, encoding="utf-8")
    (folder / "notes.txt").write_text("not a task", encoding="utf-8")
    made = Plugins(Selection((), str(folder)), lambda: ())
    assert [task.id for task in made.load().tasks[22:]] == ["local/handover"]
    said = {problem.name: problem.error.user_message("en") for problem in made.problems}
    assert sorted(said) == ["b.toml", "c.toml", "d.toml", "e.toml"]
    assert f"{folder / 'b.toml'}:15" in said["b.toml"]
    assert "vitales" in said["b.toml"]
    assert f"{folder / 'c.toml'}:1" in said["c.toml"]
    assert "UTF-8" in said["d.toml"]
    assert "handover" in said["e.toml"]


def test_a_folder_that_is_not_there_is_one_problem(tmp_path):
    made = Plugins(Selection((), str(tmp_path / "gone")), lambda: ())
    assert made.load().tasks == builtin_registry().tasks
    assert codes(made) == {str(tmp_path / "gone"): "plugins.no-folder"}


def test_a_package_of_task_files_alone_needs_no_code(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "only_data" / "tasks").mkdir(parents=True)
    (tmp_path / "only_data" / "tasks" / "t.toml").write_text(TASK, encoding="utf-8")
    point = Point("only-data", "1", "d", EntryPoint("d", "only_data", hookspecs.GROUP).load)
    made = Plugins(None, lambda: [point], QUICK)
    task = made.load().tasks[-1]
    assert task.id == "only-data/handover"
    assert get_task("handover", made.registry.tasks) is task
    assert get_task("交班小结", made.registry.tasks) is task
    assert made.problems == ()


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
    done = _program(site, "-m", "doctorflan_ls", "ward", "Li")
    assert (done.stdout, done.returncode) == ("hello Li\n", 0)
    listed = _program(site, "-m", "doctorflan_ls", "--lang", "en", "plugins", "list")
    assert "commands  ward" in listed.stdout
    assert "the command draft of the plugin ward has the name of another" in listed.stdout
    assert listed.returncode == 1
    none = _program(site, "-m", "doctorflan_ls", "--no-plugins", "ward", "Li")
    assert none.returncode == 2


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_test(hook):
    source = Path(__file__).read_text(encoding="utf-8")
    assert f"def test_{hook}" in source


# An event cannot hold text


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "note"},
        {"outcome": "病人李四"},
        {"identifiers": {"task": "the patient said so"}},
        {"identifiers": {"Task": "x"}},
        {"digests": {"source": "abc"}},
        {"counts": {"n": 1.5}},
        {"counts": {"n": True}},
        {"counts": {"n": "1"}},
    ],
)
def test_an_event_refuses_text(fields):
    good = {"kind": "draft", "outcome": "ready", "at": 0.0}
    with pytest.raises(ValueError) as caught:
        Event(**(good | fields))
    assert "patient" not in str(caught.value)
    assert "李四" not in str(caught.value)


def test_a_draft_by_a_model_of_any_name_makes_an_event():
    made = draft(Plugins(Selection(()), lambda: ()), "triage", parse_note(ZH))
    named = Draft(
        **{
            **{name: getattr(made, name) for name in made.__slots__},
            "provenance": made.provenance.__class__(
                **{
                    **{n: getattr(made.provenance, n) for n in made.provenance.__slots__},
                    "model": "病人李四",
                }
            ),
        }
    )
    assert draft_event(named).identifiers["model"] == "unlisted"


# The fence


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def fails() -> None:
    raise ValueError("patient Li Si")


def test_three_failures_open_the_breaker_and_a_success_closes_it():
    clock = Clock()
    caller = Caller("ward", QUICK, clock)
    for _ in range(MOST_FAILURES):
        with pytest.raises(PluginFailed) as caught:
            caller.call("draft_context", fails)
        assert caught.value.key == "plugins.raised"
    assert caller.tripped() == ("draft_context",)
    called = []
    with pytest.raises(PluginFailed) as caught:
        caller.call("draft_context", lambda: called.append(1))
    assert caught.value.key == "plugins.tripped"
    assert called == []
    # Its other hooks go on.
    assert caller.call("check_draft", lambda: 7) == 7
    clock.now = REST_SECONDS + 1
    assert caller.call("draft_context", lambda: 8) == 8
    assert caller.tripped() == ()
    with pytest.raises(PluginFailed):
        caller.call("draft_context", fails)
    assert caller.tripped() == ()


def test_one_try_after_the_rest_that_fails_opens_it_again():
    clock = Clock()
    caller = Caller("ward", QUICK, clock)
    for _ in range(MOST_FAILURES):
        with pytest.raises(PluginFailed):
            caller.call("check", fails)
    clock.now = REST_SECONDS + 1
    with pytest.raises(PluginFailed) as caught:
        caller.call("check", fails)
    assert caught.value.key == "plugins.raised"
    assert caller.tripped() == ("check",)


def test_a_late_answer_is_dropped_and_a_stuck_plugin_is_not_called():
    released = threading.Event()
    caller = Caller("ward", QUICK)
    with pytest.raises(PluginFailed) as caught:
        caller.call("draft_context", released.wait)
    assert caught.value.key == "plugins.late"
    called = []
    with pytest.raises(PluginFailed) as caught:
        caller.call("check_draft", lambda: called.append(1))
    assert caught.value.key == "plugins.stuck"
    assert called == []
    running = [each for each in threading.enumerate() if each.name.startswith("plugin ward")]
    assert len(running) == 1
    released.set()
    running[0].join(5)
    assert caller.call("check_draft", lambda: 7) == 7


def test_what_a_late_plugin_prints_is_no_output():
    released = threading.Event()
    done = threading.Event()
    out = io.StringIO()
    with redirect_stdout(out):

        def late() -> None:
            released.wait()
            print("patient Li Si")  # noqa: T201
            done.set()

        caller = Caller("ward", QUICK)
        with pytest.raises(PluginFailed):
            caller.call("check", late)
        print("mine")  # noqa: T201
        released.set()
        assert done.wait(5)
        for thread in threading.enumerate():
            if thread.name.startswith("plugin ward"):
                thread.join(5)
        assert caller.call("check", lambda: 7) == 7
        print("mine too")  # noqa: T201
    assert out.getvalue() == "mine\nmine too\n"


def test_a_keyboard_interrupt_is_the_users(monkeypatch):
    """Python delivers it to the main thread, which waits for a plugin here."""
    caller = Caller("ward", QUICK | {"check": 5.0})
    released = threading.Event()

    def interrupt() -> None:
        import _thread  # noqa: PLC0415

        _thread.interrupt_main()
        released.wait(2)

    with pytest.raises(KeyboardInterrupt):
        caller.call("check", interrupt)
    released.set()


def test_hooks_that_fail_leave_the_draft_as_it_is(plugins):
    bad = HEAD + "\n".join(
        f"@hookimpl\ndef {hook}(): raise ValueError('patient Li Si')"
        for hook in ("draft_context", "amend_prompt", "check_draft", "record_event")
    )
    made = plugins(bad=bad)
    plain = Plugins(Selection(()), lambda: ())
    read = parse_note(ZH)
    for _ in range(MOST_FAILURES):
        assert draft(made, "triage", read).text == draft(plain, "triage", read).text
    row = next(plugin_rows(made, "en"))
    assert row["state"] == "tripped"
    assert sorted(row["tripped"]) == [
        "amend_prompt",
        "check_draft",
        "draft_context",
        "record_event",
    ]
    assert row["failures"] == 4 * MOST_FAILURES
    schema = json.loads((ROOT / "schemas" / "plugin.schema.json").read_text(encoding="utf-8"))
    for each in (*plugin_rows(made, "zh"), *problem_rows(made, "zh")):
        jsonschema.validate(each, schema)


def test_a_finding_that_quotes_nothing_of_a_draft_is_none(plugins):
    made = plugins(ward=CHECK_DRAFT.replace("at + 4", "at + 10**6"))
    said = draft(made, "case-summary", parse_note(ZH))
    assert said.findings == ()
    assert next(plugin_rows(made, "en"))["code"] == "plugins.not-a"


def test_examined_and_record_without_plugins_do_nothing():
    none = Plugins(Selection(()), lambda: ())
    none.load()
    made = draft(none, "triage", parse_note(ZH))
    prompt = Prompt(get_task("triage"), parse_note(ZH), Span(0, 3), "zh")
    assert examined(none, prompt, made) is made
    assert prepared(none, prompt) == prompt
    record(none, draft_event(made))


def test_context_items_are_bounded(plugins):
    many = CONTEXT.replace("]\n\n@hookimpl\ndef amend", "] * 99\n\n@hookimpl\ndef amend")
    made = plugins(a=many)
    read = parse_note(ZH)
    prompt = Prompt(get_task("triage"), read, Span(0, len(read.text)), "zh")
    assert prepared(made, prompt).context == ()
    assert ContextItem("a", "b", "c")
    assert Finding(Rule("x", "warning", Bilingual("a", "b"), Bilingual("a", "b")), Span(0, 0))


# As packages are found


def installed(folder: Path, name: str, source: str) -> Path:
    """A package as pip leaves it."""
    module = f"plugin_{name.replace('-', '_')}"
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{hookspecs.GROUP}]\nmain = {module}\n")
    return folder


def _program(site: Path, *command: str, plugins: str | None = "*") -> subprocess.CompletedProcess:
    environment = os.environ | {
        "PYTHONPATH": f"{site}{os.pathsep}{ROOT}",
        "XDG_DATA_HOME": str(site / "data"),
        "XDG_CONFIG_HOME": str(site / "config"),
        "DOCTORFLAN_PLUGINS": plugins,
    }
    program = [sys.executable, *command]
    return subprocess.run(
        program, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_installed_packages_are_found_by_their_entry_point(tmp_path):
    """As pip leaves them, and through the real command: what they print is not in its JSON."""
    installed(tmp_path, "plugin-good", MODEL)
    installed(tmp_path, "plugin-bad", BAD["raises_hook"][0])
    done = _program(tmp_path, "-m", "doctorflan_ls", "models", "list", "--json")
    found = json.loads(done.stdout)
    mine = next(each for each in found["models"] if each["id"] == "plugin-good/mine")
    assert "plugin-good" in mine["where"]
    assert "plugin-bad" in done.stderr
    rows = json.loads(_program(tmp_path, "-m", "doctorflan_ls", "plugins", "list", "--json").stdout)
    by_name = {row["name"]: row for row in rows["plugins"]}
    assert by_name["plugin-bad"]["code"] == "plugins.raised"
    assert "ValueError" in by_name["plugin-bad"]["reason"]
    assert by_name["plugin-good"]["models"] == ["plugin-good/mine"]
    assert "Li Si" not in str(rows) + done.stderr


@pytest.mark.parametrize(
    ("wanted", "arguments", "states"),
    [
        ("*", (), {"one": "loaded", "two": "loaded"}),
        ("two", (), {"one": "off", "two": "loaded"}),
        ("", (), {"one": "off", "two": "off"}),
        ("*", ("--no-plugins",), {"one": "off", "two": "off"}),
        ("*", ("--set", "plugins.allow=one"), {"one": "loaded", "two": "off"}),
    ],
)
def test_what_is_loaded_can_be_said_for_one_run(tmp_path, wanted, arguments, states):
    for name in ("one", "two"):
        installed(tmp_path, name, MODEL)
    command = ("-m", "doctorflan_ls", *arguments, "plugins", "list", "--json")
    rows = json.loads(_program(tmp_path, *command, plugins=wanted).stdout)["plugins"]
    # Other plugins may be installed beside these.
    assert {row["name"]: row["state"] for row in rows if row["name"] in states} == states


def test_the_server_starts_without_looking_for_plugins(tmp_path):
    code = (
        "import sys, doctorflan_ls.server.stdio, doctorflan_ls.cli.serve;"
        "print(sorted({'pluggy', 'platformdirs', 'importlib.metadata'} & set(sys.modules)))"
    )
    assert _program(tmp_path, "-c", code).stdout.strip() == "[]"
