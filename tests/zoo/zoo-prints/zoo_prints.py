"""Writes on standard output in all the ways there are, at import and in each hook."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from doctorflan_ls.checks.model import Rule
from doctorflan_ls.checks.scope import Check
from doctorflan_ls.hookspecs import hookimpl
from doctorflan_ls.tasks.model import Bilingual

DOCTORFLAN_API = 1


def say(*_):
    print("zoo: print")  # noqa: T201
    sys.stdout.write("zoo: write\n")
    print("zoo: the real one", file=sys.__stdout__, flush=True)
    os.write(1, b"zoo: descriptor\n")
    subprocess.run([sys.executable, "-S", "-c", "print('zoo: child')"], check=False)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(print, "zoo: another thread")
    me = threading.current_thread()
    name = me.name
    me.name = "MainThread"
    print("zoo: renamed thread")  # noqa: T201
    me.name = name


@hookimpl
def register_checks(register):
    say()
    both = Bilingual("动物园", "zoo")
    register(Check("prints", (Rule("prints", "warning", both, both),), lambda scope: say() or []))


@hookimpl
def register_commands():
    say()


@hookimpl
def draft_context():
    say()


@hookimpl
def check_draft():
    say()


say()
