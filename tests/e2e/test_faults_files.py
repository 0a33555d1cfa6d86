"""Real models of files: no memory for them, and files that change under the server."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from doctorflan_ls.audit.reading import rows
from doctorflan_ls.audit.verify import verify
from doctorflan_ls.models.folders import manifest as manifests
from doctorflan_ls.models.folders.manifest import ModelFile
from tests.e2e.peer import stdio
from tests.e2e.test_drafts import NOTE
from tests.e2e.test_faults_models import answers, draft, opened, stands_in, trail

__all__ = ["trail"]

resource = pytest.importorskip("resource", reason="bounds as POSIX has them")
pytestmark = pytest.mark.slow


@pytest.fixture
def tiny(tmp_path):
    """A real ONNX model whose weights are a file of their own; its folder."""
    graphs = pytest.importorskip("onnx_graphs")
    folder = tmp_path / "models" / "tiny"
    graphs.save(graphs.graph(graphs.weights()), folder, external=True)
    return listed(folder, graphs.manifest())


def listed(folder, manifest):
    """Write the manifest with all files of the folder; gives the folder."""
    files = tuple(
        ModelFile(path.name, manifests.sha256(path), path.stat().st_size)
        for path in sorted(folder.iterdir())
    )
    manifests.write(folder, replace(manifest, id="tiny", files=files))
    return folder


TASK = {"task": "differential-diagnosis"}


def models_of(folder, **more):
    return {"folder": str(folder.parent), "use": {"*": folder.name}, "max_tokens": 20, **more}


def bound(process, mib):
    """Leave the process so much address space beside what it has; gives the bound it had."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[0])
    before = resource.prlimit(process.pid, resource.RLIMIT_AS)
    most = pages * resource.getpagesize() + mib * 2**20
    resource.prlimit(process.pid, resource.RLIMIT_AS, (most, before[1]))
    return before


async def test_out_of_memory_while_loading_is_one_line_and_is_over_when_there_is_more(tiny, trail):
    if not hasattr(resource, "prlimit"):
        pytest.skip("bounds of another process are Linux's")
    async with stdio() as peer:
        uri = await opened(peer, model="tiny", models=models_of(tiny))
        # What the skeleton needs is there; of the runtime's libraries nothing is.
        await draft(peer, uri, model="skeleton")
        before = bound(peer.process, 40)
        line = await stands_in(peer, uri, "tiny", **TASK)
        assert "MiB of memory" in line
        assert str(tiny) in line
        resource.prlimit(peer.process.pid, resource.RLIMIT_AS, before)
        first = await answers(peer, uri, "tiny", **TASK)
        # The libraries are loaded: now the weights and the cache find no room.
        other = models_of(tiny, threads=2)
        await peer.notify("workspace/didChangeConfiguration", {"settings": {"models": other}})
        await peer.change(uri, 2, {"text": f"{NOTE}\n"})
        before = bound(peer.process, 24)
        line = await stands_in(peer, uri, "tiny", **TASK)
        assert str(tiny) in line
        assert "memory" in line
        resource.prlimit(peer.process.pid, resource.RLIMIT_AS, before)
        await peer.change(uri, 3, {"text": NOTE})
        again = await answers(peer, uri, "tiny", **TASK)
        assert again["text"] == first["text"]
        assert await peer.request("test/text", {"textDocument": {"uri": uri}}) == NOTE
        peer.process.kill()
        assert "Traceback" not in await peer.stderr()
    outcomes = [row.outcome for row in rows(trail)]
    assert outcomes == ["ready", "failed", "ready", "ready", "failed", "ready", "ready"]
    assert verify(trail).fault is None


def cut(path):
    os.truncate(path, 0)


def overwritten(path):
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))


def another(path):
    path.with_name("new").write_bytes(bytes(path.stat().st_size))
    path.with_name("new").replace(path)


def pipe(path):
    path.unlink()
    os.mkfifo(path)


def folder(path):
    path.unlink()
    path.mkdir()


def endless(path):
    path.unlink()
    path.symlink_to("/dev/zero")


def link(path):
    """The same bytes outside of the folder."""
    away = path.parent.parent.parent / "elsewhere"
    path.replace(away)
    path.symlink_to(away)


def sparse(path):
    os.truncate(path, 2**40)


def gone(path):
    path.unlink()


async def test_weights_that_change_while_they_are_loaded_are_never_answered_from(tiny, trail):
    weights = tiny / "model.onnx.data"
    whole = weights.read_bytes()
    async with stdio() as peer:
        uri = await opened(peer, model="tiny", models=models_of(tiny))
        first = await answers(peer, uri, "tiny", **TASK)
        faults = (cut, overwritten, another, pipe, folder, endless, link, sparse, gone)
        for number, fault in enumerate(faults):
            fault(weights)
            # Another text: what was answered before is kept.
            await peer.change(uri, 2 * number + 2, {"text": f"{NOTE}{number}\n"})
            line = await stands_in(peer, uri, "tiny", **TASK)
            assert str(tiny) in line, fault
            if weights.is_dir() and not weights.is_symlink():
                weights.rmdir()
            weights.unlink(missing_ok=True)
            weights.write_bytes(whole)
            made = await answers(peer, uri, "tiny", **TASK)
            assert made["text"]
        await peer.change(uri, 99, {"text": NOTE})
        assert (await answers(peer, uri, "tiny", **TASK))["text"] == first["text"]
        assert await peer.request("test/threads")
    assert [row.outcome for row in rows(trail)].count("failed") == len(faults)
