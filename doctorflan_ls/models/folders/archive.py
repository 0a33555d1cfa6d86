"""Reading a folder, a zip, a wheel or a tar file that nobody vouches for yet.

An archive is listed whole before anything is written. One with an unsafe path, a link, a device, an
encrypted entry, two entries of one name or far more content than its size explains is refused.
Files are then read by name; nothing is ever unpacked by the archive's own directions.
"""

from __future__ import annotations

import errno
import gzip
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.folders import paths

MAX_ENTRIES = 20_000
# Weights hardly compress; what unfolds to more than this many times its size is a bomb.
_MAX_RATIO = 100
_ALWAYS_ALLOWED = 64 * 1024 * 1024
# The largest piece a tar reader asks for by itself is a header; more is a hostile one.
_MAX_READ = 4 * 1024 * 1024

_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RecursionError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    IndexError,
    OverflowError,
    MemoryError,
    struct.error,
)


class Source(ABC):
    """Files by their safe paths. ``sizes`` is in bytes; ``links`` are paths that are no files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sizes: dict[str, int] = {}
        self.links: set[str] = set()

    @abstractmethod
    def open(self, name: str) -> IO[bytes]:
        """The bytes of the file ``name``."""


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """The files of a folder, a zip, a wheel or a tar file, also a compressed one (``.tgz``).

    Raises ModelUnavailable for what is none of these, and for an archive that is broken or hostile,
    also while its files are read within the block.
    """
    if path.is_dir():
        yield _Folder(path)
        return
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise ModelUnavailable("store.no-source", source=path) from None
    except OSError as error:
        raise _unfit(path, error) from None
    with file:
        try:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ModelUnavailable("store.no-archive", source=path)
            source = _archive(path, file)
        except _BROKEN as error:
            raise _unfit(path, error) from error
        yield source


@contextmanager
def reading(source: Source) -> Iterator[None]:
    """Within the block, a broken archive raises ModelUnavailable."""
    try:
        yield
    except _BROKEN as error:
        raise _unfit(source.path, error) from error


def _archive(path: Path, file: IO[bytes]) -> Source:
    head = file.read(4)
    file.seek(0)
    if head.startswith(b"PK"):
        return _Zip(path, zipfile.ZipFile(file))
    limit = _unfolded_limit(file)
    if head.startswith(b"\x1f\x8b"):
        return _Tar(path, _Bounded(cast("IO[bytes]", gzip.GzipFile(fileobj=file)), limit, path))
    if head == b"GGUF" or path.suffix.lower() == ".safetensors":
        raise ModelUnavailable("store.no-manifest-export", source=path)
    file.seek(257)
    is_tar = file.read(5) == b"ustar"
    file.seek(0)
    if not is_tar:
        raise ModelUnavailable("store.no-archive", source=path)
    return _Tar(path, _Bounded(file, limit, path))


def _unfolded_limit(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_size * _MAX_RATIO + _ALWAYS_ALLOWED


class _Folder(Source):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        seen = 0
        for above, folders, files in os.walk(path, followlinks=False):
            for name in (*folders, *files):
                seen += 1
                if seen > MAX_ENTRIES:
                    raise ModelUnavailable("store.too-many", source=path, limit=MAX_ENTRIES)
                self._take(Path(above) / name)

    def _take(self, path: Path) -> None:
        name = path.relative_to(self.path).as_posix()
        found = path.lstat()
        if stat.S_ISREG(found.st_mode):
            if paths.is_safe(name):
                self.sizes[name] = found.st_size
        elif not stat.S_ISDIR(found.st_mode):
            self.links.add(name)

    def open(self, name: str) -> IO[bytes]:
        return (self.path / name).open("rb")


class _Entries(Source):
    """What zip and tar share: each entry is checked before the next one is looked at."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._seen: set[str] = set()

    def _take(self, name: str, size: int, *, is_folder: bool) -> bool:
        plain = name.removesuffix("/") if is_folder else name
        # `tar -C folder .` begins every name like this.
        plain = plain.removeprefix("./")
        if is_folder and plain in {"", "."}:
            return False
        if not paths.is_safe(plain):
            raise self._refused("store.unsafe-path", name)
        if is_folder:
            return False
        if paths.folded(plain) in self._seen:
            raise self._refused("store.twice", name)
        if len(self._seen) >= MAX_ENTRIES:
            raise ModelUnavailable("store.too-many", source=self.path, limit=MAX_ENTRIES)
        self._seen.add(paths.folded(plain))
        self.sizes[plain] = size
        return True

    def _refused(self, key: str, name: str) -> ModelUnavailable:
        # The name comes from the archive and may hold anything, a terminal's commands too.
        shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in name)[:80]
        return ModelUnavailable(key, source=self.path, name=shown)


class _Zip(_Entries):
    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        super().__init__(path)
        self._archive = archive
        self._entries: dict[str, zipfile.ZipInfo] = {}
        limit = path.stat().st_size * _MAX_RATIO + _ALWAYS_ALLOWED
        for entry in archive.infolist():
            mode = entry.external_attr >> 16
            # A zip made on Windows holds no mode.
            if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise self._refused("store.link", entry.filename)
            # Other methods may ask for gigabytes before the first byte.
            usual = entry.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
            if entry.flag_bits & 0x1 or not usual:
                raise self._refused("store.unusual-entry", entry.filename)
            # zipfile itself reads a name up to its first null character.
            is_folder = entry.filename.endswith("/")
            if self._take(entry.orig_filename, entry.file_size, is_folder=is_folder):
                self._entries[entry.orig_filename.removeprefix("./")] = entry
            limit -= entry.file_size
            if limit < 0:
                raise ModelUnavailable("store.bomb", source=path)

    def open(self, name: str) -> IO[bytes]:
        return self._archive.open(self._entries[name])


class _Tar(_Entries):
    def __init__(self, path: Path, file: _Bounded) -> None:
        super().__init__(path)
        self._archive = tarfile.TarFile(fileobj=cast("IO[bytes]", file))
        self._entries: dict[str, tarfile.TarInfo] = {}
        before = -1
        for entry in self._archive:
            # A header with a size below 0 would lead back to itself for ever.
            if entry.size < 0 or entry.offset <= before:
                raise ModelUnavailable("store.broken", source=path)
            before = entry.offset
            if entry.type not in {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE}:
                raise self._refused("store.link", entry.name)
            if entry.issparse():
                raise ModelUnavailable("store.bomb", source=path)
            if self._take(entry.name, entry.size, is_folder=entry.isdir()):
                self._entries[entry.name.removeprefix("./")] = entry

    def open(self, name: str) -> IO[bytes]:
        found = self._archive.extractfile(self._entries[name])
        assert found is not None  # noqa: S101  (only regular files are among the entries)
        return found


class _Bounded:
    """A stream that refuses to be read in huge pieces or beyond ``limit`` bytes."""

    def __init__(self, file: IO[bytes], limit: int, path: Path) -> None:
        self._file = file
        self._limit = limit
        self._path = path
        self.tell = file.tell
        self.close = file.close

    def seek(self, offset: int) -> int:
        self._check(offset)
        return self._file.seek(offset)

    def read(self, size: int) -> bytes:
        if size > _MAX_READ:
            raise ModelUnavailable("store.bomb", source=self._path)
        self._check(self._file.tell() + size)
        return self._file.read(size)

    def _check(self, end: int) -> None:
        if end > self._limit:
            raise ModelUnavailable("store.bomb", source=self._path)


def root_of(sizes: Mapping[str, int], name: str) -> list[str]:
    """The folders, ``""`` or ending in ``/``, at most one deep, that hold the file ``name``."""
    return sorted(
        path.removesuffix(name)
        for path in sizes
        if path.rpartition("/")[2] == name and path.count("/") <= 1
    )


def _unfit(path: Path, error: Exception) -> ModelUnavailable:
    # gzip's own errors are OSErrors too, without a number; a wrong offset is an invalid argument.
    if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
        return ModelUnavailable("store.unreadable", source=path, reason=error.strerror)
    return ModelUnavailable("store.broken", source=path)
