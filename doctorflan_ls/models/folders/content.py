"""What a file is by its content: a pickle or a program under another name."""

from __future__ import annotations

import pickletools
import re

# As much of a file as `is_dangerous` wants to see.
HEAD_BYTES = 64 * 1024

# ELF, scripts, Mach-O.
_PROGRAMS = (b"\x7fELF", b"#!/", b"#! /", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
# Zip files are what torch writes pickles into; numpy's and Keras' formats may hold pickles too.
_CONTAINERS = (b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY", b"\x89HDF")
# Raw weights may begin with any bytes: these many instructions in a row are no chance.
_ENOUGH = 4
# A pickle's calls, and what must have gone before each; words may be these letters by chance.
_CALLS = {
    "INST": {"MARK"},
    "OBJ": {"MARK", "GLOBAL"},
    "REDUCE": {"TUPLE", "GLOBAL"},
    "NEWOBJ": {"TUPLE", "GLOBAL"},
}
_IMPORTED = re.compile(r"[A-Za-z_][\w.]* [A-Za-z_][\w.]*")


def is_dangerous(head: bytes) -> bool:
    """True where ``head``, the first `HEAD_BYTES` of a file, begins a pickle or a program.

    Pickles of protocol 2 and later say so in their first bytes; older ones are followed, without
    running them, to the first call of something they import. One that calls nothing cannot do harm
    and may look like any text.
    """
    if head.startswith((*_PROGRAMS, *_CONTAINERS)) or _is_windows_program(head):
        return True
    if head[:1] == b"\x80" and head[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}:
        return _goes_on(head)
    return _calls(head)


def _is_windows_program(head: bytes) -> bool:
    at = int.from_bytes(head[0x3C:0x40], "little")
    return head.startswith(b"MZ") and head[at : at + 4] == b"PE\0\0"


def _goes_on(head: bytes) -> bool:
    """True where pickle instructions follow the first one, as far as ``head`` reaches."""
    count = 0
    try:
        for _ in pickletools.genops(head):
            count += 1
            if count >= _ENOUGH:
                return True
    except ValueError as error:
        # One whose argument is longer than the head.
        return count > 0 and "remain" in str(error)
    return True


def _calls(head: bytes) -> bool:
    seen: set[str] = set()
    try:
        for opcode, argument, _ in pickletools.genops(head):
            name = opcode.name
            if name in {"GLOBAL", "INST"} and not _IMPORTED.fullmatch(str(argument)):
                continue
            if name in _CALLS and _CALLS[name] <= seen:
                return True
            seen.add("TUPLE" if "TUPLE" in name else name)
    # What is no pickle fails at the first byte that is no instruction.
    except (ValueError, UnicodeError, IndexError, KeyError, AttributeError):
        return False
    return False
