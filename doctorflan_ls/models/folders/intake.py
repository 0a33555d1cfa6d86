"""Adding a model: every file read from its source once, compared with the manifest, then in place.

The model is put together in a hidden folder beside its place and moved there whole, so that one
that is interrupted, refused or half written is never listed.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import ModelOptions
from doctorflan_ls.models.folders import manifest as manifests
from doctorflan_ls.models.folders.archive import Source, opened, reading, root_of
from doctorflan_ls.models.folders.content import HEAD_BYTES, is_dangerous
from doctorflan_ls.models.folders.manifest import MANIFEST_FILE, Manifest, ModelFile
from doctorflan_ls.models.folders.store import HIDDEN, find_folder, models_folder

_BLOCK = 1024 * 1024
_ADDING = f"{HIDDEN}adding-"
_REMOVING = f"{HIDDEN}removing-"
# What a process that was killed left behind is taken away after this many seconds.
_STALE = 24 * 3600


@dataclass(frozen=True, slots=True)
class Added:
    """What was added, where to, and which files of the source were left out, by their paths."""

    manifest: Manifest
    folder: Path
    left_out: tuple[str, ...]


def add(
    source: Path,
    options: ModelOptions,
    *,
    replace: bool = False,
    manifest: Path | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Added:
    """Add the model in ``source``: a folder, a zip, a wheel or a tar file.

    ``manifest`` is used instead of the one in the source. ``progress`` is told the bytes taken over
    so far and in all. Raises ModelUnavailable where the source is broken or hostile, has no
    manifest, or does not hold exactly what its manifest says; nothing is left behind then.
    """
    with opened(source) as files:
        root, data = _manifest_of(files, manifest)
        found = manifests.parse(data, str(manifest or f"{source}/{root}{MANIFEST_FILE}"))
        with _prepared(found, options, replace=replace) as folder:
            _copy(files, root, found, folder, progress)
            (folder / MANIFEST_FILE).write_bytes(data)
            place = _settled(folder, found, options)
    return Added(found, place, _left_out(files, root, found))


def add_manifest(manifest: Manifest, options: ModelOptions, *, replace: bool = False) -> Added:
    """Add a model without files: one that a server answers. Raises ModelUnavailable."""
    with _prepared(manifest, options, replace=replace) as folder:
        written = manifests.write(folder, manifest)
        return Added(written, _settled(folder, manifest, options), ())


def _manifest_of(files: Source, given: Path | None) -> tuple[str, bytes]:
    """The folder inside the source that the model is in, and the manifest's bytes."""
    roots = root_of(files.sizes, MANIFEST_FILE)
    if given is not None:
        data = _read_manifest(given)
        listed = manifests.parse(data, str(given)).files
        return _root_for(files, listed), data
    if not roots:
        raise _no_manifest(files)
    if len(roots) > 1:
        names = ", ".join(f"{root}{MANIFEST_FILE}" for root in roots[:3])
        raise ModelUnavailable("store.many-models", source=files.path, names=names)
    with reading(files), files.open(f"{roots[0]}{MANIFEST_FILE}") as file:
        return roots[0], file.read(manifests.MAX_MANIFEST_BYTES + 1)


def _read_manifest(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(manifests.MAX_MANIFEST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ModelUnavailable("manifest.unreadable", at=path, reason=reason) from None


def _root_for(files: Source, listed: tuple[ModelFile, ...]) -> str:
    """The folder, at most one deep, that holds all listed files; the source itself for none."""
    tops = {f"{path.partition('/')[0]}/" for path in files.sizes if "/" in path}
    for root in ("", *sorted(tops)):
        if all(f"{root}{each.path}" in files.sizes for each in listed):
            return root
    return ""


def _no_manifest(files: Source) -> ModelUnavailable:
    endings = {Path(path).suffix.lower() for path in files.sizes}
    if endings & {".gguf", ".safetensors"}:
        return ModelUnavailable("store.no-manifest-export", source=files.path)
    if ".onnx" in endings:
        return ModelUnavailable("store.no-manifest-onnx", source=files.path)
    return ModelUnavailable("store.no-manifest", source=files.path)


@contextmanager
def _prepared(manifest: Manifest, options: ModelOptions, *, replace: bool) -> Iterator[Path]:
    """A hidden folder beside the model's place, gone again when the block is left."""
    above = models_folder(options)
    old = _present(manifest.id, options)
    if old is not None and not replace:
        raise ModelUnavailable("store.exists", model=manifest.id, version=_version(old), folder=old)
    try:
        above.mkdir(parents=True, exist_ok=True)
        _sweep(above)
        needed = sum(each.size for each in manifest.files)
        free = shutil.disk_usage(above).free
        if needed > free:
            sizes = {"needed": needed // 2**20 + 1, "free": free // 2**20}
            raise ModelUnavailable("store.no-space", folder=above, **sizes)
        folder = above / f"{_ADDING}{secrets.token_hex(4)}"
        folder.mkdir()
    except OSError as error:
        raise _unwritable(above, error) from None
    try:
        yield folder
    except OSError as error:
        raise _unwritable(above, error) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _version(folder: Path) -> str:
    try:
        return manifests.read(folder).version
    except ModelUnavailable:
        return "?"


def _copy(
    files: Source,
    root: str,
    manifest: Manifest,
    folder: Path,
    progress: Callable[[int, int], None],
) -> None:
    total = sum(each.size for each in manifest.files)
    done = 0
    for each in manifest.files:
        path = f"{root}{each.path}"
        if any(link == path or path.startswith(f"{link}/") for link in files.links):
            raise ModelUnavailable("store.link", source=files.path, name=path)
        if path not in files.sizes:
            raise ModelUnavailable("store.not-in-source", source=files.path, name=path)
        if files.sizes[path] != each.size:
            sizes = {"found": files.sizes[path], "wanted": each.size}
            raise ModelUnavailable("store.wrong-size", source=files.path, name=path, **sizes)
        target = folder / each.path
        target.parent.mkdir(parents=True, exist_ok=True)
        for count in _copied(files, path, each, target):
            done += count
            progress(done, total)


def _copied(files: Source, path: str, file: ModelFile, target: Path) -> Iterator[int]:
    """Copy one file, no byte more than its size, and compare its hash; yields bytes copied."""
    digest = hashlib.sha256()
    left = file.size
    head = b""
    with reading(files):
        stream = files.open(path)
    with stream, target.open("xb") as out:
        while True:
            with reading(files):
                block = stream.read(min(_BLOCK, left + 1))
            if not block:
                break
            left -= len(block)
            if left < 0:
                break
            if len(head) < HEAD_BYTES:
                head += block[: HEAD_BYTES - len(head)]
            digest.update(block)
            out.write(block)
            yield len(block)
    if left != 0 or digest.hexdigest() != file.sha256:
        raise ModelUnavailable("store.wrong-hash", source=files.path, name=path)
    if is_dangerous(head):
        raise ModelUnavailable("store.dangerous", source=files.path, name=path)


def _settled(folder: Path, manifest: Manifest, options: ModelOptions) -> Path:
    """Move the finished ``folder`` to the model's place; an older one goes once it is there."""
    above = models_folder(options)
    place = above / manifest.id
    old = _present(manifest.id, options)
    if old is None:
        folder.rename(place)
        return place
    away = above / f"{_REMOVING}{manifest.id}-{secrets.token_hex(4)}"
    old.rename(away)
    try:
        folder.rename(place)
    except OSError:
        away.rename(old)
        raise
    if away.is_symlink() or away.is_file():
        away.unlink()
    else:
        shutil.rmtree(away, ignore_errors=True)
    return place


def _present(model: str, options: ModelOptions) -> Path | None:
    """What has the model's id already, or stands where its folder would."""
    place = models_folder(options) / model
    return find_folder(model, options) or (place if os.path.lexists(place) else None)


def _sweep(above: Path) -> None:
    for each in above.iterdir():
        half = each.name.startswith((_ADDING, _REMOVING))
        if half and time.time() - each.lstat().st_mtime > _STALE:
            shutil.rmtree(each, ignore_errors=True)


def _left_out(files: Source, root: str, manifest: Manifest) -> tuple[str, ...]:
    taken = {f"{root}{each.path}" for each in manifest.files} | {f"{root}{MANIFEST_FILE}"}
    return tuple(sorted((files.sizes.keys() | files.links) - taken))


def _unwritable(folder: Path, error: OSError) -> ModelUnavailable:
    reason = error.strerror or type(error).__name__
    return ModelUnavailable("store.unwritable", folder=folder, reason=reason)
