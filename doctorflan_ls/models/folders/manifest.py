"""A model's manifest, ``model.toml``: what it is, whose it is, and which files it is made of."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Kind, ModelSpec
from doctorflan_ls.tasks.model import Bilingual

MANIFEST_FILE = "model.toml"
# A manifest is a page of text; anything larger is something else.
MAX_MANIFEST_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of the model: its path inside the folder with ``/``, SHA-256 and size in bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Sample:
    """What the model answers, greedily, to one question: ``models check`` asks it again."""

    question: str
    answer: str
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A model as its folder describes it (``schemas/model.schema.json``).

    ``limits`` says what the model must not be trusted with. ``template`` is the path of a chat
    template in the folder; empty where the tokenizer's own files hold one. ``memory_mib`` and
    ``threads`` are hints, 0 is unknown. ``url``, ``model`` and ``key`` are those of a server: its
    OpenAI-compatible base, the name it knows the model by, and where its key is kept
    (``env:NAME`` or ``keyring:SERVICE/USER``; never the key itself). ``digest`` is the SHA-256 of
    the manifest's bytes, which vouch for the files.
    """

    id: str
    version: str
    kind: Kind
    licence: str
    source: str
    languages: tuple[str, ...]
    description: Bilingual
    limits: Bilingual
    digest: str
    tasks: tuple[str, ...] = ()
    context_length: int = 0
    quantisation: str = ""
    template: str = ""
    files: tuple[ModelFile, ...] = ()
    sample: Sample | None = None
    memory_mib: int = 0
    threads: int = 0
    url: str = ""
    model: str = ""
    key: str = ""

    def spec(self, *, context_length: int | None = None, host: str = "") -> ModelSpec:
        """The model as it is listed; ``context_length`` is what it has here, where that is known.

        ``host`` is the ``host:port`` of ``url``.
        """
        return ModelSpec(
            id=self.id,
            version=self.version,
            kind=self.kind,
            languages=self.languages,
            licence=self.licence,
            tasks=self.tasks,
            context_length=self.context_length if context_length is None else context_length,
            digest=self.digest,
            source=self.source,
            host=host,
        )


def read(folder: Path) -> Manifest:
    """The manifest of a model folder.

    Raises ModelUnavailable where there is none or it breaks the schema; the error names the file,
    the line and the key.
    """
    path = folder / MANIFEST_FILE
    # A pipe of that name would never end.
    if path.exists() and not path.is_file():
        raise ModelUnavailable("manifest.missing", folder=folder, name=MANIFEST_FILE)
    return read_file(path)


def read_file(path: Path) -> Manifest:
    """The manifest in the file ``path``, wherever it lies; raises as ``read`` does."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_MANIFEST_BYTES + 1)
    except FileNotFoundError:
        raise ModelUnavailable("manifest.missing", folder=path.parent, name=path.name) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ModelUnavailable("manifest.unreadable", at=path, reason=reason) from None
    return parse(data, str(path))


def parse(data: bytes, name: str) -> Manifest:
    """The manifest that ``data`` holds; ``name`` names it in errors. Raises ModelUnavailable."""
    # The server lists no models before somebody asks for one.
    from doctorflan_ls.models.folders.manifest_reader import parse_manifest  # noqa: PLC0415

    if len(data) > MAX_MANIFEST_BYTES:
        raise ModelUnavailable("manifest.too-large", at=name, limit=MAX_MANIFEST_BYTES)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ModelUnavailable("manifest.not-utf8", at=f"{name}:{line}") from None
    return parse_manifest(text, name, hashlib.sha256(data).hexdigest())


def write(folder: Path, manifest: Manifest) -> Manifest:
    """Write ``model.toml`` into ``folder`` and return the manifest with its digest.

    ``manifest.digest`` is ignored. The file appears whole or not at all. Raises ModelUnavailable
    where the manifest breaks the schema, and OSError.
    """
    data = to_toml(manifest).encode()
    path = folder / MANIFEST_FILE
    checked = parse(data, str(path))
    temporary = path.with_name(f".{MANIFEST_FILE}.{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return checked


def hashed(folder: Path, paths: Iterable[str] | None = None) -> tuple[ModelFile, ...]:
    """The files of ``folder`` with their hashes, by path; all but the manifest by default."""
    if paths is None:
        paths = (
            found.relative_to(folder).as_posix()
            for found in folder.rglob("*")
            if found.is_file() and found.relative_to(folder).as_posix() != MANIFEST_FILE
        )
    return tuple(
        ModelFile(path, sha256(folder / path), (folder / path).stat().st_size)
        for path in sorted(paths)
    )


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_toml(manifest: Manifest) -> str:
    """The text of ``model.toml``; what is at its default is left out."""
    import tomlkit  # noqa: PLC0415  (only whoever packages a model writes one)

    document = tomlkit.document()
    for name in ("id", "version", "kind", "licence", "source"):
        document[name] = getattr(manifest, name)
    document["languages"] = list(manifest.languages)
    for name in ("context_length", "quantisation", "template"):
        if value := getattr(manifest, name):
            document[name] = value
    if manifest.tasks:
        document["tasks"] = list(manifest.tasks)
    tables: dict[str, dict[str, object]] = {
        "description": {"zh": manifest.description.zh, "en": manifest.description.en},
        "limits": {"zh": manifest.limits.zh, "en": manifest.limits.en},
        "hardware": {"memory_mib": manifest.memory_mib, "threads": manifest.threads},
        "remote": {"url": manifest.url, "model": manifest.model, "key": manifest.key},
    }
    if manifest.sample is not None:
        sample = manifest.sample
        tables["sample"] = {
            "question": sample.question,
            "answer": sample.answer,
            "max_tokens": sample.max_tokens,
        }
    for name, table in tables.items():
        if filled := {key: value for key, value in table.items() if value}:
            document[name] = filled
    if manifest.files:
        files = tomlkit.aot()
        for each in manifest.files:
            files.append(
                tomlkit.item({"path": each.path, "sha256": each.sha256, "size": each.size})
            )
        document["files"] = files
    return document.as_string()
