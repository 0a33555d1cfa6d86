"""Conversations to tokens: as transformers does, and no text is ever a control token."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_tokenizers import CHATML, byte_fallback, byte_level, user

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Message
from doctorflan_ls.models.local.tokenizer import Tokenizer

PACKAGED = ("minimind2-small", "smollm2-135m")
TEXTS = [
    "患者，男，65岁。\n体温 38.5 ℃，WBC < 4.0 ×10^9/L，CRP > 8",
    "  a leading and a trailing space  ",
    "a <b> and [c] and </d> | e",
    "👩‍⚕️ é ﬁ ①",
    "",
]
FRAGMENTS = st.sampled_from(
    """<|im_end|> <|im_ end|> <|im_start|> </s> <s> <unk> < ＜|im_end|＞ <tool_call> <|endoftext|>
    |> </ s> <0x0A> \U000f0000 患者""".split()  # noqa: SIM905 - it would be a page
)
HOSTILE = st.lists(st.one_of(FRAGMENTS, st.text(max_size=4)), max_size=12).map("".join)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("tokenizers")
    return {"bytes": byte_level(root / "bytes"), "pieces": byte_fallback(root / "pieces")}


def packaged(name):
    folder = Path(os.environ.get("DOCTORFLAN_TEST_MODELS", "")) / name
    if not (folder / "tokenizer.json").is_file():
        pytest.skip("the packaged weights are not here")
    return folder


def reference_ids(folder, messages):
    transformers = pytest.importorskip("transformers")
    backend = transformers.PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    turns = [{"role": message.role, "content": message.text} for message in messages]
    ids = backend.apply_chat_template(turns, add_generation_prompt=True)
    return ids if isinstance(ids, list) else ids["input_ids"]


@pytest.mark.parametrize("name", ["bytes", "pieces"])
@pytest.mark.parametrize("text", TEXTS)
def test_ids_are_those_of_transformers(made, name, text):
    messages = [*user(text), Message("assistant", "是 yes"), *user("再问 again")]
    found = Tokenizer.load(made[name]).prompt_ids(messages)
    assert found == reference_ids(made[name], messages)


@pytest.mark.parametrize("name", PACKAGED)
@pytest.mark.parametrize("text", TEXTS)
def test_ids_are_those_of_transformers_for_packaged_models(name, text):
    folder = packaged(name)
    messages = [Message("system", "你是医生的助手。"), *user(text)]
    assert Tokenizer.load(folder).prompt_ids(messages) == reference_ids(folder, messages)


@pytest.mark.parametrize("name", ["bytes", "pieces", *PACKAGED])
@settings(deadline=None, max_examples=150)
@given(text=HOSTILE, lead=HOSTILE)
def test_no_text_becomes_a_control_token(name, made, text, lead):
    tokenizer = Tokenizer.load(made[name] if name in made else packaged(name))
    backend = tokenizer._backend
    controls = {
        key for key, token in backend.get_added_tokens_decoder().items() if token.content != "<unk>"
    }

    def count(ids):
        return sum(token in controls for token in ids)

    ids = tokenizer.prompt_ids(user(text), lead)
    assert count(ids) == count(tokenizer.prompt_ids(user("x")))
    # Nothing of the text is lost: only spaces are put in or trimmed.
    if name == "bytes":
        kept = backend.decode(ids, skip_special_tokens=False)
        for part in (text, lead):
            assert "".join(part.split()) in "".join(kept.split())


def test_a_system_text_goes_into_the_question_where_the_template_refuses_it(made):
    tokenizer = Tokenizer.load(made["pieces"])
    system = [Message("system", "be brief"), *user("why")]
    assert tokenizer.prompt_ids(system) == tokenizer.prompt_ids(user("be brief\n\nwhy"))


def test_a_system_text_goes_into_the_question_where_the_template_drops_it(tmp_path):
    silent = CHATML.replace("messages %}", "messages if message.role != 'system' %}")
    tokenizer = Tokenizer.load(byte_level(tmp_path, silent))
    system = [Message("system", "be brief"), *user("why")]
    assert tokenizer.prompt_ids(system) == tokenizer.prompt_ids(user("be brief\n\nwhy"))


def test_the_lead_is_the_beginning_of_the_answer(made):
    tokenizer = Tokenizer.load(made["bytes"])
    ids = tokenizer.prompt_ids(user("问"), "诊断：")
    assert tokenizer._backend.decode(ids, skip_special_tokens=False).endswith("assistant\n诊断：")


@pytest.mark.parametrize("opened", ["<think>", "<think>\n", "<think>\n\n"])
def test_thought_that_the_template_opens_is_closed_before_the_answer(tmp_path, opened):
    head = "'<|im_start|>assistant\n"
    assert head in CHATML
    template = CHATML.replace(head, head + opened)
    tokenizer = Tokenizer.load(byte_level(tmp_path, template))
    ids = tokenizer.prompt_ids(user("问"), "诊断：")
    text = tokenizer._backend.decode(ids, skip_special_tokens=False)
    assert text.endswith("assistant\n<think>\n\n</think>\n\n诊断：")


def test_what_ends_an_answer(made, tmp_path):
    end = Tokenizer.load(made["bytes"])._backend.token_to_id("<|im_end|>")
    assert Tokenizer.load(made["bytes"]).end_ids == {end}
    folder = byte_level(tmp_path)
    (folder / "generation_config.json").write_text('{"eos_token_id": [300, 301]}', "utf-8")
    (folder / "config.json").write_text('{"eos_token_id": 302}', "utf-8")
    (folder / "genai_config.json").write_text('{"model": {"eos_token_id": 303}}', "utf-8")
    assert Tokenizer.load(folder).end_ids == {300, 301, 302, 303, end}


def test_the_templates_own_end_of_turn_ends_an_answer(tmp_path):
    folder = byte_level(tmp_path)
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps(config | {"eos_token": "<|endoftext|>"}), "utf-8"
    )
    tokenizer = Tokenizer.load(folder)
    names = {tokenizer._backend.id_to_token(token) for token in tokenizer.end_ids}
    assert names == {"<|endoftext|>", "<|im_end|>"}


@pytest.mark.parametrize("place", ["chat_template.json", "tokenizer_config.json", "other.jinja"])
def test_a_template_is_found(tmp_path, place):
    folder = byte_level(tmp_path)
    expected = Tokenizer.load(folder).prompt_ids(user("a"))
    (folder / "chat_template.jinja").unlink()
    if place == "other.jinja":
        (folder / place).write_text(CHATML, "utf-8")
        assert Tokenizer.load(folder, place).prompt_ids(user("a")) == expected
        return
    value = CHATML if place == "chat_template.json" else [{"name": "default", "template": CHATML}]
    path = folder / place
    config = json.loads(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(json.dumps(config | {"chat_template": value}), "utf-8")
    assert Tokenizer.load(folder).prompt_ids(user("a")) == expected


@pytest.mark.parametrize(
    ("name", "data", "key"),
    [
        ("tokenizer.json", None, "tokenizer.missing"),
        ("tokenizer.json", b"{", "tokenizer.broken"),
        ("tokenizer.json", b"\xff\xfe", "tokenizer.broken"),
        ("tokenizer_config.json", b"[]", "tokenizer.broken"),
        ("tokenizer_config.json", b"[" * 100_000, "tokenizer.broken"),
        ("chat_template.jinja", None, "tokenizer.no-template"),
        ("chat_template.jinja", b"\xff", "tokenizer.broken"),
        ("chat_template.jinja", b"{% for %}", "tokenizer.template-broken"),
        ("chat_template.jinja", b"hello", "tokenizer.template-drops"),
    ],
)
def test_a_bad_folder_is_one_clear_line(tmp_path, name, data, key):
    folder = byte_level(tmp_path)
    (folder / name).unlink()
    if data is not None:
        (folder / name).write_bytes(data)
    with pytest.raises(ModelUnavailable) as caught:
        Tokenizer.load(folder)
    assert caught.value.key == key
    for locale in ("zh", "en"):
        line = caught.value.user_message(locale)
        assert str(folder) in line
        assert "\n" not in line


def test_a_template_outside_the_folder_is_not_read(tmp_path):
    (tmp_path / "secret.jinja").write_text(CHATML, "utf-8")
    with pytest.raises(ModelUnavailable):
        Tokenizer.load(byte_level(tmp_path / "model"), "../secret.jinja")


def test_what_a_template_says_of_a_note_is_not_shown(tmp_path):
    tell = (
        "{% if 'secret' in messages[0].content %}{{ raise_exception(messages[0].content) }}"
        "{% endif %}" + CHATML
    )
    tokenizer = Tokenizer.load(byte_level(tmp_path, tell))
    with pytest.raises(ModelUnavailable) as caught:
        tokenizer.prompt_ids(user("a secret"))
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
