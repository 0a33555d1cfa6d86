"""``doctorflan-ls models list``: what there is, where it is, and what it is chosen for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import click
from rich.console import Console

from doctorflan_ls.cli.console import BAD, GAP, GOOD, ID, QUIET, console, padded, print_json, width
from doctorflan_ls.cli.session import Session
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.models.base import ModelSpec
from doctorflan_ls.models.catalogue import DEFAULT_MODEL, Entry, Problem, survey
from doctorflan_ls.models.choice import options
from doctorflan_ls.models.folders import store
from doctorflan_ls.models.folders.manifest import Manifest


@dataclass(frozen=True, slots=True)
class _Row:
    spec: ModelSpec
    manifest: Manifest | None
    where: str
    chosen_for: tuple[str, ...]

    @property
    def size(self) -> int:
        return sum(each.size for each in self.manifest.files) if self.manifest else 0


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON, broken ones too.")
@click.pass_context
def list_command(ctx: click.Context, as_json: bool) -> None:
    """List the models, and what each is chosen for.

    With version, kind, languages, licence, size, place and limits. What is broken stands at the end
    with the reason.
    """
    session = Session.of(ctx)
    allowed = options(session.settings)
    found = survey(allowed, session.registry)
    use = session.settings.models.use
    rows = [_row(entry, use, session.locale) for entry in found.entries]
    if as_json:
        print_json(
            {
                "folder": str(store.models_folder(allowed)),
                "models": [_as_json(row) for row in rows],
                "broken": [_problem_as_json(each, session.locale) for each in found.problems],
            }
        )
        return
    out = console()
    for row in rows:
        _print(out, row, session.locale)
    for each in found.problems:
        out.print(padded(each.name, 24), style=ID, end="")
        out.print(message("models.state-broken", session.locale), style=BAD, end="  ")
        out.print(each.error.user_message(session.locale))
    folder = store.models_folder(allowed)
    out.print(message("models.folder", session.locale, folder=folder), style=QUIET)


def _row(entry: Entry, use: Mapping[str, str], locale: Locale) -> _Row:
    listed = entry.listed
    keys = tuple(key for key, model in use.items() if model == listed.spec.id)
    manifest = listed.manifest if isinstance(listed, store.FolderModel) else None
    if entry.folder is not None:
        where = str(entry.folder)
    elif entry.plugin:
        where = message("models.of-plugin", locale, plugin=entry.plugin)
    else:
        where = message("models.built-in", locale)
    return _Row(listed.spec, manifest, where, keys)


def _as_json(row: _Row) -> dict[str, object]:
    spec, manifest = row.spec, row.manifest
    limits = {"zh": manifest.limits.zh, "en": manifest.limits.en} if manifest else None
    return {
        "id": spec.id,
        "version": spec.version,
        "kind": spec.kind,
        "languages": list(spec.languages),
        "tasks": list(spec.tasks),
        "licence": spec.licence,
        "source": spec.source,
        "size": row.size,
        "digest": spec.digest,
        "host": spec.host,
        "context_length": spec.context_length,
        "quantisation": manifest.quantisation if manifest else "",
        "limits": limits,
        "where": row.where,
        "chosen_for": list(row.chosen_for),
        "default": spec.id == DEFAULT_MODEL,
    }


def _problem_as_json(problem: Problem, locale: Locale) -> dict[str, object]:
    return {
        "name": problem.name,
        "folder": str(problem.folder or ""),
        "code": problem.error.key,
        "reason": problem.error.user_message(locale),
    }


def _print(out: Console, row: _Row, locale: Locale) -> None:
    spec = row.spec
    facts = (
        spec.version,
        spec.kind,
        "+".join(spec.languages),
        spec.licence,
        f"{row.size / 2**20:.0f} MiB" if row.size else "",
    )
    out.print(padded(spec.id, 24), style=ID, end="")
    # Two blanks always, also after what is wider than its column.
    out.print("".join(padded(fact, max(10, width(fact)) + 2) for fact in facts), end="")
    out.print(_choice(row, locale), style=GOOD if row.chosen_for else QUIET)
    indent = padded("", 24)
    where = message("models.at-host", locale, host=spec.host) if spec.host else ""
    out.print(f"{indent}{row.where}{where}", style=QUIET)
    if row.manifest is not None:
        limits = " ".join(row.manifest.limits.in_(locale).split())
        out.print(f"{indent}{limits}", style=GAP)


def _choice(row: _Row, locale: Locale) -> str:
    if row.chosen_for:
        return message("models.chosen-for", locale, keys=", ".join(row.chosen_for))
    if row.spec.id == DEFAULT_MODEL:
        return message("models.default", locale)
    return message("models.not-chosen", locale)
