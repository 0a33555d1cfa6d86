"""The soak of tests/endurance, in short: what a day leaves behind once everybody has gone."""

from __future__ import annotations

import asyncio
import sys

import pytest

from doctorflan_ls.audit.verify import verify
from tests.e2e.peer import ROOT
from tests.endurance.doctor import Day, Doctor
from tests.endurance.measuring import is_flat, sample, trend
from tests.endurance.picture import picture
from tests.endurance.soak import connected, judged, serving

# What a server holds of its clients.
OF_CLIENTS = (
    "doctorflan_ls.server.connection.Connection",
    "doctorflan_ls.server.documents.Document",
    "doctorflan_ls.drafts.Draft",
    "websockets.asyncio.server.ServerConnection",
)


async def left_behind(process, counts):
    """What it holds once the last goodbyes are through."""
    held = {}
    async with asyncio.timeout(20):
        while held.get("tasks", 9) > 2 or held.get(f"kind {OF_CLIENTS[-1]}"):
            await asyncio.sleep(0.1)
            held = await sample(process.pid, counts, collected=True)
    return held


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_nothing_grows_from_one_shift_to_the_next(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    async with serving(tmp_path) as (process, url, counts):
        day = Day(0.0)
        shifts = []
        for seed in (1, 2, 3):
            doctors = [Doctor(each, seed, day, lambda: connected(url)) for each in range(2)]
            async with asyncio.timeout(60):
                await asyncio.gather(*(doctor.connect(each=1) for doctor in doctors))
            shifts.append(await left_behind(process, counts))
        first, *others = shifts
        for held in others:
            assert held["threads"] <= first["threads"]
            assert held["handles"] <= first["handles"]
            assert held["tasks"] == first["tasks"]
        for held in shifts:
            assert [each for each in OF_CLIENTS if held.get(f"kind {each}")] == []
    assert day.done["connection"] == 6
    assert not day.errors
    assert verify(tmp_path / "state" / "doctorflan-ls" / "audit.sqlite3").fault is None


def test_a_line_that_rises_is_told_from_noise():
    at = [10.0 * each for each in range(720)]
    noise = [(each * 7919 % 101) / 101 for each in range(720)]
    assert is_flat(trend(at, noise), 0.0)
    rising = [each + 3 * when / 3600 for each, when in zip(noise, at, strict=True)]
    found = trend(at, rising)
    assert found.slope == pytest.approx(3, abs=0.3)
    assert not is_flat(found, 1.0)
    assert is_flat(found, 5.0)
    # Neighbours that are alike say less than their number.
    slow, fast = ([float(when // step % 2) for when in at] for step in (600, 10))
    assert trend(at, slow).error > 3 * trend(at, fast).error


def test_a_run_is_judged_and_drawn():
    samples = [
        {"at": 10.0 * each, "cpu_s": 0.1 * each, "rss_mib": 100.0, "pss_mib": 90.0}
        | {"uss_mib": 80.0, "threads": 3, "handles": 20, "tasks": 50, "blocks": 1e6 + each * 1e4}
        for each in range(60)
    ]
    result = {"seconds": 600, "clients": 10, "samples": samples}
    verdict = judged(result)
    assert all(verdict["flat"].values())
    assert verdict["core_share"] == pytest.approx(0.01)
    assert verdict["trends"]["blocks"]["slope"] == pytest.approx(3.6e6)
    drawn = picture(result)
    assert drawn.count("<polyline") == 6
