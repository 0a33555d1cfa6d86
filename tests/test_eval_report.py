"""From answers to a report: numbers worked out by hand, measures, the page."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from doctorflan_ls.cli.exits import Exit
from doctorflan_ls.evaluation.measures import measure, rouge_l, totals
from doctorflan_ls.evaluation.rows import Answered, Row
from doctorflan_ls.tasks.registry import builtin_tasks
from tests.eval_judges import StubJudge
from tests.openai_servers import serving
from tests.test_cli import _own_settings, run, schema
from tests.test_eval_judge import answers, judge, multi, single

__all__ = ["_own_settings"]


def report(*files: str, code: Exit = Exit.OK) -> dict:
    result = run("--lang", "en", "eval", "report", *files, "--json")
    assert result.exit_code == code, result.output
    found = json.loads(result.stdout)
    jsonschema.validate(found, schema("eval-report"))
    return found


def judged_by_the_stub(name: str, *rows: dict, repeats: int = 3) -> str:
    with serving(StubJudge()) as server:
        path = answers(*rows, name=f"{name}.jsonl")
        # One at a time, so that the first repeat gets the first score.
        result = judge(server, path, "--repeats", str(repeats), "--concurrency", "1")
    assert result.exit_code == Exit.OK, result.output
    return f"data/test/{name}.judged.jsonl"


def test_scores_are_what_they_come_to_by_hand():
    path = judged_by_the_stub(
        "ward",
        single(1, "6,8,10", "Triage"),
        single(2, "8,8,8", "Triage"),
        single(3, "9,7,5", "Treatment Plan"),
    )
    (scores,) = report(path)["sets"][0]["scores"]
    # Triage: repeats (6+8)/2=7, 8, 9. Mean 8, deviation the root of 2/3.
    assert scores["tasks"]["triage"] == {"mean": 8.0, "std": 0.816496580927726, "count": 6}
    # Treatment plan: 9, 7, 5. Mean 7, deviation the root of 8/3.
    assert scores["tasks"]["treatment-plan"] == {"mean": 7.0, "std": 1.632993161855452, "count": 3}
    # All: 6 8 10 8 8 8 9 7 5, sum 69, mean 23/3; squares sum 547, variance 547/9 - 529/9 = 2.
    assert scores["overall"] == {"mean": 7.666666666666667, "std": 1.4142135623730951, "count": 9}
    # Repeats: 23/3, 23/3, 23/3.
    assert scores["repeat_means"] == [7.666666666666667] * 3
    assert scores["phases"]["pre-diagnosis"]["mean"] == 8.0
    assert scores["phases"]["treatment"]["mean"] == 7.0
    assert (scores["rows"], scores["repeats"], scores["unreadable"]) == (3, 3, 0)
    assert list(scores["tasks"]) == ["triage", "treatment-plan"]


def test_turns_are_what_they_come_to_by_hand():
    path = judged_by_the_stub(
        "ward", multi(1, "4,6", "5,5", "9,7"), multi(2, "8,8", "7,5", "9,9"), repeats=2
    )
    (scores,) = report(path)["sets"][0]["scores"]
    # Turn 1: 6 and 7. Turn 2: 6 and 5. Turn 3: 9 and 8.
    assert scores["turns"] == {
        "1": {"mean": 6.5, "std": 0.5, "count": 4},
        "2": {"mean": 5.5, "std": 0.5, "count": 4},
        "3": {"mean": 8.5, "std": 0.5, "count": 4},
    }
    # 4 6 5 5 9 7 8 8 7 5 9 9: sum 82, squares 596; mean 41/6, variance 596/12 - 1681/36 = 107/36.
    assert scores["overall"]["mean"] == 41 / 6
    assert scores["overall"]["std"] == pytest.approx((107 / 36) ** 0.5, rel=1e-15)
    assert scores["form"] == "multi"


def test_an_unknown_category_stands_under_its_own_name():
    with serving(StubJudge()) as server:
        rows = [single(1, "6", "Triage"), single(2, "8", "Emergency Care")]
        assert judge(server, answers(*rows), "--repeats", "1").exit_code == Exit.FOUND
    (scores,) = report("data/test/ward.judged.jsonl")["sets"][0]["scores"]
    assert list(scores["tasks"]) == ["triage", "Emergency Care"]
    assert list(scores["phases"]) == ["pre-diagnosis"]


def test_two_models_are_compared_on_the_rows_that_both_have():
    one = judged_by_the_stub("one", *[single(row, "8") for row in range(1, 6)], repeats=1)
    other = judged_by_the_stub("other", *[single(row, "6") for row in range(3, 9)], repeats=1)
    (of,) = report(one, other)["sets"]
    assert [each["model"] for each in of["scores"]] == ["one", "other"]
    (pair,) = of["pairs"]
    expected = {"difference": 2.0, "low": 2.0, "high": 2.0, "rows": 3, "level": 0.95}
    assert (pair["one"], pair["other"], pair["interval"]) == ("one", "other", expected)


def test_scores_by_two_wordings_are_not_compared():
    one = judged_by_the_stub("one", single(1, "8"), repeats=1)
    with serving(StubJudge()) as server:
        path = answers(single(1, "6"), name="other.jsonl")
        judge(server, path, "--repeats", "1", "--language", "en")
    (of,) = report(one, "data/test/other.judged.jsonl")["sets"]
    assert of["pairs"] == []


def test_a_file_of_something_else_is_refused():
    Path("x.jsonl").write_text('{"id": 1}\n', encoding="utf-8")
    result = run("--lang", "en", "eval", "report", "x.jsonl")
    assert result.exit_code == Exit.BAD_FILE
    assert "x.jsonl" in result.stderr


# Measures

CASE = "男，58岁，胸痛3小时。查体：血压150/90mmHg。既往高血压病10年。"


def measured(text: str, category: str = "Initial Diagnosis", reference: str = "冠心病"):
    task = next(task.id for task in builtin_tasks() if task.category == category)
    row = Row(1, (f"先诊断。<病例描述>：{CASE}",), reference, 1, category, task)
    return measure(Answered(row, (text,)), None, builtin_tasks())


def test_overlap_is_the_longest_common_subsequence_of_characters():
    # 急性心肌梗死 in 急性前壁心肌梗死: 6 of 6 and 6 of 8 characters, F 12/14.
    assert rouge_l("急性心肌梗死", "急性前壁心肌梗死") == 12 / 14
    assert rouge_l("急性 心肌\n梗死", "急性前壁心肌梗死") == 12 / 14
    assert rouge_l("甲乙", "丙丁") == 0.0
    assert rouge_l("", "丙丁") == 0.0
    assert rouge_l("同文", "同文") == 1.0


def test_a_number_that_the_case_does_not_have_is_not_supported():
    title = next(
        element.title.zh
        for task in builtin_tasks()
        if task.id == "initial-diagnosis"
        for element in task.elements
        if element.key == "exam_basis"
    )
    good, bad = (
        measured(f"{title}：血压{value}mmHg。胸痛3小时。") for value in ("150/90", "190/110")
    )
    assert (good.statements, good.unsupported) == (2, 0)
    assert (bad.statements, bad.unsupported) == (2, 1)
    assert totals([good, bad]).unsupported_per_100 == 25.0


def test_advice_may_say_what_the_case_does_not_and_is_counted_apart():
    found = measured("建议阿司匹林300mg口服。胸痛3小时。", "Treatment Plan")
    assert (found.statements, found.unsupported, found.unstated) == (2, 0, 1)


def test_structure_counts_the_parts_that_have_words_of_their_own():
    task = next(task for task in builtin_tasks() if task.id == "initial-diagnosis")
    required = [element for element in task.elements if not element.optional]
    whole = "\n".join(f"{element.title.zh}：若干。" for element in required)
    assert measured(whole).present == measured(whole).required == len(required)
    first = required[0].title.zh
    assert measured(f"**{first}**\n若干").present == 1
    assert measured(f"{first}：［待补充：诊断］").present == 0
    assert measured(f"{first}：［待补充：诊断］").gaps == 1
    assert measured(f"{first}：［待补充：诊断］\n注：请医生判断。").present == 0
    assert measured("没有任何标题的话。").present == 0


def test_an_answer_to_no_known_task_has_no_structure():
    row = Row(1, ("问", "再问"), "参考", 1)
    found = measure(Answered(row, ("答", "再答")), None, builtin_tasks())
    assert (found.required, found.characters) == (0, 3)
    assert totals([found]).structure_percent is None


def test_measures_stand_in_the_report_with_time_and_speed():
    path = answers(single(1, "6"), single(2, "6"))
    side = [
        {"run": {"set": "ward-test", "model": "little", "shard": [1, 1], "set_rows": 2}},
        {"id": 1, "seconds": [2.0], "pieces": [30], "pieces_seconds": [1.5], "finish": ["stop"]},
        {"id": 2, "seconds": [4.0], "pieces": [10], "pieces_seconds": [0.5], "finish": ["length"]},
    ]
    text = "\n".join(map(json.dumps, side)) + "\n"
    Path("data/test/ward.meta.jsonl").write_text(text, encoding="utf-8")
    result = run("eval", "measure", path, "--json")
    assert result.exit_code == Exit.OK, result.output
    for line in Path("data/test/ward.measures.jsonl").read_text(encoding="utf-8").splitlines():
        jsonschema.validate(json.loads(line), schema("eval-measure"))
    (of,) = report("data/test/ward.measures.jsonl")["sets"]
    assert of["name"] == "ward-test"
    (found,) = of["measures"]
    assert found["model"] == "little"
    # 40 pieces in 2 seconds; rows took 2 and 4.
    assert (found["totals"]["pieces_per_second"], found["totals"]["seconds"]) == (20.0, 3.0)
    assert found["totals"]["cut"] == 1
    assert found["totals"]["rows"] == found["tasks"]["triage"]["rows"] == 2


def test_measuring_again_replaces_what_was_measured():
    path = answers(single(1, "6"))
    for _ in range(2):
        assert run("eval", "measure", path).exit_code == Exit.OK
    assert len(Path("data/test/ward.measures.jsonl").read_text().splitlines()) == 2
    assert not list(Path("data/test").glob(".*"))


def test_without_the_package_for_overlap_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidfuzz.distance", None)
    result = run("--lang", "en", "eval", "measure", answers(single(1, "6")))
    assert result.exit_code == Exit.USAGE
    assert "doctorflan-ls[eval]" in result.stderr


# The table and the page


@pytest.mark.parametrize(("language", "words"), [("zh", "分诊"), ("en", "Triage")])
def test_the_table_has_each_model_and_speaks_both_languages(language, words):
    one = judged_by_the_stub("one", single(1, "8"), single(2, "5", "Treatment Plan"), repeats=1)
    other = judged_by_the_stub("other", single(1, "6"), single(2, "7", "Treatment Plan"), repeats=1)
    result = run("--lang", language, "eval", "report", one, other)
    assert result.exit_code == Exit.OK
    (row,) = (line for line in result.stdout.splitlines() if line.startswith(words))
    assert re.findall(r"[\d.]+ ± [\d.]+", row) == ["8.00 ± 0.00", "6.00 ± 0.00"]


def test_the_page_needs_nothing_else_and_has_every_plot():
    rows = [single(row, "6,7", task.category) for row, task in enumerate(builtin_tasks(), start=1)]
    one = judged_by_the_stub("one", *rows, repeats=2)
    dota = judged_by_the_stub("two", multi(1, "4,6", "5", "9"), multi(2, "8", "7", "9"), repeats=2)
    run("eval", "measure", "data/test/one.jsonl")
    files = [one, dota, "data/test/one.measures.jsonl"]
    result = run("--lang", "zh", "eval", "report", *files, "--html", "report.html")
    assert result.exit_code == Exit.OK, result.output
    page = Path("report.html").read_text(encoding="utf-8")
    assert page.startswith('<!doctype html><html lang="zh">')
    assert not re.search(r"(src|href)\s*=|@import|url\(|https?://", page)
    for task in builtin_tasks():
        assert task.title.zh in page
        assert task.title.en in page
    # A radar and bars over the tasks, curves over the turns, the interval between the two.
    assert page.count("<svg") == 4
    for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ET.fromstring(svg)


def test_a_name_of_a_model_cannot_write_into_the_page():
    one = judged_by_the_stub("one", single(1, "8"), repeats=1)
    text = Path(one).read_text(encoding="utf-8")
    Path(one).write_text(text.replace('"model": "one"', '"model": "<script>x"'), encoding="utf-8")
    run("eval", "report", one, "--html", "report.html")
    page = Path("report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;x" in page
