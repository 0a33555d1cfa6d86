"""The editor of a killing run: types, asks and reviews by chance, until its server is gone."""

from __future__ import annotations

import asyncio
import random

from doctorflan_ls.notes.note import parse_note
from tests.endurance.killing_client import GONE, Client, Json
from tests.endurance.killing_page import Page

TASKS = ("case-summary", "triage", "differential-diagnosis", "discharge-instruction")
MODELS = ("brief", "talking", "skeleton", None)
_MOST_PENDING = 4


class Editor(Client):
    """A client that does what ``chance`` says."""

    chance: random.Random

    async def play(self) -> None:
        """Work until the server is gone."""
        names, weights = zip(*_ACTIONS.items(), strict=True)
        try:
            while not self.peer.closed.is_set():
                (name,) = self.chance.choices(names, weights)
                page = self.chance.choice(list(self.pages.values()))
                if len(self.tasks) <= _MOST_PENDING or name in ("type", "check"):
                    await getattr(self, f"_{name}")(page)
                await asyncio.sleep(self.chance.choice((0, 0, 0.005, 0.02, 0.05)))
        except GONE:
            pass

    async def _type(self, page: Page) -> None:
        for _ in range(self.chance.randint(1, 4)):
            changes = page.typed(self.chance)
            await self.peer.change(page.uri, page.version, *changes)

    async def _check(self, page: Page) -> None:
        self.start(self.check(page))

    async def _draft(self, page: Page) -> None:
        params: Json = {"textDocument": {"uri": page.uri}, "task": self.chance.choice(TASKS)}
        model = self.chance.choice(MODELS)
        if model is not None:
            params["model"] = model
        standing = parse_note(page.text).draft_blocks
        if standing and self.chance.random() < 0.3:
            params["block"] = self.chance.choice(standing).id
        if self.chance.random() < 0.5:
            params["partialResultToken"] = f"p{len(self.ledger.asked)}"

        async def insert() -> None:
            result = await self.audited("doctorflan/draft", params, None)
            done = await self.apply(page, result["edit"])
            if done is not None and "reviewed" in result:
                await self.reviewed(result["reviewed"])

        self.start(insert())

    async def _cancel(self, _: Page) -> None:
        waiting = [each for each in self.ledger.asked if each.id not in self.peer.answers]
        if waiting:
            await self.peer.notify("$/cancelRequest", {"id": self.chance.choice(waiting).id})

    async def _action(self, page: Page) -> None:
        """Choose an action of a list: a draft, a review, or a finding to be put aside."""
        kind = self.chance.choice(("draft", "review", "dismiss", "dismiss"))
        blocks = parse_note(page.text).draft_blocks
        at = self.chance.randint(0, len(page.text))
        if kind == "review" and blocks:
            at = self.chance.choice(blocks).span.start
        params = {
            "textDocument": {"uri": page.uri},
            "range": page.range(at, at) if kind != "dismiss" else page.range(0, len(page.text)),
            "context": {"diagnostics": []},
        }

        async def choose() -> None:
            found = await self.request("textDocument/codeAction", params)
            if kind == "dismiss":
                aside = [each for each in found if _command(each) == "doctorflan.dismiss"]
                if aside:
                    await self._dismiss(self.chance.choice(aside)["command"])
            elif kind == "review":
                done = [each for each in found if _command(each) == "doctorflan.reviewed"]
                if done:
                    await self._follow(page, self.chance.choice(done))
            else:
                lazy = [each for each in found if "data" in each]
                if lazy:
                    await self._resolve(page, self.chance.choice(lazy))

        self.start(choose())

    async def _resolve(self, page: Page, action: Json) -> None:
        await self._follow(page, await self.audited("codeAction/resolve", action, None))

    async def _follow(self, page: Page, action: Json) -> None:
        """Apply an action's edit, then run its command, as LSP says."""
        done = await self.apply(page, action["edit"])
        if done is not None and _command(action) == "doctorflan.reviewed":
            await self.reviewed(action["command"]["arguments"][0])

    async def _dismiss(self, command: Json) -> None:
        (said,) = command["arguments"]
        key = ("feedback", "dismissed", said["rule"], said["reason"], said.get("place", ""))
        params = {"command": command["command"], "arguments": command["arguments"]}
        await self.audited("workspace/executeCommand", params, key)

    async def _review(self, page: Page) -> None:
        blocks = parse_note(page.text).draft_blocks
        if not blocks:
            return
        params = {
            "textDocument": {"uri": page.uri},
            "block": self.chance.choice(blocks).id,
            "outcome": self.chance.choice(("accepted", "discarded")),
        }

        async def decide() -> None:
            result = await self.request("doctorflan/review", params)
            if await self.apply(page, result["edit"]) is not None:
                await self.reviewed(result["reviewed"])

        self.start(decide())

    async def _command(self, page: Page) -> None:
        """Have the server bring the edit: a draft, or a review of one that stands."""
        blocks = parse_note(page.text).draft_blocks
        name = self.chance.choice(("draft", "accept", "discard", "regenerate"))
        argument: Json = {"uri": page.uri}
        if name == "draft":
            argument |= {"op": "draft", "version": page.version, "language": "zh"}
            argument |= {"task": self.chance.choice(TASKS), "at": len(page.text)}
        elif blocks:
            argument["block"] = self.chance.choice(blocks).id
        else:
            return
        self.commands += 1
        self.ledger.drafts_asked += name in ("draft", "regenerate")
        params = {"command": f"doctorflan.{name}", "arguments": [argument]}
        asked = await self.peer.start("workspace/executeCommand", params)

        async def answered() -> None:
            await self.peer.answer(asked)

        self.start(answered())

    async def _complete(self, page: Page) -> None:
        at = self.chance.randint(0, len(page.text))
        params = {"textDocument": {"uri": page.uri}, "position": page.position(at)}
        methods = ("textDocument/completion", "textDocument/hover", "textDocument/definition")
        self.start(self._ask(self.chance.choice(methods), params))

    async def _look(self, page: Page) -> None:
        methods = (
            "textDocument/documentSymbol",
            "textDocument/diagnostic",
            "textDocument/semanticTokens/full",
            "doctorflan/analysis",
        )
        method = self.chance.choice(methods)
        self.start(self._ask(method, {"textDocument": {"uri": page.uri}}))

    async def _ask(self, method: str, params: Json) -> None:
        await self.request(method, params)

    async def _reopen(self, page: Page) -> None:
        await self.peer.notify("textDocument/didClose", {"textDocument": {"uri": page.uri}})
        page.version += 1
        await self.peer.open(page.text, page.uri, page.version)


def _command(action: Json) -> str:
    return str(action.get("command", {}).get("command", ""))


_ACTIONS = {
    "type": 6,
    "check": 2,
    "draft": 6,
    "cancel": 1,
    "action": 8,
    "review": 6,
    "command": 4,
    "complete": 1,
    "look": 1,
    "reopen": 0.5,
}
"""What an editor does, and how often."""
