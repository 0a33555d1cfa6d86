"""``doctorflan-ls models``: a tiny model through all commands, real weights where there are."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
import zipfile
from dataclasses import replace
from pathlib import Path

import onnx_graphs as graphs
import pytest
from click.testing import CliRunner

from doctorflan_ls.cli.app import app
from doctorflan_ls.cli.exits import Exit
from doctorflan_ls.models.folders import manifest as manifests
from doctorflan_ls.models.folders.manifest import Sample

ROOT = Path(__file__).parent.parent
REAL = os.environ.get("DOCTORFLAN_TEST_MODELS", "")
SAYS = "Febris: 热"


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    """No settings and no models of whoever runs the tests."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in [name for name in os.environ if name.startswith("DOCTORFLAN_")]:
        monkeypatch.delenv(name)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path) -> Path:
    """A model that always says the same, with a sample."""
    made = graphs.save(graphs.chain(SAYS), tmp_path / "source")
    manifest = graphs.manifest(
        files=manifests.hashed(made), sample=Sample("What is it?", SAYS, 32), context_length=2048
    )
    manifests.write(made, manifest)
    return made


def run(*arguments: str):
    return CliRunner().invoke(app, ["models", *map(str, arguments)])


def fine(*arguments: str):
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    return result


def fails(result, code: Exit, *said: str) -> None:
    """One line on standard error, nothing on standard output."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    for words in said:
        assert words in result.stderr


def settings_file(tmp_path) -> Path:
    return tmp_path / "config" / "doctorflan-ls" / "settings.toml"


def listed() -> dict:
    found = json.loads(fine("list", "--json").stdout)
    return found | {"models": {each["id"]: each for each in found["models"]}}


def test_from_adding_to_removing(tmp_path, folder):
    assert "skeleton" in listed()["models"]
    assert "tiny" not in listed()["models"]
    added = fine("add", folder)
    assert "tiny" in added.stdout
    assert "models check tiny" in added.stdout
    entry = listed()["models"]["tiny"]
    assert entry["kind"] == "onnx"
    assert entry["limits"] == {"zh": "测试", "en": "test"}
    assert entry["size"] == sum(each.size for each in manifests.read(folder).files)
    assert Path(entry["where"]).parent == Path(listed()["folder"])
    checked = fine("check", "tiny")
    assert "equals" in checked.stdout
    removed = fine("remove", "tiny")
    assert entry["where"] in removed.stdout
    assert "tiny" not in listed()["models"]
    assert list(Path(listed()["folder"]).iterdir()) == []
    fails(run("remove", "tiny"), Exit.FAILED, "tiny")


def test_the_list_says_what_is_chosen_for_what(tmp_path, folder):
    fine("add", folder)
    before = fine("list").stdout
    assert "not chosen" in before
    assert "test" in before
    path = settings_file(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text('[models.use]\n"case-summary.zh" = "tiny"\nen = "tiny"\n', encoding="utf-8")
    assert listed()["models"]["tiny"]["chosen_for"] == ["case-summary.zh", "en"]
    assert "chosen for: case-summary.zh, en" in fine("list").stdout
    assert "case-summary.zh, en" in fine("remove", "tiny").stdout


def test_in_chinese(folder):
    assert "已添加" in run("add", folder, "--lang", "zh").stdout
    assert "测试" in run("list", "--lang", "zh").stdout
    assert "一致" in run("check", "tiny", "--lang", "zh").stdout
    assert "提示" in run("bench", "tiny", "--runs", "1", "--lang", "zh").stdout


def test_a_broken_one_stands_in_the_list_with_its_reason(folder):
    fine("add", folder)
    broken = Path(listed()["folder"]) / "broken"
    broken.mkdir()
    (broken / "model.toml").write_text("id = 'x'\nversion = 1\n")
    found = listed()
    assert "tiny" in found["models"]
    assert [each["name"] for each in found["broken"]] == ["broken"]
    assert "model.toml" in found["broken"][0]["reason"]
    assert "broken" in fine("list").stdout
    fails(run("check", "broken"), Exit.FAILED, "model.toml")
    fine("remove", "broken")
    assert listed()["broken"] == []


def test_an_answer_that_differs_is_found(folder):
    manifest = manifests.read(folder)
    other = Sample("What is it?", SAYS.replace("热", "冷"), 32)
    manifests.write(folder, replace(manifest, sample=other))
    fine("add", folder)
    result = run("check", "tiny")
    assert result.exit_code == Exit.FOUND
    assert f"character {SAYS.index('热')}" in result.stdout
    assert "冷" in result.stdout


def test_one_without_a_sample_writes_in_each_language(folder):
    manifests.write(folder, replace(manifests.read(folder), sample=None))
    fine("add", folder)
    said = fine("check", "tiny").stdout
    assert said.count(SAYS) == 2
    assert "no sample" in said


def test_a_swapped_file_is_refused(folder):
    fine("add", folder)
    path = Path(listed()["models"]["tiny"]["where"]) / "model.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    for command in ("check", "bench"):
        fails(run(command, "tiny"), Exit.FAILED, "model.onnx", "hash")
    fine("add", folder, "--replace")
    fine("check", "tiny")


def test_measuring(folder):
    manifests.write(folder, replace(manifests.read(folder), sample=None))
    # One that never ends its turn is cut, so that its tokens can be counted.
    graphs.save(graphs.graph(graphs.weights()), folder)
    manifest = manifests.read(folder)
    names = [each.path for each in manifest.files]
    manifests.write(folder, replace(manifest, files=manifests.hashed(folder, names)))
    fine("add", folder)
    result = fine("bench", "tiny", "--runs", "2", "--tokens", "8", "--json")
    figures = json.loads(result.stdout)
    assert set(figures["languages"]) == {"zh", "en"}
    for each in figures["languages"].values():
        assert each["prompt_tokens"] > 300
        assert each["first_token_ms"] > each["second_task_ms"] > 0
        assert each["tokens_per_second"] > 1
    assert figures["memory_peak_mib"] >= figures["memory_before_mib"]
    assert "tokens/s" in fine("bench", "tiny", "--runs", "1", "--tokens", "4").stdout


def test_what_cannot_be_checked_or_is_unknown(folder):
    for command in ("check", "bench"):
        fails(run(command, "skeleton"), Exit.USAGE, "skeleton")
        fails(run(command, "nothing"), Exit.USAGE, "nothing", "skeleton")


def test_what_is_left_out_is_said(folder, tmp_path):
    (folder / "modeling_tiny.py").write_text("import os")
    (folder / "pytorch_model.bin").write_bytes(b"x")
    said = fine("add", folder).stdout
    assert "(2): modeling_tiny.py, pytorch_model.bin" in said


def test_a_wheel(folder, tmp_path):
    path = tmp_path / "tiny_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tiny_model/__init__.py", "raise SystemExit")
        wheel.writestr("tiny_model-1.0.dist-info/METADATA", "Name: tiny-model")
        for file in folder.iterdir():
            wheel.write(file, f"tiny_model/{file.name}")
    said = fine("add", path).stdout
    assert "tiny_model/__init__.py" in said
    fine("check", "tiny")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--url"),
        (("x.zip", "--url", "http://h/v1"), "--url"),
        (("x.zip", "--model", "m"), "--url"),
        (("--url", "http://h/v1"), "--model"),
        (("--url", "http://me:pw@h/v1", "--model", "m", "--id", "a"), "--url"),
        (("--url", "ftp://h", "--model", "m", "--id", "a"), "--url"),
        (("--url", "http://h/v1", "--model", "m", "--id", "A b"), "--id"),
        (("--url", "http://h/v1", "--model", "m", "--id", "a", "--key", "sk-1234"), "--key"),
        (("--url", "http://h/v1", "--model", "m", "--id", "a", "--manifest", "x"), "--manifest"),
    ],
)
def test_misused(arguments, said):
    result = run("add", *arguments)
    fails(result, Exit.USAGE, said)
    assert "sk-1234" not in result.output
    assert "pw@" not in result.output


def test_a_source_that_is_not_there():
    fails(run("add", "nowhere.zip"), Exit.FAILED, "nowhere.zip")


WARD = ("--url", "http://127.0.0.1:9/v1", "--model", "qwen", "--id", "ward", "--key", "env:WARD")


def test_adding_a_server_allows_it_nothing(tmp_path):
    result = fine("add", *WARD)
    assert 'hosts = ["127.0.0.1:9"]' in result.stdout
    assert not settings_file(tmp_path).exists()
    entry = listed()["models"]["ward"]
    assert (entry["kind"], entry["host"]) == ("openai", "127.0.0.1:9")
    manifest = manifests.read(Path(entry["where"]))
    assert (manifest.model, manifest.key) == ("qwen", "env:WARD")
    fails(run("add", *WARD), Exit.FAILED, "--replace")


def test_adding_a_server_and_its_host(tmp_path):
    path = settings_file(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text('# mine\n[network]\nhosts = ["other:1"]  # kept\n', encoding="utf-8")
    result = fine("add", *WARD, "--allow-host")
    assert "[network]" not in result.stdout
    text = path.read_text(encoding="utf-8")
    assert tomllib.loads(text) == {"network": {"hosts": ["other:1", "127.0.0.1:9"]}}
    assert "# mine" in text
    assert "# kept" in text
    fine("add", *WARD, "--allow-host", "--replace")
    assert (
        tomllib.loads(path.read_text(encoding="utf-8"))["network"]["hosts"].count("127.0.0.1:9")
        == 1
    )


def test_help_is_short():
    result = run("--help")
    for command in ("add", "bench", "check", "list", "remove"):
        assert re.search(rf"^  {command} +[A-Z].*\.$", result.stdout, re.MULTILINE)


def test_an_interrupted_add_leaves_nothing(tmp_path):
    """A real program, interrupted while it copies."""
    source = tmp_path / "big"
    source.mkdir()
    with (source / "model.onnx").open("wb") as out:
        out.write(b"\x08")
        out.truncate(1_500_000_000)
    manifest = graphs.manifest(files=(manifests.ModelFile("model.onnx", "0" * 64, 1_500_000_000),))
    manifests.write(source, manifest)
    command = [sys.executable, "-m", "doctorflan_ls", "models", "add", str(source)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    above = tmp_path / "data" / "doctorflan-ls" / "models"
    until = time.monotonic() + 30
    while not list(above.rglob("*.onnx")):
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == Exit.INTERRUPTED, said
    assert b"Traceback" not in said
    assert list(above.iterdir()) == []


@pytest.mark.skipif(not REAL, reason="no real weights here: DOCTORFLAN_TEST_MODELS")
@pytest.mark.parametrize("name", ["minimind2-small", "smollm2-135m"])
def test_real_weights(name):
    fine("add", Path(REAL) / name)
    entry = next(each for each in listed()["models"].values() if each["id"].startswith(name[:7]))
    assert "equals" in fine("check", entry["id"]).stdout
    figures = json.loads(
        fine("bench", entry["id"], "--runs", "1", "--tokens", "8", "--json").stdout
    )
    for each in figures["languages"].values():
        assert each["second_task_ms"] < each["first_token_ms"] / 2
