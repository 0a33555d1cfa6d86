"""Messages of every type that the protocol has, as they should be and spoilt, for a while.

    python -m tests.endurance.messages --minutes 5 --seed 1

Each round starts a server, sends it some thousands and looks at every answer as
``tests/e2e/test_meta_model.py`` does. A seed that fails is printed, and the next one goes on.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
import traceback
from random import Random

from doctorflan_ls.server.requests import FEATURES
from tests.e2e import test_meta_model as checks
from tests.e2e.meta_model import Maker, methods
from tests.e2e.peer import stdio

WAYS = ("clientToServer", "serverToClient", "both")


async def requests(peer, seed: int) -> int:
    """Requests that fit their types and that do not; how many."""
    names = checks.client_requests()
    known = [each for each in names if each in FEATURES]
    good = checks.made(seed, 40, known)
    bad = checks.made(seed + 1, 120, known, Maker.spoilt)
    bad += checks.made(seed + 2, 3, names, Maker.spoilt)
    await checks.ask(peer, good, checks.answered_rightly)
    await checks.ask(peer, bad, checks.refused_rightly)
    return len(good) + len(bad)


async def ours(peer, seed: int) -> int:
    """Our own requests and commands; how many."""
    maker = Maker(Random(seed), (*checks.URIS, "file:///not-open.txt"))
    good = list(checks.own_requests(maker))
    bad = list(checks.own_requests(maker, Maker.spoilt))
    for name, argument in checks.arguments_of(maker).items():
        params = {"command": name, "arguments": [argument]}
        bad += [("workspace/executeCommand", maker.spoilt(params)) for _ in range(10)]
    await checks.ask(peer, good, checks.answered_rightly)
    await checks.ask(peer, bad, checks.refused_rightly)
    return len(good) + len(bad)


async def told(peer, seed: int) -> int:
    """Notifications of both sides, and odd answers to what the server asked; how many."""
    names = [each for each in methods(*WAYS, answered=False) if each != "exit"]
    sent = checks.made(seed, 20, names) + checks.made(seed + 1, 40, names, Maker.spoilt)
    for method, params in sent:
        await peer.notify(method, params)
    await peer.request("test/threads")
    maker = Maker(Random(seed), checks.URIS)
    questions = [each for each in peer.heard if "method" in each and "id" in each]
    for question in questions:
        await peer.send({"id": question["id"], "result": maker.anything()})
    return len(sent) + len(questions)


async def one(seed: int) -> int:
    """A round; how many messages were sent."""
    async with stdio() as peer:
        await checks.prepare(peer)
        count = await requests(peer, seed)
        for more in range(6):
            count += await ours(peer, seed + more)
        count += await told(peer, seed)
        await checks.finish(peer)
    return count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        os.environ[name] = tempfile.mkdtemp()
    os.environ["DOCTORFLAN_PLUGINS"] = ""
    count, failed, begun = 0, [], time.monotonic()
    for seed in range(chosen.seed, sys.maxsize, 10):
        try:
            count += asyncio.run(one(seed))
        # Whatever it is, it is what this run looks for.
        except Exception:  # noqa: BLE001
            failed.append(seed)
            traceback.print_exc(limit=-3)
        if time.monotonic() - begun > chosen.minutes * 60:
            break
    sys.stdout.write(f"{count} messages, seeds that failed: {failed}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
