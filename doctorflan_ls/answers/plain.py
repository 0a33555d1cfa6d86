"""A model's text as plain text: nothing in it is markup, a link, a command or a draft's marker."""

from __future__ import annotations

import re

from doctorflan_ls.prompts.fence import seen

# What may become something else with the next character is held back; so is an escape sequence.
_UNDECIDED = re.compile(
    r"(?:[!\]]?[\[［〔][\d,，、\- ]{0,12}[\]］〕]?"
    r"|(?<![*_])[*_]+|\]|!|<|\r|\\|\x1b[^\n]{0,400}|\x9b[0-?]*)\Z"
)
# What a draft's evidence is shown with; a model has none, and copies it from what it has read.
_CITED = re.compile(r"[\[［〔](\d[\d,，、\- ]{0,11})[\]］〕]")
_EMPHASIS = re.compile(r"\*\*+|__+|`+")
# Markdown's link and image, and HTML's tag: an editor that renders a preview would fetch them.
_LINK = re.compile(r"\](?=[(\[])")
_IMAGE = re.compile(r"!(?=\[)")
_TAG = re.compile(r"<(?=[A-Za-z/!?|｜])")
_BRACKETS = str.maketrans("〔〕", "［］")


class PlainText:
    """Takes a model's text in pieces and gives it back plain."""

    def __init__(self) -> None:
        self._held = ""

    def push(self, text: str) -> str:
        """What is certain by now."""
        text = self._held + text
        found = _UNDECIDED.search(text)
        self._held = found[0] if found else ""
        return plain(text[: found.start()] if found else text)

    def finish(self) -> str:
        """What was held back."""
        text, self._held = self._held, ""
        return plain(text)


def plain(text: str) -> str:
    """``text`` as plain text; line ends are ``\\n``."""
    text = _CITED.sub(r"(\1)", _EMPHASIS.sub("", seen(text)))
    text = _TAG.sub("＜", _IMAGE.sub("", _LINK.sub("] ", text)))
    return text.translate(_BRACKETS)


class WithoutThought:
    """Leaves out what a reasoning model thinks: all from ``<think>`` to ``</think>``."""

    _TAGS = ("<think>", "</think>")

    def __init__(self) -> None:
        self._held = ""
        self._inside = False

    def push(self, text: str) -> str:
        """What is certain to be answer."""
        text = self._held + text
        said = []
        while True:
            tag = self._TAGS[self._inside]
            at = text.find(tag)
            if at < 0:
                break
            said.append("" if self._inside else text[:at])
            text = text[at + len(tag) :]
            self._inside = not self._inside
        keep = next((n for n in range(len(tag) - 1, 0, -1) if text.endswith(tag[:n])), 0)
        self._held = text[len(text) - keep :]
        if not self._inside:
            said.append(text[: len(text) - keep])
        return "".join(said)

    def finish(self) -> str:
        """What was held back."""
        text, self._held = self._held, ""
        return "" if self._inside else text


__all__ = ["PlainText", "WithoutThought", "plain"]
