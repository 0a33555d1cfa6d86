"""``doctorflan-ls plugins new``: a complete package to begin with."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

import click

from doctorflan_ls import __version__
from doctorflan_ls.cli.console import console
from doctorflan_ls.cli.session import Session
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.i18n import message

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 40
# Names of packages that a plugin needs, and those of Python's own, cannot be its module's.
_TAKEN = frozenset({"doctorflan-ls", "local", "tests", "pytest", "click", "pluggy"})


@click.command("new")
@click.argument("name")
@click.option(
    "--into", type=click.Path(path_type=Path), default=Path(), help="The folder to make it in."
)
@click.pass_context
def new_command(ctx: click.Context, name: str, into: Path) -> None:
    """Make the package NAME: a task, a model, tests, a README. Its tests pass as it stands."""
    session = Session.of(ctx)
    module = name.replace("-", "_")
    reserved = name in _TAKEN or module in sys.stdlib_module_names or keyword.iskeyword(module)
    if not _NAME.fullmatch(name) or len(name) > _LONGEST or reserved:
        raise BadRequest("plugins.bad-name", name=name[:_LONGEST], pattern=_NAME.pattern)
    folder = into / name
    if folder.exists():
        raise BadRequest("plugins.folder-exists", folder=folder)
    fields = {
        "{{name}}": name,
        "{{module}}": module,
        "{{class}}": "".join(part.capitalize() for part in name.split("-")),
        "{{version}}": __version__,
    }
    for path, text in _templates():
        made = folder / path.replace("{{module}}", module)
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(_filled(text, fields), encoding="utf-8", newline="\n")
    out = console()
    out.print(message("plugins.made", session.locale, folder=folder))
    for line in (
        f"cd {folder}",
        "python -m pip install -e '.[test]'",
        "python -m pytest",
        "doctorflan-ls plugins check .",
        f"doctorflan-ls draft {name}/handover NOTE",
    ):
        out.print(f"  {line}")


def _filled(text: str, fields: dict[str, str]) -> str:
    for mark, value in fields.items():
        text = text.replace(mark, value)
    return text


def _templates() -> Iterator[tuple[str, str]]:
    """The files of the scaffold: where each goes, and its text."""
    root = files("doctorflan_ls").joinpath("data", "scaffold")
    for path, file in _walk(root, PurePosixPath()):
        yield str(path).removesuffix(".txt"), file.read_text(encoding="utf-8")


def _walk(folder: Traversable, at: PurePosixPath) -> Iterator[tuple[PurePosixPath, Traversable]]:
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        if each.is_dir():
            yield from _walk(each, at / each.name)
        else:
            yield at / each.name, each
