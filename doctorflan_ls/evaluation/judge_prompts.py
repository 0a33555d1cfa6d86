"""What a judge is asked about an answer, from ``data/judge_prompts.toml`` or a file like it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from doctorflan_ls.drafts import digest
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.evaluation.rows import Answered, Form
from doctorflan_ls.models.base import Message

_PLACE = re.compile(r"\{([a-z_]+)\}")
_PLACES: dict[Form, frozenset[str]] = {
    "single": frozenset({"question", "answer", "reference"}),
    "multi": frozenset({"question", "answer", "reference", "conversation", "turn"}),
}
_WORDS = {"doctor": {"turn", "question"}, "assistant": {"turn", "answer"}, "none": set[str]()}
_KEYS = frozenset({"system", "user"})


@dataclass(frozen=True, slots=True)
class JudgePrompts:
    """The templates of one language. ``digest`` is the SHA-256 of all that is said by them."""

    templates: Mapping[Form, Mapping[str, str]]
    words: Mapping[str, str]
    digest: str

    def messages(self, answered: Answered, turn: int) -> tuple[Message, ...]:
        """The conversation with the judge about the answer of ``turn`` (from 1)."""
        row = answered.row
        fields = {
            "question": row.questions[turn - 1].strip(),
            "answer": answered.answers[turn - 1].strip(),
            "reference": row.reference.strip(),
            "conversation": self._conversation(answered, turn),
            "turn": str(turn),
        }
        template = self.templates[row.form]
        user = Message("user", _filled(template["user"].strip("\n"), fields))
        if system := template.get("system", ""):
            return (Message("system", _filled(system.strip("\n"), fields)), user)
        return (user,)

    def _conversation(self, answered: Answered, turn: int) -> str:
        said = []
        before = zip(answered.row.questions, answered.answers, strict=True)
        for number, (question, reply) in enumerate(before, start=1):
            if number == turn:
                break
            fields = {"turn": str(number), "question": question.strip(), "answer": reply.strip()}
            said += [_filled(self.words[who], fields) for who in ("doctor", "assistant")]
        return "\n\n".join(said) or self.words["none"]


def judge_prompts(path: Path | None = None, language: str = "") -> JudgePrompts:
    """The prompts of ``path`` (ours), in ``language`` (the file's own first one).

    Raises BadRequest for a file that cannot be read or breaks its form.
    """
    data = _ours() if path is None else _read(path)
    name = "judge_prompts.toml" if path is None else str(path)
    language = language or str(data.get("language", "zh"))
    templates: dict[Form, Mapping[str, str]] = {}
    chosen = data.get(language)
    if not isinstance(chosen, dict):
        raise BadRequest("eval.prompts-language", file=name, language=language)
    for form, places in _PLACES.items():
        templates[form] = _checked(name, f"{language}.{form}", chosen.get(form), places)
    words = _ours()["words"].get(language, _ours()["words"]["en"])
    own = data.get("words", {})
    if isinstance(own, dict) and isinstance(own.get(language), dict):
        words = words | own[language]
    for key, value in words.items():
        _check_places(name, f"words.{language}.{key}", value, _WORDS.get(key))
    told = repr(sorted((form, sorted(each.items())) for form, each in templates.items()))
    return JudgePrompts(templates, words, digest(told + repr(sorted(words.items()))))


@cache
def _ours() -> dict[str, Any]:
    source = files("doctorflan_ls").joinpath("data", "judge_prompts.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise BadRequest("eval.prompts-unreadable", file=path, reason=reason) from None
    except (ValueError, RecursionError) as error:
        raise BadRequest("eval.prompts-unreadable", file=path, reason=str(error)) from None


def _checked(file: str, where: str, table: object, places: frozenset[str]) -> Mapping[str, str]:
    if not isinstance(table, dict) or "user" not in table:
        raise BadRequest("eval.prompts-lack", file=file, where=f"{where}.user")
    for key, value in table.items():
        _check_places(file, f"{where}.{key}", value, places if key in _KEYS else None)
    if "answer" not in _PLACE.findall(table["user"]):
        raise BadRequest("eval.prompts-lack", file=file, where=f"{where}.user: {{answer}}")
    return table


def _check_places(
    file: str, where: str, value: object, places: set[str] | frozenset[str] | None
) -> None:
    """``places`` None: there is no such key."""
    if places is None or not isinstance(value, str):
        raise BadRequest("eval.prompts-key", file=file, where=where)
    if strange := [name for name in _PLACE.findall(value) if name not in places]:
        known = ", ".join(f"{{{name}}}" for name in sorted(places)) or "-"
        raise BadRequest("eval.prompts-place", file=file, where=where, name=strange[0], known=known)


def _filled(template: str, fields: Mapping[str, str]) -> str:
    """What stands in the fields is never looked at for places."""
    return _PLACE.sub(lambda found: fields.get(found[1], found[0]), template)


__all__ = ["JudgePrompts", "judge_prompts"]
