"""Takes the name of a part of the server."""

import threading

from doctorflan_ls.hookspecs import hookimpl
from doctorflan_ls.notes.facts.vocabulary import TermEntry

DOCTORFLAN_API = 1

__name__ = "doctorflan_ls.plugins.builtin"
__package__ = "doctorflan_ls.plugins"
threading.current_thread().name = "MainThread"


@hookimpl
def register_terms(register):
    threading.current_thread().name = "MainThread"
    register(TermEntry("symptom", zh=("热",)))
