"""The answers, one module for each service: a call in, cards out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import import_module

from doctorflan_cds_hooks.backend import Backend
from doctorflan_cds_hooks.call import Call
from doctorflan_cds_hooks.cards import Card

Answer = Callable[[Backend, Call], Awaitable[list[Card]]]


def answer_of(name: str) -> Answer:
    """The function ``answer`` of the module ``name``."""
    found: Answer = import_module(f"{__name__}.{name}").answer
    return found
