"""The command line under an audit hook.

    python watched.py FILE ARGUMENTS...

FILE gets a line of JSON, ``[event, argument]``, for each host that is looked up or connected to,
each program that is started and each file that is opened for writing.
"""

from __future__ import annotations

import json
import os
import sys

NETWORK = (
    *("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"),
    *("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"),
)
PROGRAMS = (
    *("subprocess.Popen", "os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.startfile"),
    *("os.fork", "os.forkpty", "pty.spawn", "webbrowser.open"),
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def _writes(path: object, flags: object) -> bool:
    # A number is a descriptor, which was opened before.
    return not isinstance(path, int) and isinstance(flags, int) and bool(flags & _WRITING)


def main() -> None:
    out = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def see(event: str, arguments: tuple[object, ...]) -> None:
        if event in NETWORK or event in PROGRAMS:
            # Of a socket the address is what tells.
            said = arguments[-1 if event in ("socket.connect", "socket.bind") else 0]
        elif event == "sqlite3.connect" or (
            event == "open" and _writes(arguments[0], arguments[2])
        ):
            said = arguments[0]
        else:
            return
        os.write(out, json.dumps([event, str(said)]).encode() + b"\n")

    sys.addaudithook(see)
    from doctorflan_ls.cli import main as run  # noqa: PLC0415  (under the hook)

    run()


if __name__ == "__main__":
    main()
