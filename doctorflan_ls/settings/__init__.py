"""Settings: one tree of dataclasses, filled from layers."""

from doctorflan_ls.settings.layers import (
    OPTIONS,
    SECTION,
    WORKSPACE_FILE,
    Layer,
    Resolved,
    Source,
    Value,
    load,
    resolve,
    user_file,
)
from doctorflan_ls.settings.tree import SETTINGS, Setting, Settings

__all__ = [
    "OPTIONS",
    "SECTION",
    "SETTINGS",
    "WORKSPACE_FILE",
    "Layer",
    "Resolved",
    "Setting",
    "Settings",
    "Source",
    "Value",
    "load",
    "resolve",
    "user_file",
]
