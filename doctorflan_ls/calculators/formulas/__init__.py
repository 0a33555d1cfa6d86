"""The formulas, one module for each group; a calculator's function has its id, ``-`` written ``_``.

Every argument is in the unit that ``data/calculators.toml`` gives its quantity.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import MappingProxyType
from typing import Final

# Where the group of the table is no module of its own.
_MODULES: Final = MappingProxyType({"neurology": "body"})


def formula(group: str, calculator: str) -> Callable[..., float]:
    """The formula of a calculator; raises AttributeError where there is none."""
    module = import_module(f"{__name__}.{_MODULES.get(group, group)}")
    found: Callable[..., float] = getattr(module, calculator.replace("-", "_"))
    return found
