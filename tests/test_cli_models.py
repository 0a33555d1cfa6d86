"""``draft`` and ``demo`` with a language model: streaming, the settings' choice, what fails."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from doctorflan_ls.cli import answering
from doctorflan_ls.cli.drafting import Shown
from doctorflan_ls.cli.examples import examples
from doctorflan_ls.cli.exits import Exit
from doctorflan_ls.cli.opened import Opened
from doctorflan_ls.drafts import DraftBuilder, Provenance
from doctorflan_ls.engine import Engine
from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Chunk, Model, ModelOptions, ModelSpec, Sampling, Stop
from doctorflan_ls.models.catalogue import load_model
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.registry import builtin_tasks, get_task
from doctorflan_ls.text import Span
from tests.test_cli import NOTE, ROOT, _own_settings, fails, note, run, schema

__all__ = ["_own_settings"]

TASK = "differential-diagnosis"
WEIGHTS = os.environ.get("DOCTORFLAN_TEST_MODELS", "")


class Talker:
    """Says how it was asked; ``failing`` stops in the middle."""

    loaded = 0

    def __init__(self, name: str) -> None:
        self.spec = ModelSpec(name, "7", "fake", digest="ab" * 32)
        Talker.loaded += 1

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        yield Chunk("half ")
        if self.spec.id == "failing":
            raise ModelUnavailable("engine.memory", model="failing")
        yield Chunk(f"{sampling.max_tokens} {sampling.temperature:g} {sampling.seed}\n")

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture(autouse=True)
def _models(monkeypatch):
    def load(name: str, options: ModelOptions) -> Model:
        return Talker(name) if name in ("talker", "failing") else load_model(name, options)

    Talker.loaded = 0
    monkeypatch.setattr(answering, "Engine", lambda _load: Engine(load))


def test_the_model_and_its_parameters_are_said():
    result = run("draft", TASK, note(), "--model", "talker", "--max-tokens", "9", "--seed", "3")
    assert result.exit_code == 0, result.output
    assert "half 9 0 3\n" in result.stdout
    last = result.stdout.rstrip().splitlines()[-1]
    assert "(talker 7, sha256 abababababab, max_tokens 9, temperature 0, seed 3)" in last


def test_json_has_digest_and_parameters():
    result = run("draft", TASK, note(), "--model", "talker", "--temperature", "0.5", "--json")
    draft = json.loads(result.stdout)
    jsonschema.validate(draft, schema("draft"))
    assert draft["provenance"]["model_digest"] == "ab" * 32
    assert draft["provenance"]["parameters"]["temperature"] == 0.5


def test_the_settings_choose_where_no_model_is_named():
    chosen = ["--set", f"models.use={TASK}=talker", "--set", "models.max_tokens=4"]
    assert "half 4 0 0" in run(*chosen, "draft", TASK, note()).stdout
    assert "skeleton" in run(*chosen, "draft", "triage", note()).stdout.splitlines()[-1]
    assert "half 4" in run(*chosen, "draft", "triage", note(), "--model", "talker").stdout


@pytest.mark.parametrize("model", ["failing", "gone"])
def test_the_skeleton_stands_in_for_the_settings_model_and_says_so_once(model):
    result = run("--set", f"models.use=zh={model}", "draft", "--all", note(), "--json")
    drafts = json.loads(result.stdout)
    assert {draft["model"] for draft in drafts} == {"skeleton"}
    lines = [line for line in result.stderr.splitlines() if "made this draft instead" in line]
    assert len(lines) == 1
    assert model in lines[0]


@pytest.mark.parametrize(("model", "code"), [("failing", Exit.FAILED), ("gone", Exit.USAGE)])
def test_a_named_model_is_not_replaced(model, code):
    fails(run("draft", TASK, note(), "--model", model, "--json"), code, model)


def test_builtin_tasks_are_answered_by_one_model():
    drafts = json.loads(run("draft", "--all", note(), "--model", "talker", "--json").stdout)
    assert len(drafts) == len(builtin_tasks())
    assert Talker.loaded == 1


def test_demo_takes_a_model():
    result = run("demo", "--model", "talker", "--max-tokens", "5")
    assert "half 5 0 0" in result.stdout


@pytest.mark.parametrize(
    "option", [["--temperature", "3"], ["--seed", "-1"], ["--max-tokens", "0"]]
)
def test_parameters_out_of_range_are_usage_errors(option):
    fails(run("draft", TASK, note(), *option), Exit.USAGE, option[0])


def test_completion_knows_the_models(monkeypatch):
    monkeypatch.setenv("_DOCTORFLAN_LS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "doctorflan-ls draft --model sk")
    monkeypatch.setenv("COMP_CWORD", "3")
    assert run().stdout == "plain,skeleton\n"


def test_doctor_names_a_broken_model_and_what_to_run():
    folder = Path("models") / "half"
    folder.mkdir(parents=True)
    (folder / "model.toml").write_text("id = 5\n")
    result = run("--set", f"models.folder={folder.parent.resolve()}", "doctor", "--json")
    (item,) = [each for each in json.loads(result.stdout) if each["name"] == "half"]
    assert item["state"] == "broken"
    assert item["mend"] == "doctorflan-ls models check half"
    assert result.exit_code == Exit.FOUND


def _shown(terminal: bool) -> tuple[Shown, io.StringIO]:
    written = io.StringIO()
    out = Console(file=written, force_terminal=terminal, color_system=None, soft_wrap=True)
    return Shown(out, Opened("n.txt", parse_note(NOTE)), "en"), written


@pytest.mark.parametrize(
    ("terminal", "after"),
    [(True, ["一", "一二\n三"]), (False, ["", "一二\n"])],
)
def test_text_is_shown_as_it_is_made_and_to_a_pipe_by_lines(terminal, after):
    shown, written = _shown(terminal)
    origin = Provenance(TASK, "m", "1", "file:///n", 1, Span(0, 1), "0" * 64, "zh")
    builder = DraftBuilder("a", origin)
    task = get_task(TASK)
    for chunk, expected in zip(("一", "二\n三"), after, strict=True):
        builder.add(Chunk(chunk))
        shown.grow(builder.draft("streaming"), task)
        assert written.getvalue().partition("n.txt")[2].partition("\n")[2] == expected
    builder.add(Chunk("\x1b]0;四"))
    shown.end(builder.draft("ready"), task)
    text = written.getvalue()
    assert text.count("一二\n三\ufffd]0;四\n") == 1
    assert "\x1b]0" not in text


@pytest.mark.parametrize("terminal", [True, False])
def test_what_follows_a_draft_that_failed_starts_on_a_new_line(terminal):
    shown, written = _shown(terminal=terminal)
    origin = Provenance(TASK, "m", "1", "file:///n", 1, Span(0, 1), "0" * 64, "zh")
    builder = DraftBuilder("a", origin)
    builder.add(Chunk("一"))
    shown.grow(builder.draft("streaming"), get_task(TASK))
    shown.grow(builder.draft("failed"), get_task(TASK))
    # To a pipe nothing was shown: a title over nothing would stand there twice.
    assert written.getvalue().endswith("n.txt\n一\n") if terminal else not written.getvalue()
    other = DraftBuilder("b", origin)
    other.add(Chunk("二"))
    shown.grow(other.draft("streaming"), get_task(TASK))
    shown.end(other.draft("ready"), get_task(TASK))
    assert written.getvalue().count("n.txt\n") == 1 + terminal
    assert "\n\n" not in written.getvalue().partition("二")[0]


def test_a_model_that_is_not_there_is_all_that_is_said():
    fails(run("draft", TASK, note(), "--model", "gone"), Exit.USAGE, "gone")


@pytest.mark.skipif(not WEIGHTS, reason="no weights: DOCTORFLAN_TEST_MODELS")
@pytest.mark.parametrize(
    ("model", "example", "letters"),
    [("minimind2-small", "zh-chest-pain", "一-鿿"), ("smollm2-135m", "en-copd", "a-z")],
)
def test_real_weights_draft_in_their_language(model, example, letters, monkeypatch):
    monkeypatch.setattr(answering, "Engine", Engine)
    asked = ["draft", TASK, note(examples()[example]), "--model", model, "--json"]
    drafts = [
        json.loads(run("--set", f"models.folder={WEIGHTS}", *asked, "--max-tokens", "12").stdout)
        for _ in range(2)
    ]
    assert drafts[0]["text"] == drafts[1]["text"]
    assert sum(1 for letter in drafts[0]["text"] if letters[0] <= letter <= letters[2]) > 10


@pytest.mark.skipif(not WEIGHTS or os.name != "posix", reason="no weights, or no POSIX signals")
def test_an_interrupt_ends_a_draft_at_once():
    command = [sys.executable, "-m", "doctorflan_ls", "--set", f"models.folder={WEIGHTS}"]
    asked = ["draft", "--all", note(examples()["en-copd"]), "--model", "smollm2-135m"]
    running = subprocess.Popen(
        [*command, *asked, "--max-tokens", "2000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path.cwd(),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert running.stdout.readline()
    running.send_signal(signal.SIGINT)
    started = time.monotonic()
    assert running.wait(20) == Exit.INTERRUPTED
    assert time.monotonic() - started < 3
    assert running.stderr.read() == b""
