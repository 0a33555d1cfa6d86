"""Conversations of a wanted length, cut from the project's example notes; note first, then task."""

from __future__ import annotations

from importlib.resources import files

from doctorflan_ls.models.base import Message
from doctorflan_ls.models.local.tokenizer import Tokenizer

Conversation = list[list[str]]

SYSTEM = {
    "zh": "你是协助医生书写病历的助手。只根据病历作答。",
    "en": "You help a doctor to write notes. Answer from the note alone.",
}
TASK = {
    "zh": "请详细写出这份病历的病例摘要。",
    "en": "Write a detailed summary of this case, at least two hundred words long.",
}
# Shares nothing with the others but what the chat template puts before every conversation.
OTHER: Conversation = [["system", "1 2 3 4 5"], ["user", "6 7 8 9 10"]]


def language(tokenizer: Tokenizer) -> str:
    """The language the tokenizer was made for: it spells the other in bytes."""
    text = texts("zh")[0][:400]
    return "zh" if len(tokenizer.prompt_ids([Message("user", text)])) < 1.5 * len(text) else "en"


def short(tokenizer: Tokenizer, tokens: int) -> Conversation:
    """A task on a note, ``tokens`` long or a little less."""
    spoken = language(tokenizer)
    notes = "\n\n".join(texts(spoken))

    def conversation(length: int) -> Conversation:
        text = f"{notes[:length]}\n\n{TASK[spoken]}"
        return [["system", SYSTEM[spoken]], ["user", text]]

    low, high = 0, len(notes)
    while low < high:
        middle = (low + high + 1) // 2
        asked = [Message(role, text) for role, text in conversation(middle)]
        if len(tokenizer.prompt_ids(asked)) <= tokens:
            low = middle
        else:
            high = middle - 1
    return conversation(low)


def texts(spoken: str) -> list[str]:
    """The project's invented notes in a language, in a fixed order."""
    folder = files("doctorflan_ls").joinpath("examples")
    found = sorted(
        (entry for entry in folder.iterdir() if entry.name.startswith(spoken)),
        key=lambda entry: entry.name,
    )
    return [entry.read_text(encoding="utf-8") for entry in found]
