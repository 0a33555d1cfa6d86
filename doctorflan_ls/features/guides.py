"""What a section should hold, by its source, and a scaffold for it (``section_guides.toml``)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from doctorflan_ls.drafts import escape_snippet
from doctorflan_ls.i18n import Locale
from doctorflan_ls.tasks.model import Bilingual

_PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Guide:
    """``requires`` is what ``article`` asks of the section; ``scaffold`` has places in braces."""

    article: Bilingual
    requires: Bilingual
    scaffold: Bilingual

    def snippet(self, language: Locale) -> str:
        """The scaffold as the body of an LSP snippet, without a final tab stop."""
        parts = []
        for number, piece in enumerate(_PLACE.split(self.scaffold.in_(language))):
            text = escape_snippet(piece)
            parts.append(f"${{{number // 2 + 1}:{text}}}" if number % 2 else text)
        return "".join(parts)


def guide_for(section_id: str) -> Guide | None:
    """The guide of a section; None where there is none."""
    return _guides().get(section_id)


@cache
def _guides() -> dict[str, Guide]:
    source = files("doctorflan_ls").joinpath("data", "section_guides.toml")
    return {
        row["section"]: Guide(
            Bilingual(**row["article"]),
            Bilingual(**row["requires"]),
            Bilingual(row["zh"], row["en"]),
        )
        for row in tomllib.loads(source.read_text(encoding="utf-8"))["guide"]
    }
