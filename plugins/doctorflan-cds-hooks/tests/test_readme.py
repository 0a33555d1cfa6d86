"""The commands of the README, run as they stand there but for the port."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from samples import validator

FOLDER = Path(__file__).resolve().parents[1]
COMMANDS = re.findall(
    r"^curl .*$", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE
)


def test_there_are_five():
    assert len(COMMANDS) == 5


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
@pytest.mark.parametrize("line", COMMANDS)
def test_a_command(served, line):
    here = line.replace("127.0.0.1:8765", f"127.0.0.1:{served.client.base_url.port}")
    ended = subprocess.run(
        here, shell=True, cwd=FOLDER, capture_output=True, check=True, timeout=20
    )
    said = json.loads(ended.stdout)
    if line.endswith("/feedback"):
        assert said == {"recorded": 1}
    elif line.endswith("/cds-services"):
        validator("discovery").validate(said)
    else:
        validator("response").validate(said)
        assert said["cards"]


@pytest.mark.parametrize("name", ["patient-view", "encounter-discharge", "order-sign"])
def test_the_examples_are_requests(name):
    body = json.loads((FOLDER / "examples" / f"{name}.json").read_text(encoding="utf-8"))
    validator("request").validate(body)
