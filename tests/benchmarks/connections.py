"""Many editors on one WebSocket server, each typing 5 keys a second in a 3 KB note of its own.

The editors start one after another within the first fifth of a second, so their keys are spread
evenly in time, as those of doctors are. A key is sent when it is due, whether the answers to the
one before it have come or not. All editors live in this process: how much of a core it needs, and
how late it sends, is said beside the figures, for a busy client would measure itself.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.benchmarks.client import PULLING, answered, cpu_seconds, memory, method_of
from tests.benchmarks.documents import change, note
from tests.benchmarks.figures import Figures, quantile, spread
from tests.benchmarks.session import METHODS, params_of

TOKEN = "benchmark"
COUNTS = (1, 10, 30, 100)
PERIOD = 0.2
NOTE = 3_000
# After the last key: what has not come by then counts as this late.
PATIENCE = 10.0
WANTED = ("completion", "diagnostics")


class Editor:
    """One connection with one note open."""

    def __init__(self, socket: ClientConnection, number: int) -> None:
        self.socket = socket
        self.uri = f"ehr:note-{number}"
        self.version = 1
        self._keys = note(NOTE).keys(number)
        self._id = 0
        self._sent: dict[int, tuple[str, float]] = {}
        self._idle = asyncio.Event()
        self.took: dict[str, list[float]] = {name: [] for name in WANTED}
        self.late: list[float] = []

    async def open(self) -> None:
        params = {"processId": None, "rootUri": None, "capabilities": PULLING, "locale": "zh"}
        await self._send("initialize", params, "open")
        await self._wait()
        await self._notify("initialized", {})
        item = {"uri": self.uri, "languageId": "clinicalnote", "version": 1}
        item |= {"text": note(NOTE).text}
        await self._notify("textDocument/didOpen", {"textDocument": item})
        for _ in range(2):
            await self.key()
            await self._wait()
        self.took = {name: [] for name in WANTED}

    async def listen(self) -> None:
        """Note when answers come; requests of the server are answered with null."""
        async for message in self.socket:
            body = message.encode() if isinstance(message, str) else message
            if method_of(body):
                asked = json.loads(body)
                if "id" in asked:
                    reply = {"jsonrpc": "2.0", "id": asked["id"], "result": None}
                    await self.socket.send(json.dumps(reply))
                continue
            name, sent = self._sent.pop(answered(body))
            if name in self.took:
                self.took[name].append((time.perf_counter() - sent) * 1000)
            if not self._sent:
                self._idle.set()

    async def type(self, begin: float, until: float) -> None:
        """A key each period from ``begin`` on, in the event loop's time."""
        loop = asyncio.get_running_loop()
        due = begin
        while due < until:
            await asyncio.sleep(due - loop.time())
            self.late.append((loop.time() - due) * 1000)
            await self.key()
            due += PERIOD
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wait(), PATIENCE)
        for name, _ in self._sent.values():
            self.took[name].append(PATIENCE * 1000)

    async def key(self) -> None:
        key = next(self._keys)
        self.version += 1
        began = time.perf_counter()
        await self._notify("textDocument/didChange", change(self.uri, self.version, key))
        for name in WANTED:
            await self._send(METHODS[name], params_of(name, self.uri, key), name, began)

    async def _wait(self) -> None:
        if self._sent:
            await self._idle.wait()

    async def _send(self, method: str, params: Any, name: str, began: float = 0.0) -> None:
        self._id += 1
        self._idle.clear()
        self._sent[self._id] = (name, began)
        sent = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}
        await self.socket.send(json.dumps(sent, ensure_ascii=False))

    async def _notify(self, method: str, params: Any) -> None:
        sent = {"jsonrpc": "2.0", "method": method, "params": params}
        await self.socket.send(json.dumps(sent, ensure_ascii=False))


def clients(seconds: float, counts: Sequence[int] = COUNTS) -> dict[str, Figures]:
    """By number of editors: spreads of key to answer in ms, memory, and who was busy.

    ``mib_a_client`` is what each editor after the first adds: the first pays for the data files.
    """
    rows = {count: asyncio.run(_measure(count, seconds)) for count in counts}
    first = rows[counts[0]]["loaded"]["pss_mib"]
    for count in counts[1:]:
        more = (rows[count]["loaded"]["pss_mib"] - first) / (count - counts[0])
        rows[count]["mib_a_client"] = round(more, 2)
    return {str(count): {"ours": row} for count, row in rows.items()}


@asynccontextmanager
async def _served() -> AsyncIterator[tuple[int, str]]:
    """A WebSocket server: its process and its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "doctorflan_ls", "--ws", "127.0.0.1:0"),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "DOCTORFLAN_TOKEN": TOKEN, "DOCTORFLAN_PLUGINS": ""},
    )
    assert process.stderr is not None
    try:
        address = ""
        while "listening on" not in address:
            address = (await process.stderr.readline()).decode()
            if not address:
                raise RuntimeError("the server has ended")
        yield process.pid, address.split("listening on ")[1].strip()
    finally:
        process.terminate()
        await process.communicate()


async def _measure(count: int, seconds: float) -> Figures:
    async with _served() as (pid, url), AsyncExitStack() as stack:
        empty = memory(pid)["pss_mib"]
        headers = {"Authorization": f"Bearer {TOKEN}"}
        editors, tasks = [], []
        for number in range(count):
            socket = await stack.enter_async_context(connect(url, additional_headers=headers))
            editors.append(Editor(socket, number))
            tasks.append(asyncio.create_task(editors[-1].listen()))
            await editors[-1].open()
        busy, mine, began = cpu_seconds(pid), time.process_time(), time.perf_counter()
        await _type(editors, seconds)
        passed = time.perf_counter() - began
        used, own = cpu_seconds(pid) - busy, time.process_time() - mine
        loaded = memory(pid)["pss_mib"]
        for task in tasks:
            task.cancel()
        keys = sum(len(each.late) for each in editors)
        return {
            **{name: spread([ms for each in editors for ms in each.took[name]]) for name in WANTED},
            "keys": keys,
            "empty": {"pss_mib": empty},
            "loaded": {"pss_mib": loaded},
            "server_core_share": round(used / passed, 3),
            "server_cpu_ms_a_key": round(used * 1000 / keys, 2),
            "client_core_share": round(own / passed, 3),
            "client_late_p99": round(quantile([ms for e in editors for ms in e.late], 0.99), 2),
        }


async def _type(editors: list[Editor], seconds: float) -> None:
    # A collection in this process would be measured as a slow answer.
    gc.collect()
    gc.disable()
    try:
        begin = asyncio.get_running_loop().time() + PERIOD
        step = PERIOD / len(editors)
        await asyncio.gather(
            *(
                editor.type(begin + number * step, begin + number * step + seconds)
                for number, editor in enumerate(editors)
            )
        )
    finally:
        gc.enable()
