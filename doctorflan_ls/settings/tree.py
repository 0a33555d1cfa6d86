"""The tree of settings, with their defaults and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from types import MappingProxyType
from typing import Any, Literal, cast

from doctorflan_ls.settings.kinds import (
    Choice,
    Identifier,
    Kind,
    Line,
    Names,
    Number,
    Switch,
    Table,
    WholeNumber,
)

ENVIRONMENT_PREFIX = "DOCTORFLAN_"


# Any, because a field's default stands where the class body wants the field's own type.
def _setting(default: object, kind: Kind, doc: str) -> Any:  # noqa: ANN401
    metadata = {"kind": kind, "doc": doc, "default": default}
    return field(default_factory=lambda: default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class DraftSettings:
    """Drafts."""

    language: Literal["auto", "zh", "en"] = _setting(
        "auto",
        Choice("auto", "zh", "en"),
        "Language of drafts. `auto` is the language of the note.",
    )
    deadline: int = _setting(
        120,
        WholeNumber(1, 3600),
        "Seconds after which the server gives up a draft, those spent waiting included.",
    )
    ghost: bool = _setting(
        True,
        Switch(),
        "Whether the note's own words are offered as ghost text while typing, in editors that have"
        " it.",
    )


@dataclass(frozen=True, slots=True)
class ChecksSettings:
    """Record-writing checks."""

    chief_complaint_max: int = _setting(
        20,
        WholeNumber(1, 500),
        "Longest chief complaint, in characters, that is not remarked on (Chinese notes).",
    )
    disabled: tuple[str, ...] = _setting(
        (), Names(), "Rules not to run, by the id that a finding shows."
    )
    consult_hours: int = _setting(
        24,
        WholeNumber(1, 168),
        "Hours within which a consultation is to be answered: 24 as in the Core Systems of 2018, 48"
        " as in the Basic Norms of 2010.",
    )
    rules: tuple[str, ...] = _setting(
        (),
        Names(),
        "Files of your hospital that change rules, as paths, the later over the former"
        " (docs/rules.md).",
    )
    score_table: str = _setting(
        "",
        Line(),
        "Table of points that a note is scored by: the id of one that comes with the server, the"
        " path of your hospital's own (`*.toml`), or `off`; empty is the one for the type of"
        " document (docs/score.md).",
    )
    limit: int = _setting(
        20,
        WholeNumber(0, 10_000),
        "Most findings that stand beside a note, the worst of them; 0 is all.",
    )
    quiet: bool = _setting(
        False, Switch(), "Whether only errors stand beside the text while a note is written."
    )
    show: bool = _setting(
        True,
        Switch(),
        "Whether findings stand beside the text while a note is written; hover and `inspect` have"
        " them either way.",
    )


@dataclass(frozen=True, slots=True)
class TasksSettings:
    """Tasks."""

    categories: Mapping[str, str] = _setting(
        MappingProxyType({}),
        Table(),
        "The dataset's name for each task, by the task's id, as your own copy has it;"
        " `doctorflan-ls tasks reconcile FILE --write` fills it.",
    )


@dataclass(frozen=True, slots=True)
class ModelsSettings:
    """Models. A workspace file may set none of these."""

    folder: str = _setting(
        "",
        Line(),
        "Folder that holds the added models, one folder each; empty is the one in your data folder"
        " (`doctorflan-ls models list` shows it).",
    )
    use: Mapping[str, str] = _setting(
        MappingProxyType({}),
        Table(),
        "Which model answers: a model's id by `TASK.LANG`, `TASK`, `LANG` or `*`, the first of"
        " these that is set; `skeleton` where none is. For example"
        ' `{ "case-summary.zh" = "my-model", en = "other" }`.',
    )
    threads: int = _setting(
        0, WholeNumber(0, 1024), "Threads of a local model; 0 is all cores but one."
    )
    memory_mib: int = _setting(
        0,
        WholeNumber(0, 16_777_216),
        "Most memory, in MiB, that one local model may take; 0 is what the machine has free.",
    )
    idle_minutes: int = _setting(
        10, WholeNumber(1, 10_080), "Minutes after its last answer when a model is unloaded."
    )
    max_tokens: int = _setting(
        512, WholeNumber(1, 131_072), "Most tokens of one draft by a language model."
    )
    temperature: float = _setting(
        0.0,
        Number(0.0, 2.0),
        "How freely a language model chooses its words; 0 is always the likeliest.",
    )
    seed: int = _setting(
        0,
        WholeNumber(0, 2**31 - 1),
        "Where the temperature is not 0: the same seed gives the same draft.",
    )


@dataclass(frozen=True, slots=True)
class PluginsSettings:
    """Plugins. A workspace file may set none of these."""

    allow: tuple[str, ...] = _setting(
        ("*",),
        Names(),
        "The packages whose plugins are loaded, by name; `*` is every installed one, an empty list"
        " none. `DOCTORFLAN_PLUGINS=a,b` and `--no-plugins` say the same for one run.",
    )
    folder: str = _setting(
        "",
        Line(),
        "Folder with task files of your own (`*.toml`); `doctorflan-ls tasks check` checks one.",
    )


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """The network. A workspace file may set none of these."""

    hosts: tuple[str, ...] = _setting(
        (),
        Names(),
        "The only hosts that a note's text may be sent to, as `host` or `host:port`; none by"
        " default.",
    )
    timeout: int = _setting(
        60,
        WholeNumber(1, 3600),
        "Seconds without a byte from such a host after which its answer is given up.",
    )


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """The audit trail. A workspace file may set none of these."""

    enabled: bool = _setting(
        True,
        Switch(),
        "Whether drafts, reviews and dismissals are recorded: identifiers, digests and counts,"
        " never text.",
    )
    path: str = _setting(
        "",
        Line(),
        "The trail's file, an absolute path on a disk of this machine; empty is the one in your"
        " state folder (`doctorflan-ls audit verify` names it).",
    )
    user: str = _setting(
        "",
        Identifier(),
        "Who works: the identifier that the host (the record system) has for the doctor. It is"
        " recorded as it is given.",
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, with their defaults."""

    language: Literal["auto", "zh", "en"] = _setting(
        "auto",
        Choice("auto", "zh", "en"),
        "Language of titles and messages. `auto` is the editor's, or the terminal's.",
    )
    draft: DraftSettings = field(default_factory=DraftSettings)
    checks: ChecksSettings = field(default_factory=ChecksSettings)
    tasks: TasksSettings = field(default_factory=TasksSettings)
    models: ModelsSettings = field(default_factory=ModelsSettings)
    plugins: PluginsSettings = field(default_factory=PluginsSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    audit: AuditSettings = field(default_factory=AuditSettings)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it is declared: ``key`` is dotted, ``doc`` Markdown."""

    key: str
    kind: Kind
    default: object
    doc: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return ENVIRONMENT_PREFIX + self.key.upper().replace(".", "_")


def sections() -> Mapping[str, type]:
    """The sections of the tree by their name."""
    return {
        entry.name: type(cast("Callable[[], object]", entry.default_factory)())
        for entry in fields(Settings)
        if "kind" not in entry.metadata
    }


def _declared() -> Iterator[Setting]:
    inner = sections()
    for entry in fields(Settings):
        if entry.name in inner:
            for each in fields(inner[entry.name]):
                yield _of_field(each, f"{entry.name}.{each.name}")
        else:
            yield _of_field(entry, entry.name)


def _of_field(entry: Field[Any], key: str) -> Setting:
    return Setting(key, entry.metadata["kind"], entry.metadata["default"], entry.metadata["doc"])


SETTINGS: Mapping[str, Setting] = MappingProxyType({each.key: each for each in _declared()})
