"""``doctorflan-ls models export`` and ``models repair``: making a model folder."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from doctorflan_ls.cli.progress import progress
from doctorflan_ls.cli.session import Session
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.i18n import message
from doctorflan_ls.models.folders.manifest import Manifest
from doctorflan_ls.tasks.model import Bilingual

if TYPE_CHECKING:
    from doctorflan_ls.export import Quantisation

# Where in the whole work each step begins and ends, by what it takes with a small model.
_STEPS = {
    "tokenizer": (0.0, 0.02),
    "layers": (0.02, 0.4),
    "products": (0.02, 0.4),
    "reference": (0.4, 0.5),
    "compare": (0.5, 1.0),
    # Of a tuned model's.
    "merge": (0.0, 0.02),
    "draft": (0.95, 1.0),
}
_LANGUAGES = ("zh", "en")

_Command = Callable[..., None]


def _common(command: _Command) -> _Command:
    """What only the person who exports knows of a model."""
    options = (
        click.argument("source", type=click.Path(path_type=Path)),
        click.argument("out", type=click.Path(path_type=Path)),
        click.option("--id", "model_id", metavar="ID", help="Its id; by default OUT's name."),
        click.option("--version", "model_version", default="1", help="Its version; by default 1."),
        click.option("--licence", metavar="SPDX", default="", help="The licence of its weights."),
        click.option("--source", "origin", metavar="URL", default="", help="Where it comes from."),
        click.option(
            "--languages", default="zh,en", help="What it writes: zh, en or zh,en (the default)."
        ),
        click.option("--replace", is_flag=True, help="Replace OUT where it exists."),
        click.option("--no-verify", is_flag=True, help="Do not compare it with its source."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command("export")
@_common
@click.option("--int8", "quantisation", flag_value="int8", default="int8", help="The default.")
@click.option("--int4", "quantisation", flag_value="int4", help="Smaller, faster and less exact.")
@click.option("--fp32", "quantisation", flag_value="fp32", help="Exact, and four times as large.")
@click.pass_context
def export_command(
    ctx: click.Context,
    /,
    source: Path,
    out: Path,
    quantisation: Quantisation,
    **given: Any,  # noqa: ANN401
) -> None:
    """Make an ONNX model from a Hugging Face folder or a GGUF file.

    SOURCE is a folder with config.json, tokenizer.json and safetensors, or a .gguf file, of the
    llama, mistral, qwen2 or qwen3 family. OUT becomes a model folder with its manifest. The result
    is compared with its source, and refused where it departs too far.
    """
    from doctorflan_ls.export import export_gguf, export_hf  # noqa: PLC0415

    if not source.exists():
        raise BadRequest("export.no-source", source=source)
    run = export_hf if source.is_dir() else export_gguf
    _run(run, source, out, given, Session.of(ctx), quantisation=quantisation)


@click.command("repair")
@_common
@click.pass_context
def repair_command(
    ctx: click.Context,
    /,
    source: Path,
    out: Path,
    **given: Any,  # noqa: ANN401
) -> None:
    """Mend an ONNX decoder that dynamic quantisation spoilt.

    SOURCE is a folder with the graph, at its top or in onnx/, config.json and tokenizer.json. The
    weights stay as they are; what goes through them is no longer rounded to one scale.
    """
    from doctorflan_ls.export import repair_dynamic  # noqa: PLC0415

    if not source.exists():
        raise BadRequest("export.no-source", source=source)
    _run(repair_dynamic, source, out, given, Session.of(ctx))


def _run(
    run: Callable[..., Manifest],
    source: Path,
    out: Path,
    given: dict[str, Any],
    session: Session,
    **more: object,
) -> None:
    with progress(message("export.working", session.locale)) as told:
        manifest = run(
            source,
            out,
            id=sound_id(given["model_id"], out),
            version=given["model_version"],
            licence=given["licence"],
            source_url=given["origin"] or source.name,
            languages=_languages(given["languages"]),
            description=both("export.description", name=source.name),
            limits=both("export.limits"),
            verify=not given["no_verify"],
            replace=given["replace"],
            progress=shown_steps(told),
            **more,
        )
    say_made(manifest, out, session)


def shown_steps(told: Callable[[float, float], None]) -> Callable[[str, float], None]:
    """Steps of an export as parts of the whole work."""

    def show(step: str, part: float) -> None:
        begin, end = _STEPS[step]
        told(begin + (end - begin) * part, 1.0)

    return show


def say_made(manifest: Manifest, out: Path, session: Session) -> None:
    """Say what was made, and how near it is to its source."""

    def say(key: str, **fields: object) -> None:
        click.echo(message(key, session.locale, **fields))

    report = json.loads((out / "export.json").read_text(encoding="utf-8"))
    size = sum(file.size for file in manifest.files) / (1 << 20)
    say("export.made", model=manifest.id, out=out, size=f"{size:.0f}", seconds=report["seconds"])
    for language, each in report["figures"].items():
        kl, same = f"{each['kl_mean']:.4f}", f"{each['same']:.0%}"
        equal = f"{each['greedy']}/{each['of']}"
        fields = {"language": language, "reference": report["reference"]}
        say("export.compared", kl=kl, same=same, equal=equal, **fields)
    if not report["figures"]:
        say("export.not-compared")
    say("export.add-next", out=out)


def sound_id(given: str | None, out: Path) -> str:
    """The id that was given, or one like the folder's name. Raises BadRequest."""
    from doctorflan_ls.models.folders.manifest_reader import FORMS  # noqa: PLC0415

    found = given or re.sub(r"[^a-z0-9]+", "-", out.absolute().name.lower()).strip("-")
    if not FORMS["id"](found):
        raise BadRequest("export.bad-id")
    return found


def _languages(given: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(each.strip() for each in given.split(",")))
    if not set(found) <= set(_LANGUAGES):
        raise BadRequest("export.bad-languages", known=", ".join(_LANGUAGES))
    return found


def both(key: str, **fields: object) -> Bilingual:
    """The message in both languages."""
    return Bilingual(message(key, "zh", **fields), message(key, "en", **fields))
