"""Looking a code or a name up, and ``doctorflan-ls icd10``."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from doctorflan_icd10.catalogue import Entry, blocks, by_name, codes, entry, title
from doctorflan_icd10.written import Written
from doctorflan_ls.notes.facts.vocabulary import fold
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

if TYPE_CHECKING:
    import click

_CODE = re.compile(r"([A-Z][0-9]{2})\.?([0-9xX][0-9A-Za-z]*)?", re.IGNORECASE)
_NOTHING = Bilingual(
    "没有找到“{query}”（名称见 WHO ICD-10 英文标题或本插件的中文名称表）",
    "nothing found for “{query}” (WHO's English titles and this plugin's names were searched)",
)
_HELP = "Look a diagnosis or a code up in WHO ICD-10 (2019). 在 WHO ICD-10（2019）中查诊断或编码。"


def search(query: str) -> list[Entry]:
    """What ``query`` may mean, best first: a code and its parts, a name, words of names."""
    as_code = _CODE.fullmatch(query.strip())
    if as_code is not None:
        found = _coded(as_code[1].upper(), as_code[2] or "")
        if found:
            return found
    wanted = fold(query.strip())
    if not wanted:
        return []
    exact = by_name().get(wanted)
    ranked = sorted(
        (rank, at, code)
        for at, code in enumerate(codes())
        if (rank := _rank(wanted, entry(code))) is not None
    )
    best = [exact] if exact is not None else []
    return [entry(code) for code in dict.fromkeys((*best, *(code for *_, code in ranked)))]


def _coded(category: str, rest: str) -> list[Entry]:
    text = f"{category}.{rest}" if rest else category
    known = Written(text, Span(0, len(text))).known()
    if known is None:
        return []
    parts = [code for code in codes() if code.startswith(f"{known}.")] if not rest else []
    return [entry(code) for code in (known, *parts)]


def _rank(wanted: str, found: Entry) -> int | None:
    """0 where a name has the words, 1 where the title has them together, 2 where it has each."""
    if any(wanted in fold(name) for name in (*found.zh, *found.en)):
        return 0
    words = fold(found.title)
    if wanted in words:
        return 1
    return 2 if all(word in words for word in wanted.split()) else None


def to_json(found: Entry) -> dict[str, object]:
    """The entry with the block and the chapter it stands in."""
    block, chapter = blocks(found.code)[0], blocks(found.code)[-1]
    return {
        "code": found.code,
        "title": found.title,
        "zh": list(found.zh),
        "en": list(found.en),
        "block": {"code": block, "title": title(block)},
        "chapter": {"code": chapter, "title": title(chapter)},
    }


def add_command(cli: click.Group) -> None:
    """Add ``icd10`` to the command line."""
    import click  # noqa: PLC0415 - the server never needs it

    @cli.command("icd10", help=_HELP)
    @click.argument("query")
    @click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
    @click.option("--json", "as_json", is_flag=True, help="One JSON array.")
    @click.pass_context
    def icd10(ctx: click.Context, query: str, limit: int, as_json: bool) -> None:
        from doctorflan_ls.cli.session import Session  # noqa: PLC0415

        found = search(query)
        if as_json:
            rows = [to_json(each) for each in found[:limit]]
            click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        else:
            for each in found[:limit]:
                click.echo("  ".join(filter(None, (each.code, each.title, "、".join(each.zh)))))
        if not found:
            click.echo(_NOTHING.in_(Session.of(ctx).locale).format(query=query), err=True)
            ctx.exit(1)
