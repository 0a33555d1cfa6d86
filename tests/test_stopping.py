"""Stop strings: an answer ends before them, however its text is cut into pieces."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorflan_ls.models.local.stopping import until


def _pieces(pieces, finish="length", closed=None):
    try:
        yield from pieces
    finally:
        if closed is not None:
            closed.append(True)
    return finish


def _read(pieces, stops, finish="length"):
    stream = until(_pieces(pieces, finish), stops)
    text = []
    while True:
        try:
            text.append(next(stream))
        except StopIteration as end:
            return text, end.value


@pytest.mark.parametrize(
    ("pieces", "stops", "text", "finish"),
    [
        (["ab", "cd"], (), ["ab", "cd"], "length"),
        (["ab", "cd"], ("",), ["ab", "cd"], "length"),
        (["ab", "cd"], ("bc",), ["a"], "stop"),
        (["ab", "xd"], ("bc",), ["a", "bxd"], "length"),
        (["ab"], ("bc",), ["a", "b"], "length"),
        (["诊断", "：肺炎。\n", "\n患者"], ("\n\n",), ["诊断", "：肺炎。"], "stop"),
        (["aab"], ("ab",), ["a"], "stop"),
        (["stop"], ("stop",), [], "stop"),
        # Complete first counts; of two that end together the longer.
        (["abcd"], ("abcd", "bc"), ["a"], "stop"),
        (["abc"], ("bc", "abc"), [], "stop"),
    ],
)
def test_the_answer_ends_before_a_stop_string(pieces, stops, text, finish):
    assert _read(pieces, stops) == (text, finish)


@given(
    st.text("ab\n", max_size=30),
    st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=3),
    st.lists(st.integers(0, 30)),
)
def test_how_the_text_is_cut_changes_nothing(text, stops, cuts):
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in pairwise(places)]
    whole, finish = _read([text] if text else [], stops)
    cut, cut_finish = _read(pieces, stops)
    assert ("".join(cut), cut_finish) == ("".join(whole), finish)
    assert not any(stop in "".join(cut) for stop in stops)
    if finish == "length":
        assert "".join(cut) == text


def test_the_pieces_are_closed():
    for take in (1, 5):
        closed = []
        stream = until(_pieces(["a", "b", "stop", "c"], closed=closed), ("stop",))
        for _ in range(take):
            next(stream, None)
        stream.close()
        assert closed
