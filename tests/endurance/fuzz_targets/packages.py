"""What comes as a package or from a judge: models in archives, plugins' projects, judge's words."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

from doctorflan_ls.evaluation.judge_client import _reply
from doctorflan_ls.evaluation.judge_prompts import judge_prompts
from doctorflan_ls.evaluation.judging import score_of
from doctorflan_ls.hookspecs import GROUP
from doctorflan_ls.models.base import ModelOptions
from doctorflan_ls.models.folders.intake import add
from doctorflan_ls.models.openai.faults import Fault
from doctorflan_ls.testing.project import points_of
from tests.endurance.fuzz_targets import target, text_of

_FILE = b"nothing"
_MANIFEST = f"""
id = "tiny"
version = "1.0"
kind = "onnx"
licence = "MIT"
source = "https://example.org/tiny"
languages = ["zh"]
description = {{ zh = "a", en = "b" }}
limits = {{ zh = "a", en = "b" }}
[[files]]
path = "model.onnx"
sha256 = "{hashlib.sha256(_FILE).hexdigest()}"
size = {len(_FILE)}
""".encode()


def _archives() -> Iterator[bytes]:
    for stored in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", stored) as archive:
            archive.writestr("tiny/model.toml", _MANIFEST)
            archive.writestr("tiny/model.onnx", _FILE)
        yield held.getvalue()
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name, data in (("model.toml", _MANIFEST), ("model.onnx", _FILE)):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    yield held.getvalue()
    yield gzip.compress(held.getvalue(), mtime=0)


@target(
    "archives", "bytes", _archives, words=("../x", "/x", "tiny/model.onnx", "PK\x03\x04", "ustar")
)
def archives(data: bytes, folder: Path) -> Iterable[object]:
    """An archive is a model whole, or nothing of it is left anywhere."""
    source, models = folder / "source", folder / "models"
    source.write_bytes(data)
    try:
        yield add(source, ModelOptions(folder=str(models))).left_out
    finally:
        there = {each.name for each in folder.iterdir()}
        assert there <= {"source", "models"}, "a file beside the models"
        # A folder of any name that a manifest may give, with the two files.
        found = sorted(each.name for each in models.rglob("*")) if models.exists() else []
        whole = len(found) == 3 and {"model.onnx", "model.toml"} < set(found)
        assert not found or whole, "half a model is left"


_PROJECT = f"""
[project]
name = "a-plugin"
version = "1.0"
[project.entry-points."{GROUP}"]
main = "a_plugin.hooks:register"
""".encode()


@target("plugin-projects", "toml", lambda: (_PROJECT,), words=(GROUP, "a:b:c", "entry-points"))
def plugin_projects(data: bytes, folder: Path) -> Iterable[object]:
    """A plugin's project names its entry points, or a line says that it does not."""
    (folder / "pyproject.toml").write_bytes(data)
    for point in points_of(folder):
        yield bool(point.version)


def _prompts() -> Iterator[bytes]:
    yield files("doctorflan_ls").joinpath("data", "judge_prompts.toml").read_bytes()


@target("judge-prompts", "toml", _prompts, words=("{answer}", "{question}", "{}", "{", "{x!r}"))
def judge_templates(data: bytes, folder: Path) -> Iterable[object]:
    """A file of a judge's prompts is taken, or refused with a line."""
    path = folder / "prompts.toml"
    path.write_bytes(data)
    for language in ("", "zh", "en"):
        made = judge_prompts(path, language)
        yield (tuple(sorted(made.templates)), len(made.words))


_JUDGED = (
    b'{"choices": [{"message": {"content": "good [[7]]"}}], "usage": {"prompt_tokens": 1}}',
    "总分：8分".encode(),
    b"Score: **9/10**",
)


@target("judge-answers", "json", lambda: _JUDGED, words=("评分：", "Score: ", "10", "[[7]]", "/10"))
def judge_answers(data: bytes, _: Path) -> Iterable[object]:
    """Whatever a judge says there is a score in it, or none."""
    yield score_of(text_of(data)) is None
    try:
        yield _reply(data).text[:1]
    except Fault as fault:
        yield fault.key
