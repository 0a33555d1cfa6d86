"""The plugin as it is installed: listed, described, never chosen by default, and answering."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from doctorflan_model_minimind2 import FOLDER

from doctorflan_ls.models import catalogue, onnx
from doctorflan_ls.models.base import Message, ModelOptions, Sampling, Stop
from doctorflan_ls.models.choice import choose
from doctorflan_ls.models.folders import manifest, store
from doctorflan_ls.plugins import Plugins, Selection
from doctorflan_ls.settings import Settings
from doctorflan_ls.tasks.registry import builtin_tasks

ROOT = Path(__file__).parents[1]
MODEL = "minimind2-small"


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.delenv("DOCTORFLAN_WEIGHTS", raising=False)
    spec = importlib.util.spec_from_file_location("minimind2_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_is_listed_and_loads_nothing(tmp_path: Path) -> None:
    registry = Plugins(Selection(("doctorflan-model-minimind2",))).load()
    entry = catalogue.find(MODEL, ModelOptions(str(tmp_path)), registry)
    assert entry.plugin == "doctorflan-model-minimind2"
    assert isinstance(entry.listed, store.FolderModel)
    spec = entry.listed.spec
    assert spec.id == f"{entry.plugin}/{MODEL}"
    assert (spec.kind, spec.licence, spec.languages) == ("onnx", "Apache-2.0", ("zh",))
    assert not spec.host


def test_it_is_never_chosen_by_default() -> None:
    chosen = {choose(task, tag, Settings()) for task in builtin_tasks() for tag in ("zh", "en")}
    assert chosen == {"skeleton"}


def test_its_files_are_as_they_were_built() -> None:
    described = manifest.read(FOLDER)
    store.verify(FOLDER, described)
    assert {each.path for each in described.files} == {
        path.name for path in FOLDER.iterdir() if path.name != manifest.MANIFEST_FILE
    }


def test_it_answers_its_sample() -> None:
    described = manifest.read(FOLDER)
    model = onnx.load(FOLDER, described, ModelOptions())
    sample = described.sample
    assert sample is not None
    sampling = Sampling(max_tokens=sample.max_tokens)
    answer = model.stream([Message("user", sample.question)], sampling, Stop())
    assert "".join(answer) == sample.answer
    assert "感冒" in sample.answer


def test_weights_that_differ_are_refused(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / build.FILE).write_bytes(b"something else")
    monkeypatch.setenv("DOCTORFLAN_WEIGHTS", str(tmp_path))
    with pytest.raises(SystemExit, match=build.SHA512):
        build.fetch(tmp_path)


def test_weights_that_are_missing_are_named(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCTORFLAN_WEIGHTS", str(tmp_path))
    with pytest.raises(SystemExit, match=r"DOCTORFLAN_WEIGHTS.*minimind2-small"):
        build.fetch(tmp_path)


@pytest.mark.parametrize("registry", ["http://127.0.0.1:1", "no address"])
def test_a_registry_that_cannot_be_reached_is_said_in_one_line(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: str
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("npm_config_registry", registry)
    with pytest.raises(SystemExit, match="npm_config_registry") as raised:
        build.fetch(tmp_path)
    assert registry in str(raised.value)
    assert "\n" not in str(raised.value)
