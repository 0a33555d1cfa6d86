"""Text of tokens as they come: certain at once, and in the end what the tokenizer decodes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_tokenizers import byte_fallback, byte_level

from doctorflan_ls.models.local.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("tokenizers")
    folders = {"bytes": byte_level(root / "bytes"), "pieces": byte_fallback(root / "pieces")}
    return {name: Tokenizer.load(folder) for name, folder in folders.items()}


def pieces(decoder, ids):
    return [decoder.push(token) for token in ids] + [decoder.finish()]


@pytest.mark.parametrize("name", ["bytes", "pieces"])
@settings(deadline=None)
@given(data=st.data())
def test_any_tokens_give_what_the_tokenizer_decodes(made, name, data):
    tokenizer = made[name]
    size = tokenizer._backend.get_vocab_size()
    ids = data.draw(st.lists(st.integers(0, size - 1), max_size=200))
    expected = tokenizer._backend.decode(ids).rstrip("\ufffd")
    assert "".join(pieces(tokenizer.decoder(), ids)).rstrip("\ufffd") == expected


@pytest.mark.parametrize("name", ["bytes", "pieces"])
@settings(deadline=None)
@given(text=st.text(st.characters(exclude_characters="\ufffd", exclude_categories=["Cs"])))
def test_no_piece_of_a_text_is_half_a_character(made, name, text):
    tokenizer = made[name]
    ids = tokenizer._backend.encode(text, add_special_tokens=False).ids
    found = pieces(tokenizer.decoder(), ids)
    assert not any("\ufffd" in piece for piece in found)
    assert "".join(found) == tokenizer._backend.decode(ids)


@pytest.mark.parametrize("name", ["bytes", "pieces"])
def test_text_comes_as_soon_as_it_is_certain(made, name):
    tokenizer = made[name]
    ids = tokenizer._backend.encode("患者 the 😀 a", add_special_tokens=False).ids
    decoder = tokenizer.decoder()
    shown = ""
    for count, token in enumerate(ids, 1):
        shown += decoder.push(token)
        whole = tokenizer._backend.decode(ids[:count])
        if "\ufffd" not in whole and not whole.endswith("😀"):
            assert shown == whole
    assert shown == "患者 the 😀 a"


def test_a_space_after_the_lead_is_kept_and_one_before_an_answer_is_not(made):
    tokenizer = made["pieces"]
    space_p = [tokenizer._backend.token_to_id("▁p")]
    assert pieces(tokenizer.decoder(), space_p) == ["p", ""]
    assert pieces(tokenizer.decoder("the"), space_p) == [" p", ""]


def test_special_tokens_have_no_text(made):
    tokenizer = made["bytes"]
    end = tokenizer._backend.token_to_id("<|im_end|>")
    letter = tokenizer._backend.token_to_id("a")
    assert pieces(tokenizer.decoder(), [letter, end, letter]) == ["a", "", "a", ""]


def test_an_unfinished_character_is_never_shown(made):
    tokenizer = made["bytes"]
    ids = tokenizer._backend.encode("a\U0001f9ec", add_special_tokens=False).ids
    assert "".join(pieces(tokenizer.decoder(), ids[:-1])) == "a"
