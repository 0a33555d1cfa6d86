"""The conversation that a language model continues.

The system message is the same for every task and note of a language, and the note stands before
all that differs from task to task, so that a model's prefix cache serves every task on one note.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from doctorflan_ls.drafts import digest
from doctorflan_ls.i18n import Locale
from doctorflan_ls.lexicon import table
from doctorflan_ls.models.base import Message
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.prompts.fence import harmless
from doctorflan_ls.tasks.model import Task

REMARK = "remark"
"""The key of the part that a model is asked for where the note has filled all others."""

_NONCE_DIGITS = 8
_LONGEST_FOCUS = 400


class Part(NamedTuple):
    """What a model is asked to word: the key of a task's element, its title, and what goes in."""

    key: str
    title: str
    ask: str


def word(key: str, language: Locale, **fields: object) -> str:
    """A piece of a prompt or a draft in ``language``, of ``data/prompts.toml``."""
    words: str = table("prompts")["words"][key][language]
    return words.format_map(fields) if fields else words


def parts(task: Task, language: Locale, unfilled: Collection[str]) -> tuple[Part, ...]:
    """What a model is to word of ``task`` where the note leaves the elements ``unfilled``.

    Those that need medical knowledge, those it may suggest something for, else a remark: what only
    a record can say is never asked of a model.
    """
    data = table("prompts")
    suggested = data["suggest"].get(task.id, ())
    advice = data["advice"].get(task.id, {})
    asked = []
    for element in task.elements:
        if element.key in unfilled and (element.knowledge or element.key in suggested):
            told = advice[element.key][language] if element.key in advice else None
            ask = element.ask.in_(language)
            # What stands in brackets says that the note has nothing, which the model is told apart.
            ask = told or ask.partition("（" if language == "zh" else " (")[0] or ask
            asked.append(Part(element.key, element.title.in_(language), ask))
    if not asked:
        asked.append(Part(REMARK, word("remark", language), word("remark_ask", language)))
    return tuple(asked)


def messages(
    prompt: Prompt, case: str, facts: Sequence[str], asked: Sequence[Part]
) -> tuple[Message, ...]:
    """The conversation: ``case`` is the note's text, made harmless; ``facts`` one line each."""
    language = prompt.language
    system = table("prompts")["system"][language].strip("\n")
    turns = [
        Message("system", system),
        Message("user", _note(prompt, case) + "\n\n" + _task(prompt, facts, asked)),
    ]
    for turn in prompt.turn.chain() if prompt.turn else ():
        question = word("question", language, question=harmless(turn.question))
        turns.append(Message("assistant", harmless(turn.draft.text)))
        turns.append(Message("user", question))
    return tuple(turns)


def _note(prompt: Prompt, case: str) -> str:
    language = prompt.language
    nonce = digest(str(prompt.note.text))[:_NONCE_DIGITS]
    start = word("fence_start", language, nonce=nonce)
    end = word("fence_end", language, nonce=nonce)
    return "\n".join((word("tag", language), start, case, end))


def _task(prompt: Prompt, facts: Sequence[str], asked: Sequence[Part]) -> str:
    language = prompt.language
    lines: list[str] = []
    if facts:
        lines += [word("facts", language), *(f"- {fact}" for fact in facts), ""]
    if prompt.context:
        from doctorflan_ls.prompts.context import worded  # noqa: PLC0415  (which words with this)

        items = (f"- {worded(item, prompt)}" for item in prompt.context)
        lines += [word("context", language), *items, ""]
    focus = harmless(prompt.case()).strip()
    if focus and prompt.scope() != prompt.span:
        lines.append(word("focus", language, text=focus[:_LONGEST_FOCUS]))
    return "\n".join((*lines, *request(prompt, asked)))


def request(prompt: Prompt, asked: Sequence[Part]) -> tuple[str, ...]:
    """The lines that say what is to be done."""
    language = prompt.language
    instruction = prompt.task.instruction.in_(language)
    items = (word("item", language, title=part.title, ask=part.ask) for part in asked)
    task = word("task", language, instruction=instruction)
    told = (word("instruction", language, text=_one_line(each)) for each in prompt.instructions)
    return (task, *told, word("form", language), *items)


def _one_line(text: str) -> str:
    return " ".join(harmless(text).split())


__all__ = ["REMARK", "Part", "messages", "parts", "request", "word"]
