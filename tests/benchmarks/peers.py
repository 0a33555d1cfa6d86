"""The servers that are measured, and where the peers' programs come from.

The floor is a bare pygls server on this interpreter, the limit is ``ruff server``, native code. The
peers come from the extra ``bench``: of this interpreter, of the one that is given, or of a virtual
environment that is made once in the user's cache.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from platformdirs import user_cache_path

from tests.benchmarks import documents
from tests.benchmarks.documents import Document

HERE = Path(__file__).parent
CACHE = user_cache_path("doctorflan-benchmarks")
PACKAGES = ("python-lsp-server[mccabe,pycodestyle,pyflakes]", "jedi-language-server", "ruff")
OURS = [str(Path(sys.executable).with_name("doctorflan-ls")), "--stdio"]
BARE = [sys.executable, str(HERE / "bare_server.py")]
# The Python servers' own wait before diagnostics; neither has a setting for it.
OWN_WAIT_MS = {"pylsp": 500, "jedi": 1000}
# None of pylsp's plugins that are on by default has a code action.
LACKS = {"pylsp": ("actions",), "jedi": ()}
PYTHON_PEERS = tuple(OWN_WAIT_MS)
# Longer than any measurement: a server that is asked for other answers does not lint meanwhile.
NEVER = 3600.0


class Server(NamedTuple):
    """A server: ``command`` as it is shipped; ``pushes`` says that diagnostics are not asked for.

    ``waiting`` makes the command with another wait before pushed diagnostics, in seconds.
    ``lacks`` is what it claims to answer and answers with nothing.
    """

    name: str
    command: list[str]
    document: Callable[[int], Document]
    waiting: Callable[[float], list[str]] | None = None
    lacks: tuple[str, ...] = ()

    @property
    def pushes(self) -> bool:
        return self.waiting is not None


def servers(python: str) -> dict[str, Server]:
    """All of them; ``python`` is the interpreter that has the peers."""

    def waiting(name: str) -> Callable[[float], list[str]]:
        return lambda seconds: [python, str(HERE / "peer_start.py"), name, str(seconds)]

    native = shutil.which("ruff", path=str(Path(python).parent)) or "ruff"
    return {
        "floor": Server("floor", BARE, documents.note),
        "ours": Server("ours", OURS, documents.note),
        "ruff": Server("ruff", [native, "server"], documents.python),
        **{
            name: Server(
                name,
                waiting(name)(OWN_WAIT_MS[name] / 1000),
                documents.python,
                waiting(name),
                LACKS[name],
            )
            for name in PYTHON_PEERS
        },
    }


def interpreter(given: str | None) -> str:
    """An interpreter that has the peers; makes one where there is none."""
    made = CACHE / "peers" / "bin" / "python"
    for python in filter(None, (given, sys.executable, str(made))):
        if _has_peers(python):
            return python
    if given is not None:
        message = f"{given} lacks one of: {', '.join(PACKAGES)}"
        raise SystemExit(message)
    sys.stdout.write(f"making {made.parent.parent} with the peers\n")
    subprocess.run([sys.executable, "-m", "venv", made.parent.parent], check=True)
    subprocess.run([made, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return str(made)


def versions(python: str) -> dict[str, str]:
    """The versions of the peers and of what ours stands on."""
    names = ("python-lsp-server", "jedi-language-server", "ruff")
    own = ("doctorflan-ls", "pygls", "lsprotocol")
    code = "import sys,importlib.metadata as m;print(*(m.version(n) for n in sys.argv[1:]))"
    found = {}
    for where, wanted in ((python, names), (sys.executable, own)):
        told = subprocess.run([where, "-c", code, *wanted], check=True, capture_output=True)
        found |= dict(zip(wanted, told.stdout.decode().split(), strict=True))
    return found


def _has_peers(python: str) -> bool:
    if not Path(python).exists():
        return False
    code = "import jedi_language_server, pycodestyle, pyflakes, pylsp"
    probe = subprocess.run([python, "-c", code], check=False, capture_output=True)
    return probe.returncode == 0
