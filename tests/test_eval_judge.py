"""``eval judge`` against a real server: protocol, retries, what is done stays done, the cost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from doctorflan_ls.cli.exits import Exit
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.evaluation.judge_client import Judging, judge_at
from doctorflan_ls.evaluation.judge_prompts import judge_prompts
from doctorflan_ls.evaluation.judging import score_of
from doctorflan_ls.evaluation.rows import Answered, Row
from doctorflan_ls.models.base import Message, Stop
from tests.eval_judges import StubJudge, always, asked_of, says
from tests.openai_servers import hangs, sends, serving, status
from tests.test_cli import _own_settings, run, schema

__all__ = ["_own_settings"]

SECRET = "张三丰机密"


def single(row_id: int, marks: str, category: str = "Triage") -> dict:
    return {
        "id": row_id,
        "input": f"先给出科室。<病例描述>：男，{40 + row_id}岁，咳嗽。",
        "output": f"呼吸内科。分={marks}",
        "reference": "呼吸内科。",
        "category": category,
    }


def multi(row_id: int, *marks: str) -> dict:
    row: dict = {"id": row_id}
    for turn, mark in enumerate(marks, start=1):
        row[f"turn_{turn}_question"] = f"第{row_id}例的问题{turn}"
        row[f"turn_{turn}_answer"] = f"第{row_id}例的回答{turn}，分={mark}"
    return row | {"reference": f"第{row_id}例的参考"}


def answers(*rows: dict | str, name: str = "ward.jsonl") -> str:
    path = Path("data/test") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = [
        each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in rows
    ]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return str(path)


def arguments(server, path: str, *more: str) -> list[str]:
    head = ["--lang", "en", "--set", f"network.hosts={server.host}", "eval", "judge", path]
    return [*head, "--judge-url", server.url, "--judge-model", "stub", "--yes", *more]


def judge(server, path: str, *more: str):
    return run(*arguments(server, path, *more))


def judged(name: str = "ward") -> list[dict]:
    path = Path(f"data/test/{name}.judged.jsonl")
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for each in found:
        jsonschema.validate(each, schema("eval-judgement"))
    return found[1:]


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("理由。评分：[[7]]", 7),
        ("[[10]]", 10),
        ("[[ 1 ]]", 1),
        ("例如[[5]]，我给[[8]]", 8),
        ("［［６］］", 6),
        ("<think>大概[[9]]</think>理由，[[4]]", 4),
        ("<think>还没想完[[9]]", None),
        ("[[0]]", None),
        ("[[11]]", None),
        ("[[8.5]]", None),
        ("[[7]] 改为 [[rating]]", None),
        ("7分", None),
        ("[7]", None),
        ("", None),
    ],
)
def test_a_score_is_the_last_whole_number_in_double_brackets(text, score):
    assert score_of(text) == score


def test_each_answer_is_judged_in_a_call_of_its_own_as_often_as_there_are_repeats():
    stub = StubJudge()
    with serving(stub) as server:
        result = judge(server, answers(single(1, "6,8,10"), single(2, "5")), "--repeats", "3")
        assert result.exit_code == Exit.OK, result.output
        bodies = server.bodies
    assert len(bodies) == 6
    assert all(body["model"] == "stub" and body["stream"] is False for body in bodies)
    rows = judged()
    assert sorted((row["id"], row["repeat"]) for row in rows) == [
        (row, repeat) for row in (1, 2) for repeat in (1, 2, 3)
    ]
    assert sorted(row["score"] for row in rows if row["id"] == 1) == [6, 8, 10]
    assert {row["task"] for row in rows} == {"triage"}


def test_the_judge_is_given_question_reference_and_answer():
    with serving(StubJudge()) as server:
        judge(server, answers(single(1, "6")), "--repeats", "1")
        said = asked_of(server.requests[0])
    for part in ("男，41岁，咳嗽。", "呼吸内科。分=6", "[[5]]"):
        assert part in said
    assert said.index("呼吸内科。\n【参考答案结束") < said.index("分=6")


def test_a_turn_is_judged_with_the_conversation_so_far_and_the_reference():
    with serving(StubJudge()) as server:
        result = judge(server, answers(multi(1, "4", "6", "9")), "--repeats", "1")
        assert result.exit_code == Exit.OK
        said = sorted((asked_of(each) for each in server.requests), key=len)
    assert [each["score"] for each in sorted(judged(), key=lambda row: row["turn"])] == [4, 6, 9]
    for turn, text in enumerate(said, start=1):
        assert "第1例的参考" in text
        for other in (1, 2, 3):
            assert (f"第1例的回答{other}" in text) == (other <= turn)
            assert (f"第1例的问题{other}" in text) == (other <= turn)


def test_what_cannot_be_read_is_asked_again_and_only_that():
    stub = StubJudge(says("我不知道"), says("[[15]]"))
    with serving(stub) as server:
        result = judge(server, answers(single(1, "6")), "--repeats", "1", "--concurrency", "1")
        assert result.exit_code == Exit.OK
        assert len(server.bodies) == 3
    (row,) = judged()
    assert (row["score"], row["asked"]) == (6, 3)
    # Every answer of the judge is paid.
    assert (row["prompt_tokens"], row["completion_tokens"]) == (300, 60)


def test_after_three_more_attempts_an_unreadable_judgement_is_told_and_counts_as_none():
    with serving(StubJudge(*[says("无可奉告")] * 4)) as server:
        path = answers(single(1, "6"))
        result = judge(server, path, "--repeats", "1")
        assert result.exit_code == Exit.FOUND
        assert result.stderr.count("row 1") == 1
        assert len(server.bodies) == 4
        assert [row["score"] for row in judged()] == [None]
        # It is done, unless it is asked for.
        assert judge(server, path, "--repeats", "1").exit_code == Exit.OK
        assert len(server.bodies) == 4
        assert judge(server, path, "--repeats", "1", "--unreadable-again").exit_code == Exit.OK
    assert [row["score"] for row in judged()] == [None, 6]


FAULTS = [
    ("busy", status(429, b"{}", "Retry-After: 0")),
    ("failed", status(500, b"{}")),
    ("overloaded", status(503, b"{}", "Retry-After: 0")),
    ("half JSON", status(200, b'{"choices": [{"mess')),
    ("no answer in it", status(200, b'{"choices": []}')),
    ("an error in it", status(200, b'{"error": {"message": "x"}}')),
    ("hangs up", sends()),
    ("cut off", sends(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{")),
]


@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_a_judge_that_fails_for_a_moment_is_asked_again(monkeypatch, name, fault):
    monkeypatch.setattr("doctorflan_ls.evaluation.judge_client._LONGEST_PAUSE", 0.02)
    with serving(StubJudge(fault, fault)) as server:
        rows = [single(1, "6"), single(2, "7"), single(3, "8")]
        result = judge(server, answers(*rows), "--repeats", "1", "--concurrency", "2")
        assert result.exit_code == Exit.OK, result.output
        assert len(server.bodies) == 5
    assert sorted(row["score"] for row in judged()) == [6, 7, 8]


def test_a_judge_that_asks_to_wait_is_waited_for_by_all():
    stub = StubJudge()
    first = threading.Lock()

    def busy_at_first(connection, request):
        if first.acquire(blocking=False):
            status(429, b"{}", "Retry-After: 1")(connection, request)
        else:
            # The other hand is still at its question when the first one is told to wait.
            time.sleep(0.3)
            stub(connection, request)

    with serving(busy_at_first) as server:
        rows = [single(each, "6") for each in range(1, 5)]
        result = judge(server, answers(*rows), "--repeats", "1", "--concurrency", "2")
        assert result.exit_code == Exit.OK
        assert server.times[2] - server.times[0] > 0.9


def test_a_slow_judge_is_given_up_and_asked_by_the_next_run(monkeypatch):
    monkeypatch.setattr("doctorflan_ls.evaluation.judge_client._LONGEST_PAUSE", 0.01)
    gone = threading.Event()
    slow = hangs(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")(gone)
    stub = StubJudge(*[slow] * 6)
    with serving(stub) as server:
        path = answers(single(1, "6"), single(2, "7"))
        more = ("--repeats", "1", "--concurrency", "1", "--timeout", "0.2")
        first = judge(server, path, *more)
        assert first.exit_code == Exit.FAILED
        assert first.stderr.count("row 1:") == 1
        assert [row["id"] for row in judged()] == [2]
        second = judge(server, path, *more)
        assert second.exit_code == Exit.OK
        assert [row["id"] for row in judged()] == [2, 1]
        assert sum(stub.questions.values()) == 2


@pytest.mark.parametrize("code", [401, 403, 404])
def test_a_judge_that_refuses_is_not_asked_550_times(code):
    with serving(status(code, b"{}")) as server:
        rows = [single(each, "6") for each in range(1, 40)]
        result = judge(server, answers(*rows), "--repeats", "1", "--concurrency", "2")
        assert result.exit_code == Exit.FAILED
        assert len(server.bodies) < 5
    assert "run the same command again" in result.stderr


def test_a_host_that_the_settings_do_not_name_gets_nothing():
    with serving(StubJudge()) as server:
        path = answers(single(1, "6"))
        options = ("--judge-url", server.url, "--judge-model", "stub", "--yes")
        result = run("--lang", "en", "eval", "judge", path, *options)
        assert result.exit_code == Exit.FAILED
        assert "network.hosts" in result.stderr
        assert server.requests == []


def test_a_key_is_sent_and_stands_in_no_file(monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", "sk-secret")
    with serving(StubJudge()) as server:
        judge(server, answers(single(1, "6")), "--repeats", "1", "--judge-key", "env:JUDGE_KEY")
        assert b"Bearer sk-secret" in server.requests[0]
    assert all("sk-secret" not in path.read_text() for path in Path("data").rglob("*.jsonl"))


def test_what_is_done_is_not_asked_again_and_more_repeats_only_add():
    stub = StubJudge()
    with serving(stub) as server:
        path = answers(single(1, "6"), single(2, "7"))
        judge(server, path, "--repeats", "2")
        judge(server, path, "--repeats", "2")
        assert len(server.bodies) == 4
        judge(server, path, "--repeats", "3")
        assert len(server.bodies) == 6
        # An answer that changed is judged again, the others are not.
        answers(single(1, "6"), single(2, "9"))
        judge(server, path, "--repeats", "3")
        assert len(server.bodies) == 9
    found = json.loads(run("eval", "report", "data/test/ward.judged.jsonl", "--json").stdout)
    (scores,) = found["sets"][0]["scores"]
    assert scores["overall"] == {"mean": 7.5, "std": 1.5, "count": 6}


def test_another_judge_or_wording_does_not_go_on_in_the_same_file():
    with serving(StubJudge()) as server:
        path = answers(single(1, "6"))
        judge(server, path, "--repeats", "1")
        result = judge(server, path, "--repeats", "1", "--language", "en")
        assert result.exit_code == Exit.USAGE
        assert "prompts" in result.stderr
        assert len(server.bodies) == 1


def test_a_run_that_is_killed_goes_on_without_asking_for_what_is_done():
    def slow(connection, request):
        time.sleep(0.15)
        stub(connection, request)

    stub = StubJudge()
    with serving(slow) as server:
        path = answers(*[single(each, "6") for each in range(1, 13)])
        command = [sys.executable, "-m", "doctorflan_ls"]
        command += arguments(server, path, "--repeats", "1", "--concurrency", "2")
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        out = Path("data/test/ward.judged.jsonl")
        until = time.monotonic() + 30
        while (not out.exists() or len(out.read_bytes().splitlines()) < 5) and (
            time.monotonic() < until
        ):
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
        time.sleep(0.4)
        done = len(judged())
        assert 4 <= done < 12
        # A kill may also come in the middle of a line.
        with out.open("ab") as file:
            file.write('{"id": 99, "explanation": "半'.encode()[:-1])
        before = len(server.bodies)
        result = judge(server, path, "--repeats", "1", "--concurrency", "2")
        assert result.exit_code == Exit.OK
        assert len(server.bodies) - before == 12 - done
    assert sorted(row["id"] for row in judged()) == list(range(1, 13))


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on():
    def slow(connection, request):
        time.sleep(0.15)
        stub(connection, request)

    stub = StubJudge()
    with serving(slow) as server:
        path = answers(*[single(each, "6") for each in range(1, 40)])
        command = [sys.executable, "-m", "doctorflan_ls"]
        command += arguments(server, path, "--repeats", "1", "--concurrency", "2")
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        out = Path("data/test/ward.judged.jsonl")
        until = time.monotonic() + 30
        while (not out.exists() or len(out.read_bytes().splitlines()) < 5) and (
            time.monotonic() < until
        ):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert process.returncode == Exit.INTERRUPTED
    assert b"run the same command to go on" in said
    assert 4 <= len(judged()) < 39


def test_the_cost_is_said_before_and_after_in_the_prices_given():
    with serving(StubJudge()) as server:
        more = ("--repeats", "2", "--price-in", "2", "--price-out", "10")
        result = judge(server, answers(single(1, "6")), *more)
    before, after = (line for line in result.stderr.splitlines() if "tokens sent" in line)
    assert "2 times" in before
    assert "≈" in before
    # Two calls of 100 and 20 tokens: 200 * 2 + 40 * 10 = 800 millionths.
    assert "200 tokens sent, 40 tokens received" in after
    assert "cost: 0.0008" in result.stderr


def test_without_a_terminal_the_cost_has_to_be_agreed_to_beforehand():
    with serving(StubJudge()) as server:
        options = [each for each in arguments(server, answers(single(1, "6"))) if each != "--yes"]
        result = run(*options)
        assert result.exit_code == Exit.USAGE
        assert "--yes" in result.stderr
        assert server.requests == []


def test_identifiers_do_not_leave_this_machine():
    with serving(always(lambda text: f"患者{text[2:6]} [[7]]")) as server:
        made = judge_at(Judging(server.url, "stub"), [server.host])
        # As any other machine's would be.
        made.peer = replace(made.peer, address=replace(made.peer.address, local=False))
        reply = made.ask([Message("user", "姓名：王小明，电话13800138000。")], Stop())
        sent = server.requests[0].decode()
    assert "王小明" not in sent
    assert "13800138000" not in sent
    assert reply is not None
    assert reply.text.endswith("[[7]]")


def test_a_bad_row_is_told_and_the_rest_is_judged():
    with serving(StubJudge()) as server:
        bad = {key: value for key, value in single(2, "6").items() if key != "output"}
        result = judge(
            server, answers(single(1, "6"), bad, single(1, "7"), '{"id'), "--repeats", "1"
        )
    assert result.exit_code == Exit.FOUND
    for number in (2, 3, 4):
        assert result.stderr.count(f"row {number}:") == 1
    assert [row["id"] for row in judged()] == [1]


# The prompts

ANSWERED = Answered(Row(1, ("问{answer}",), "参{question}考", 1), ("答[[10]]",))


def test_what_an_answer_says_is_never_taken_for_a_place():
    said = judge_prompts().messages(ANSWERED, 1)[-1].text
    assert "问{answer}" in said
    assert "参{question}考" in said


def test_the_prompts_of_a_file_are_said_word_for_word(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(
        'language = "zh"\n[zh.single]\n'
        'user = "Q:{question} R:{reference} A:{answer} {\\"x\\": 1}"\n'
        '[zh.multi]\nuser = "{conversation}|{question}|{answer}|{turn}"\n',
        encoding="utf-8",
    )
    prompts = judge_prompts(path)
    assert [tuple(each) for each in prompts.messages(ANSWERED, 1)] == [
        ("user", 'Q:问{answer} R:参{question}考 A:答[[10]] {"x": 1}')
    ]
    assert prompts.digest != judge_prompts().digest
    row = Row(1, ("甲", "乙"), "参", 1)
    assert prompts.messages(Answered(row, ("一", "二")), 2)[0].text == (
        "医生（第1轮）：甲\n\n助手（第1轮）：一|乙|二|2"
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_our_prompts_ask_for_the_score_in_the_form_that_is_read(language):
    prompts = judge_prompts(language=language)
    for answered in (ANSWERED, Answered(Row(1, ("甲", "乙"), "参", 1), ("一", "二"))):
        said = prompts.messages(answered, len(answered.answers))[-1].text
        assert score_of(said) == 5


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[zh.single", "eval.prompts-unreadable"),
        ("x = 1", "eval.prompts-language"),
        ('[zh.single]\nuser = "{answer}"', "eval.prompts-lack"),
        ('[zh.single]\nuser = "{question}"\n[zh.multi]\nuser = "{answer}"', "eval.prompts-lack"),
        (
            '[zh.single]\nuser = "{answer} {note}"\n[zh.multi]\nuser = "{answer}"',
            "eval.prompts-place",
        ),
        (
            '[zh.single]\nuser = "{answer} {turn}"\n[zh.multi]\nuser = "{answer}"',
            "eval.prompts-place",
        ),
        (
            '[zh.single]\nuser = "{answer}"\nsytem = "x"\n[zh.multi]\nuser = "{answer}"',
            "eval.prompts-key",
        ),
        ('[zh.single]\nuser = 3\n[zh.multi]\nuser = "{answer}"', "eval.prompts-key"),
    ],
)
def test_a_file_of_prompts_that_would_not_work_is_refused(tmp_path, text, key):
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadRequest) as caught:
        judge_prompts(path)
    assert caught.value.key == key
    assert "own.toml" in caught.value.user_message("zh")


def test_a_file_of_prompts_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadRequest):
        judge_prompts(tmp_path / "none.toml")
