"""What plugins know about a case, beside the note: for a model, and in the draft.

It is no part of the record. In a draft it stands at the end, under a heading that says so, each
item with its source.
"""

from __future__ import annotations

from collections.abc import Iterator

from doctorflan_ls.models.base import Chunk
from doctorflan_ls.prompts import ContextItem, Prompt
from doctorflan_ls.prompts.fence import harmless
from doctorflan_ls.prompts.render import word


def context_chunks(prompt: Prompt) -> Iterator[Chunk]:
    """The last lines of a draft; nothing where no plugin has anything to say.

    The answer to a further question does not repeat them.
    """
    if not prompt.context or prompt.turn is not None:
        return
    yield Chunk("\n" + word("reference", prompt.language))
    for number, item in enumerate(prompt.context, start=1):
        yield Chunk(f"\n{number}. {worded(item, prompt)}")


def worded(item: ContextItem, prompt: Prompt) -> str:
    """One line: title, text and source. What a plugin writes is data like a note's own text."""
    joint = word("semicolon", prompt.language)
    lines = (line.strip() for line in harmless(item.text).splitlines())
    fields = {
        "title": _line(item.title),
        "text": joint.join(line for line in lines if line),
        "source": _line(item.source),
    }
    return word("reference_item", prompt.language, **fields)


def _line(text: str) -> str:
    return " ".join(harmless(text).split())


__all__ = ["context_chunks", "worded"]
