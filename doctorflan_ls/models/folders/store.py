"""The models folder: where added models live, one folder each, and how one of them is loaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import ChatModel, Kind, Listed, Model, ModelOptions
from doctorflan_ls.models.folders import manifest as manifests
from doctorflan_ls.models.folders import paths
from doctorflan_ls.models.folders.manifest import Manifest

# Folders with this beginning are half made, or half removed; no id begins with a dot.
HIDDEN = "."

# What tokenizers and runtimes read by itself where it lies beside the files they were given.
_READ_UNASKED = {".json", ".jinja", ".safetensors"}

# Files of one folder that are looked at for changes; a model has a dozen.
_MOST_MARKED = 1000

# Files whose bytes were compared with their hash by this process, as the system knows them.
_verified: set[tuple[object, ...]] = set()


def models_folder(options: ModelOptions) -> Path:
    """The folder of the added models, which need not exist: the setting, or the user's data folder.

    Raises ModelUnavailable where there is neither.
    """
    if options.folder:
        return Path(options.folder).expanduser()
    from platformdirs import user_data_path  # noqa: PLC0415  (most starts add no model)

    folder = user_data_path("doctorflan-ls", appauthor=False) / "models"
    # A container's user may have no home.
    if not folder.is_absolute():
        raise ModelUnavailable("store.no-home")
    return folder


def mark(options: ModelOptions) -> object:
    """Another value once a file of the added models came, went or changed; reads none of them."""
    seen: set[tuple[object, ...]] = set()
    # What changes just now, or cannot be read, is as good as not there.
    with suppress(OSError, ModelUnavailable):
        for folder in model_folders(options):
            for path in (folder, *islice(folder.rglob("*"), _MOST_MARKED)):
                with suppress(OSError):
                    found = path.stat()
                    seen.add((path, found.st_ino, found.st_size, found.st_mtime_ns))
    return frozenset(seen)


def model_folders(options: ModelOptions) -> Iterator[Path]:
    """The folders of the added models, by name. Raises ModelUnavailable."""
    above = models_folder(options)
    try:
        found = sorted(above.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ModelUnavailable("store.unreadable", source=above, reason=reason) from None
    for each in found:
        if not each.name.startswith(HIDDEN) and each.is_dir():
            yield each


@dataclass(frozen=True, slots=True)
class FolderModel(Listed):
    """A model that is a folder with a manifest."""

    folder: Path
    manifest: Manifest


def folder_model(folder: Path) -> FolderModel:
    """The model in ``folder``, which has a manifest; plugins list their own folders with it.

    Only the manifest is read now. Loading it compares every file with its hash. Raises
    ModelUnavailable for a manifest that is missing or wrong.
    """
    manifest = manifests.read(folder)

    def load(options: ModelOptions) -> Model:
        from doctorflan_ls.models.language import LanguageModel  # noqa: PLC0415

        chat, vouched = _load(folder, manifest, options)
        return LanguageModel(chat, vouched.holds)

    return FolderModel(manifest.spec(host=host_of(manifest.url)), load, folder, manifest)


def host_of(url: str) -> str:
    """``host:port`` of a server's base, as the setting ``network.hosts`` names it.

    Empty for an empty one. Raises ModelUnavailable.
    """
    if not url:
        return ""
    from doctorflan_ls.models.openai.address import parse  # noqa: PLC0415  (no other kind has one)

    return parse(url).name


def load_chat(folder: Path, manifest: Manifest, options: ModelOptions) -> ChatModel:
    """The language model in ``folder``, its files compared with their hashes first.

    Raises ModelUnavailable.
    """
    return _load(folder, manifest, options)[0]


def _load(folder: Path, manifest: Manifest, options: ModelOptions) -> tuple[ChatModel, Vouched]:
    vouched = verify(folder, manifest)
    chat = _loader(manifest.kind)(folder, manifest, options)
    # What was compared is what was loaded.
    if not vouched.holds():
        chat.close()
        raise ModelUnavailable("store.file-changed", model=manifest.id)
    return chat, vouched


def _loader(kind: Kind) -> Callable[[Path, Manifest, ModelOptions], ChatModel]:
    # One kind's runtime need not be installed for another's models.
    match kind:
        case "onnx":
            from doctorflan_ls.models.onnx import load  # noqa: PLC0415
        case "transformers":
            from doctorflan_ls.models.transformers import load  # noqa: PLC0415
        case "openai":
            from doctorflan_ls.models.openai import load  # noqa: PLC0415
        case "skeleton":
            raise ValueError(kind)
    return load


@dataclass(frozen=True, slots=True)
class Vouched:
    """Files that were compared with their hashes, and how the system knew each before that."""

    stamps: tuple[tuple[Path, tuple[int, ...]], ...]

    def holds(self) -> bool:
        """True while none of them was touched since. Weights are read from their file again and
        again, so that a change of it changes the model.
        """
        try:
            return all(_stamp(path) == stamp for path, stamp in self.stamps)
        except OSError:
            return False


def verify(folder: Path, manifest: Manifest) -> Vouched:
    """Compare every file of the manifest with its size and its hash.

    A file that this process compared before, and that the system says nobody touched since, is not
    read again. Raises ModelUnavailable for one that is missing or differs, and for one that the
    manifest does not list but that would be read.
    """
    stamps: list[tuple[Path, tuple[int, ...]]] = []
    for each in manifest.files:
        path = folder / each.path
        try:
            stamp = _stamp(path)
            stamps.append((path, stamp))
            # Windows keeps no time of the last change that a program cannot set back.
            seen = None if os.name == "nt" else (*stamp, each.sha256)
            if seen in _verified:
                continue
            if not path.is_file():
                raise ModelUnavailable("store.file-differs", model=manifest.id, path=path)
            if path.stat().st_size != each.size or manifests.sha256(path) != each.sha256:
                raise ModelUnavailable("store.file-differs", model=manifest.id, path=path)
        except FileNotFoundError:
            raise ModelUnavailable("store.file-missing", model=manifest.id, path=path) from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ModelUnavailable("store.unreadable", source=path, reason=reason) from None
        # A file that changed while it was read is read again the next time.
        if seen is not None and seen[:-1] == _stamp(path):
            _verified.add(seen)
    if manifest.files:
        _refuse_unlisted(folder, manifest)
    return Vouched(tuple(stamps))


def _refuse_unlisted(folder: Path, manifest: Manifest) -> None:
    listed = {paths.folded(each.path) for each in manifest.files}
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ModelUnavailable("store.unreadable", source=folder, reason=reason) from None
    for name in names:
        if Path(name).suffix.lower() in _READ_UNASKED and paths.folded(name) not in listed:
            raise ModelUnavailable("store.unlisted", model=manifest.id, path=folder / name)


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes whenever the file's bytes do; raises OSError."""
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def remove(model: str, options: ModelOptions) -> Path:
    """Take the added model ``model`` out of the models folder; returns the folder it was in.

    A broken one is found by its folder's name. Raises ModelUnavailable where there is none.
    """
    folder = find_folder(model, options)
    if folder is None:
        raise ModelUnavailable("store.not-added", model=model, folder=models_folder(options))
    discard(folder)
    return folder


def find_folder(model: str, options: ModelOptions) -> Path | None:
    """The folder of the added model ``model``, broken or not."""
    named = None
    for folder in model_folders(options):
        try:
            if manifests.read(folder).id == model:
                return folder
        except ModelUnavailable:
            pass
        if folder.name == model:
            named = folder
    return named


def discard(folder: Path) -> None:
    """Remove a model's folder, which disappears from the list at once. Raises ModelUnavailable."""
    if folder.is_symlink():
        folder.unlink()
        return
    away = folder.with_name(f"{HIDDEN}removing-{folder.name}-{os.getpid()}")
    try:
        folder.rename(away)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ModelUnavailable("store.not-removed", path=folder, reason=reason) from None
    shutil.rmtree(away, ignore_errors=True)
