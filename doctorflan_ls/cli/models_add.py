"""``doctorflan-ls models add``: a folder, an archive, or a server that answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from doctorflan_ls.cli.progress import progress
from doctorflan_ls.cli.session import Session
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.i18n import message
from doctorflan_ls.models.choice import options
from doctorflan_ls.models.folders import intake, store
from doctorflan_ls.models.folders.manifest import Manifest
from doctorflan_ls.settings import user_file
from doctorflan_ls.tasks.model import Bilingual

_SHOWN = 5
_LANGUAGES = ("zh", "en")


@click.command("add")
@click.argument("source", required=False, type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Replace the model that has this id already.")
@click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    help="Use this model.toml instead of the source's own.",
)
@click.option("--url", help="Add a server instead: its OpenAI-compatible base, ending in /v1.")
@click.option("--model", help="With --url: the name by which the server knows the model.")
@click.option("--id", "model_id", metavar="ID", help="With --url: what to call it here.")
@click.option("--key", help="With --url: where its key is kept, env:NAME or keyring:SERVICE/USER.")
@click.option(
    "--language",
    "languages",
    type=click.Choice(_LANGUAGES),
    multiple=True,
    default=_LANGUAGES,
    help="With --url: a language it writes; both by default.",
)
@click.option("--licence", default="unknown", help="With --url: the licence of its weights.")
@click.option("--allow-host", is_flag=True, help="With --url: let notes be sent to its host.")
@click.pass_context
def add_command(
    ctx: click.Context,
    /,
    source: Path | None,
    replace: bool,
    manifest: Path | None,
    **server: Any,  # noqa: ANN401  (the options that go with --url, by their names)
) -> None:
    """Add a model from a folder, a wheel, a zip or a server.

    SOURCE is a folder, a zip, a wheel or a tgz with a model.toml, at its top or one folder down.
    Every file is compared with the SHA-256 in the manifest. Pickles, programs, links and paths that
    leave the folder are refused; what the manifest does not list is left out.
    """
    session = Session.of(ctx)
    if (source is None) is (server["url"] is None):
        raise BadRequest("models.source-or-url")
    if server["url"] is not None:
        if manifest is not None:
            raise BadRequest("models.no-manifest-with-url")
        _add_server(server, session, replace=replace)
        return
    if any(server[name] for name in ("model", "model_id", "key", "allow_host")):
        raise BadRequest("models.only-with-url")
    assert source is not None  # noqa: S101  (the two cannot both be missing)
    allowed = options(session.settings)
    with progress(message("models.copying", session.locale)) as told:
        added = intake.add(source, allowed, replace=replace, manifest=manifest, progress=told)
    _say_added(added, session)


def _say_added(added: intake.Added, session: Session) -> None:
    manifest = added.manifest

    def say(key: str, **fields: object) -> None:
        click.echo(message(key, session.locale, **fields))

    say("models.added", model=manifest.id, version=manifest.version, folder=added.folder)
    say("models.limits", limits=" ".join(manifest.limits.in_(session.locale).split()))
    if added.left_out:
        names = ", ".join(added.left_out[:_SHOWN])
        more = " ..." if len(added.left_out) > _SHOWN else ""
        say("models.left-out", count=len(added.left_out), names=f"{names}{more}")
    say("models.check-next", model=manifest.id)
    language = manifest.languages[0]
    say("models.choose-next", model=manifest.id, language=language, path=user_file())


def _server(given: Mapping[str, Any]) -> Manifest:
    from doctorflan_ls.models.folders.manifest_reader import FORMS  # noqa: PLC0415

    url, key = given["url"], given["key"]
    if not given["model"] or not given["model_id"]:
        raise BadRequest("models.url-needs")
    forms = {
        "models.bad-url": (url, FORMS["url"]),
        "models.bad-id": (given["model_id"], FORMS["id"]),
        "models.bad-key": (key or "env:NONE", FORMS["key"]),
    }
    for problem, (value, fits) in forms.items():
        # The value is not repeated: it may be a key that somebody pasted.
        if not fits(value):
            raise BadRequest(problem)
    texts = {
        name: Bilingual(message(name, "zh", url=url), message(name, "en", url=url))
        for name in ("models.server-description", "models.server-limits")
    }
    return Manifest(
        id=given["model_id"],
        version="1",
        kind="openai",
        licence=given["licence"],
        source=url,
        languages=tuple(dict.fromkeys(given["languages"])),
        description=texts["models.server-description"],
        limits=texts["models.server-limits"],
        digest="",
        url=url,
        model=given["model"],
        key=key or "",
    )


def _add_server(given: Mapping[str, Any], session: Session, *, replace: bool) -> None:
    manifest = _server(given)
    added = intake.add_manifest(manifest, options(session.settings), replace=replace)
    host = store.host_of(manifest.url)
    _say_added(added, session)
    if given["allow_host"]:
        from doctorflan_ls.settings.write import add_name  # noqa: PLC0415

        add_name(user_file(), "network", "hosts", host)
        click.echo(message("models.host-allowed", session.locale, host=host, path=user_file()))
    elif host not in session.settings.network.hosts:
        click.echo(message("models.allow-host", session.locale, host=host, path=user_file()))
        click.echo(f'[network]\nhosts = ["{host}"]')
