"""The answer in a stream of events: its text, and why it ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from typing import Any

from doctorflan_ls.models.base import Finish
from doctorflan_ls.models.openai.faults import Fault

# "content_filter" and "abort": the server took the rest away.
_CUT = ("content_filter", "abort")


def text_of(events: Iterable[str], ending: Callable[[], None]) -> Generator[str, None, Finish]:
    """Yield the text of the answer's first choice; what a model only thought is left out.

    ``ending`` is called where only the stream's own end is still to come. Raises Fault for an error
    inside the stream and for a stream that ends before the answer does.
    """
    held = ""
    thought = False
    for data in events:
        if data.strip() == "[DONE]":
            # A server that drops a request for another one ends its stream so, without a reason.
            break
        choice = _choice(data)
        if choice is None:
            continue
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            delta = {}
        thought = thought or bool(delta.get("reasoning_content") or delta.get("reasoning"))
        content = delta.get("content")
        if isinstance(content, str) and content:
            text, held = _whole(held + content)
            if text:
                thought = False
                yield text
        if reason := choice.get("finish_reason"):
            if reason in _CUT:
                raise Fault("openai.withheld")
            if reason == "length" and thought:
                raise Fault("openai.only-thought")
            ending()
            _read_out(events)
            return "length" if reason == "length" else "stop"
    raise Fault("openai.cut-off")


def _read_out(events: Iterable[str]) -> None:
    """Wait for the end, so that the server does not count a client that went away."""
    with suppress(Fault):
        for data in events:
            if data.strip() == "[DONE]":
                return


def _choice(data: str) -> dict[str, Any] | None:
    """The choice in the data of an event; None in one that carries something else."""
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        raise Fault("openai.garbled") from None
    if not isinstance(event, dict):
        raise Fault("openai.garbled")
    if event.get("error"):
        raise Fault("openai.failed-midway")
    choices = event.get("choices")
    if not isinstance(choices, list) or not choices:
        return None
    return choices[0] if isinstance(choices[0], dict) else None


def _whole(text: str) -> tuple[str, str]:
    """The characters that are complete, and half a surrogate pair that waits for its other half."""
    if text.isascii():
        return text, ""
    held = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
    text = text[: len(text) - len(held)]
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), held
