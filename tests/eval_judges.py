"""A judge on loopback for tests: scores by what stands in the answer, and fails as it is told."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable

from tests.openai_servers import Answer, status

_MARK = re.compile(r"分=(\d+(?:,\d+)*)")


def says(text: str, *, prompt: int = 100, completion: int = 20) -> Answer:
    """A whole answer of a chat model."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    usage = {"prompt_tokens": prompt, "completion_tokens": completion}
    return status(200, json.dumps({"choices": [choice], "usage": usage}).encode())


def asked_of(request: bytes) -> str:
    """The last message of a request."""
    body = json.loads(request.partition(b"\r\n\r\n")[2])
    return body["messages"][-1]["content"]


class StubJudge:
    """Scores an answer that holds ``分=6,8,10`` with 6, then 8, then 10, as often as it is asked.

    ``before`` are answers that are given first, whatever is asked. ``questions`` counts what was
    asked.
    """

    def __init__(self, *before: Answer) -> None:
        self.questions: Counter[str] = Counter()
        self._before = list(before)
        self._lock = threading.Lock()

    def __call__(self, connection: socket.socket, request: bytes) -> None:
        text = asked_of(request)
        with self._lock:
            first = self._before.pop(0) if self._before else None
            if first is None:
                number = self.questions[text]
                self.questions[text] += 1
        if first is not None:
            first(connection, request)
            return
        marks = _MARK.findall(text)
        given = marks[-1].split(",")
        says(f"理由若干。评分：[[{given[number % len(given)]}]]")(connection, request)


def always(make: Callable[[str], str]) -> Answer:
    """A judge that says ``make`` of what it is asked."""

    def answer(connection: socket.socket, request: bytes) -> None:
        says(make(asked_of(request)))(connection, request)

    return answer
