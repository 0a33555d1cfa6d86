"""``eval answer`` and ``eval merge``: each row once, whatever ends a run; what models are asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from doctorflan_ls.cli.exits import Exit
from doctorflan_ls.evaluation.answering import How
from doctorflan_ls.evaluation.answering import answer as answer_rows
from doctorflan_ls.evaluation.rows import Row
from doctorflan_ls.evaluation.shards import Shard, shard_of
from doctorflan_ls.models.base import Chunk, ModelSpec, Stop
from doctorflan_ls.models.folders import manifest as manifests
from doctorflan_ls.models.language import LanguageModel
from doctorflan_ls.tasks.registry import builtin_tasks
from tests.openai_servers import echoes, manifest, sends, serving, status, stream
from tests.scripted_chat import ScriptedChat
from tests.test_cli import _own_settings, run, schema
from tests.test_evaluation_sets import multi, single, written

__all__ = ["_own_settings"]

CASE = """男，58岁。

主诉：胸痛3小时。

现病史：3小时前胸骨后压榨样疼痛，伴大汗，否认发热。

既往史：高血压病10年。

体格检查：血压150/90mmHg，心率88次/分。
"""


def every_task() -> list[dict]:
    """One invented row in the dataset's form for each of the 22 tasks."""
    return [
        {
            "category": task.category,
            "input": f"{task.instruction.zh}\n<病例描述>：{CASE}",
            "output": "考虑急性冠脉综合征，请结合心电图与肌钙蛋白。",
            "id": number,
        }
        for number, task in enumerate(builtin_tasks(), start=1)
    ]


def the_set(*rows: dict | str, name: str = "ward.jsonl") -> str:
    return str(written(Path(name), *(rows or every_task())))


def lines(path: str) -> list[dict]:
    text = Path(path).read_text(encoding="utf-8")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def answer(*arguments: str, **settings: object):
    pairs = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    return run("--lang", "en", *pairs, "eval", "answer", *arguments)


@pytest.fixture
def remote(tmp_path):
    """Answers a set by a model of the server; its folder is made here."""

    def made(server, *arguments: str, **changes: object):
        folder = tmp_path / "models" / "remote"
        folder.mkdir(parents=True, exist_ok=True)
        manifests.write(folder, manifest(server.url, **changes))
        settings = {"models.folder": folder.parent, "network.hosts": server.host}
        return answer(*arguments, "--model", "remote", **settings)

    return made


def test_the_skeleton_answers_a_row_of_every_task_in_the_published_form():
    result = answer(the_set(), "--model", "skeleton")
    assert result.exit_code == Exit.OK, result.output
    found = lines("data/ward/skeleton.jsonl")
    assert [row["id"] for row in found] == list(range(1, 23))
    for row, asked in zip(found, every_task(), strict=True):
        jsonschema.validate(row, schema("eval-answer"))
        assert row["input"] == asked["input"]
        assert row["reference"] == asked["output"]
        assert row["category"] == asked["category"]
        assert row["output"].strip()
    for row in lines("data/ward/skeleton.meta.jsonl"):
        jsonschema.validate(row, schema("eval-meta"))


def test_the_skeleton_is_asked_for_the_task_about_the_case_alone():
    answer(the_set(), "--model", "skeleton")
    by_task = {row["category"]: row["output"] for row in lines("data/ward/skeleton.jsonl")}
    assert "建议科室" in by_task["Triage"]
    assert len(set(by_task.values())) == len(by_task)


def test_a_conversation_is_answered_turn_by_turn():
    result = answer(the_set(multi(1), multi(2)), "--model", "skeleton", "--name", "dota")
    assert result.exit_code == Exit.OK
    for row in lines("data/dota/skeleton.jsonl"):
        jsonschema.validate(row, schema("eval-answer"))
        assert list(row) == [
            "id",
            *(f"turn_{turn}_{part}" for turn in (1, 2, 3) for part in ("question", "answer")),
            "reference",
        ]


def test_a_language_model_is_given_the_rows_own_words(remote):
    with serving(echoes) as server:
        result = remote(server, the_set(single(1), single(2)))
        assert result.exit_code == Exit.OK, result.output
        bodies = server.bodies
    by_id = {row["id"]: row for row in lines("data/ward/remote.jsonl")}
    for number in (1, 2):
        assert by_id[number]["output"] == single(number)["input"]
    asked = sorted(body["messages"][0]["content"] for body in bodies)
    assert asked == sorted(single(number)["input"] for number in (1, 2))
    assert all(len(body["messages"]) == 1 for body in bodies)
    assert all(body["max_tokens"] == 1024 for body in bodies)


def test_a_language_model_is_given_its_own_earlier_answers(remote):
    with serving(echoes) as server:
        remote(server, the_set(multi(1)))
        bodies = server.bodies
    told = [[(each["role"], each["content"]) for each in body["messages"]] for body in bodies]
    assert told[2] == [
        ("user", "问题1"),
        ("assistant", "问题1"),
        ("user", "问题2"),
        ("assistant", "问题2"),
        ("user", "问题3"),
    ]
    assert told[1] == told[2][:3]
    (row,) = lines("data/ward/remote.jsonl")
    assert row["turn_3_answer"] == "问题3"


def test_what_a_model_only_thinks_is_no_answer(remote):
    with serving(stream("<thi", "nk>嗯</think>\n", "心内科。")) as server:
        remote(server, the_set(single(1)))
    assert [row["output"] for row in lines("data/ward/remote.jsonl")] == ["心内科。"]


def test_the_servers_own_prompt_can_be_asked_for(remote):
    with serving(echoes) as server:
        result = remote(server, the_set(every_task()[0]), "--prompt", "task")
        assert result.exit_code == Exit.OK, result.output
        (body,) = server.bodies
    said = [each["content"] for each in body["messages"]]
    assert len(said) == 2
    assert "胸痛3小时" in said[1]
    assert "<病例描述>：男" not in said[1]
    assert "急诊征象" in lines("data/ward/remote.jsonl")[0]["output"]


def test_time_and_speed_stand_beside_the_answers(remote):
    with serving(stream("心", "内", "科", finish="length")) as server:
        remote(server, the_set(multi(1)))
    took = lines("data/ward/remote.meta.jsonl")[1]
    jsonschema.validate(took, schema("eval-meta"))
    assert took["pieces"] == [3, 3, 3]
    assert took["finish"] == ["length"] * 3
    for whole, first in zip(took["seconds"], took["first_seconds"], strict=True):
        assert whole >= first > 0


def test_what_is_answered_is_not_asked_again(remote):
    with serving(echoes) as server:
        path = the_set(*[single(each) for each in range(1, 7)])
        remote(server, path, "--limit", "2")
        assert len(server.bodies) == 2
        assert remote(server, path).exit_code == Exit.OK
        assert len(server.bodies) == 6
        remote(server, path)
        assert len(server.bodies) == 6
    assert sorted(row["id"] for row in lines("data/ward/remote.jsonl")) == [1, 2, 3, 4, 5, 6]


def test_another_run_does_not_go_on_in_the_same_file(remote):
    with serving(echoes) as server:
        path = the_set(single(1), single(2))
        remote(server, path, "--limit", "1")
        result = remote(server, path, "--seed", "7")
        assert result.exit_code == Exit.USAGE
        assert "sampling" in result.stderr
        the_set(single(1), single(2, input="另一问题"))
        assert "set_digest" in remote(server, path).stderr
    assert len(lines("data/ward/remote.jsonl")) == 1


def test_a_file_of_somebody_elses_is_left_alone(remote):
    target = Path("data/ward/skeleton.jsonl")
    target.parent.mkdir(parents=True)
    target.write_text('{"id": 1}\n', encoding="utf-8")
    result = answer(the_set(single(1)), "--model", "skeleton")
    assert result.exit_code == Exit.USAGE
    assert target.read_text(encoding="utf-8") == '{"id": 1}\n'


def test_a_row_that_fails_is_told_once_and_the_next_run_answers_it(remote):
    with serving(stream("好"), status(400, b"{}"), stream("好")) as server:
        path = the_set(single(1), single(2), single(3))
        first = remote(server, path, "--concurrency", "1")
        assert first.exit_code == Exit.FAILED
        assert first.stderr.count("row 2:") == 1
        assert [row["id"] for row in lines("data/ward/remote.jsonl")] == [1, 3]
        assert remote(server, path, "--concurrency", "1").exit_code == Exit.OK
    assert [row["id"] for row in lines("data/ward/remote.jsonl")] == [1, 3, 2]


def test_a_model_that_is_not_there_is_not_asked_for_every_row(remote):
    with serving(sends()) as server:
        path = the_set(*[single(each) for each in range(1, 60)])
        gone = server
    result = remote(gone, path, "--concurrency", "1")
    assert result.exit_code == Exit.FAILED
    assert result.stderr.count(", row ") == 5
    assert "54 were not come to" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["none.jsonl", "--model", "skeleton"], Exit.BAD_FILE, "none.jsonl"),
        (["ward.jsonl"], Exit.USAGE, "--model"),
        (["ward.jsonl", "--model", "nobody"], Exit.USAGE, "nobody"),
        (["ward.jsonl", "--model", "skeleton", "--shard", "3/2"], Exit.USAGE, "I/N"),
    ],
)
def test_a_wrong_command_is_one_line(arguments, code, said):
    the_set(single(1))
    result = answer(*arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_every_bad_row_is_told_and_the_rest_is_answered():
    bad = {key: value for key, value in single(2).items() if key != "input"}
    strange = single(5, category="Emergency Care")
    path = the_set(single(1), bad, single(1), '{"id": 4, "inp', strange, single(6))
    result = answer(path, "--model", "skeleton")
    # The skeleton cannot be asked for what is no task.
    assert result.exit_code == Exit.FAILED
    for number, times in ((2, 1), (3, 1), (4, 1), (5, 2)):
        assert result.stderr.count(f"row {number}:") == times
    assert [row["id"] for row in lines("data/ward/skeleton.jsonl")] == [1, 6]


def test_a_category_that_was_reconciled_is_a_task():
    path = the_set(single(5, category="Emergency Care"))
    assert run("tasks", "reconcile", path, "--write").exit_code == Exit.OK
    result = answer(path, "--model", "skeleton")
    assert result.exit_code == Exit.OK, result.stderr
    assert lines("data/ward/skeleton.jsonl")[0]["category"] == "Emergency Care"


def test_a_run_that_is_killed_goes_on_without_asking_for_what_is_done(remote, tmp_path):
    def slow(connection, request):
        time.sleep(0.1)
        echoes(connection, request)

    with serving(slow) as server:
        path = the_set(*[single(each) for each in range(1, 13)])
        remote(server, path, "--limit", "1")
        folder = tmp_path / "models"
        command = [sys.executable, "-m", "doctorflan_ls", "--set", f"models.folder={folder}"]
        command += ["--set", f"network.hosts={server.host}", "eval", "answer", path]
        process = subprocess.Popen([*command, "--model", "remote", "--concurrency", "2"])
        out = Path("data/ward/remote.jsonl")
        until = time.monotonic() + 30
        while len(out.read_bytes().splitlines()) < 5 and time.monotonic() < until:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
        time.sleep(0.3)
        with out.open("ab") as file:
            file.write('{"id": 12, "input": "半'.encode()[:-1])
        done = len(out.read_bytes().splitlines()) - 1
        assert 4 <= done < 12
        before = len(server.bodies)
        assert remote(server, path).exit_code == Exit.OK
        assert len(server.bodies) - before == 12 - done
    assert sorted(row["id"] for row in lines(str(out))) == list(range(1, 13))


# Parts


@pytest.mark.parametrize(("count", "of"), [(22, 4), (5, 8), (1, 1), (550, 7)])
def test_parts_are_ranges_of_ids_and_hold_every_row_once(count, of):
    rows = [Row(each, ("问",), "参", each) for each in (*range(count, 0, -1),)]
    parts = [Shard(number, of).part(rows) for number in range(1, of + 1)]
    ids = [row.id for part in parts for row in part]
    assert ids == list(range(1, count + 1))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2", ""])
def test_a_shard_that_is_none_is_refused(text):
    with pytest.raises(Exception, match="I/N"):
        shard_of(text)


def sharded(of: int = 3) -> list[str]:
    path = the_set()
    for number in range(1, of + 1):
        assert answer(path, "--model", "skeleton", "--shard", f"{number}/{of}").exit_code == 0
    return [f"data/ward/skeleton.shard-{number}-of-{of}.jsonl" for number in range(1, of + 1)]


def merge(*arguments: str):
    return run("--lang", "en", "eval", "merge", *arguments)


def test_parts_join_to_what_one_machine_answers():
    parts = sharded()
    answer(the_set(), "--model", "skeleton", "--out", "whole")
    assert merge(*reversed(parts), "--out", "data/ward/skeleton.jsonl").exit_code == Exit.OK
    assert lines("data/ward/skeleton.jsonl") == lines("whole/ward/skeleton.jsonl")
    sides = [lines(f"{folder}/ward/skeleton.meta.jsonl") for folder in ("data", "whole")]
    assert [row.get("id") for row in sides[0]] == [row.get("id") for row in sides[1]]
    # What was joined can be gone on with.
    assert answer(the_set(), "--model", "skeleton").exit_code == Exit.OK
    assert len(lines("data/ward/skeleton.jsonl")) == 22


def test_what_lacks_in_the_parts_is_said():
    parts = sharded()
    result = merge(parts[0], parts[2], "--out", "out.jsonl")
    assert result.exit_code == Exit.FOUND
    assert "parts are missing: 2" in result.stderr
    assert "7 rows are in no part" in result.stderr or "8 rows are in no part" in result.stderr


def test_a_row_of_two_parts_is_written_once():
    parts = sharded()
    first = Path(parts[0]).read_text(encoding="utf-8").splitlines()[0]
    with Path(parts[1]).open("a", encoding="utf-8") as file:
        file.write(first + "\n")
    result = merge(*parts, "--out", "out.jsonl")
    assert result.exit_code == Exit.FOUND
    assert "id 1 stands in another part" in result.stderr
    assert [row["id"] for row in lines("out.jsonl")] == list(range(1, 23))


def test_parts_of_other_runs_and_a_file_that_exists_are_refused():
    parts = sharded()
    other = answer(the_set(), "--model", "skeleton", "--out", "b", "--shard", "1/2")
    assert other.exit_code == Exit.OK
    mixed = merge(parts[0], "b/ward/skeleton.shard-1-of-2.jsonl", "--out", "out.jsonl")
    assert mixed.exit_code == Exit.USAGE
    Path("out.jsonl").write_text("", encoding="utf-8")
    assert merge(*parts, "--out", "out.jsonl").exit_code == Exit.USAGE
    assert merge("ward.jsonl", "--out", "new.jsonl").exit_code == Exit.BAD_FILE


# Any model of the server, by the engine


def made_by(load, spec, rows, **how) -> list:
    made = How(spec, load, builtin_tasks(), **how)
    return list(answer_rows(rows, made, Stop(), lambda outcome: None))


CONVERSATION = Row(1, ("男，58岁，胸痛。", "下一步？", "治疗？"), "参考", 1)


def test_a_model_of_this_machine_is_given_the_conversation():
    chat = ScriptedChat(lambda messages, lead: f"答{len(messages)}")
    (outcome,) = made_by(lambda *_: LanguageModel(chat), chat.spec, [CONVERSATION])
    assert outcome.failure is None
    assert outcome.answered.answers == ("答1", "答3", "答5")
    assert [each.role for each in chat.asked[2]] == ["user", "assistant"] * 2 + ["user"]
    assert chat.asked[2][1].text == "答1"


def test_with_the_servers_prompt_a_follow_up_continues_the_draft():
    chat = ScriptedChat("心内科")
    made = made_by(lambda *_: LanguageModel(chat), chat.spec, [CONVERSATION], asking="task")
    assert made[0].failure is None
    last = chat.asked[-1]
    assert [each.role for each in last] == ["system", *["user", "assistant"] * 2, "user"]
    assert "治疗？" in last[-1].text
    assert "胸痛" in last[1].text


class Plugged:
    """A model of a plugin that drafts by itself."""

    spec = ModelSpec("pack/own", "3", "onnx")

    def generate(self, prompt, sampling, stop):
        yield Chunk(f"{prompt.task.id}：")
        yield Chunk(str(len(list(prompt.turn.chain()) if prompt.turn else ())))

    def close(self):
        """Nothing is held."""


def test_a_model_of_a_plugin_drafts_as_ever():
    row = Row(1, ("先给出科室。<病例描述>：胸痛。",), "参考", 1, "Triage", "triage")
    found = made_by(lambda *_: Plugged(), Plugged.spec, [row, CONVERSATION])
    assert [outcome.answered.answers for outcome in found] == [
        ("triage：0",),
        ("case-summary：0", "case-summary：1", "case-summary：2"),
    ]
    # Nobody knows how many tokens it made.
    assert found[0].took["pieces"] == [None]


def test_a_model_that_breaks_in_one_row_answers_the_others():
    class Breaks(Plugged):
        def generate(self, prompt, sampling, stop):
            if "坏" in str(prompt.note.text):
                raise ZeroDivisionError
            yield Chunk("好")

    rows = [Row(each, (text,), "参", each) for each, text in enumerate(("好", "坏", "好"), 1)]
    found = made_by(lambda *_: Breaks(), Plugged.spec, rows)
    assert [outcome.failure is None for outcome in found] == [True, False, True]
    assert found[1].failure.key == "engine.model-failed"


def test_a_model_is_not_asked_what_its_manifest_does_not_claim():
    chat = ScriptedChat("好")
    chat.spec = ModelSpec("little", "1", "onnx", languages=("zh",), tasks=("triage",))
    rows = [
        Row(1, ("<病例描述>：胸痛",), "参", 1, "Triage", "triage"),
        Row(2, ("<病例描述>：胸痛",), "参", 2, "Treatment Plan", "treatment-plan"),
    ]
    found = made_by(lambda *_: LanguageModel(chat), chat.spec, rows)
    assert found[0].failure is None
    assert found[1].failure.key == "engine.not-task"
