"""Plugins: each loaded and asked alone; what one does wrong is reported and spreads to no other."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from doctorflan_ls import plugins
from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models import catalogue
from doctorflan_ls.models.base import ModelOptions

ROOT = Path(__file__).parent.parent
GOOD = """
from doctorflan_ls.hookspecs import hookimpl
from doctorflan_ls.models.base import Listed, ModelSpec

@hookimpl
def register_models(register):
    print("hello from a plugin")
    register(Listed(ModelSpec("{id}", "1", "onnx"), lambda options: None))
"""
BAD = {
    "raises_import": "raise RuntimeError('patient Li Si')",
    "exits": "import sys; sys.exit(3)",
    "syntax": "def (",
    "missing_module": "import no_such_module_anywhere",
    "raises_hook": """
from doctorflan_ls.hookspecs import hookimpl
@hookimpl
def register_models(register):
    raise ValueError("patient Li Si")
""",
    "exits_hook": """
from doctorflan_ls.hookspecs import hookimpl
@hookimpl
def register_models(register):
    raise SystemExit(1)
""",
    "wrong_arguments": """
from doctorflan_ls.hookspecs import hookimpl
@hookimpl
def register_models(registry):
    pass
""",
    "no_model": """
from doctorflan_ls.hookspecs import hookimpl
@hookimpl
def register_models(register):
    register("skeleton")
""",
    "wrapper": """
from doctorflan_ls.hookspecs import hookimpl
@hookimpl(wrapper=True)
def register_models(register):
    return (yield)
""",
    "broken_folder": """
from pathlib import Path
from doctorflan_ls.hookspecs import hookimpl
from doctorflan_ls.models.folders.store import folder_model
@hookimpl
def register_models(register):
    register(folder_model(Path("/nowhere/at/all")))
""",
}


@pytest.fixture
def point(tmp_path, monkeypatch):
    """Makes a module of a source and gives the entry point that names it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made = []

    def make(name: str, source: str) -> EntryPoint:
        module = f"plugin_under_test_{name}"
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
        made.append(module)
        return EntryPoint(name, module, plugins.GROUP)

    yield make
    for module in made:
        sys.modules.pop(module, None)


def ids(found: plugins.Plugins) -> list[str]:
    return [listed.spec.id for _, listed in found.models]


def test_a_plugins_models_are_found_and_its_words_are_no_output(point):
    out = io.StringIO()
    with redirect_stdout(out):
        found = plugins.load([point("good", GOOD.format(id="mine"))])
    assert ids(found) == ["mine"]
    assert found.models[0][0] == "good"
    assert found.problems == []
    assert out.getvalue() == ""


@pytest.mark.parametrize("name", BAD)
def test_one_that_fails_takes_no_other_with_it(point, name):
    points = [
        point("z_last", GOOD.format(id="last")),
        point(name, BAD[name]),
        point("a_first", GOOD.format(id="first")),
    ]
    found = plugins.load(points)
    assert ids(found) == ["first", "last"]
    assert [problem.plugin for problem in found.problems] == [name]
    for locale in ("zh", "en"):
        said = found.problems[0].error.user_message(locale)
        # A model's folder is named rather than the plugin.
        assert name in said or name == "broken_folder"
        assert "\n" not in said
        assert "Li Si" not in said


def test_a_hook_of_a_newer_version_is_left_alone(point):
    newer = GOOD.format(id="mine") + "\n@hookimpl\ndef register_holograms(register): pass\n"
    found = plugins.load([point("newer", newer), point("other", GOOD.format(id="other"))])
    assert ids(found) == ["mine", "other"]
    assert found.problems == []


def test_one_installed_twice_over_is_one(point):
    one = point("good", GOOD.format(id="mine"))
    found = plugins.load([one, EntryPoint(one.name, one.value, one.group)])
    assert ids(found) == ["mine"]
    assert found.problems == []


def test_the_first_of_an_id_wins_and_the_other_is_reported(point, tmp_path, monkeypatch):
    points = [
        point("a", GOOD.format(id="same")),
        point("b", GOOD.format(id="same")),
        point("c", GOOD.format(id="skeleton")),
    ]
    found = plugins.load(points)
    monkeypatch.setattr(plugins, "installed", lambda: found)
    survey = catalogue.survey(ModelOptions(folder=str(tmp_path / "none")))
    assert [(each.listed.spec.id, each.plugin) for each in survey.entries] == [
        ("skeleton", ""),
        ("same", "a"),
    ]
    assert [(each.name, each.error.key) for each in survey.problems] == [
        ("same", "models.taken"),
        ("skeleton", "models.taken"),
    ]
    assert isinstance(survey.problems[0].error, ModelUnavailable)
    assert " b " in survey.problems[0].error.user_message("en")


def test_a_clash_does_not_hide_the_model_that_won(point, tmp_path, monkeypatch):
    found = plugins.load([point("a", GOOD.format(id="same")), point("b", GOOD.format(id="same"))])
    monkeypatch.setattr(plugins, "installed", lambda: found)
    options = ModelOptions(folder=str(tmp_path / "none"))
    assert catalogue.find("same", options).plugin == "a"


def test_an_interrupt_is_not_swallowed(point):
    with pytest.raises(KeyboardInterrupt):
        plugins.load([point("stop", "raise KeyboardInterrupt")])


def _program(tmp_path: Path, *command: str) -> str:
    environment = os.environ | {
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    program = [sys.executable, *command]
    done = subprocess.run(
        program, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def test_installed_packages_are_found_by_their_entry_point(tmp_path):
    """As pip leaves them, and through the real command: what they print is not in its JSON."""
    for name, source in (("good", GOOD.format(id="mine")), ("bad", BAD["raises_hook"])):
        (tmp_path / f"plugin_{name}.py").write_text(source, encoding="utf-8")
        info = tmp_path / f"plugin_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: plugin-{name}\nVersion: 1.0\n"
        )
        (info / "entry_points.txt").write_text(f"[{plugins.GROUP}]\n{name} = plugin_{name}\n")
    found = json.loads(_program(tmp_path, "-m", "doctorflan_ls", "models", "list", "--json"))
    mine = next(each for each in found["models"] if each["id"] == "mine")
    assert "plugin-good" in mine["where"]
    bad = next(each for each in found["broken"] if each["name"] == "plugin-bad")
    assert bad["code"] == "plugins.failed"
    assert "ValueError" in bad["reason"]
    assert "Li Si" not in str(found)


def test_nothing_looks_for_plugins_before_somebody_asks(tmp_path):
    code = (
        "import sys, doctorflan_ls.server.stdio, doctorflan_ls.cli.serve;"
        "from doctorflan_ls.models.base import ModelOptions;"
        "from doctorflan_ls.models.catalogue import load_model;"
        "load_model('skeleton', ModelOptions());"
        "print(sorted({'pluggy', 'platformdirs', 'importlib.metadata'} & set(sys.modules)))"
    )
    assert _program(tmp_path, "-c", code).strip() == "[]"
