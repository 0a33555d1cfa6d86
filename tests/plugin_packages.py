"""Packages put where Python finds them, without pip, a network or a second environment."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ZOO = Path(__file__).with_name("zoo")
"""Plugins that are broken, each in ways of its own: see its pyproject.toml.

A table under ``tool.zoo`` gives the codes by entry point: ``load`` of those that are left out when
they are loaded, ``use`` of those that fail while a doctor works, ``command`` of those whose
commands fail. An entry point in none of them does nothing that has to be told.
"""


def zoo() -> list[Path]:
    """The packages of the zoo."""
    return sorted(each.parent for each in ZOO.glob("*/pyproject.toml"))


def project(package: Path) -> dict[str, Any]:
    """What the pyproject.toml of ``package`` says."""
    return tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))


def install(site: Path, *packages: Path) -> None:
    """Put each of ``packages`` into the folder ``site`` as pip leaves one: modules and metadata.

    ``site`` is to be on the path (PYTHONPATH). The name, the version (0 where it is worked out) and
    the entry points are those of its pyproject.toml; the modules those that hatchling is told to
    pack, else the module or package of the project's own name.
    """
    site.mkdir(parents=True, exist_ok=True)
    for package in packages:
        told = project(package)
        for source in _modules(package, told):
            _copy(source, site / source.name)
        _write_metadata(site, told["project"])


def _modules(package: Path, told: dict[str, Any]) -> Iterator[Path]:
    wheel = told.get("tool", {}).get("hatch", {}).get("build", {}).get("targets", {}).get("wheel")
    if wheel is not None:
        yield from (package / each for each in wheel["packages"])
        return
    name = told["project"]["name"].replace("-", "_")
    known = (package / "src" / name, package / name, package / f"{name}.py")
    yield next(each for each in known if each.exists())


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)


def _write_metadata(site: Path, told: dict[str, Any]) -> None:
    name, version = told["name"], told.get("version", "0")
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(exist_ok=True)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    groups = told.get("entry-points", {})
    lines = [
        line
        for group, entries in groups.items()
        for line in (f"[{group}]", *(f"{entry} = {value}" for entry, value in entries.items()), "")
    ]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
