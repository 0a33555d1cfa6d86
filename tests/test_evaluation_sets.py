"""Sets and files of answers: what is wrong is told once with its row, and nothing else is lost."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from pyarrow import parquet

from doctorflan_ls.evaluation.appending import Appending, lines
from doctorflan_ls.evaluation.rows import Answered, BadSet, case_of
from doctorflan_ls.evaluation.sets import Categories, load_answers, load_set, to_json

NONE = Categories({})


def single(row_id: object = 1, **changes: object) -> dict:
    row = {
        "category": "Triage",
        "input": f"先给出科室，再说明理由。\n<病例描述>：男，58岁，咳嗽{row_id}天。",
        "output": "呼吸内科。咳嗽为呼吸道症状。",
        "id": row_id,
    }
    return row | changes


def multi(row_id: object = 1, **changes: object) -> dict:
    row = {f"turn_{turn}_question": f"问题{turn}" for turn in (1, 2, 3)}
    return {"id": row_id, **row, "reference": "参考"} | changes


def without(row: dict, name: str) -> dict:
    return {key: value for key, value in row.items() if key != name}


def written(path, *rows: dict | str):
    lines_ = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines_) + "\n", encoding="utf-8")
    return path


def told(problems) -> list[tuple[int, str]]:
    return [(each.row, each.key.partition(".")[2]) for each in problems]


BAD = [
    (without(single(2), "input"), "row-lacks"),
    (without(single(2), "output"), "row-lacks"),
    (without(single(2), "category"), "row-lacks"),
    (without(single(2), "id"), "row-lacks"),
    (single(2, input="  "), "row-lacks"),
    (single(2, input=7), "row-lacks"),
    (single(True), "row-lacks"),
    (single(2.5), "row-lacks"),
    (single(1), "row-duplicate"),
    (single("1"), "row-duplicate"),
    ('{"category": "Triage", "inp', "row-half"),
    ("[1, 2]", "row-no-object"),
    ("null", "row-no-object"),
]


@pytest.mark.parametrize(("bad", "key"), BAD)
def test_a_bad_row_is_told_with_its_number_and_the_others_are_kept(tmp_path, bad, key):
    loaded = load_set(written(tmp_path / "set.jsonl", single(1), bad, single(3)), NONE)
    assert [row.id for row in loaded.rows] == [1, 3]
    assert told(loaded.problems) == [(2, key)]
    for locale in ("zh", "en"):
        assert "set.jsonl" in loaded.problems[0].text(locale)


def test_what_a_message_says_holds_nothing_of_the_row(tmp_path):
    secret = "张三丰机密"
    bad = without(single(2, output=secret), "input")
    loaded = load_set(written(tmp_path / "set.jsonl", bad), NONE)
    assert secret not in loaded.problems[0].text("zh")


def test_fields_that_lack_are_named_together(tmp_path):
    loaded = load_set(written(tmp_path / "set.jsonl", single(1), {"id": 2}), NONE)
    assert loaded.problems[0].fields["fields"] == "input, output, category"


def test_blank_lines_a_mark_and_windows_line_ends_are_no_rows(tmp_path):
    path = tmp_path / "set.jsonl"
    text = "\ufeff" + "\r\n\r\n".join(json.dumps(single(each)) for each in (1, 2)) + "\r\n"
    path.write_bytes(text.encode())
    loaded = load_set(path, NONE)
    assert [row.number for row in loaded.rows] == [1, 3]
    assert not loaded.problems


def test_bytes_that_are_no_text_cost_their_row_alone(tmp_path):
    path = tmp_path / "set.jsonl"
    path.write_bytes(json.dumps(single(1)).encode() + b'\n{"id": "\xff"}\n')
    loaded = load_set(path, NONE)
    assert told(loaded.problems) == [(2, "row-not-utf8")]
    assert len(loaded.rows) == 1


def test_a_list_is_read_as_rows(tmp_path):
    path = tmp_path / "set.json"
    path.write_text(json.dumps([single(1), 3, single(2)]), encoding="utf-8")
    loaded = load_set(path, NONE)
    assert [row.id for row in loaded.rows] == [1, 2]
    assert told(loaded.problems) == [(2, "row-no-object")]


def test_parquet_gives_the_same_rows_as_lines(tmp_path):
    rows = [single(each) for each in range(600)]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "set.parquet")
    found = load_set(tmp_path / "set.parquet", NONE)
    assert found.rows == load_set(written(tmp_path / "set.jsonl", *rows), NONE).rows


def test_a_parquet_file_without_its_end_is_said_to_be_cut_off(tmp_path):
    path = tmp_path / "set.parquet"
    parquet.write_table(pa.Table.from_pylist([single(each) for each in range(50)]), path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BadSet) as caught:
        load_set(path, NONE)
    assert caught.value.key == "eval.truncated"


def test_a_parquet_file_damaged_in_the_middle_gives_the_rows_before(tmp_path):
    path = tmp_path / "set.parquet"
    rows = [single(each, input=f"第{each}例" * 50) for each in range(1024)]
    table = pa.Table.from_pylist(rows)
    parquet.write_table(table, path, row_group_size=256, compression="snappy", use_dictionary=False)
    data = bytearray(path.read_bytes())
    start = parquet.ParquetFile(path).metadata.row_group(2).column(1).data_page_offset
    data[start : start + 400] = b"\xff" * 400
    path.write_bytes(data)
    loaded = load_set(path, NONE)
    assert [row.id for row in loaded.rows] == list(range(512))
    assert told(loaded.problems) == [(513, "row-truncated")]


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda path: None, "eval.missing"),
        (lambda path: path.write_bytes(b""), "eval.empty"),
        (lambda path: path.write_text("[{", encoding="utf-8"), "eval.not-json"),
        (lambda path: path.mkdir(), "eval.unreadable"),
    ],
)
def test_a_file_of_no_rows_is_refused(tmp_path, make, key):
    make(tmp_path / "set.jsonl")
    with pytest.raises(BadSet) as caught:
        load_set(tmp_path / "set.jsonl", NONE)
    assert caught.value.key == key


def test_turns_are_read_and_one_that_lacks_is_told(tmp_path):
    bad = without(multi(2), "turn_3_question")
    loaded = load_set(written(tmp_path / "d.jsonl", multi(1), bad), NONE)
    assert loaded.rows[0].questions == ("问题1", "问题2", "问题3")
    assert loaded.rows[0].form == "multi"
    assert told(loaded.problems) == [(2, "row-lacks")]
    assert loaded.problems[0].fields["fields"] == "turn_3_question"


CATEGORIES = [
    ("Triage", {}, "triage"),
    ("triage", {}, "triage"),
    (" Definitive Diagnosis ", {}, "definitive-diagnosis"),
    ("Emergency Care", {"emergency-plan": "Emergency Care"}, "emergency-plan"),
    ("emergency care", {"emergency-plan": "Emergency Care"}, "emergency-plan"),
    ("Emergency Care", {}, ""),
]


@pytest.mark.parametrize(("name", "names", "task"), CATEGORIES)
def test_a_category_is_a_task_by_its_name_or_by_the_settings(tmp_path, name, names, task):
    path = written(tmp_path / "set.jsonl", single(1, category=name), single(2, category=name))
    loaded = load_set(path, Categories(names))
    assert [row.task for row in loaded.rows] == [task, task]
    # Kept under its own name, and told once.
    assert told(loaded.problems) == ([] if task else [(1, "row-category")])
    if not task:
        assert "emergency-plan" in loaded.problems[0].text("en")


def test_answers_come_back_as_they_were_written(tmp_path):
    rows = load_set(written(tmp_path / "s.jsonl", single(1), single(2)), NONE).rows
    dota = load_set(written(tmp_path / "d.jsonl", multi(1)), NONE).rows
    for name, answered in (
        ("sa.jsonl", [Answered(row, (f"答{row.id}",)) for row in rows]),
        ("da.jsonl", [Answered(row, ("一", "", "三")) for row in dota]),
    ):
        loaded = load_answers(written(tmp_path / name, *map(to_json, answered)), NONE)
        assert not loaded.problems
        assert [(each.row.id, each.answers) for each in loaded.answered] == [
            (each.row.id, each.answers) for each in answered
        ]
        assert [each.row.reference for each in loaded.answered] == [
            each.row.reference for each in answered
        ]


def test_answers_of_others_need_no_category(tmp_path):
    row = {"id": 1, "input": "问", "output": "答", "reference": "参考"}
    loaded = load_answers(written(tmp_path / "a.jsonl", row, without(row, "output")), NONE)
    assert loaded.answered[0].answers == ("答",)
    assert told(loaded.problems) == [(2, "row-lacks")]


@pytest.mark.parametrize(
    ("text", "case"),
    [
        ("先诊断。\n<病例描述>：男，咳嗽。", "男，咳嗽。"),
        ("先诊断。<病例描述>:男", "男"),
        ("<病例描述>\n男", "男"),
        ("没有标签的话", "没有标签的话"),
    ],
)
def test_the_case_stands_behind_its_tag(text, case):
    assert case_of(text) == case


@pytest.mark.parametrize(
    ("tail", "left"),
    [('{"id": 2, "outp', [1]), ('{"id": 2}', [1, 2]), ("", [1]), ("\n", [1])],
)
def test_a_file_goes_on_after_a_crash_at_any_byte(tmp_path, tail, left):
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1}\n' + tail, encoding="utf-8")
    with Appending(path) as file:
        file.add({"id": 3})
    assert [each["id"] for each in lines(path)] == [*left, 3]
    for line in path.read_text(encoding="utf-8").splitlines():
        assert not line or json.loads(line)
