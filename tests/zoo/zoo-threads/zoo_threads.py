"""Starts threads: one dies with the words of the note, one never ends."""

import threading
from concurrent.futures import ThreadPoolExecutor

from doctorflan_ls.hookspecs import hookimpl

DOCTORFLAN_API = 1

_pool = ThreadPoolExecutor(1)


def die(words):
    raise ValueError(words)


@hookimpl
def draft_context(note):
    threading.Thread(target=die, args=(str(note.text),), daemon=False).start()


threading.Thread(target=die, args=("zoo",)).start()
_pool.submit(threading.Event().wait)
