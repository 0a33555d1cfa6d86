"""Which model answers a task: the order of the settings, and what is said about wrong ones."""

from pathlib import Path

import pytest

from doctorflan_ls.models import choice
from doctorflan_ls.models.base import ModelOptions, Sampling
from doctorflan_ls.plugins import Registry
from doctorflan_ls.settings import SETTINGS, Settings, Source, load, resolve
from doctorflan_ls.tasks.registry import get_task

USE = {"case-summary.zh": "a", "case-summary": "b", "zh": "c", "*": "d"}


def _resolved(models=None, network=None):
    return resolve([Source("user", {"models": models or {}, "network": network or {}}, "u.toml")])


@pytest.mark.parametrize(
    ("without", "task", "language", "model"),
    [
        ((), "case-summary", "zh", "a"),
        ((), "case-summary", "en", "b"),
        ((), "triage", "zh", "c"),
        ((), "triage", "en", "d"),
        (("case-summary.zh",), "case-summary", "zh", "b"),
        (("case-summary.zh", "case-summary"), "case-summary", "zh", "c"),
        (("case-summary.zh", "case-summary", "zh"), "case-summary", "zh", "d"),
        (tuple(USE), "case-summary", "zh", "skeleton"),
    ],
)
def test_the_nearest_key_wins(without, task, language, model):
    use = {key: value for key, value in USE.items() if key not in without}
    settings = _resolved({"use": use}).settings
    assert choice.choose(get_task(task), language, settings) == model


def test_nothing_set_is_the_skeleton_with_the_defaults():
    assert choice.choose(get_task("triage"), "zh", Settings()) == "skeleton"
    assert choice.options(Settings()) == ModelOptions()
    assert choice.sampling(Settings()) == Sampling()


def test_options_and_sampling_are_the_settings():
    models = {
        "folder": "/m",
        "threads": 2,
        "memory_mib": 512,
        "idle_minutes": 3,
        "max_tokens": 7,
        "temperature": 1,
        "seed": 9,
    }
    settings = _resolved(models, {"hosts": ["h:1"], "timeout": 5}).settings
    assert choice.options(settings) == ModelOptions("/m", 2, 512, 3, ("h:1",), 5)
    assert choice.sampling(settings) == Sampling(max_tokens=7, temperature=1.0, seed=9)


@pytest.mark.parametrize(
    ("use", "said"),
    [
        ({"*": "skeleton", "case-summary.en": "skeleton", "zh": "skeleton"}, []),
        ({"case-sumary": "skeleton"}, ["models.use.case-sumary (u.toml): expected TASK.LANG"]),
        ({"triage.fr": "skeleton"}, ["models.use.triage.fr (u.toml): expected TASK.LANG"]),
        ({"zh": "gone", "en": "gone"}, ["models.use (u.toml): no model gone"]),
    ],
)
def test_what_names_nothing_is_one_line(use, said, tmp_path):
    resolved = choice.checked(_resolved({"use": use, "folder": str(tmp_path)}), Registry())
    lines = [problem.user_message("en") for problem in resolved.problems]
    assert len(lines) == len(said)
    for line, part in zip(lines, said, strict=True):
        assert part in line


@pytest.mark.parametrize(
    "use", [{"triage.zh": "m", "en": "n"}, {"triage": {"zh": "m"}, "en": "n"}, "triage.zh=m, en=n"]
)
def test_a_task_and_its_language_may_be_written_in_any_way(use, tmp_path):
    if isinstance(use, str):
        resolved = load(tmp_path, environment={"DOCTORFLAN_MODELS_USE": use})
    else:
        resolved = _resolved({"use": use})
    assert dict(resolved.settings.models.use) == {"triage.zh": "m", "en": "n"}
    assert not resolved.problems


@pytest.mark.parametrize(
    "key", [key for key in SETTINGS if key.startswith(("models.", "network."))]
)
def test_a_workspace_file_sets_no_model_and_no_host(key, tmp_path: Path):
    section, _, name = key.partition(".")
    values = {int: "7", float: "0.5", str: '"x"', tuple: '["x"]'}
    default = SETTINGS[key].default
    raw = values.get(type(default), '{ "*" = "x" }')
    for text in (f"[{section}]\n{name} = {raw}\n", f"[doctorflan.{section}]\n{name} = {raw}\n"):
        (tmp_path / ".doctorflan.toml").write_text(text)
        resolved = load(tmp_path, environment={})
        assert resolved.settings == Settings()
        assert [problem.key for problem in resolved.problems] == ["settings.untrusted"]
        # The same words are taken from the user's own file.
        own = tmp_path / "doctorflan-ls" / "settings.toml"
        own.parent.mkdir(exist_ok=True)
        own.write_text(text)
        trusted = load(None, environment={"XDG_CONFIG_HOME": str(tmp_path)})
        assert trusted.values[key].layer == "user"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("models.temperature", "nan"),
        ("models.temperature", "2.1"),
        ("models.seed", "-1"),
        ("models.max_tokens", "0"),
        ("models.folder", "a\nb"),
        ("network.timeout", "0"),
    ],
)
def test_values_outside_their_range_are_refused(key, value):
    resolved = resolve([Source("command line", {key: value})])
    assert [problem.key for problem in resolved.problems] == ["settings.bad-value"]
    assert resolved.settings == Settings()
