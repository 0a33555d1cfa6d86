"""doctorflan/status: models, how they are doing, and where text may be sent to."""

import json
from pathlib import Path

import jsonschema
import pytest

from doctorflan_ls.features.status import Running, status
from doctorflan_ls.models.base import ModelSpec

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "schemas" / "protocol" / "status.json").read_text(encoding="utf-8"))
HERE = ModelSpec("here", "1", "onnx", digest="0" * 64, tasks=("triage",), context_length=2048)
AWAY = ModelSpec("away", "2", "openai", host="gpu.example:8000")


def found(hosts=(), running=None, broken=None):
    result = status((HERE, AWAY), running or {}, broken or {}, hosts)
    rest = {
        "locale": "en",
        "documents": 0,
        "plugins": [],
        "settings": {"values": {}, "problems": []},
    }
    jsonschema.validate(result | rest, {**SCHEMA["$defs"]["result"], "$defs": SCHEMA["$defs"]})
    return result


@pytest.mark.parametrize(
    ("hosts", "network"),
    [
        ((), "off"),
        (("other.example",), "off"),
        (("gpu.example:9000",), "off"),
        (("gpu.example",), ["gpu.example:8000"]),
        (("GPU.example:8000",), ["gpu.example:8000"]),
    ],
)
def test_the_network_is_off_unless_a_model_and_the_user_name_the_same_host(hosts, network):
    assert found(hosts)["network"] == network


def test_each_model_says_how_it_is_doing():
    running = {"away": Running("failed", 2, 1, 1.23456, "no answer")}
    here, away = found(running=running, broken={"half": "no manifest"})["models"]
    assert (here["state"], here["failure"], here["load_seconds"]) == ("unloaded", "", 0.0)
    assert (away["state"], away["waiting"], away["hung"]) == ("failed", 2, 1)
    assert (away["load_seconds"], away["failure"]) == (1.235, "no answer")
    assert (here["tasks"], here["context_length"]) == (["triage"], 2048)


def test_what_is_not_listed_is_named_with_the_reason():
    assert found(broken={"half": "no manifest"})["broken"] == [
        {"name": "half", "reason": "no manifest"}
    ]
