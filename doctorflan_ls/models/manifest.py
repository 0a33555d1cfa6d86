"""A model's manifest, ``model.toml``: what it is, whose it is, and which files it is made of."""

from __future__ import annotations

from dataclasses import dataclass

from doctorflan_ls.models.base import Kind
from doctorflan_ls.tasks.model import Bilingual

MANIFEST_FILE = "model.toml"


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
