"""What must hold of a draft, and of a plugin, each as one assertion with a message."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctorflan_ls.drafts import Draft
from doctorflan_ls.notes.note import Note
from doctorflan_ls.plugins import Plugins

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def assert_loaded(plugins: Plugins) -> None:
    """Every plugin and every task file is in use."""
    plugins.load()
    said = [problem.error.user_message("en") for problem in plugins.problems]
    assert not said, "\n".join(said)
    failed = [each.caller.failure for each in plugins.plugins if each.caller.failure is not None]
    assert not failed, "\n".join(each.user_message("en") for each in failed)


def assert_grounded(draft: Draft, note: Note) -> None:
    """Every statement rests on words of the note, and every number in it stands there."""
    faults = list(ungrounded(draft, note))
    assert not faults, "\n".join(faults)


def assert_drafted(draft: Draft, *parts: str) -> None:
    """The draft is ready, and has each of ``parts`` in its text."""
    assert draft.state == "ready", draft.failure
    missing = [part for part in parts if part not in draft.text]
    assert not missing, f"{missing} not in:\n{draft.text}"


def ungrounded(draft: Draft, note: Note) -> Iterator[str]:
    """What a statement says without the note saying so, one line each."""
    length = len(note.text)
    for statement in draft.statements:
        said = draft.text[slice(*statement.span)]
        if not statement.evidence:
            yield f"no evidence: {said!r}"
            continue
        if not all(0 <= at.start < at.end <= length for at in statement.evidence):
            yield f"evidence outside the note: {said!r}"
            continue
        known = {n for at in statement.evidence for n in _NUMBER.findall(note.slice(at))}
        for number in _NUMBER.findall(said):
            if number not in known:
                yield f"{number} is not in the evidence of {said!r}"
