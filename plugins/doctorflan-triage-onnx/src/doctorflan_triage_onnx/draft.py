"""The draft: the server's emergency signs first, then the model's suggestions or its abstention.

Every line of the model's begins with a label. Only words quoted from the note have evidence: that
a department follows from them is the model's guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from doctorflan_ls.models.base import Chunk, Sampling, Stop
from doctorflan_ls.models.skeleton import SkeletonModel
from doctorflan_ls.notes.note import Note
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.model import Element
from doctorflan_ls.text import Span
from doctorflan_triage_onnx.classifier import Classifier
from doctorflan_triage_onnx.decision import Decision, Suggestion, decide
from doctorflan_triage_onnx.tables import departments, word

DEPARTMENTS = "departments"
_QUOTED = 4


def compose(
    prompt: Prompt, classifier: Classifier, sampling: Sampling, stop: Stop
) -> Iterator[Chunk]:
    """The draft's chunks. What the server's skeleton says of the other elements stays as it is."""
    others = [element for element in prompt.task.elements if element.key != DEPARTMENTS]
    begun = False
    for element in others:
        for number, chunk in enumerate(_recorded(prompt, element, sampling, stop)):
            if begun and number == 0:
                yield Chunk("\n")
            begun = True
            yield chunk
    if begun:
        yield Chunk("\n")
    own = next((one for one in prompt.task.elements if one.key == DEPARTMENTS), None)
    yield from _suggested(prompt, own, classifier)


def _recorded(prompt: Prompt, element: Element, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
    for chunk in SkeletonModel().generate(prompt, sampling, stop):
        if chunk.element == element.key:
            yield chunk


def _suggested(prompt: Prompt, element: Element | None, classifier: Classifier) -> Iterator[Chunk]:
    key = element.key if element else ""
    title = element.title if element else prompt.task.title
    decision = decide(classifier, prompt.note, prompt.scope())
    yield Chunk(title.in_(prompt.language) + "：", element=key)
    if decision.outcome == "suggested":
        if decision.rules.urgency == "emergency":
            yield Chunk("\n" + word("emergency"), element=key)
        for number, suggestion in enumerate(decision.suggestions, start=1):
            yield from _line(prompt.note, number, suggestion, key)
    else:
        yield from _abstained(prompt.note, decision, classifier, key)
    limits = word("limits", rows=classifier.rows, count=len(classifier.departments))
    yield Chunk("\n" + limits, element=key)


def _line(note: Note, number: int, suggestion: Suggestion, key: str) -> Iterator[Chunk]:
    known = departments().get(suggestion.label)
    said = word(
        "suggestion",
        department=known.name if known else suggestion.label,
        percent=_percent(suggestion.probability),
    )
    yield Chunk(f"\n{number}. {word('label')}{said}", element=key)
    spans = _one_line(note, suggestion.evidence)
    yield Chunk(word("because" if spans else "no_words"), element=key)
    yield from _quotes(note, spans, key)


def _abstained(note: Note, decision: Decision, classifier: Classifier, key: str) -> Iterator[Chunk]:
    outside = decision.outside
    if outside is not None:
        count = len(classifier.departments)
        yield Chunk("\n" + word("outside", department=outside.name, count=count), element=key)
        if spans := _one_line(note, outside.evidence):
            yield Chunk(word("outside_because"), element=key)
            yield from _quotes(note, spans, key)
    elif decision.outcome == "nothing":
        yield Chunk("\n" + word("nothing"), element=key)
    else:
        percent = _percent(decision.suggestions[0].probability)
        threshold = _percent(classifier.threshold)
        yield Chunk("\n" + word("unsure", percent=percent, threshold=threshold), element=key)
    yield Chunk("\n", element=key)
    yield Chunk(word("gap"), gap=key, element=key)


def _one_line(note: Note, spans: Sequence[Span]) -> list[Span]:
    """Those to be quoted: a quotation that breaks the line would look like two lines."""
    kept: dict[str, Span] = {}
    for span in spans:
        said = note.slice(span)
        if "\n" not in said and "\r" not in said:
            kept.setdefault(said, span)
    return list(kept.values())[:_QUOTED]


def _quotes(note: Note, spans: Sequence[Span], key: str) -> Iterator[Chunk]:
    for number, span in enumerate(spans):
        if number:
            yield Chunk(word("comma"), element=key)
        yield Chunk(note.slice(span), (span,), element=key)


def _percent(probability: float) -> int:
    """Whole percent; nothing that a model says is certain."""
    return min(max(int(probability * 100 + 1e-6), 1), 99)
