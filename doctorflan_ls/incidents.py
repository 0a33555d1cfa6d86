"""Internal errors, reported without a word of the note: a reference, a type and code lines."""

from __future__ import annotations

import logging
import os
import traceback

_log = logging.getLogger(__name__)


def report(error: BaseException) -> str:
    """Log ``error`` by its type and stack frames and return the reference to show to the user.

    The exception's own message is left out, because it may quote the note.
    """
    reference = os.urandom(2).hex()
    frames = reversed(traceback.extract_tb(error.__traceback__))
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in frames)
    _log.error("internal error, ref %s: %s at %s", reference, type(error).__name__, where)
    return reference
