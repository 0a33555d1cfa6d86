"""Server-sent events: a stream of bytes in, the data of each event out.

Written after the HTML standard, section 9.2.6 (https://html.spec.whatwg.org/#event-stream-interpretation).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from doctorflan_ls.models.openai.faults import Fault

# One piece of an answer is some hundred bytes.
MAX_EVENT_BYTES = 1024 * 1024

# A carriage return at the very end waits for the line feed that may follow it.
_LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")
_BOM = b"\xef\xbb\xbf"


def data_of(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield the data of each event; comments, names and numbers of events are passed over.

    An event that the end of the stream cuts off is not yielded, as the standard has it. Raises
    Fault for one longer than a mebibyte.
    """
    data: list[bytes] = []
    size = 0
    for line in _lines(pieces):
        if not line:
            if data:
                yield b"\n".join(data).decode("utf-8", "replace")
            data, size = [], 0
            continue
        field, _, value = line.partition(b":")
        if field == b"data":
            size += len(value)
            if size > MAX_EVENT_BYTES:
                raise Fault("openai.too-much")
            data.append(value.removeprefix(b" "))


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a stream whose ends are CRLF, LF or CR; a last one without its end is dropped.

    Lines are cut before they are decoded, so a character that two pieces share stays whole.
    """
    at_start = True
    held = bytearray()
    for piece in pieces:
        undecided = held.endswith(b"\r")
        held += piece
        if undecided or b"\n" in piece or b"\r" in piece:
            *lines, rest = _LINE_END.split(bytes(held))
            held = bytearray(rest)
            for line in lines:
                yield line.removeprefix(_BOM) if at_start else line
                at_start = False
        if len(held) > MAX_EVENT_BYTES:
            raise Fault("openai.too-much")
    if held.endswith(b"\r"):
        yield bytes(held[:-1])
