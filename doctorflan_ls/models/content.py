"""What a file is by its content: a pickle or a program under another name."""

from __future__ import annotations

import pickletools
import re

# As much of a file as `is_dangerous` wants to see.
HEAD_BYTES = 64 * 1024

_PROGRAMS = (b"\x7fELF", b"MZ", b"#!", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
# Zip files are what torch writes pickles into; numpy's and Keras' formats may hold pickles too.
_CONTAINERS = (b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY", b"\x89HDF")
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
    if head.startswith((*_PROGRAMS, *_CONTAINERS)):
        return True
    if head[:1] == b"\x80" and head[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}:
        return not _is_safetensors(head)
    return _calls(head)


def _is_safetensors(head: bytes) -> bool:
    """True for a header's length in eight bytes, and the header's first brace.

    No pickle instruction is below 0x28, so the same bytes cannot be one.
    """
    return head[2:3] < b"\x28" and head[3:9] == b"\x00\x00\x00\x00\x00{"


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
