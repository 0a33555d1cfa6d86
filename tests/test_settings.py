"""Settings: layers, sources, and what is said about wrong ones."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import get_args, get_type_hints

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorflan_ls.settings import SETTINGS, Settings, Source, load, resolve, user_file
from doctorflan_ls.settings.kinds import (
    Choice,
    Identifier,
    Line,
    Names,
    Number,
    Switch,
    Table,
    WholeNumber,
)
from doctorflan_ls.settings.schema import json_schema
from doctorflan_ls.settings.tree import ModelsSettings, NetworkSettings, sections
from doctorflan_ls.settings.write import set_table

ROOT = Path(__file__).parent.parent


def _load(tmp_path: Path, client: object = None, overrides=None, **environment: str):
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "xdg"), **environment}
    return load(tmp_path, client, overrides or {}, environment)


def _said(resolved) -> list[str]:
    return [problem.user_message("en") for problem in resolved.problems]


def _write_user_file(tmp_path: Path, text: str) -> Path:
    path = user_file({"XDG_CONFIG_HOME": str(tmp_path / "xdg")})
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_set_gives_the_defaults(tmp_path):
    resolved = _load(tmp_path)
    assert resolved.settings == Settings()
    assert {value.layer for value in resolved.values.values()} == {"default"}
    assert resolved.problems == ()


def test_each_layer_wins_over_the_one_before(tmp_path):
    _write_user_file(tmp_path, "[checks]\nchief_complaint_max = 21\n")
    key = "checks.chief_complaint_max"
    assert _pair(_load(tmp_path), key) == (21, "user")
    (tmp_path / ".doctorflan.toml").write_text("[checks]\nchief_complaint_max = 22\n")
    assert _pair(_load(tmp_path), key) == (22, "workspace")
    client = {"checks": {"chief_complaint_max": 23}}
    assert _pair(_load(tmp_path, client), key) == (23, "client")
    environment = {"DOCTORFLAN_CHECKS_CHIEF_COMPLAINT_MAX": "24"}
    assert _pair(_load(tmp_path, client, **environment), key) == (24, "environment")
    overrides = {key: "25"}
    assert _pair(_load(tmp_path, client, overrides, **environment), key) == (25, "command line")


def _pair(resolved, key):
    found = resolved.values[key]
    section, _, name = key.partition(".")
    assert getattr(getattr(resolved.settings, section), name) == found.value
    return found.value, found.layer


@pytest.mark.parametrize(
    "client",
    [
        {"draft": {"language": "zh"}},
        {"doctorflan": {"draft": {"language": "zh"}}},
        {"draft.language": "zh"},
        {"doctorflan.draft.language": "zh"},
        {"doctorflan": {"draft.language": "zh"}},
        {"doctorflan": {"draft": {"language": "zh"}, "checks": None}},
        {"doctorflan": {"draft": {"language": "zh"}}, "python": {"x": 1}, "editor.size": 3},
        {"doctorflan": {}, "draft": {"language": "zh"}},
    ],
)
def test_clients_may_nest_dot_or_name_the_section(tmp_path, client):
    resolved = _load(tmp_path, client)
    assert resolved.settings.draft.language == "zh"
    assert _said(resolved) == []


@pytest.mark.parametrize(
    ("client", "said"),
    [
        (
            {"draft": {"langauge": "zh"}},
            "no setting draft.langauge (client), did you mean draft.language? ignored",
        ),
        ({"zzz": 1}, "no setting zzz (client); ignored"),
        (
            {"draft": {"language": "fr"}},
            "setting draft.language (client): expected auto | zh | en; ignored",
        ),
        (
            {"checks": {"chief_complaint_max": True}},
            "setting checks.chief_complaint_max (client): expected 1..500; ignored",
        ),
        ([], "settings (client): expected a table; ignored"),
    ],
)
def test_a_wrong_key_is_named_and_the_rest_is_kept(tmp_path, client, said):
    if isinstance(client, dict):
        client = {**client, "language": "zh"}
    resolved = _load(tmp_path, client)
    assert _said(resolved) == [said]
    assert resolved.settings == Settings(language="zh" if isinstance(client, dict) else "auto")


def test_the_same_mistake_is_reported_once():
    source = Source("client", {"draft": {"x": 1}})
    assert len(resolve([source, source]).problems) == 1


CLIENTS = [
    {"models": {"folder": "/x", "use": {"*": "m"}, "seed": 7}, "network": {"hosts": ["h"]}},
    {"doctorflan": {"models.folder": "/x", "models": {"use": {"*": "m"}}, "models.seed": 7}},
    {"models": {"threads": 1, "memory_mib": 1, "idle_minutes": 1, "use": {"*": "m"}, "seed": 7}},
    {"plugins": {"x": 1}, "audit": True, "models.use": {"*": "m"}, "models": {"seed": 7}},
]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("way", ["client", "options"])
def test_a_client_of_a_shared_server_only_chooses_among_its_models(tmp_path, client, way):
    nowhere = {"XDG_CONFIG_HOME": str(tmp_path)}
    resolved = load(None, **{way: client}, environment=nowhere, shared=True)
    models = resolved.settings.models
    assert (dict(models.use), models.seed) == ({"*": "m"}, 7)
    assert models == replace(ModelsSettings(), use=models.use, seed=7)
    assert resolved.settings.network == NetworkSettings()
    # One line for all of them.
    (line,) = _said(resolved)
    assert "only the server's own user may set this" in line
    assert ("initializationOptions" in line) == (way == "options")


def test_of_a_shared_server_the_users_own_layers_set_all(tmp_path):
    _write_user_file(tmp_path, '[models]\nfolder = "/x"\n')
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "xdg"), "DOCTORFLAN_NETWORK_HOSTS": "h"}
    client = {"models": {"folder": "/y"}, "network": {"timeout": 9}}
    overrides = {"models.threads": "3"}
    resolved = load(None, client, overrides, environment, shared=True)
    found = resolved.settings
    assert (found.models.folder, found.models.threads, found.network.hosts) == ("/x", 3, ("h",))
    assert found.network.timeout == NetworkSettings().timeout
    assert [problem.key for problem in resolved.problems] == ["settings.untrusted-client"]
    assert load(None, client, overrides, environment).settings.models.folder == "/y"


@pytest.mark.parametrize("name", ["WEIGHTS", "TEST_MODELS", "TEST_ANYTHING", "TOKEN"])
def test_a_variable_of_something_else_is_no_unknown_setting(tmp_path, name):
    assert _said(_load(tmp_path, **{f"DOCTORFLAN_{name}": "1"})) == []


@pytest.mark.parametrize("section", ["network", "models", "plugins", "audit"])
def test_a_workspace_file_may_not_name_hosts_models_or_plugins(tmp_path, section):
    (tmp_path / ".doctorflan.toml").write_text(
        f'language = "zh"\n[{section}]\nhosts = ["example.org"]\nallow = ["x"]\n'
    )
    resolved = _load(tmp_path)
    lines = _said(resolved)
    assert lines
    assert all(re.match(rf"{section}(\.\w+)?: a workspace file", line) for line in lines)
    assert resolved.settings == Settings(language="zh")


@pytest.mark.parametrize(
    "content", [b"[draft\n", b"\xff\xfe", b"a = 1\na = 2\n", b"a = " + b"[" * 9000]
)
def test_a_file_that_is_no_toml_is_named_and_ignored(tmp_path, content):
    (tmp_path / ".doctorflan.toml").write_bytes(content)
    resolved = _load(tmp_path, {"language": "en"})
    (line,) = _said(resolved)
    assert str(tmp_path / ".doctorflan.toml") in line
    assert resolved.settings == Settings(language="en")


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path):
    (tmp_path / ".doctorflan.toml").mkdir()
    (line,) = _said(_load(tmp_path))
    assert "cannot be read" in line


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes among files")
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / ".doctorflan.toml")
    (line,) = _said(_load(tmp_path))
    assert "cannot be read" in line


def test_a_user_without_a_home_has_the_defaults(monkeypatch):
    def homeless():
        raise RuntimeError

    monkeypatch.setattr(Path, "home", homeless)
    assert load(None, environment={}).settings == Settings()


def test_the_configuration_is_laid_over_the_options(tmp_path):
    options = {"language": "zh", "draft": {"language": "zh"}}
    resolved = load(tmp_path, {"draft": {"language": "en"}}, environment={}, options=options)
    assert resolved.settings.language == "zh"
    assert resolved.settings.draft.language == "en"
    assert resolved.values["language"].origin == "initializationOptions"


def test_an_unknown_variable_is_named_with_the_nearest(tmp_path):
    resolved = _load(tmp_path, DOCTORFLAN_LANGAUGE="zh", DOCTORFLAN_TOKEN="secret", OTHER="1")
    assert _said(resolved) == [
        "no setting DOCTORFLAN_LANGAUGE (environment), did you mean DOCTORFLAN_LANGUAGE? ignored"
    ]


def test_variables_hold_lists_tables_and_any_case(tmp_path):
    resolved = _load(
        tmp_path,
        DOCTORFLAN_CHECKS_DISABLED="a, b,",
        DOCTORFLAN_TASKS_CATEGORIES="surgical-plan=Surgery Plan",
        DOCTORFLAN_DRAFT_LANGUAGE=" ZH ",
        DOCTORFLAN_DRAFT_DEADLINE="30",
    )
    assert resolved.problems == ()
    assert resolved.settings.checks.disabled == ("a", "b")
    assert dict(resolved.settings.tasks.categories) == {"surgical-plan": "Surgery Plan"}
    assert resolved.settings.draft.language == "zh"
    assert resolved.settings.draft.deadline == 30


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*SETTINGS, *sections(), "doctorflan", ""]), inner)
    ),
    max_leaves=12,
)


@given(_JSON)
def test_no_client_value_breaks_the_settings(client):
    settings = resolve([Source("client", client)] if isinstance(client, dict) else []).settings
    as_json = {
        "language": settings.language,
        "checks": {
            "chief_complaint_max": settings.checks.chief_complaint_max,
            "disabled": list(settings.checks.disabled),
        },
        "tasks": {"categories": dict(settings.tasks.categories)},
    }
    jsonschema.validate(as_json, json_schema())


def test_every_setting_has_a_kind_that_fits_its_type_and_default():
    for key, setting in SETTINGS.items():
        section, _, name = key.rpartition(".")
        hint = get_type_hints(sections()[section] if section else Settings)[name]
        match setting.kind:
            case Choice(words=words):
                assert words == get_args(hint), key
            case WholeNumber():
                assert hint is int, key
            case Number():
                assert hint is float, key
            case Line() | Identifier():
                assert hint is str, key
            case Switch():
                assert hint is bool, key
            case Names():
                assert hint == tuple[str, ...], key
            case Table():
                assert get_args(hint) == (str, str), key
            case _:
                pytest.fail(key)
        assert setting.kind.accept(setting.default) == setting.default


def test_the_schema_file_is_what_the_dataclasses_say():
    stored = json.loads((ROOT / "schemas" / "settings.schema.json").read_text(encoding="utf-8"))
    assert stored == json_schema(), "run: python -m scripts.generate"
    jsonschema.Draft202012Validator.check_schema(stored)


def test_writing_keeps_the_rest_of_the_file(tmp_path):
    path = _write_user_file(
        tmp_path, '# mine\nlanguage = "zh"  # always\n\n[draft]\ndeadline = 30\n'
    )
    set_table(path, "tasks", "categories", {"surgical-plan": "Surgery Plan"})
    set_table(path, "tasks", "categories", {"surgical-plan": 'A "b"', "triage": "T"})
    text = path.read_text(encoding="utf-8")
    assert text.startswith('# mine\nlanguage = "zh"  # always\n')
    resolved = _load(tmp_path)
    assert resolved.settings.draft.deadline == 30
    assert dict(resolved.settings.tasks.categories) == {
        "surgical-plan": 'A "b"',
        "triage": "T",
    }
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_writing_leaves_a_broken_file_alone(tmp_path):
    path = _write_user_file(tmp_path, "[tasks\n")
    with pytest.raises(Exception, match="not valid TOML"):
        set_table(path, "tasks", "categories", {})
    assert path.read_text() == "[tasks\n"


@pytest.mark.parametrize(
    "text", ['[plugins]\nallow = "one"\n', '[plugins]\nalow = ["one"]\n', "[plugins]\nallow = 3\n"]
)
def test_a_limit_on_plugins_that_cannot_be_read_lets_none_be_loaded(tmp_path, text):
    folder = tmp_path / "doctorflan-ls"
    folder.mkdir()
    (folder / "settings.toml").write_text(text, encoding="utf-8")
    found = load(environment={"XDG_CONFIG_HOME": str(tmp_path)})
    assert found.settings.plugins.allow == ()
    assert "settings.no-plugins" in [problem.key for problem in found.problems]
