"""The JSON Schema of the settings, as a client or a settings file nests them."""

from __future__ import annotations

from collections.abc import Mapping

from doctorflan_ls.settings.tree import SETTINGS, Setting, sections


def json_schema() -> dict[str, object]:
    """The schema that ``schemas/settings.schema.json`` holds."""
    plain = {key: _one(each) for key, each in SETTINGS.items() if "." not in key}
    nested = {name: _section(name, section.__doc__ or "") for name, section in sections().items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of doctorflan-ls",
        "type": "object",
        "properties": plain | nested,
        "additionalProperties": False,
    }


def _section(name: str, doc: str) -> dict[str, object]:
    inside = {
        key.partition(".")[2]: _one(each)
        for key, each in SETTINGS.items()
        if key.startswith(f"{name}.")
    }
    return {
        "type": "object",
        "description": doc,
        "properties": inside,
        "additionalProperties": False,
    }


def _one(setting: Setting) -> dict[str, object]:
    default = setting.default
    if isinstance(default, Mapping):
        default = dict(default)
    elif isinstance(default, tuple):
        default = list(default)
    return {"description": setting.doc, **setting.kind.schema(), "default": default}
