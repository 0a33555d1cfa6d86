"""A folder that appears whole or not at all."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doctorflan_ls.errors import ModelUnavailable

_MIB = 1 << 20


@contextmanager
def staged(out: Path, *, needed: int, replace: bool) -> Iterator[Path]:
    """Yield a new folder beside ``out`` that becomes ``out`` when the block ends.

    ``needed`` is about how many bytes will be written. Where the block fails or is interrupted,
    nothing of it stays and ``out`` is as it was. Raises ModelUnavailable where ``out`` exists and
    is not to be replaced, where its parent cannot be written, and where the disk is too full.
    """
    out = out.absolute()
    if out.exists() and not replace:
        raise ModelUnavailable("export.exists", out=out)
    if out.exists() and not out.is_dir():
        raise ModelUnavailable("export.not-folder", out=out)
    stage = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(out.parent).free
        if free < needed:
            raise ModelUnavailable(
                "export.disk-full", out=out, needed=needed // _MIB + 1, free=free // _MIB
            )
        stage.mkdir()
        yield stage
        _swap(stage, out)
    except OSError as error:
        if error.errno is None:  # not the system's: a library's own
            raise
        reason = error.strerror or type(error).__name__
        raise ModelUnavailable("export.not-written", out=out, reason=reason) from None
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _swap(stage: Path, out: Path) -> None:
    old = stage.with_name(f"{stage.name}.old")
    if out.exists():
        out.rename(old)
    try:
        stage.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)
