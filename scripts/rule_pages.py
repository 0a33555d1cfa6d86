"""The pages that explain the rules, made from the data files of the rules."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from doctorflan_ls.checks.table import rule_files
from doctorflan_ls.i18n import Locale
from doctorflan_ls.notes import doctype

_WORDS: dict[Locale, dict[str, str]] = {
    "zh": {
        "title": "# 规则",
        "head": "每条规则按其编号列出：提示什么、依据、查什么。提示均为建议，请医师核对；"
        "可在设置中关闭或由本院文件修改（docs/rules.md）。",
        "severity": "级别",
        "error": "错误",
        "warning": "警告",
        "information": "提示",
        "off": "关闭",
        "documents": "文书",
        "needs": "依据的信息",
        "text": "文本本身",
        "context": "还需要时间、身份或其他文书（front matter 或 doctorflan/context）",
        "says": "提示语",
        "how": "查法",
        "source": "来源",
        "colon": "：",
    },
    "en": {
        "title": "# Rules",
        "head": "Every rule by its id: what it says, on whose authority, and what is looked for. A"
        " finding is a suggestion for the doctor to check; it can be switched off in the settings"
        " or changed by a hospital's own file (docs/rules.md).",
        "severity": "Severity",
        "error": "error",
        "warning": "warning",
        "information": "information",
        "off": "off",
        "documents": "Documents",
        "needs": "Needs",
        "text": "the text alone",
        "context": "times, roles or other notes as well (front matter or doctorflan/context)",
        "says": "Says",
        "how": "How",
        "source": "Source",
        "colon": ": ",
    },
}

_GROUNDED = {
    "zh": "草稿中的数值、药物、诊断、日期、侧别与有无逐项与病历核对："
    "病历没有的为警告，病历另有所述的为错误。",
    "en": "Numbers, drugs, diagnoses, dates, sides and negations of a draft are looked up in the"
    " note: a warning where the note does not say it, an error where it says something else.",
}


def rules_page(locale: Locale) -> str:
    """All rules in ``locale``, ordered by id."""
    words = _WORDS[locale]
    rows = sorted(
        [
            *(row for each in rule_files().values() for row in each.get("rule", ())),
            *_of_grounding(),
        ],
        key=lambda row: str(row["id"]),
    )
    lines = [words["title"], "", words["head"]]
    for row in rows:
        lines += ["", *_rule(row, locale, words)]
    return "\n".join(lines) + "\n"


def _of_grounding() -> Iterator[dict[str, Any]]:
    """The rules on drafts, each with its two forms in one row."""
    source = files("doctorflan_ls").joinpath("data", "grounding.toml")
    data = tomllib.loads(source.read_text(encoding="utf-8"))
    for rule_id, forms in data["rules"].items():
        said = {
            locale: " / ".join(forms[form][locale] for form in ("absent", "other"))
            for locale in ("zh", "en")
        }
        yield {
            "id": rule_id,
            "severity": "warning",
            "source": data["source"],
            "documents": {"zh": "草稿", "en": "drafts"},
            "how": _GROUNDED,
            **said,
        }


def _rule(row: dict[str, Any], locale: Locale, words: dict[str, str]) -> Iterator[str]:
    title = row.get("title", {}).get(locale, "")
    yield f"## {row['id']} {title}".rstrip()
    yield ""
    told = {
        "severity": words[row["severity"]],
        "documents": row.get("documents", {}).get(locale, ""),
        "needs": words[row.get("needs", "text")],
        "says": row[locale],
        "how": row.get("how", {}).get(locale, ""),
        "source": row["source"][locale],
    }
    for key, value in told.items():
        if value:
            yield f"- {words[key]}{words['colon']}{' '.join(value.split())}"


def documents_table() -> str:
    """The types of documents and the parts that each is to have, as Markdown."""
    rows = (
        f"| `{each.id}` | {' / '.join((*each.zh[:1], *each.en[:1]))} | {each.source} |"
        f" {', '.join(f'`{part}`' for part in each.required)} |"
        for each in doctype.doc_types()
    )
    return "\n".join(
        ["| id | document | source | required parts |", "| --- | --- | --- | --- |", *rows]
    )
