"""The body of a request, within its limits."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from doctorflan_cds_hooks.reading import Node, parse
from doctorflan_cds_hooks.refusal import Refused
from doctorflan_cds_hooks.threads import in_thread

MOST_BYTES = 5 * 1024 * 1024
"""The longest body that is read."""

SECONDS = 15.0
"""In which it must arrive."""

# As much is taken in and dropped, so that a client that sends too much still gets to read why.
_DRAINED = 4 * MOST_BYTES
_UTF8 = ("", "utf-8", "utf8")


async def read_body(request: Request) -> Node:
    """The JSON object of the request; raises Refused (400, 408, 413, 415)."""
    _check_type(request.headers.get("content-type", ""))
    try:
        async with asyncio.timeout(SECONDS):
            body = await _read(request)
    except TimeoutError:
        raise Refused(408, "too-slow-body", seconds=int(SECONDS)) from None
    return await in_thread(parse, body)


def _check_type(header: str) -> None:
    kind, *parameters = (part.strip().lower() for part in header.split(";"))
    charset = next((part for part in parameters if part.startswith("charset=")), "charset=")
    is_json = kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )
    if not is_json or charset.removeprefix("charset=").strip('"') not in _UTF8:
        raise Refused(415, "not-json-type")


async def _read(request: Request) -> bytes:
    announced = request.headers.get("content-length", "0")
    too_long = Refused(413, "too-long", limit=MOST_BYTES)
    if announced.isascii() and announced.isdigit() and int(announced[:12]) > _DRAINED:
        raise too_long
    kept = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _DRAINED:
            raise too_long
        if size <= MOST_BYTES:
            kept += chunk
    if size > MOST_BYTES:
        raise too_long
    return bytes(kept)
