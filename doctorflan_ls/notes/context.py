"""What is known of a note beside its text: times, roles and the other notes of the stay.

An editor tells it (``doctorflan/context``), or it stands in the note's front matter. Nothing here
is read from the record itself, and what is not told is None: a rule that needs it says nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from functools import cache, partial
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin

from doctorflan_ls.i18n import Locale
from doctorflan_ls.text import Span

TIMES = (
    "admission_time",
    "record_time",
    "discharge_time",
    "death_time",
    "surgery_end_time",
    "rescue_end_time",
    "request_time",
    "opinion_time",
)
"""The keys that hold a time."""

_TIME = re.compile(
    r"\s*(?P<y>\d{4})\s*[年./\-]\s*(?P<m>\d{1,2})\s*[月./\-]\s*(?P<d>\d{1,2})\s*日?"
    r"(?:[T\s,，]*(?P<h>\d{1,2})\s*[:：时点]\s*(?P<n>\d{1,2})?\s*分?(?:[:：]\s*(?P<s>\d{1,2})(?:\.\d+)?)?"
    r"\s*(?P<z>Z|[+\-]\d{2}:?\d{2})?)?\s*",
    re.IGNORECASE,
)


class Moment(NamedTuple):
    """A time as somebody gave it: ``at`` is local, ``precise`` true where the minute is given."""

    at: datetime
    precise: bool

    @property
    def latest(self) -> datetime:
        """The latest that it can mean: the day's last minute where no minute is given."""
        if self.precise:
            return self.at
        return self.at.replace(hour=0, minute=0) + timedelta(days=1, minutes=-1)


@dataclass(frozen=True, slots=True)
class OtherNote:
    """Another note of the same stay.

    ``uri`` names a note that is open beside this one; its text is then read when it is needed.
    """

    text: str
    doc_type: str | None = None
    record_time: Moment | None = None
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What was told; None and () for what was not.

    ``doc_type`` is an id of ``data/doc_types.toml``; ``consult_kind`` is ``routine`` or ``urgent``;
    ``severity`` is ``critical`` (病危), ``serious`` (病重) or ``stable``; ``author_role`` is
    ``registered``, ``trainee``, ``probationer`` or ``student``; ``department`` is the host's word;
    ``allergies`` are substances.
    """

    doc_type: str | None = None
    admission_time: Moment | None = None
    record_time: Moment | None = None
    discharge_time: Moment | None = None
    death_time: Moment | None = None
    surgery_end_time: Moment | None = None
    rescue_end_time: Moment | None = None
    request_time: Moment | None = None
    opinion_time: Moment | None = None
    consult_kind: str | None = None
    severity: str | None = None
    department: str | None = None
    author_role: str | None = None
    allergies: tuple[str, ...] = ()
    other_notes: tuple[OtherNote, ...] = ()

    def over(self, under: Context) -> Context:
        """This context, with what ``under`` knows where this one knows nothing."""
        unknown = {
            each.name: getattr(under, each.name)
            for each in fields(self)
            if not getattr(self, each.name)
        }
        return replace(self, **unknown)

    def opened(self, base: str, texts: Mapping[str, str]) -> Context:
        """This context with the words of the open notes it names; those not open are left out.

        ``base`` is the note's own uri: a file beside it is named by its name alone. ``texts`` are
        the open notes by ``plain_uri``.
        """
        if not any(each.uri for each in self.other_notes):
            return self
        named = (
            replace(each, text=texts.get(plain_uri(each.uri, base), "")) if each.uri else each
            for each in self.other_notes
        )
        return replace(self, other_notes=tuple(each for each in named if each.text))


def plain_uri(uri: str, base: str = "") -> str:
    """``uri``, relative to ``base`` where it is relative, as it compares: not percent-encoded."""
    try:
        return unquote(urljoin(base, uri))
    except ValueError:
        return uri


NOTHING = Context()


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be read of a context: ``reason`` is ``unknown``, ``time``, ``word``, ``form``
    or ``yaml`` (``key`` is then the number of the line); ``expected`` says what would do, and may
    be empty. ``span`` is the key's place in the note, for front matter."""

    key: str
    reason: str
    expected: str = ""
    span: Span | None = None


@dataclass(slots=True)
class Reading:
    """A context as read, and what was wrong with it."""

    context: Context = NOTHING
    problems: list[Problem] = field(default_factory=list)


def read_context(given: object) -> Reading:
    """``given``, decoded JSON or YAML, as a context. Never fails: what is wrong is left out."""
    reading = Reading()
    if not isinstance(given, dict):
        reading.problems.append(Problem("", "form", "key: value"))
        return reading
    known: dict[str, object] = {}
    for key, value in given.items():
        read = _READERS.get(str(key))
        if read is None:
            reading.problems.append(Problem(str(key)[:60], "unknown", _nearest(str(key))))
        elif value is not None and value != "":
            taken = read(value)
            if isinstance(taken, Problem):
                reading.problems.append(replace(taken, key=str(key)))
            else:
                known[str(key)] = taken
            if key == "other_notes":
                reading.problems.extend(_problems_of_others(value))
    reading.context = Context(**known)  # type: ignore[arg-type]  # each reader gives its field's type
    return reading


def read_moment(given: object) -> Moment | None:
    """A time in ISO 8601 or written as in records (2024年3月5日 14:30); None where it is none.

    A time zone is taken off: records of one stay are written in one place, at its local time.
    """
    if isinstance(given, datetime):
        return Moment(given.replace(tzinfo=None), precise=True)
    if isinstance(given, date):
        return Moment(datetime(given.year, given.month, given.day), precise=False)  # noqa: DTZ001
    found = _TIME.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        return None
    year, month, day = (int(found[part]) for part in "ymd")
    hour, minute, second = (int(found[part] or 0) for part in "hns")
    # 24:00 is the day's end.
    late = timedelta(days=1) if (hour, minute, second) == (24, 0, 0) else timedelta(0)
    try:
        at = datetime(year, month, day, 0 if late else hour, minute, second) + late  # noqa: DTZ001
    except (ValueError, OverflowError):
        return None
    return Moment(at, precise=found["n"] is not None)


def _time(given: object) -> Moment | Problem:
    moment = read_moment(given)
    return Problem("", "time", "2024-03-05 14:30") if moment is None else moment


def _word(given: object) -> str | Problem:
    if isinstance(given, str) and len(given) <= 80:
        return given.strip()
    return Problem("", "word")


def _choice(key: str, given: object) -> str | Problem:
    words = _words(key)
    word = words.get(given.strip().casefold()) if isinstance(given, str) else None
    return word or Problem("", "word", ", ".join(dict.fromkeys(words.values())))


@cache
def _table() -> dict[str, Any]:
    source = files("doctorflan_ls").joinpath("data", "context.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def type_in(doc_type: str | None, language: Locale) -> str | None:
    """``doc_type`` as a note of ``language`` has it: a Chinese progress note is a 日常病程记录."""
    if doc_type is None or language != "zh":
        return doc_type
    counterpart: str | None = _table()["counterpart"].get(doc_type)
    return counterpart or doc_type


@cache
def _words(key: str) -> dict[str, str]:
    """The value that each word for it stands for, from ``data/context.toml``."""
    rows = _table()[key]
    return {word.casefold(): value for value, others in rows.items() for word in (value, *others)}


def _doc_type(given: object) -> str | Problem:
    from doctorflan_ls.notes import doctype  # noqa: PLC0415  (reads its table)

    found = doctype.named(given) if isinstance(given, str) else None
    if found is None and isinstance(given, str):
        found = _words("doc_type").get("_".join(given.casefold().replace("-", " ").split()))
    return found or Problem("", "word", _nearest_types(given))


def _nearest_types(given: object) -> str:
    """The titles that are most like ``given``, else the ids of all types."""
    from difflib import get_close_matches  # noqa: PLC0415  (only for a mistake)

    from doctorflan_ls.notes import doctype  # noqa: PLC0415

    rows = doctype.doc_types()
    names = [name for row in rows for name in (*row.zh, *row.en, row.id)]
    near = get_close_matches(str(given), names, n=3)
    return ", ".join(near or [row.id for row in rows])


def _substances(given: object) -> tuple[str, ...] | Problem:
    if isinstance(given, str):
        given = [each for each in re.split(r"[,，、;；]", given) if each.strip()]
    if isinstance(given, (list, tuple)) and all(isinstance(each, str) for each in given):
        return tuple(each.strip() for each in given if each.strip())
    return Problem("", "form", "[青霉素, ...]")


def _others(given: object) -> tuple[OtherNote, ...] | Problem:
    notes = []
    for each in given if isinstance(given, (list, tuple)) else (None,):
        if not isinstance(each, dict):
            return Problem("", "form", "[{doc_type, text, record_time}, ...]")
        text, uri = each.get("text"), each.get("uri")
        if not (isinstance(text, str) and text) and not (isinstance(uri, str) and uri):
            return Problem("", "form", "[{doc_type, text, record_time}, ...]")
        kind = _doc_type(each.get("doc_type"))
        notes.append(
            OtherNote(
                text if isinstance(text, str) else "",
                None if isinstance(kind, Problem) else kind,
                read_moment(each.get("record_time")),
                "" if text or not isinstance(uri, str) else uri,
            )
        )
    return tuple(notes)


def _problems_of_others(given: object) -> Iterator[Problem]:
    """What of the entries is left out, each with its place (``other_notes[0].record_time``)."""
    for at, each in enumerate(given if isinstance(given, (list, tuple)) else ()):
        for key, value in each.items() if isinstance(each, dict) else ():
            where = f"other_notes[{at}].{str(key)[:60]}"
            read = {"doc_type": _doc_type, "record_time": _time}.get(str(key))
            if read is not None and value not in (None, ""):
                taken = read(value)
                if isinstance(taken, Problem):
                    yield replace(taken, key=where)
            elif key not in ("doc_type", "record_time", "text", "uri"):
                yield Problem(where, "unknown", "doc_type, text, record_time, uri")


_READERS: Mapping[str, Callable[[object], object]] = {
    **dict.fromkeys(TIMES, _time),
    "doc_type": _doc_type,
    "department": _word,
    "consult_kind": partial(_choice, "consult_kind"),
    "severity": partial(_choice, "severity"),
    "author_role": partial(_choice, "author_role"),
    "allergies": _substances,
    "other_notes": _others,
}
KEYS = tuple(_READERS)
"""Every key of a context."""


def _nearest(key: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  (only for a mistake)

    return ", ".join(get_close_matches(key, KEYS, n=1))
