"""Plugins: each loaded alone and whole; what one does wrong is reported and spreads to no other."""

import io
import json
import threading
import time
from contextlib import redirect_stdout
from importlib.metadata import EntryPoint

import pytest

from doctorflan_ls import hookspecs
from doctorflan_ls.models import catalogue
from doctorflan_ls.models.base import ModelOptions
from doctorflan_ls.plugins import Plugins, Selection, builtin_registry
from doctorflan_ls.plugins.loading import Point
from doctorflan_ls.plugins.report import plugin_rows
from doctorflan_ls.tasks.registry import get_task
from tests.plugin_sources import (
    HEAD,
    MODEL,
    QUICK,
    TASK,
    TASK_IN_PYTHON,
    codes,
    installed,
    models,
    program,
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
    assert f"{folder / 'e.toml'}:2" in said["e.toml"]


def test_no_package_takes_the_folders_name(plugins):
    made = plugins(local=TASK_IN_PYTHON)
    assert codes(made) == {"local": "plugins.reserved"}


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


# As packages are found


def test_installed_packages_are_found_by_their_entry_point(tmp_path):
    """As pip leaves them, and through the real command: what they print is not in its JSON."""
    installed(tmp_path, "plugin-good", MODEL)
    installed(tmp_path, "plugin-bad", BAD["raises_hook"][0])
    done = program(tmp_path, "-m", "doctorflan_ls", "models", "list", "--json")
    found = json.loads(done.stdout)
    mine = next(each for each in found["models"] if each["id"] == "plugin-good/mine")
    assert "plugin-good" in mine["where"]
    assert "plugin-bad" in done.stderr
    rows = json.loads(program(tmp_path, "-m", "doctorflan_ls", "plugins", "list", "--json").stdout)
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
    rows = json.loads(program(tmp_path, *command, plugins=wanted).stdout)["plugins"]
    # Other plugins may be installed beside these.
    assert {row["name"]: row["state"] for row in rows if row["name"] in states} == states


def test_the_server_starts_without_looking_for_plugins(tmp_path):
    code = (
        "import sys, doctorflan_ls.server.stdio, doctorflan_ls.cli.serve;"
        "print(sorted({'pluggy', 'platformdirs', 'importlib.metadata'} & set(sys.modules)))"
    )
    assert program(tmp_path, "-c", code).stdout.strip() == "[]"
