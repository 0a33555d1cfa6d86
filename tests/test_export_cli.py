"""``models export`` and ``models repair`` at the terminal."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from tiny_decoders import tiny, write_gguf, write_hf

from doctorflan_ls.cli.app import app
from doctorflan_ls.models.folders import manifest


def run(*arguments: object):
    return CliRunner().invoke(app, ["--lang", "en", "models", *map(str, arguments)])


@pytest.mark.parametrize("form", ["gguf", "hf"])
def test_export_writes_a_model_and_says_how_near_it_is(form, tmp_path):
    write = {"gguf": write_gguf, "hf": write_hf}[form]
    source = write(tiny("llama"), tmp_path / "source.gguf")
    options = ("--int4", "--languages", "en", "--licence", "MIT", "--source", "https://x.test/y")
    done = run("export", source, tmp_path / "My model", *options)
    assert done.exit_code == 0, done.output
    assert "written to" in done.output
    assert "en: KL 0." in done.output
    made = manifest.read(tmp_path / "My model")
    assert (made.id, made.languages, made.quantisation) == ("my-model", ("en",), "int4")
    assert (made.licence, made.source) == ("MIT", "https://x.test/y")


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("export", "nowhere", "out"), "no such file or folder"),
        (("repair", "nowhere", "out"), "no such file or folder"),
        (("export", "{source}", "out", "--id", "Ä"), "--id wants"),
        (("export", "{source}", "out", "--languages", "fr"), "--languages wants"),
        (("repair", "{source}", "out"), "exactly one .onnx"),
    ],
)
def test_misuse_gets_one_line(arguments, wanted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = write_hf(tiny("llama"), tmp_path / "hf")
    done = run(*(each.format(source=source) for each in arguments))
    assert done.exit_code != 0
    assert wanted in done.output
    assert done.output.count("\n") == 1
    assert not (tmp_path / "out").exists()
