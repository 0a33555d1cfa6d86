"""A draft of record and model: the skeleton's statements and gaps, and the model's words in place.

The layout is the skeleton's own. Every line of a model's begins with a label and has no evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from doctorflan_ls.answers import Titles
from doctorflan_ls.lexicon import table
from doctorflan_ls.models.base import Chunk
from doctorflan_ls.models.skeleton.compose import compose
from doctorflan_ls.models.vetting import allergy_conflicts, values_not_recorded
from doctorflan_ls.notes.sentences import sentences
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.prompts.fence import harmless
from doctorflan_ls.prompts.fitting import LeftOut
from doctorflan_ls.prompts.render import Part, parts, request, word

_MOST_NAMED = 8
# A model repeats what it was given, and no context takes more than this.
_MOST_READ = 200_000


class DraftLayout:
    """Puts a draft together; each chunk is given once, in an order that depends on the answer."""

    def __init__(self, prompt: Prompt, model: str) -> None:
        self._prompt = prompt
        self._model = model
        self._language = prompt.language
        self._elements = {element.key: element for element in prompt.task.elements}
        self._record: dict[str, list[Chunk]] = {}
        for chunk in compose(prompt):
            if chunk.element:
                self._record.setdefault(chunk.element, []).append(chunk)
        self.asked = parts(prompt.task, prompt.language, self._unfilled())
        self.left_out: tuple[LeftOut, ...] = ()
        self._asked = {part.key: part for part in self.asked}
        self._waiting = list(self._record)
        self._answered: set[str] = set()
        self._current: str | None = None
        self._begun = False
        self._faults: dict[str, list[str]] = {}
        self._said: list[str] = []

    @property
    def colon(self) -> str:
        """What stands between a title and its text, without a blank."""
        return word("colon", self._language)

    @property
    def echoes(self) -> tuple[str, ...]:
        """Lines of the request, which are no answer where a model repeats them."""
        task = self._prompt.task
        system = table("prompts")["system"][self._language].strip("\n").split("\n")
        own = [word(key, self._language) for key in ("facts", "tag")]
        asked = request(self._prompt, self.asked)
        asks = [part.ask for part in self.asked]
        return (*system, *own, *asked, *asks, task.instruction.in_(self._language))

    @property
    def recorded(self) -> tuple[str, ...]:
        """The note's sentences: where a model repeats one it answers nothing."""
        text = self._prompt.note.slice(self._prompt.scope())[:_MOST_READ]
        return tuple(text[span.start : span.end] for span in sentences(text, 0, len(text)))

    def titles(self, asked: Sequence[Part], *, everything: bool = False) -> Titles:
        """The titles that begin a part: of those ``asked`` for, or of all the task's."""
        known = [
            element
            for key, element in self._elements.items()
            if everything or any(part.key == key for part in asked)
        ]
        return Titles(known, [(part.title, part.key) for part in asked])

    def facts(self, most: int | None) -> tuple[str, ...]:
        """The record's part of the draft, a line for each element, ``most`` characters in all."""
        lines = []
        size = 0
        for key, chunks in self._record.items():
            if key in self._asked:
                continue
            line = harmless(" ".join("".join(chunk.text for chunk in chunks).split("\n")))
            size += len(line)
            if most is not None and size > most:
                break
            lines.append(line)
        return tuple(lines)

    def facts_before(self, key: str) -> Iterator[Chunk]:
        """What the record says for the elements before ``key`` that no model is asked for."""
        yield from self._head()
        # Whatever else is asked for keeps its place until it is answered.
        order = list(self._record)
        end = order.index(key) if key in order else len(order)
        for other in order[:end]:
            if other in self._waiting and other not in self._asked:
                yield from self._element(other)

    def words(self, key: str, text: str) -> Iterator[Chunk]:
        """A piece of the model's, for ``key``; the empty key is what fits no element."""
        if key != self._current or not self._begun:
            yield from self._begin(key)
            self._current = key
        self._said.append(text)
        # A line such as "Allergies: none" of the model's would pass for one of the record's.
        text = text.replace("\n", "\n" + word("line", self._language))
        yield Chunk(text, element=key if key in self._elements else "")

    def unanswered(self, key: str) -> Iterator[Chunk]:
        """The gap of a part that the model was asked for and said nothing to."""
        if key in self._waiting:
            yield from self._element(key)

    def too_long(self, key: str) -> None:
        """The answer ended at its length limit, in the part ``key``."""
        self._faults.setdefault("too_long", []).append(self._title(key))

    def repeated(self, key: str) -> None:
        """The model repeated itself in the part ``key``."""
        self._faults.setdefault("repeated", []).append(self._title(key))

    def finish(self) -> Iterator[Chunk]:
        """The rest of the record, gaps for what was not answered, and what the doctor must know."""
        turn = self._prompt.turn
        if turn is None:
            yield from self.facts_before("")
            for key in list(self._waiting):
                yield from self._element(key)
            silent = [part.title for part in self.asked if part.key not in self._answered]
        else:
            silent = [] if self._answered else [word("whole", self._language)]
        # Of one part, the worst is said.
        hidden = {"repeated": silent, "too_long": [*silent, *self._faults.get("repeated", ())]}
        for fault, worse in hidden.items():
            titles = self._faults.get(fault, [])
            titles[:] = [title for title in titles if title not in worse]
        self._faults["nothing"] = silent
        for fault, titles in self._faults.items():
            if not titles:
                continue
            shown = self._listed(list(dict.fromkeys(titles)))
            yield from self._line(word(fault, self._language, parts=shown))
        yield from self._warnings()
        if self._answered:
            yield from self._line(word("checked", self._language, model=self._model))

    def _warnings(self) -> Iterator[Chunk]:
        note, words = self._prompt.note, "".join(self._said)
        values = values_not_recorded(note, words)
        if values:
            yield from self._line(word("values", self._language, parts=self._listed(values)))
        for line in allergy_conflicts(note, words, self._language):
            yield from self._line(line)

    def _begin(self, key: str) -> Iterator[Chunk]:
        """Title and label before the model's words for ``key``."""
        yield from self._head()
        first = key not in self._answered
        self._answered.add(key)
        element = key if key in self._elements else ""
        if key:
            yield from self.facts_before(key)
        if key in self._asked and key in self._waiting and first:
            yield from self._element(key, answered=True)
        elif key:
            if key in self._waiting:
                yield from self._element(key)
            blank = " " if self._language == "en" else ""
            yield from self._line(self._title(key) + self.colon + blank, element)
        else:
            yield from self._line("")
        # One part's last word and the next one's first are no word together.
        self._said.append("\n")
        label = "suggestion" if self._prompt.turn is None else "answer"
        yield Chunk(word(label, self._language), element=element)

    def _element(self, key: str, *, answered: bool = False) -> Iterator[Chunk]:
        """An element as the record has it; where the model answers it, without its last gap."""
        self._waiting.remove(key)
        self._current = None
        if self._begun:
            yield Chunk("\n")
        self._begun = True
        chunks = self._record[key]
        yield from chunks[:-1] if answered else chunks

    def _line(self, text: str, element: str = "") -> Iterator[Chunk]:
        """A line of its own."""
        if self._begun:
            yield Chunk("\n")
        self._begun = True
        if text:
            yield Chunk(text, element=element)

    def _head(self) -> Iterator[Chunk]:
        """Before all else: what of the note the model was not given."""
        left, self.left_out = self.left_out, ()
        if left:
            names = [self._part_name(part) for part in left]
            shown = self._listed(list(dict.fromkeys(names)))
            yield from self._line(word("left_out", self._language, parts=shown))

    def _part_name(self, part: LeftOut) -> str:
        name = part.name or word("preamble", self._language)
        return word("shortened", self._language, part=name) if part.begun else name

    def _listed(self, names: Sequence[str]) -> str:
        shown = word("comma", self._language).join(names[:_MOST_NAMED])
        if len(names) <= _MOST_NAMED:
            return shown
        return word("left_out_more", self._language, parts=shown, count=len(names))

    def _title(self, key: str) -> str:
        if key in self._asked:
            return self._asked[key].title
        element = self._elements.get(key)
        return element.title.in_(self._language) if element else word("whole", self._language)

    @cached_property
    def _gap(self) -> str:
        words: str = table("skeleton")["words"]["gap"][self._language]
        return words

    def _unfilled(self) -> frozenset[str]:
        """The elements that end with their own gap: this note has nothing for them, or no note."""
        return frozenset(
            key
            for key, chunks in self._record.items()
            if chunks[-1].gap
            and chunks[-1].text == self._gap.format(ask=self._elements[key].ask.in_(self._language))
        )


__all__ = ["DraftLayout"]
