"""Models and their files under faults, in one process: the engine goes on, and says what is."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from doctorflan_ls.engine import Engine, Patience
from doctorflan_ls.engine.watch import Watch
from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Chunk, ModelOptions, ModelSpec, Sampling, Stop
from doctorflan_ls.models.folders import manifest as manifests
from doctorflan_ls.models.folders import store
from doctorflan_ls.models.folders.manifest import ModelFile
from doctorflan_ls.models.local import memory
from doctorflan_ls.models.onnx import load
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.settings.write import set_table
from tests.test_engine import PATIENCE
from tests.test_engine_models import job, state_of, until

QUICK = Patience(minute=0.02, grace=0.05, room=1.0)


class Panic(BaseException):
    """As the native parts of tokenizers raise: no Exception."""


class Frail:
    """Says a word; raises what ``on`` has for the place."""

    spec = ModelSpec("frail", "1", "onnx")

    def __init__(self, on: dict[str, BaseException]) -> None:
        self.on = on

    def strike(self, place: str) -> None:
        error = self.on.pop(place, None)
        if error is not None:
            raise error

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        self.strike("draft")
        yield Chunk("word")

    def close(self) -> None:
        self.strike("close")


@pytest.fixture
def engine_of(request):
    def make(load, patience=QUICK):
        made = Engine(load, patience=patience)
        request.addfinalizer(made.close)
        return made

    return make


ERRORS = [Panic(), KeyboardInterrupt(), SystemExit(1), GeneratorExit(), MemoryError()]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_model_that_cannot_even_be_closed_is_loaded_again(engine_of, error):
    models = []

    def load(*_):
        models.append(Frail({"close": error}))
        return models[-1]

    engine = engine_of(load)
    options = ModelOptions(idle_minutes=1)
    assert engine.run_sync(job("frail", "a", options=options)).text == "word"
    until(lambda: state_of(engine, "frail") == "unloaded")
    assert models[0].on == {}
    assert engine.run_sync(job("frail", "b", options=options)).text == "word"
    assert len(models) == 2


def test_no_failure_to_say_what_failed_leaves_a_job_unanswered(engine_of, monkeypatch):
    """Where memory is out, describing that may fail for the same reason."""
    engine = engine_of(lambda *_: Frail({"draft": ValueError()}))
    calls = []

    def report(error):
        calls.append(error)
        if len(calls) == 1:
            raise MemoryError
        return "0000"

    monkeypatch.setattr("doctorflan_ls.engine.worker.report", report)
    draft = engine.run_sync(job("frail", "a", deadline=PATIENCE))
    assert draft.failure is not None
    assert draft.failure.key == "engine.memory"
    assert engine.run_sync(job("frail", "b", deadline=PATIENCE)).state in {"ready", "failed"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_was_ended_from_outside_is_replaced(engine_of):
    engine = engine_of(lambda *_: Frail({}), Patience(minute=3600))
    assert engine.run_sync(job("frail", "a")).text == "word"
    (thread,) = [each for each in threading.enumerate() if each.name == "model frail"]
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
    )
    # It waits for a job, and hears of the exception when it wakes.
    engine.run_sync(job("frail", "b", deadline=0.5))
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert engine.run_sync(job("frail", "c", deadline=PATIENCE)).text == "word"


def no_threads(change):
    def refuse(_self):
        raise RuntimeError("can't start new thread")

    change.setattr(threading.Thread, "start", refuse)


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_where_no_thread_can_be_started_a_draft_fails_at_once_and_the_next_is_made(
    engine_of, monkeypatch, locale
):
    engine = engine_of(lambda *_: Frail({}))
    with monkeypatch.context() as change:
        no_threads(change)
        for text in ("a", "b"):
            draft = engine.run_sync(job("frail", text, deadline=PATIENCE))
            assert draft.state == "failed"
            assert draft.failure is not None
            assert draft.failure.key == "engine.no-thread"
            assert "frail" in draft.failure.user_message(locale)
    assert engine.run_sync(job("frail", "c", deadline=PATIENCE)).text == "word"
    # None of those that failed is made later.
    assert [each.waiting for each in engine.status()] == [0]


def test_a_watch_without_a_thread_looks_when_it_has_one(monkeypatch):
    class Busy:
        def serves(self, _ticket):
            return True

    late = []
    watch = Watch(0.0, lambda worker, ticket: late.append(ticket))
    with monkeypatch.context() as change:
        no_threads(change)
        watch.expect(Busy(), "first")
    watch.expect(Busy(), "second")
    until(lambda: late == ["first", "second"])


# Files


@pytest.fixture
def tiny(tmp_path):
    graphs = pytest.importorskip("onnx_graphs")
    folder = tmp_path / "tiny"
    graphs.save(graphs.graph(graphs.weights()), folder, external=True)
    files = tuple(
        ModelFile(path.name, manifests.sha256(path), path.stat().st_size)
        for path in sorted(folder.iterdir())
    )
    return folder, replace(graphs.manifest(), files=files)


@pytest.mark.parametrize("name", ["model.onnx", "model.onnx.data", "tokenizer.json"])
def test_a_file_swapped_between_its_check_and_its_loading_is_not_used(tiny, monkeypatch, name):
    folder, manifest = tiny
    path = folder / name
    whole = path.read_bytes()
    loader = store._loader

    def swapping(kind):
        def swapped(*given):
            # Whoever wants to can put the time back, but not the inode's own.
            path.with_name("new").write_bytes(whole)
            path.with_name("new").replace(path)
            return loader(kind)(*given)

        return swapped

    with monkeypatch.context() as change:
        change.setattr(store, "_loader", swapping)
        with pytest.raises(ModelUnavailable) as raised:
            store.load_chat(folder, manifest, ModelOptions(threads=1))
    assert raised.value.key == "store.file-changed"
    chat = store.load_chat(folder, manifest, ModelOptions(threads=1))
    chat.close()


def test_a_draft_during_which_the_weights_changed_is_not_given(tiny):
    folder, manifest = tiny
    manifests.write(folder, manifest)
    model = store.folder_model(folder).load(ModelOptions(threads=1))
    prompt = job().prompt
    pieces = model.generate(prompt, Sampling(max_tokens=5), Stop())
    next(pieces)
    (folder / "model.onnx.data").touch()
    with pytest.raises(ModelUnavailable) as raised:
        list(pieces)
    assert raised.value.key == "store.file-changed"
    assert not model.is_current
    model.close()


def test_a_model_whose_files_changed_is_loaded_again(engine_of, tiny):
    folder, manifest = tiny
    manifests.write(folder, manifest)
    loads = []

    def load(_model, options):
        loads.append(options)
        return store.folder_model(folder).load(options)

    engine = engine_of(load, Patience(minute=3600))
    options = ModelOptions(threads=1)
    asked = {"sampling": Sampling(max_tokens=3), "options": options}
    assert engine.run_sync(job("tiny", "主诉：咳嗽。", **asked)).state == "ready"
    assert engine.run_sync(job("tiny", "主诉：头痛。", **asked)).state == "ready"
    assert len(loads) == 1
    # As it is added anew while a server has it.
    (folder / "tokenizer.json").touch()
    assert engine.run_sync(job("tiny", "主诉：发热。", **asked)).state == "ready"
    assert len(loads) == 2


# Memory


def test_libraries_that_would_find_no_room_are_not_loaded(tiny, monkeypatch):
    folder, manifest = tiny
    monkeypatch.delitem(load.__globals__["sys"].modules, "onnxruntime", raising=False)
    monkeypatch.setattr(memory, "can_map", lambda _mib: False)
    with pytest.raises(ModelUnavailable) as raised:
        load(folder, manifest, ModelOptions(threads=1))
    assert raised.value.key == "onnx.memory"
    assert str(folder) in raised.value.user_message("zh")


def test_a_library_that_finds_no_room_is_no_memory_and_not_a_broken_one(tiny, monkeypatch):
    folder, manifest = tiny

    def refuse(*_):
        raise ImportError("libonnxruntime.so: failed to map segment from shared object")

    monkeypatch.setattr("doctorflan_ls.models.onnx.model.load_model", refuse)
    with pytest.raises(ModelUnavailable) as raised:
        load(folder, manifest, ModelOptions(threads=1))
    assert raised.value.key == "onnx.out-of-memory"


def test_a_bound_of_the_process_is_what_a_model_may_take(monkeypatch):
    resource = pytest.importorskip("resource")
    bounds = {"bound": (resource.RLIM_INFINITY, resource.RLIM_INFINITY)}
    monkeypatch.setattr(resource, "getrlimit", lambda _which: bounds["bound"])
    free = memory.available_mib()
    assert free > 0
    used = int(memory._PAGES.read_text().split()[0]) * resource.getpagesize()
    bounds["bound"] = (used + 8 * 2**20, resource.RLIM_INFINITY)
    assert 0 < memory.available_mib() <= 8
    bounds["bound"] = (1, resource.RLIM_INFINITY)
    assert memory.available_mib() == 1


def test_asking_for_room_takes_none():
    before = int(memory._PAGES.read_text().split()[0]) if memory._PAGES.exists() else 0
    assert memory.can_map(64)
    assert not memory.can_map(2**40)
    if before:
        after = int(memory._PAGES.read_text().split()[0])
        assert after - before < 64 * 2**20 // 4096


# The settings' file


def test_a_full_disk_leaves_the_old_settings_and_no_half_file(tmp_path, monkeypatch):
    path = tmp_path / "settings.toml"
    path.write_text('language = "zh"\n', encoding="utf-8")

    def full(_self, *_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as change:
        change.setattr(type(path), "replace", full)
        with pytest.raises(Exception, match="No space left"):
            set_table(path, "tasks", "categories", {"triage": "T"})
    assert [each.name for each in tmp_path.iterdir()] == ["settings.toml"]
    assert path.read_text(encoding="utf-8") == 'language = "zh"\n'
    set_table(path, "tasks", "categories", {"triage": "T"})
    assert "triage" in path.read_text(encoding="utf-8")
