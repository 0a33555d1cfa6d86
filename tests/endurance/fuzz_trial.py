"""One input tried on one target, within a budget: an answer, or a finding.

An error of `DoctorFlanError` is an answer where its message is one line in both languages; so is
what a target itself gives. Any other exception, too much time and too much memory are findings.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from doctorflan_ls.errors import DoctorFlanError
from tests.endurance.fuzz_targets import Target

SECONDS = 5.0
"""CPU time that one input may take."""

_LONGEST_MESSAGE = 4000


class Overtime(BaseException):
    """An input took more than its budget; no ordinary handler of the tested code catches it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """``seen`` says what the input led to, ``seconds`` are of CPU.

    ``fault`` is empty where all is well; ``kind`` tells faults of different places apart.
    """

    seen: frozenset[object]
    seconds: float
    fault: str = ""
    kind: str = ""


def answer(error: DoctorFlanError) -> tuple[object, ...]:
    """What an error with a user's message says; raises AssertionError where it is no clear line."""
    for locale in ("zh", "en"):
        text = error.user_message(locale)
        assert text.strip(), "a message says nothing"
        assert len(text.splitlines()) == 1, f"a message of {error.key} has more than one line"
        assert len(text) <= _LONGEST_MESSAGE, f"a message of {error.key} is far too long"
        assert "Traceback" not in text, "a message holds a traceback"
    return ("error", error.key)


def tried(target: Target, data: bytes, *, traced: bool = False) -> Trial:
    """Try ``data``. ``traced``: also see which calls of the project were made, which is slower."""
    calls: set[object] = set()
    seen: set[object] = set()
    fault = kind = ""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        start = time.process_time()
        try:
            with _budget(), _tracing(calls) if traced else _nothing():
                seen.update(target.run(data, Path(folder)))
        except DoctorFlanError as error:
            try:
                seen.add(answer(error))
            # A message that cannot be made, or is none, is a finding.
            except Exception as bad:  # noqa: BLE001
                fault, kind = _told(bad), _place(bad)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001  # what a target raises is what is looked for
            fault, kind = _told(error), _place(error)
        seconds = time.process_time() - start
    if not fault and seconds > SECONDS:
        fault, kind = f"took {seconds:.1f} s of CPU", "slow"
    return Trial(frozenset(seen | calls), seconds, fault, kind)


@contextmanager
def _budget() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(_number: int, _frame: FrameType | None) -> NoReturn:
        raise Overtime

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def _tracing(calls: set[object]) -> Iterator[None]:
    """Fills ``calls`` with the places of the project from which its functions were called."""

    def note(frame: FrameType, _event: str, _argument: Any) -> None:
        code, caller = frame.f_code, frame.f_back
        if "doctorflan_ls" in code.co_filename:
            calls.add((code, caller.f_lasti if caller is not None else 0))

    before = sys.gettrace()
    sys.settrace(note)
    try:
        yield
    finally:
        sys.settrace(before)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error, limit=-12))[-4000:]


def _place(error: BaseException) -> str:
    """The error's type and the line of the project that raised it, or led to it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if "doctorflan_ls" in each.filename] or list(frames)
    where = f"{Path(own[-1].filename).name}:{own[-1].name}" if own else "-"
    words = str(error)[:60] if isinstance(error, AssertionError) else ""
    return f"{type(error).__name__} {where} {words}".strip()
