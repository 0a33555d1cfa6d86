"""Starts the server as the command line does, with a model made for the tests."""

from __future__ import annotations

import sys

from doctorflan_ls import server


def main() -> int:
    transport, *arguments = sys.argv[1:]
    options = server.ServerOptions()
    return server.run_stdio(options)


if __name__ == "__main__":
    sys.exit(main())
