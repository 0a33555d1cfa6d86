"""The command, in a process of its own, as an EHR's machine runs it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from samples import (
    ZH_NOTE,
    allergy,
    bundle,
    call,
    document,
    note_call,
    order,
    order_call,
    validator,
    verdict,
)

from doctorflan_ls.cli.app import app

PROGRAM = [sys.executable, "-m", "doctorflan_ls"]
TOKEN = "a-token-for-tests-only"
CANARY = "金丝雀七七"
LATIN_CANARY = "Zqcanary77"


def ran(environment, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words], check=False, env=environment, capture_output=True, text=True, timeout=30
    )


@contextmanager
def command(environment, *options: str) -> Iterator[tuple[httpx.Client, Path]]:
    """A service that listens on a free port; its output is in the file that comes with it."""
    said = Path(environment["XDG_DATA_HOME"]).with_name("said.txt")
    with said.open("wb") as out:
        words = [*PROGRAM, "--debug", "cds", "serve", "--port", "0", *options]
        process = subprocess.Popen(words, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + 20
        while not (found := re.search(r"http://\S+:\d+", said.read_text())):
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < until
            time.sleep(0.02)
        with httpx.Client(base_url=found[0], timeout=20, trust_env=False) as client:
            yield client, said
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) in (-signal.SIGTERM, 0)


def test_what_is_served_is_printed(environment):
    found = ran(environment, "--lang", "zh", "cds", "services")
    assert found.returncode == 0, found.stderr
    listed = json.loads(found.stdout)
    validator("discovery").validate(listed)
    assert listed["services"][0]["title"] == "病历书写与矛盾检查"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", "0.0.0.0"], "not a loopback address"),
        (["--host", "192.0.2.7"], "not a loopback address"),
        (["--host", "::"], "not a loopback address"),
        (["--host", "localhost.example.org"], "not a loopback address"),
        (["--host", "0.0.0.0", "--allow-remote"], "needs a token"),
        (["--host", "0.0.0.0", "--allow-remote", "--token", "short"], "16 or more"),
        (["--token", "令牌令牌令牌令牌令牌令牌令牌令牌令牌"], "16 or more"),
        (["--origin", "*"], "https://host"),
        (["--origin", "https://a.example.org/path"], "https://host"),
        (["--port", "70000"], "70000"),
    ],
)
def test_what_is_not_begun(options, words):
    ended = CliRunner().invoke(app, ["--lang", "en", "cds", "serve", *options])
    assert ended.exit_code == 2
    assert words in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stdout == ""


def test_a_port_that_is_taken_and_a_journal_that_cannot_be_written(environment, tmp_path):
    with command(environment) as (client, _):
        ended = ran(environment, "cds", "serve", "--port", str(client.base_url.port))
        assert ended.returncode == 4
        assert "cannot listen on 127.0.0.1" in ended.stderr
    ended = ran(environment, "cds", "serve", "--port", "0", "--journal", "/proc/none/events.jsonl")
    assert ended.returncode == 4
    assert len(ended.stderr.splitlines()) == 1


def test_other_machines_are_let_in_with_a_token(environment):
    given = {**environment, "CDS_HOOKS_TOKEN": TOKEN}
    with command(given, "--host", "0.0.0.0", "--allow-remote") as (client, said):
        assert "TLS proxy" in said.read_text()
        assert TOKEN not in said.read_text()
        local = f"http://127.0.0.1:{client.base_url.port}/cds-services"
        assert httpx.get(local, trust_env=False).status_code == 401
        shown = {"Authorization": f"Bearer {TOKEN}", "Host": "cds.hospital.example"}
        assert httpx.get(local, headers=shown, trust_env=False).status_code == 200


def test_no_word_of_a_note_is_kept(environment, tmp_path):
    """Two canaries in every place that words can stand in: no file and no output has them."""
    note = ZH_NOTE.replace("社区获得性肺炎", f"{CANARY}{LATIN_CANARY}肺炎").replace(
        "____", f"____{CANARY}"
    )
    marked = f"{LATIN_CANARY} {CANARY}"
    with command(environment) as (client, said):
        bodies = [
            ("doctorflan-note-check", note_call(note)),
            ("doctorflan-draft", note_call(note, "encounter-discharge")),
            (
                "doctorflan-allergy",
                order_call([order(f"阿莫西林 {marked}")], [allergy(f"青霉素 {marked}")]),
            ),
            ("doctorflan-note-check", {**note_call(note), "hook": marked}),
            ("doctorflan-note-check", {**note_call(note), marked: marked}),
            (
                "doctorflan-note-check",
                call("patient-view", {"documents": {"resourceType": "Bundle", "entry": marked}}),
            ),
            (
                "doctorflan-note-check",
                call("patient-view", {"documents": bundle(document(note, status=marked))}),
            ),
            (f"nothing-{LATIN_CANARY}", note_call(note)),
            (
                "doctorflan-note-check/feedback",
                {
                    "feedback": [
                        verdict(
                            "9368d37b-283f-44a0-93ea-547cebab93ed",
                            overrideReason={
                                "reason": {"code": marked, "system": "x"},
                                "userComment": marked,
                            },
                        )
                    ]
                },
            ),
        ]
        answers = [
            client.post(f"/cds-services/{path}?{LATIN_CANARY}", json=body) for path, body in bodies
        ]
        broken = client.post(
            "/cds-services/doctorflan-note-check",
            content=f'{{"{marked}": '.encode(),
            headers={"Content-Type": "application/json"},
        )
        assert [answer.status_code for answer in answers] == [
            200,
            200,
            200,
            400,
            200,
            400,
            200,
            404,
            200,
        ]
        for answer in (*answers[3:4], answers[5], *answers[7:], broken):
            assert CANARY not in answer.text
            assert LATIN_CANARY not in answer.text
        # The cards themselves quote the note: they go back to who sent it.
        assert CANARY in answers[1].text
    written = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert [file for file in written if file.name == "events.jsonl"]
    for file in written:
        content = file.read_text(errors="replace")
        assert CANARY not in content, file
        assert LATIN_CANARY not in content, file
    assert len(said.read_text().splitlines()) == 1


def test_twenty_at_once(environment):
    with command(environment) as (client, _):
        texts = [ZH_NOTE.replace("10年", f"{20 + number}年") for number in range(20)]
        asked = [
            ("doctorflan-note-check", note_call(text))
            if number % 2
            else ("doctorflan-draft", note_call(text, "encounter-start"))
            for number, text in enumerate(texts)
        ]

        def ask(what):
            return client.post(f"/cds-services/{what[0]}", json=what[1])

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(ask, asked))
        assert [answer.status_code for answer in answers] == [200] * 20
        for number, answer in enumerate(answers):
            validator("response").validate(answer.json())
            # Nobody gets the answer of another patient.
            if number % 2 == 0:
                assert f"高血压病史{20 + number}年" in answer.text
        cards = [card["uuid"] for answer in answers for card in answer.json()["cards"]]
        assert len(set(cards)) == len(cards) == 40


def test_an_internal_error_is_one_line_and_not_the_end(serve, capfd):
    """A recorder that breaks in a way nobody foresaw, with a word of a doctor in its message."""

    def broken(_event):
        raise RuntimeError(CANARY)

    served = serve(record=broken)
    body = {"feedback": [verdict("9368d37b-283f-44a0-93ea-547cebab93ed")]}
    answer = served.post("/cds-services/doctorflan-note-check/feedback", body)
    assert answer.status_code == 500
    assert re.fullmatch(r"内部错误，编号 [0-9a-f]{4}", answer.json()["message"])
    assert len(served.cards("doctorflan-note-check", note_call(ZH_NOTE))) == 2
    out, err = capfd.readouterr()
    assert CANARY not in out + err
