"""Tuning with torch and peft, on a tiny made model: a few steps, a kill, the way to the engine."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tiny_decoders import tiny, write_gguf
from tune_runs import CONTEXT, rows, tiny_base, write_config, write_rows

from doctorflan_ls.cli.app import app
from doctorflan_ls.cli.exits import Exit
from doctorflan_ls.models.folders import manifest as manifests
from doctorflan_ls.tuning.config import read_config

torch = pytest.importorskip("torch")
pytest.importorskip("peft")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _own_settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))


def run(*arguments):
    return CliRunner().invoke(app, ["--lang", "en", "tune", *map(str, arguments)])


def begin(folder, **changed):
    """A folder with a base, rows and a run's file."""
    folder.mkdir(exist_ok=True)
    tiny_base(folder / "base")
    write_rows(folder / "rows.jsonl", rows())
    return write_config(folder / "run.toml", **changed)


def record(folder):
    return json.loads((folder / "out" / "run.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run that went through; tests copy it where they change it."""
    folder = tmp_path_factory.mktemp("finished")
    done = run("run", begin(folder / "run"))
    assert done.exit_code == 0, done.output
    return folder / "run"


def test_the_loss_falls_and_the_record_says_how(finished):
    found = record(finished)
    losses = [each["loss"] for each in found["curve"]]
    assert [each["step"] for each in found["curve"]] == list(range(1, 13))
    assert losses[-1] < losses[0] / 4
    measured = {each["step"]: each["loss"] for each in found["validation"]}
    assert list(measured) == [0, 4, 8, 12]
    assert measured[12] < measured[0] / 4
    assert found["state"] == "finished"
    assert found["base"]["licence"] == "MIT"
    assert found["base"]["name"] == "base"
    assert found["data"]["learn"]["rows"] + found["data"]["validation"]["rows"] == 60
    assert 0 < found["trainable"] < found["parameters"]
    assert found["versions"]["peft"]
    # Nothing of this machine goes into what is handed on with the model.
    assert str(finished) not in json.dumps(found)
    assert (finished / "out" / "loss.svg").read_text("utf-8").startswith("<svg")
    kept = {each.name for each in (finished / "out" / "checkpoints").iterdir()}
    assert kept == {"checkpoint-8", "checkpoint-12"}


def test_a_second_run_in_the_same_folder_is_refused(finished):
    done = run("run", finished / "run.toml")
    assert done.exit_code == Exit.USAGE
    assert "--resume" in done.output
    # One that ended has nothing left to do.
    assert run("run", finished / "run.toml", "--resume").exit_code == 0


@pytest.mark.parametrize("method", ["lora", "full"])
def test_after_a_kill_the_steps_are_the_same(method, tmp_path):
    changed = {
        "method": {"kind": method, "dropout": 0.1},
        "training": {"steps": 40, "learning_rate": 0.002},
    }
    whole = begin(tmp_path / "whole", **changed)
    killed = begin(tmp_path / "killed", **changed)
    assert run("run", whole).exit_code == 0
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "doctorflan_ls", "tune", "run", str(killed)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    checkpoints = tmp_path / "killed" / "out" / "checkpoints"
    until = time.monotonic() + 60
    while not (checkpoints / "checkpoint-8").exists() and time.monotonic() < until:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    at = max(int(each.name.rpartition("-")[2]) for each in checkpoints.iterdir())
    assert 8 <= at < 40
    # As a kill in the middle of writing leaves one.
    torn = checkpoints / f"checkpoint-{at + 4}"
    torn.mkdir(exist_ok=True)
    (torn / "trainer_state.json").write_text('{"global_st')
    refused = run("run", killed)
    assert refused.exit_code == Exit.USAGE
    done = run("run", killed, "--resume")
    assert done.exit_code == 0, done.output
    found, wanted = record(tmp_path / "killed"), record(tmp_path / "whole")
    assert len(found["sessions"]) == 2
    assert found["sessions"][1]["from_step"] in {4, 8, at}
    for name in ("curve", "validation"):
        assert found[name] == wanted[name]


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"training": {"learning_rate": 0.02}}, "config"),
        ({"training": {"steps": 13}}, "config"),
        ({"data": {"limit": 50}}, "data"),
        ({"training": {"precision": "bf16"}}, "precision"),
    ],
)
def test_another_run_cannot_go_on_with_it(changed, what, finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    table = record(tmp_path / "run") | {"state": "running"}
    (tmp_path / "run" / "out" / "run.json").write_text(json.dumps(table))
    done = run("run", write_config(tmp_path / "run" / "run.toml", **changed), "--resume")
    assert done.exit_code == Exit.USAGE
    assert f"({what} differs)" in done.output
    assert done.output.splitlines()[-1].startswith("doctorflan-ls: ")


def test_packed_rows_do_not_see_each_other(tmp_path):
    from doctorflan_ls.models.local.tokenizer import Tokenizer  # noqa: PLC0415
    from doctorflan_ls.tuning.base import load_weights  # noqa: PLC0415
    from doctorflan_ls.tuning.encoding import collate, encode  # noqa: PLC0415
    from doctorflan_ls.tuning.rows import Row  # noqa: PLC0415

    base = tiny_base(tmp_path / "base")
    made = [Row(str(n), "Triage", f"case {n} " * (n + 1), "ward " * n, "") for n in (1, 2, 3)]
    encoded = encode(made, Tokenizer.load(base), 256).rows
    model = load_weights(base).eval()
    model.config.use_cache = False

    def lost(batch):
        with torch.no_grad():
            found = model(**collate(batch))
        counted = sum(len(row.tokens) - row.asked for each in batch for row in each)
        return float(found.loss) * counted

    alone = sum(lost([[row]]) for row in encoded)
    assert lost([list(encoded)]) == pytest.approx(alone, rel=1e-4)
    assert lost([[encoded[0]], [encoded[2], encoded[1]]]) == pytest.approx(alone, rel=1e-4)
    # It would show: a row behind another as one text has another loss.
    one = dataclasses.replace(
        encoded[0],
        tokens=np.concatenate([each.tokens for each in encoded]),
    )
    assert lost([[one]]) != pytest.approx(alone, rel=1e-2)


def test_a_dry_run_measures_and_leaves_nothing(tmp_path):
    path = begin(tmp_path / "run")
    done = run("run", path, "--dry-run")
    assert done.exit_code == 0, done.output
    assert "tokens/s" in done.output
    assert "MiB" in done.output
    assert "hours" in done.output
    assert not (tmp_path / "run" / "out").exists()


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"method": {"targets": ["queries"]}}, "q_proj"),
        ({"training": {"length": 16}}, "no row is left"),
        ({"base": {"model": "elsewhere"}}, "no such file or folder"),
        ({"data": {"files": ["elsewhere.jsonl"]}}, "elsewhere.jsonl"),
    ],
)
def test_what_cannot_be_tuned_ends_in_one_line(changed, wanted, tmp_path):
    done = run("run", begin(tmp_path / "run", **changed))
    assert done.exit_code in {Exit.USAGE, Exit.FAILED}
    assert wanted in done.output.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "wanted"), [("pytorch_model.bin", "pickle"), (None, "no .safetensors")]
)
def test_a_base_without_safetensors_is_refused(name, wanted, tmp_path):
    path = begin(tmp_path / "run")
    for each in (tmp_path / "run" / "base").glob("*.safetensors"):
        each.unlink()
    if name:
        (tmp_path / "run" / "base" / name).write_bytes(b"x")
    done = run("run", path)
    assert done.exit_code == Exit.FAILED
    assert wanted in done.output
    assert done.output.count("\n") == 1
    assert not (tmp_path / "run" / "out").exists()


def test_a_full_disk_is_told_before_the_first_step(tmp_path, monkeypatch):
    path = begin(tmp_path / "run")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    done = run("run", path)
    assert done.exit_code == Exit.USAGE
    assert "the disk has" in done.output
    assert not list((tmp_path / "run" / "out").rglob("checkpoint-*"))


def test_out_of_memory_says_what_to_lower(tmp_path, monkeypatch):
    import transformers  # noqa: PLC0415

    def full(*_arguments, **_more):
        raise torch.OutOfMemoryError

    path = begin(tmp_path / "run")
    monkeypatch.setattr(transformers.Trainer, "training_step", full)
    done = run("run", path)
    assert done.exit_code == Exit.USAGE
    assert "gradient_checkpointing" in done.output.splitlines()[-1]


def test_ctrl_c_ends_without_a_trace_and_can_go_on(tmp_path):
    path = begin(tmp_path / "run", training={"steps": 120, "checkpoint_every": 20})
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "doctorflan_ls", "tune", "run", str(path)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, env=environment, text=True, **pipes)
    until = time.monotonic() + 60
    folder = tmp_path / "run" / "out" / "checkpoints" / "checkpoint-20"
    while not folder.exists() and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == Exit.INTERRUPTED
    assert "Traceback" not in errors
    assert record(tmp_path / "run")["state"] == "running"
    assert run("run", path, "--resume").exit_code == 0


def test_two_processes_share_a_run(tmp_path):
    path = begin(tmp_path / "run")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    launcher += ["--nproc_per_node", "2", "-m", "doctorflan_ls", "tune", "run", str(path)]
    done = subprocess.run(launcher, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("steps") == 1
    found = record(tmp_path / "run")
    assert found["processes"] == 2
    assert len(found["sessions"]) == 1
    assert found["curve"][-1]["loss"] < found["curve"][0]["loss"] / 4
    # Each epoch is read by both together: it takes half the steps.
    assert found["curve"][-1]["epoch"] > 1.5


def test_a_loss_that_is_no_number_stops_the_run(tmp_path):
    from safetensors.numpy import load_file, save_file  # noqa: PLC0415

    path = begin(tmp_path / "run")
    weights = tmp_path / "run" / "base" / "model-0.safetensors"
    broken = {name: each * np.float32("nan") for name, each in load_file(weights).items()}
    save_file(broken, weights, {"format": "pt"})
    done = run("run", path)
    assert done.exit_code == Exit.USAGE
    assert "no finite number" in done.output


@pytest.mark.parametrize("method", ["lora", "full"])
def test_from_a_run_to_an_answer_in_one_command(method, tmp_path, finished):
    folder = finished
    if method == "full":
        folder = tmp_path / "run"
        done = run("run", begin(folder, method={"kind": "full"}, training={"learning_rate": 0.003}))
        assert done.exit_code == 0, done.output
    out = tmp_path / "Ward model"
    done = run("export", folder / "out", out, "--int8")
    assert done.exit_code == 0, done.output
    assert "KL 0.0" in done.output
    assert "held against: torch" in done.output
    made = manifests.read(out)
    assert (made.id, made.licence, made.languages) == ("ward-model", "MIT", ("en",))
    assert made.context_length == CONTEXT
    assert "tuned" in made.source
    assert json.loads((out / "tuning.json").read_text("utf-8"))["state"] == "finished"
    assert {file.path for file in made.files} >= {"model.onnx", "tuning.json", "tokenizer.json"}
    # What it learnt is in it: the graph answers as the rows do.
    from doctorflan_ls.models.base import Message, ModelOptions, Sampling, Stop  # noqa: PLC0415
    from doctorflan_ls.models.folders.store import load_chat  # noqa: PLC0415

    chat = load_chat(out, made, ModelOptions(threads=1))
    asked = [Message("user", "case 3: fever")]
    said = "".join(chat.stream(asked, Sampling(max_tokens=30), Stop()))
    chat.close()
    assert said.startswith("ward ")
    assert said.endswith(" please")
    again = run("export", folder / "out", out)
    assert again.exit_code == Exit.FAILED
    assert "--replace" in again.output


def test_only_the_base_it_began_with_is_merged(finished, tmp_path):
    other = tiny_base(tmp_path / "other")
    weights = next(other.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\0")
    done = run("export", finished / "out", tmp_path / "model", "--base", other)
    assert done.exit_code == Exit.USAGE
    assert "--base" in done.output
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("damage", "wanted"),
    [
        (lambda run: (run / "run.json").unlink(), "run.json"),
        (lambda run: (run / "run.json").write_text("{"), "run.json"),
        (
            lambda run: (run / "run.json").write_text(
                (run / "run.json").read_text().replace('"finished"', '"running"')
            ),
            "--resume",
        ),
        (lambda run: (run / "result" / "adapter_model.safetensors").write_bytes(b"x"), "result"),
    ],
)
def test_a_broken_run_makes_no_model(damage, wanted, finished, tmp_path):
    shutil.copytree(finished / "out", tmp_path / "out")
    damage(tmp_path / "out")
    done = run("export", tmp_path / "out", tmp_path / "model")
    assert done.exit_code in {Exit.USAGE, Exit.FAILED}
    assert wanted in done.output
    assert done.output.count("\n") == 1
    assert not (tmp_path / "model").exists()


def test_a_gguf_file_is_a_base(tmp_path):
    path = begin(tmp_path / "run", base={"model": "tiny.gguf"}, training={"steps": 2})
    write_gguf(tiny("llama"), tmp_path / "run" / "tiny.gguf")
    done = run("run", path)
    assert done.exit_code == 0, done.output
    config, _ = read_config(path)
    unpacked = json.loads((config.folder / "base" / "config.json").read_text("utf-8"))
    assert unpacked["rope_theta"] == 10000.0
    assert record(tmp_path / "run")["validation"][0]["loss"] == pytest.approx(
        plain_loss(tmp_path), rel=1e-3
    )


def plain_loss(tmp_path):
    """The same rows' loss before the first step, with the same weights as safetensors."""
    path = begin(tmp_path / "plain", training={"steps": 1})
    assert run("run", path).exit_code == 0
    return record(tmp_path / "plain")["validation"][0]["loss"]
