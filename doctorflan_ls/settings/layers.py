"""Settings in layers: every value with the place it came from.

Later layers win: defaults, the user's file, the workspace file, the client, the environment, the
command line. A workspace file comes with a folder that somebody else may have written, so it may
not name network hosts, models or plugins, nor files of rules, whose patterns can be made to run for
hours. Nor may the client of a shared server, which is not its user: that one chooses among the
models that are there. A wrong key or value is reported once, its
default stands, and the rest of its layer is kept.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from doctorflan_ls.errors import BadSetting
from doctorflan_ls.settings.kinds import Unfit
from doctorflan_ls.settings.tree import ENVIRONMENT_PREFIX, SETTINGS, Settings, sections

SECTION = "doctorflan"
WORKSPACE_FILE = ".doctorflan.toml"
# Where a problem or a value of ``initializationOptions`` is said to come from.
OPTIONS = "initializationOptions"

_MAX_FILE_BYTES = 1024 * 1024

Layer = Literal["default", "user", "workspace", "client", "environment", "command line"]

# Read by the command line itself, by the build of model packages and by the tests.
_OTHER_VARIABLES = frozenset({"DOCTORFLAN_TOKEN", "DOCTORFLAN_WEIGHTS"})
_ALLOW = "plugins.allow"
_SHORT_VARIABLES = {f"{ENVIRONMENT_PREFIX}PLUGINS": _ALLOW}
_TEST_PREFIX = f"{ENVIRONMENT_PREFIX}TEST_"
# What a workspace file may not touch, whether or not this version has such a setting.
_TRUSTED_SECTIONS = frozenset({"network", "models", "plugins", "audit"})
_TABLE = "checks.score_table"
# What of these neither names a place nor costs the other clients of a shared server anything.
# Who works at a client is known to that client alone.
_ANY_CLIENT = frozenset(
    {"models.use", "models.max_tokens", "models.temperature", "models.seed", "audit.user"}
)


@dataclass(frozen=True, slots=True)
class Value:
    """A setting's value and where it came from: a layer, and the file or variable in it."""

    value: object
    layer: Layer = "default"
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One layer's raw values.

    ``origin`` names the file, or is empty. ``shared`` is true for a client of a shared server.
    """

    layer: Layer
    values: Mapping[str, object]
    origin: str = ""
    shared: bool = False

    def may_set(self, key: str, raw: object) -> bool:
        """False for what only the server's own user decides."""
        return not (self.shared and _is_trusted(key, raw) and key not in _ANY_CLIENT)


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings in force, each value's origin by key, and what was wrong in the layers."""

    settings: Settings
    values: Mapping[str, Value]
    problems: tuple[BadSetting, ...]


def resolve(sources: Iterable[Source]) -> Resolved:
    """Lay ``sources`` over the defaults in their order."""
    values = {key: Value(each.default) for key, each in SETTINGS.items()}
    problems: dict[tuple[object, ...], BadSetting] = {}
    for source in sources:
        refused: list[str] = []
        for key, raw in _flat(_unwrapped(source)):
            if raw is None:
                continue
            if not source.may_set(key, raw):
                refused.append(key)
                continue
            try:
                values[key] = Value(_checked(key, raw, source), source.layer, source.origin)
            except BadSetting as problem:
                problems.setdefault(_identity(problem), problem)
                if _means_allowed_plugins(problem):
                    # Who wanted to limit what is loaded gets nothing, not everything.
                    values[_ALLOW] = Value((), source.layer, source.origin)
                    closed = BadSetting("settings.no-plugins", setting=_ALLOW)
                    problems.setdefault(_identity(closed), closed)
        if refused:
            refusal = _refusal(refused, source)
            problems.setdefault(_identity(refusal), refusal)
    return Resolved(_tree(values), MappingProxyType(values), tuple(problems.values()))


def _means_allowed_plugins(problem: BadSetting) -> bool:
    named = (problem.fields.get("setting"), problem.fields.get("nearest"))
    return _ALLOW in named and problem.key != "settings.untrusted"


def load(  # noqa: PLR0913  (one for each layer)
    workspace: Path | None = None,
    client: object = None,
    overrides: Mapping[str, str] = MappingProxyType({}),
    environment: Mapping[str, str] = os.environ,
    *,
    options: object = None,
    shared: bool = False,
) -> Resolved:
    """Settings for the folder ``workspace``.

    ``options`` is the editor's ``initializationOptions``, over which ``client`` is laid: what it
    sent as its configuration. Both come with or without the section name. ``overrides`` are the
    command line's, by dotted key. ``shared`` is true where the client is not the server's user.
    """
    sources: list[Source] = []
    problems: list[BadSetting] = []
    files: list[tuple[Layer, Path]] = []
    # A container's user may have no home.
    with suppress(RuntimeError):
        files.append(("user", user_file(environment)))
    if workspace is not None:
        files.append(("workspace", workspace / WORKSPACE_FILE))
    for layer, path in files:
        try:
            sources.append(Source(layer, _read(path), str(path)))
        except BadSetting as problem:
            problems.append(problem)
    for sent, origin in ((options, OPTIONS), (client, "")):
        if isinstance(sent, Mapping):
            sources.append(Source("client", sent, origin, shared))
        elif sent is not None:
            problems.append(BadSetting("settings.not-a-table", origin=origin or "client"))
    variables, unknown = _from_environment(environment)
    resolved = resolve([*sources, *variables, *_from_overrides(overrides)])
    return Resolved(resolved.settings, resolved.values, (*problems, *resolved.problems, *unknown))


def user_file(environment: Mapping[str, str] = os.environ) -> Path:
    """The user's own settings file; it need not exist. Raises RuntimeError without a home."""
    base = environment.get("XDG_CONFIG_HOME")
    if not base and sys.platform == "win32":
        base = environment.get("APPDATA")
    root = Path(base) if base else Path.home() / ".config"
    return root / "doctorflan-ls" / "settings.toml"


def _read(path: Path) -> Mapping[str, object]:
    try:
        found = path.stat()
        # Somebody else's folder may hold a pipe, which would never end.
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MAX_FILE_BYTES:
            reason = f"no file of at most {_MAX_FILE_BYTES} bytes"
            raise BadSetting("settings.unreadable-file", path=path, reason=reason)
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise BadSetting("settings.unreadable-file", path=path, reason=error.strerror) from None
    except UnicodeDecodeError:
        raise BadSetting("settings.not-toml", path=path, reason="UTF-8") from None
    except ValueError:
        # The path itself is impossible (a null character in a folder's URI).
        return {}
    return _parsed(path, text)


def _parsed(path: Path, text: str) -> Mapping[str, object]:
    import tomllib  # noqa: PLC0415  (most starts have no file to read)

    try:
        return tomllib.loads(text)
    except ValueError as error:
        raise BadSetting("settings.not-toml", path=path, reason=_position(error, text)) from None
    except RecursionError as error:
        raise BadSetting("settings.not-toml", path=path, reason=type(error).__name__) from None


def _position(error: ValueError, text: str) -> str:
    """Where the file is broken; the decoder's own words could quote the file."""
    head, bracket, tail = str(error).rpartition("(at ")
    where = tail.removesuffix(")")
    if where == "end of document":
        return f"line {len(text.splitlines())}"
    return where if head and bracket else type(error).__name__


def _unwrapped(source: Source) -> Mapping[str, object]:
    values = source.values
    inner = values.get(SECTION)
    if not isinstance(inner, Mapping):
        return values
    # Some editors send everybody's settings: what stands beside our section may not be ours.
    beside = {
        key: value
        for key, value in values.items()
        if key != SECTION and (source.layer != "client" or _is_ours(key))
    }
    return {**beside, **inner}


def _is_ours(name: str) -> bool:
    return name.startswith(f"{SECTION}.") or name in SETTINGS or name in sections()


def _flat(tree: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    for name, value in tree.items():
        key = f"{above}{name}".removeprefix(f"{SECTION}.")
        is_section = any(known.startswith(f"{key}.") for known in SETTINGS)
        if isinstance(value, Mapping) and is_section:
            yield from _flat(value, f"{key}.")
        else:
            yield key, value


def _identity(problem: BadSetting) -> tuple[object, ...]:
    return (problem.key, *sorted(problem.fields.items()))


def _refusal(keys: Iterable[str], source: Source) -> BadSetting:
    """All that a client may not set, in one line."""
    names = ", ".join(dict.fromkeys(name if name.isprintable() else ascii(name) for name in keys))
    origin = source.origin or source.layer
    return BadSetting("settings.untrusted-client", setting=names, origin=origin)


def _is_trusted(key: str, raw: object) -> bool:
    """True for what neither a workspace nor a client of a shared server may set to ``raw``."""
    # A table of points may be chosen by its id.
    names_file = isinstance(raw, str) and raw.casefold().endswith(".toml")
    is_file = key == "checks.rules" or (key == _TABLE and names_file)
    return is_file or key.partition(".")[0] in _TRUSTED_SECTIONS


def _checked(key: str, raw: object, source: Source) -> object:
    origin = source.origin or source.layer
    if source.layer == "workspace" and _is_trusted(key, raw):
        raise BadSetting("settings.untrusted", setting=key, origin=origin)
    setting = SETTINGS.get(key)
    if setting is None:
        raise _unknown(key, SETTINGS, origin)
    try:
        if source.layer in {"environment", "command line"}:
            raw = setting.kind.from_text(str(raw))
        return setting.kind.accept(raw)
    except Unfit:
        raise BadSetting(
            "settings.bad-value", setting=key, origin=origin, expected=setting.kind.expected
        ) from None


def _unknown(name: str, known: Iterable[str], origin: str) -> BadSetting:
    from difflib import get_close_matches  # noqa: PLC0415  (only a mistake needs it)

    nearest = get_close_matches(name, list(known), n=1, cutoff=0.7 if name.isupper() else 0.6)
    if nearest:
        return BadSetting("settings.unknown-near", setting=name, origin=origin, nearest=nearest[0])
    return BadSetting("settings.unknown", setting=name, origin=origin)


def _from_environment(
    environment: Mapping[str, str],
) -> tuple[list[Source], list[BadSetting]]:
    keys = {each.variable: key for key, each in SETTINGS.items()} | _SHORT_VARIABLES
    sources, unknown = [], []
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX) or name.startswith(_TEST_PREFIX):
            continue
        if name in _OTHER_VARIABLES:
            continue
        if name in keys:
            sources.append(Source("environment", {keys[name]: text}, name))
        else:
            unknown.append(_unknown(name, keys, "environment"))
    return sources, unknown


def _from_overrides(overrides: Mapping[str, str]) -> list[Source]:
    return [Source("command line", dict(overrides), "--set")] if overrides else []


def _tree(values: Mapping[str, Value]) -> Settings:
    arguments: dict[str, Any] = {
        key: found.value for key, found in values.items() if "." not in key
    }
    for name, section in sections().items():
        inner = {each.name: values[f"{name}.{each.name}"].value for each in fields(section)}
        arguments[name] = section(**inner)
    return Settings(**arguments)
