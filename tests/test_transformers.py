"""Local safetensors through torch: as transformers' own loop, cached, stopped, refused clearly."""

import json
import sys

import pytest
from made_llama import CONTEXT, manifest, tiny_llama
from made_tokenizers import byte_level, user

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models import transformers as kind
from doctorflan_ls.models.base import Message, ModelOptions, Sampling, Stop

torch = pytest.importorskip("torch")
OPTIONS = ModelOptions(threads=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_llama(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def chat(folder):
    made = kind.load(folder, manifest(), OPTIONS)
    yield made
    made.close()


def answer(chat, messages, count=16):
    return "".join(chat.stream(messages, Sampling(count), Stop()))


def fed(chat, monkeypatch):
    """How many tokens each step reads, from now on."""
    seen = []
    step = chat._step
    monkeypatch.setattr(chat, "_step", lambda ids: seen.append(len(ids)) or step(ids))
    return seen


def test_greedy_tokens_are_those_of_transformers(chat):
    ids = chat._tokenizer.prompt_ids(user("咳嗽 cough"))
    made = chat._model.generate(
        torch.tensor([ids]),
        attention_mask=torch.ones(1, len(ids), dtype=torch.long),
        max_new_tokens=32,
        do_sample=False,
    )[0, len(ids) :]
    assert answer(chat, user("咳嗽 cough"), 32) == chat._tokenizer._backend.decode(made.tolist())


def test_a_second_task_reads_only_its_own_words(chat, folder, monkeypatch):
    note = "cough and fever. " * 20
    answer(chat, user(note + "Summarise."))
    seen = fed(chat, monkeypatch)
    second = answer(chat, user(note + "Diagnose."))
    assert seen[0] < 60
    assert seen[1:] == [1] * 15
    fresh = kind.load(folder, manifest(), OPTIONS)
    assert answer(fresh, user(note + "Diagnose.")) == second


def test_a_follow_up_reads_only_the_new_turn(chat, monkeypatch):
    first = answer(chat, user("cough and fever. " * 20))
    seen = fed(chat, monkeypatch)
    turns = [*user("cough and fever. " * 20), Message("assistant", first), *user("why")]
    answer(chat, turns)
    # The answer was read token by token: it is read again, as a prompt.
    assert seen[0] < 90


@pytest.mark.parametrize("size", [1, 31, 32, 33, 100])
def test_an_answer_does_not_depend_on_what_was_asked_before(chat, folder, size):
    question = "咳嗽 fever and cough. " * size
    whole = answer(kind.load(folder, manifest(), OPTIONS), user(question[:2000]))
    for before in ("hi", question[: len(question) // 2], question[:2000]):
        answer(chat, user(before[:2000]))
        assert answer(chat, user(question[:2000])) == whole


def test_a_stop_has_effect_within_a_long_prompt(chat, monkeypatch):
    stop = Stop()
    seen = []
    step = chat._step

    def stopped(ids):
        seen.append(len(ids))
        stop.set()
        return step(ids)

    monkeypatch.setattr(chat, "_step", stopped)
    assert list(chat.stream(user("fever " * 400), Sampling(8), stop)) == []
    assert seen == [256]


def test_the_context_bounds_prompt_and_answer(folder):
    chat = kind.load(folder, manifest(context_length=64), OPTIONS)
    room = 64 - chat.count(user("hi"))
    assert len(list(chat.stream(user("hi"), Sampling(500), Stop()))) <= room
    with pytest.raises(ModelUnavailable) as caught:
        answer(chat, user("x y " * 64))
    assert caught.value.key == "torch.overflow"
    assert chat.spec.context_length == 64
    assert kind.load(folder, manifest(), OPTIONS).spec.context_length == CONTEXT


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (MemoryError(), "torch.memory-run"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "torch.memory-run"),
        (RuntimeError("secret note"), "torch.fails"),
    ],
)
def test_a_failing_step_is_one_clear_line_and_the_next_answer_is_right(
    chat, monkeypatch, error, key
):
    whole = answer(chat, user("hi"))

    def fail(ids):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(chat, "_step", fail)
        with pytest.raises(ModelUnavailable) as caught:
            answer(chat, user("hi"))
    assert caught.value.key == key
    assert "secret" not in str(caught.value)
    assert answer(chat, user("hi")) == whole


def break_config(folder, **changed):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def cut(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])


def only_pickle(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def index_of(folder, name):
    (folder / "model.safetensors").unlink()
    text = json.dumps({"weight_map": {"a": name}})
    (folder / "model.safetensors.index.json").write_text(text)


BROKEN = {
    "no configuration": (lambda f: (f / "config.json").unlink(), "torch.missing"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "torch.missing"),
    "only a pickle": (only_pickle, "torch.pickle"),
    "an adapter": (lambda f: (f / "adapter_config.json").write_text("{}"), "torch.adapter"),
    "cut off": (cut, "torch.cut-off"),
    "not safetensors": (
        lambda f: (f / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0[]"),
        "torch.damaged",
    ),
    "a long header": (
        lambda f: (f / "model.safetensors").write_bytes(b"\xff" * 8),
        "torch.damaged",
    ),
    "a part outside": (lambda f: index_of(f, "../model.safetensors"), "torch.damaged"),
    "a part missing": (lambda f: index_of(f, "b.safetensors"), "torch.missing"),
    "broken configuration": (lambda f: (f / "config.json").write_text("{"), "torch.damaged"),
    "unknown architecture": (lambda f: break_config(f, model_type="xy"), "torch.architecture"),
    "code of its own": (
        lambda f: break_config(f, model_type="xy", auto_map={"AutoConfig": "evil.C"}),
        "torch.architecture",
    ),
    "absurd configuration": (
        lambda f: break_config(f, num_attention_heads=0),
        "torch.architecture",
    ),
    "tensors missing": (lambda f: break_config(f, num_hidden_layers=3), "torch.incomplete"),
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "tokenizer.missing"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_bad_folder_is_one_clear_line(tmp_path, name):
    change, key = BROKEN[name]
    change(tiny_llama(tmp_path))
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')")
    with pytest.raises(ModelUnavailable) as caught:
        kind.load(tmp_path, manifest(), OPTIONS)
    assert caught.value.key == key
    assert all("\n" not in caught.value.user_message(locale) for locale in ("zh", "en"))


def test_too_little_memory_is_refused_before_loading(folder, monkeypatch):
    with pytest.raises(ModelUnavailable) as caught:
        kind.load(folder, manifest(), ModelOptions(memory_mib=100))
    assert caught.value.key == "torch.memory"


def test_no_torch_is_one_clear_line(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModelUnavailable) as caught:
        kind.load(folder, manifest(), OPTIONS)
    assert "pip install 'doctorflan-ls[torch]'" in str(caught.value)


def test_an_answer_after_closing_is_refused(folder):
    chat = kind.load(folder, manifest(), OPTIONS)
    chat.close()
    with pytest.raises(ModelUnavailable):
        answer(chat, user("hi"))


def test_threads_are_those_of_the_options(folder):
    kind.load(folder, manifest(), ModelOptions(threads=2)).close()
    assert torch.get_num_threads() == 2


def test_without_weights_the_folder_still_has_a_tokenizer(tmp_path):
    with pytest.raises(ModelUnavailable) as caught:
        kind.load(byte_level(tmp_path), manifest(), OPTIONS)
    assert caught.value.key == "torch.missing"
