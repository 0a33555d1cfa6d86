"""The example notes, which are invented."""

from __future__ import annotations

from importlib.resources import files


def examples() -> dict[str, str]:
    """The texts of the example notes by name."""
    folder = files("doctorflan_ls").joinpath("examples")
    found = sorted(folder.iterdir(), key=lambda file: file.name)
    return {
        file.name.removesuffix(".txt"): file.read_text(encoding="utf-8")
        for file in found
        if file.name.endswith(".txt")
    }
