"""Files that a user or a hospital writes: settings, tasks, rules, points, manifests, tuning."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

from doctorflan_ls.checks.overlay import overlaid
from doctorflan_ls.models.folders.manifest_reader import parse_manifest
from doctorflan_ls.plugins.scratch import Scratch
from doctorflan_ls.plugins.task_folder import read_folder
from doctorflan_ls.score.reading import read_table
from doctorflan_ls.settings import SETTINGS, load
from doctorflan_ls.tasks.loader import BadTaskFile, load_task
from doctorflan_ls.tuning.config import read_config
from tests.endurance.fuzz_targets import target, text_of
from tests.endurance.fuzz_trial import answer

_DATA = files("doctorflan_ls").joinpath("data")
_SECTIONS = tuple({key.partition(".")[0] for key in SETTINGS})


def _settings() -> Iterator[bytes]:
    yield json.dumps(
        {"doctorflan": {key: each.default for key, each in SETTINGS.items()}}, default=dict
    ).encode()
    nested: dict[str, dict[str, object]] = {}
    for key, each in SETTINGS.items():
        section, dot, name = key.partition(".")
        if dot:
            nested.setdefault(section, {})[name] = each.default
    yield json.dumps(nested, default=dict).encode()
    yield json.dumps({"models": {"use": {"*": "skeleton", "zh": "a"}, "temperature": 0.5}}).encode()
    yield json.dumps(
        {"plugins": {"allow": ["a"]}, "network": {"hosts": ["h:1"]}, "checks.limit": 3}
    ).encode()


@target("settings-json", "json", _settings, words=(*SETTINGS, *_SECTIONS, "doctorflan"))
def settings_json(data: bytes, folder: Path) -> Iterable[object]:
    """Whatever a client sends, there are settings, and one line for each thing refused."""
    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        return
    for shared in (False, True):
        made = load(folder, given, environment=_apart(folder), options=given, shared=shared)
        assert set(made.values) == set(SETTINGS), "a setting is lost"
        for problem in made.problems:
            yield answer(problem)


@target("settings-toml", "toml", lambda: map(_toml_of, _settings()), words=(*SETTINGS, *_SECTIONS))
def settings_toml(data: bytes, folder: Path) -> Iterable[object]:
    """The same of a file of the workspace and of the user."""
    (folder / ".doctorflan.toml").write_bytes(data)
    (folder / "doctorflan-ls").mkdir()
    (folder / "doctorflan-ls" / "settings.toml").write_bytes(data)
    text = text_of(data)
    overrides = {line.partition("=")[0]: line.partition("=")[2] for line in text.split("\n")[:5]}
    made = load(folder, environment=_apart(folder), overrides=overrides)
    assert set(made.values) == set(SETTINGS), "a setting is lost"
    for problem in made.problems:
        yield answer(problem)


@target("settings-variables", "text", lambda: map(_variables_of, _settings()))
def settings_variables(data: bytes, folder: Path) -> Iterable[object]:
    """The same of the environment."""
    pairs = (line.partition("=") for line in text_of(data).split("\n"))
    environment = {name: value for name, _, value in pairs}
    for problem in load(None, environment={**environment, **_apart(folder)}).problems:
        yield answer(problem)


def _apart(folder: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(folder)}


def _toml_of(data: bytes) -> bytes:
    lines = []
    for key, value in json.loads(data).get("doctorflan", json.loads(data)).items():
        if isinstance(value, dict):
            lines += [
                f"[{key}]",
                *(
                    f"{name} = {json.dumps(each)}"
                    for name, each in value.items()
                    if not isinstance(each, dict)
                ),
            ]
        else:
            lines.append(f'"{key}" = {json.dumps(value)}')
    return "\n".join(lines).encode()


def _variables_of(data: bytes) -> bytes:
    del data
    return "\n".join(f"{each.variable}={each.default}" for each in SETTINGS.values()).encode()


def _tasks() -> Iterator[bytes]:
    found = files("doctorflan_ls").joinpath("tasks", "data").iterdir()
    for each in sorted(found, key=lambda one: one.name)[:6]:
        yield each.read_bytes()


@target("tasks", "toml", _tasks, quick=60)
def tasks(data: bytes, folder: Path) -> Iterable[object]:
    """A hospital's task file is a task, or one line says what is wrong in it."""
    (folder / "a.toml").write_bytes(data)
    made = read_folder(folder)
    for _, problem in made.problems:
        yield answer(problem)
    for task in made.contribution.tasks:
        yield (task.origin, task.phase, len(task.elements), len(task.needs))
    try:
        load_task(text_of(data), "a.toml")
    except BadTaskFile as error:
        yield answer(error)
    Scratch("fuzz").register_task_file(text_of(data), "a.toml")


_RULES = """
[rule.ZC-01]
severity = "error"
zh = "x"
source = { zh = "本院规定", en = "hospital" }

[doc_type.admission]
required = ["hpi", "chief_complaint"]
"""


def _rules() -> Iterator[bytes]:
    yield _RULES.encode()
    for each in sorted(_DATA.joinpath("rules").iterdir(), key=lambda one: one.name):
        if each.name.endswith(".toml"):
            text = each.read_text(encoding="utf-8")
            stem = each.name.removesuffix(".toml")
            rules = tomllib.loads(text).get("rule", ())
            yield "\n".join(
                f'[rule.{row["id"]}]\nzh = "{{}}"\nseverity = "hint"' for row in rules
            ).encode()
            body = text.partition("[[rule]]")[0]
            yield f"[data.{stem}]\n{body}".encode()


@target("rules", "toml", _rules, quick=3)
def rules(data: bytes, _: Path) -> Iterable[object]:
    """A hospital's rules are laid over ours, or refused with a line each."""
    made = overlaid({"hospital.toml": text_of(data)})
    for problem in made.problems:
        yield answer(problem)


def _points() -> Iterator[bytes]:
    for each in sorted(_DATA.joinpath("scores").iterdir(), key=lambda one: one.name):
        if each.name.endswith(".toml"):
            yield each.read_bytes()


@target("points", "toml", _points, longest=40_000)
def points(data: bytes, _: Path) -> Iterable[object]:
    """A table of points is read whole, or not at all with a line for each mistake."""
    made = read_table("table.toml", text_of(data), {"ZC-01"})
    assert (made.table is None) == bool(made.problems), "half a table"
    for problem in made.problems:
        yield answer(problem)


_MANIFEST = """
id = "tiny-medical"
version = "1.0"
kind = "onnx"
licence = "MIT"
source = "https://example.org/tiny"
languages = ["zh", "en"]
tasks = ["case-summary"]
context_length = 2048
template = "chat.jinja"

[description]
zh = "小"
en = "tiny"

[limits]
zh = "无"
en = "none"

[[files]]
path = "model.onnx"
sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
size = 12

[[files]]
path = "chat.jinja"
sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
size = 3

[sample]
question = "q"
answer = "a"
max_tokens = 8

[hardware]
memory_mib = 100
threads = 2
"""
REMOTE_MANIFEST = _MANIFEST.partition("template")[0].replace('"onnx"', '"openai"') + (
    '[description]\nzh = "a"\nen = "b"\n[limits]\nzh = "a"\nen = "b"\n'
    '[remote]\nurl = "http://127.0.0.1:8000/v1"\nmodel = "m"\nkey = "env:KEY"\n'
)


@target(
    "manifests",
    "toml",
    lambda: (_MANIFEST.encode(), REMOTE_MANIFEST.encode()),
    words=("[remote]", "../", "a/b", "model.pkl", "https://[::1", "http://a:99999/", "\\", "C:"),
)
def manifests(data: bytes, _: Path) -> Iterable[object]:
    """A model's manifest is one, or a line names the entry that is not."""
    made = parse_manifest(text_of(data), "model.toml", "0" * 64)
    yield (made.kind, len(made.files), made.sample is None)


_TUNE = """
[base]
model = "base"
[data]
train = ["rows.jsonl"]
[run]
folder = "out"
[method]
kind = "lora"
rank = 8
[training]
epochs = 2
learning_rate = 1e-4
"""


@target("tuning", "toml", lambda: (_TUNE.encode(),))
def tuning(data: bytes, folder: Path) -> Iterable[object]:
    """A run of tuning, or a line for each problem."""
    path = folder / "tune.toml"
    path.write_bytes(data)
    made, problems = read_config(path)
    assert made is not None or problems, "neither a run nor a problem"
    for problem in problems:
        yield answer(problem)
