"""Kill the server at random points of a doctor's work: is anything lost, doubled or left behind?

    python -m tests.endurance.killing --runs 200 --seed 1 [--messages 80] [--json FILE]

Each run is a real server with its own audit trail and state folder, over standard streams (every
third run over WebSocket, with two clients), and an editor that types, asks, inserts, reviews and
puts findings aside as its seed says. At a random point the process is ended: by a signal, by the
end of its input, in the middle of a message. A second server then goes on with the same folders and
the text that the client holds. A run that fails is done again by ``--runs 1 --seed N``; what is
done is the same then, the moment of the signal differs by what the machine does meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from doctorflan_ls.audit.reading import rows
from doctorflan_ls.notes.note import parse_note
from tests.e2e.peer import RpcError
from tests.endurance.killing_client import GONE, Client, Json, Wrong
from tests.endurance.killing_editor import TASKS, Editor
from tests.endurance.killing_ledger import Ledger
from tests.endurance.killing_page import Page
from tests.endurance.killing_server import EXITS, MOST_SECONDS, Server, serving

NOTE = (
    "主诉：发热、咳嗽3天。\n现病史：患者3天前受凉后发热，最高39.2℃，伴咳嗽，无胸痛。血钾6.8mmol/L。\n"
    "既往史：高血压10年，青霉素过敏。\n诊断：左下肺炎\n处理：阿莫西林0.5g 口服 每日三次。\n"
)
ENGLISH = (
    "Chief complaint: fever for 3 days.\nHistory: fever to 39.2 C, cough, denies chest pain.\n"
)
_ENCODINGS = ("utf-8", "utf-16", "utf-32")
_HOWS = ("TERM", "KILL", "INT", "HUP", "EOF")
_HOW_OFTEN = (8, 8, 1, 2, 2)


@dataclass
class Plan:
    """What one run is, by its seed."""

    seed: int
    messages: int

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.transport = "ws" if self.seed % 3 == 0 else "stdio"
        (self.how,) = self.chance.choices(_HOWS, _HOW_OFTEN)
        # The most adversarial moment there is: behind an answer that promises a row.
        self.on_answer = self.chance.choice((None, None, 1, 2, 4, 8))
        # Counted in what the server has said: seconds are little on a machine with much to do.
        self.after = self.chance.randint(0, self.messages)
        if self.on_answer is not None:
            self.after = 4 * self.messages
        self.half = self.chance.random() < 0.3

    @property
    def clients(self) -> int:
        return 2 if self.transport == "ws" else 1

    def pages(self, client: int) -> list[Page]:
        encoding = self.chance.choice(_ENCODINGS)
        texts = [NOTE, NOTE.replace("\n", "\r\n"), ENGLISH, NOTE * 8, ""]
        chosen = self.chance.sample(texts, self.chance.randint(1, 3))
        # The same address on both clients: each has its own document.
        return [Page(f"file:///n{n}.txt", text, encoding) for n, text in enumerate(chosen)]


@dataclass
class Outcome:
    """What came of a run; ``faults`` are empty where all went well."""

    plan: Plan
    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    ending: float = 0.0

    def __str__(self) -> str:
        kind = f"{self.plan.transport} {self.plan.how}"
        if not self.faults:
            return f"{self.plan.seed} {kind}: {dict(self.counts)}"
        again = f"--runs 1 --seed {self.plan.seed} --messages {self.plan.messages}"
        told = "; ".join(self.faults)
        return f"FAILED {kind}, python -m tests.endurance.killing {again}: {told}"


async def run(plan: Plan) -> Outcome:
    """One run from the first server's start to the second one's end."""
    outcome = Outcome(plan)
    with tempfile.TemporaryDirectory(prefix="killing-") as made:
        try:
            await _Run(plan, Path(made), outcome).all()
        except (Wrong, RpcError, TimeoutError, AssertionError, *GONE) as error:
            where = "".join(traceback.format_tb(error.__traceback__)[-3:])
            notes = "".join(getattr(error, "__notes__", ()))
            outcome.faults.append(f"{type(error).__name__}: {error}\n{where}{notes}")
    return outcome


class _Run:
    def __init__(self, plan: Plan, folder: Path, outcome: Outcome) -> None:
        self.plan = plan
        self.folder = folder
        self.outcome = outcome
        self.trail = folder / "audit" / "audit.sqlite3"
        self.ledger = Ledger()
        self.inserted: list[str] = []

    async def all(self) -> None:
        pages = [self.plan.pages(n) for n in range(self.plan.clients)]
        put_aside = await self._killed(pages)
        self._look("after the end")
        self.outcome.counts["before the end"] = sum(self.ledger.certain().values())
        await self._goes_on(pages, put_aside)
        self._look("at last")
        self.outcome.counts["events"] = sum(1 for _ in rows(self.trail))
        self.outcome.counts["certain"] = sum(self.ledger.certain().values())

    def _look(self, when: str) -> None:
        self.outcome.faults += [f"{when}: {each}" for each in self.ledger.faults(self.trail)]

    async def _killed(self, pages: list[list[Page]]) -> list[Json]:
        """Work until the server is gone; the arguments of the dismissals that are certain."""
        plan = self.plan
        async with serving(plan.transport, self.folder, plan.clients) as server:
            clients = [
                Editor(peer, of, self.ledger, self.inserted)
                for peer, of in zip(server.peers, pages, strict=True)
            ]
            moment = asyncio.Event()
            left = plan.on_answer

            def acknowledged() -> None:
                nonlocal left
                if left is not None:
                    left -= 1
                    if left == 0 and not moment.is_set():
                        moment.set()
                        server.end(plan.how)
                        self.outcome.counts["behind an answer"] += 1

            for client in clients:
                client.chance = random.Random(plan.chance.random())
                client.acknowledged = acknowledged
                await self._begin(client, plan.chance.random() < 0.3)
            working = [asyncio.create_task(client.play()) for client in clients]
            async with asyncio.timeout(MOST_SECONDS):
                # Each client counts for itself.
                while not moment.is_set() and server.said() < plan.after:  # noqa: ASYNC110
                    await asyncio.sleep(0.003)
            if not moment.is_set():
                if plan.half:
                    await server.half_a_message()
                server.end(plan.how)
            await self._end(server, plan.how)
            await asyncio.gather(*working)
            for client in clients:
                await client.stop()
                self.outcome.counts["checks"] += client.checks
        return [said for client in clients for said in client.put_aside()]

    async def _begin(self, client: Client, plain: bool) -> None:
        page = next(iter(client.pages.values()))
        options = {"models": {"use": {"triage": "brief", "en": "talking"}}}
        await client.begin(page.encoding, plain=plain, options=options)

    async def _end(self, server: Server, how: str) -> None:
        began = time.monotonic()
        code = await server.ended()
        self.outcome.ending = max(self.outcome.ending, time.monotonic() - began)
        errors = (await server.errors).decode()
        if code != EXITS[server.transport][how]:
            self.outcome.faults.append(f"exit code {code} after {how}: {errors[-500:]}")
        if "Traceback" in errors or "not recorded" in errors:
            self.outcome.faults.append(f"on stderr after {how}: {errors[-500:]}")
        if server.left():
            self.outcome.faults.append(f"processes left: {server.left()}")

    async def _goes_on(self, pages: list[list[Page]], put_aside: list[Json]) -> None:
        """A second server, given what the clients hold."""
        plan = self.plan
        async with serving(plan.transport, self.folder, plan.clients) as server:
            for peer, of in zip(server.peers, pages, strict=True):
                client = Client(peer, of, self.ledger, self.inserted)
                await self._begin(client, plain=False)
                for page in of:
                    await client.check(page)
                    await self._works_on(client, page)
                    await client.check(page)
                if plan.transport == "stdio":
                    await self._still_aside(client, put_aside)
                await client.stop()
                self.outcome.counts["checks"] += client.checks
                if plan.transport == "stdio":
                    await peer.request("shutdown")
                    await peer.notify("exit")
            if plan.transport == "ws":
                server.end("TERM")
            await self._end(server, "exit")

    async def _works_on(self, client: Client, page: Page) -> None:
        """Make a standing draft again, or a first one, and accept it: once each."""
        before = [block.id for block in parse_note(page.text).draft_blocks]
        params: Json = {"textDocument": {"uri": page.uri}, "task": self.plan.chance.choice(TASKS)}
        if before:
            params["block"] = before[0]
        result = await client.audited("doctorflan/draft", params, None)
        if await client.apply(page, result["edit"]) is None:
            raise Wrong("an edit for another version of a text that nobody changed")
        if before:
            await client.reviewed(result["reviewed"])
        standing = [block.id for block in parse_note(page.text).draft_blocks]
        if result["draft"]["id"] not in standing or len(standing) != max(1, len(before)):
            msg = f"{before} became {standing} by {result['draft']['id']}"
            raise Wrong(msg)
        review = {"textDocument": {"uri": page.uri}, "block": standing[-1], "outcome": "accepted"}
        decided = await client.request("doctorflan/review", review)
        await client.apply(page, decided["edit"])
        await client.reviewed(decided["reviewed"])

    async def _still_aside(self, client: Client, put_aside: list[Json]) -> None:
        """What was put aside is offered by no list of actions, nor found."""
        for said in put_aside:
            page = client.pages[said["uri"]]
            params = {"textDocument": {"uri": page.uri}}
            found = (await client.request("textDocument/diagnostic", params))["items"]
            self.outcome.counts["dismissals"] += 1
            if said["reach"] != "place" and said["rule"] in [each.get("code") for each in found]:
                msg = f"{said['rule']} was put aside and is back"
                raise Wrong(msg)
            for each in found if said["reach"] == "place" else []:
                action = {**params, "range": each["range"], "context": {"diagnostics": []}}
                offered = await client.request("textDocument/codeAction", action)
                commands = [a["command"]["arguments"][0] for a in offered if "command" in a]
                if said["place"] in [argument.get("place") for argument in commands]:
                    msg = f"a place of {said['rule']} was put aside and is back"
                    raise Wrong(msg)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--messages", type=int, default=80, help="most that the first server says")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args(arguments)
    # It tells of each byte that is written to a server which is gone.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    began = time.monotonic()
    outcomes = []
    for seed in range(chosen.seed, chosen.seed + chosen.runs):
        outcomes.append(asyncio.run(run(Plan(seed, chosen.messages))))
        sys.stdout.write(f"{outcomes[-1]}\n")
        sys.stdout.flush()
    report = summary(outcomes) | {"seconds": round(time.monotonic() - began)}
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 1 if report["failed"] else 0


def summary(outcomes: Sequence[Outcome]) -> Json:
    """The figures of all runs."""
    total: Counter[str] = Counter()
    for each in outcomes:
        total.update(each.counts)
    return {
        "runs": len(outcomes),
        "ways": dict(Counter(f"{each.plan.transport} {each.plan.how}" for each in outcomes)),
        **total,
        "longest_end_seconds": round(max(each.ending for each in outcomes), 2),
        "failed": {each.plan.seed: each.faults for each in outcomes if each.faults},
    }


if __name__ == "__main__":
    sys.exit(main())
