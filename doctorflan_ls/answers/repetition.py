"""Sees that a model repeats itself, as small ones do once they are at a loss."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Sequence

from doctorflan_ls.answers.headings import fold

_ENDS = frozenset("。！？；;!?\n")
# Not the one behind the number of a list's item.
_FULL_STOP = re.compile(r"(?<!\d)\.\s$")
_NUMBER = re.compile(r"^\d+")
# A sentence is said twice at the most, a short one three times, and a word may always come again.
_WORD = 2
_SHORT = 5
_MOST = 2
_MOST_SHORT = 3
_LONG = 16
# What comes so often in a row, over at least so many letters. Digits do not count: a list that
# goes on with the same words under other numbers goes round in circles too.
_TIMES = 6
_LEAST = 16
_LONGEST_PERIOD = 60
# What goes on for so long without an end is cut there: each piece of it is compared as a whole.
_LONGEST = 600


class Repetition:
    """Takes an answer's text in pieces and gives back what is not said once too often."""

    def __init__(self, recorded: Iterable[str] = ()) -> None:
        """``recorded`` are sentences that were given: those of some length are not shown."""
        told = {_folded(sentence) for sentence in recorded}
        self._recorded = sorted(sentence for sentence in told if len(sentence) >= _LONG)
        self.over = False
        self._said: Counter[str] = Counter()
        # Those that may not be said once more, in order.
        self._often: list[str] = []
        self._sentence = ""
        self._shown = 0
        self._tail = ""

    def push(self, text: str) -> str:
        """What may be shown by now; nothing any more once ``over`` is true.

        It is read character by character, so that what is shown does not depend on how a model's
        text comes in pieces.
        """
        shown = []
        for char in text:
            if self.over:
                break
            if self._circles(char):
                shown.append("" if self._comes_again() else self._rest())
                self.over = True
                break
            self._sentence += char
            size = len(self._sentence)
            if char in _ENDS or size >= _LONGEST or _FULL_STOP.search(self._sentence, size - 3):
                shown.append(self.finish())
        if not self.over and not self._comes_again():
            shown.append(self._rest())
        return "".join(shown)

    def finish(self) -> str:
        """The rest of the sentence, which ends here."""
        folded = _folded(self._sentence)
        if len(folded) >= _WORD:
            self.over = self.over or self._said[folded] >= _most(folded)
            self._said[folded] += 1
            if self._said[folded] == _most(folded):
                insort(self._often, folded)
        rest = "" if self.over or self._is_recorded(folded) else self._rest()
        self._sentence = ""
        self._shown = 0
        return rest

    def _is_recorded(self, folded: str) -> bool:
        at = bisect_left(self._recorded, folded)
        return at < len(self._recorded) and self._recorded[at] == folded

    def _rest(self) -> str:
        rest = self._sentence[self._shown :]
        self._shown = len(self._sentence)
        return rest

    def _circles(self, char: str) -> bool:
        """True where ``char`` makes the text end with the same few letters again and again."""
        letter = fold(char)
        if not letter or letter.isdigit():
            return False
        tail = self._tail = (self._tail + letter)[-_TIMES * _LONGEST_PERIOD :]
        for period in range(1, min(len(tail) // _TIMES, _LONGEST_PERIOD) + 1):
            times = max(_TIMES, -(-_LEAST // period))
            if tail[-1 - period : -period] != letter:
                continue
            if len(tail) >= times * period and tail.endswith(tail[-period:] * times):
                return True
        return False

    def _comes_again(self) -> bool:
        """True while the sentence may become one that was said too often, or that was given."""
        folded = _folded(self._sentence)
        return _begins_one(self._recorded, folded) or _begins_one(self._often, folded)


def _begins_one(ordered: Sequence[str], start: str) -> bool:
    at = bisect_left(ordered, start)
    return at < len(ordered) and ordered[at].startswith(start)


def _most(sentence: str) -> int:
    return _MOST if len(sentence) >= _SHORT else _MOST_SHORT


def _folded(sentence: str) -> str:
    return _NUMBER.sub("", fold(sentence))


__all__ = ["Repetition"]
