"""The 22 task files, finding a task, and reconciling their names with a copy of the dataset."""

import json
import tomllib
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.tasks.lines import line_of
from doctorflan_ls.tasks.loader import BadTaskFile, load_task
from doctorflan_ls.tasks.reconcile import reconcile
from doctorflan_ls.tasks.registry import builtin_tasks, get_task, search

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "schemas" / "task.schema.json").read_text(encoding="utf-8"))
FILES = sorted(entry.name for entry in files("doctorflan_ls").joinpath("tasks", "data").iterdir())
# The dataset's names that were read in the dataset itself; the others must stay "assumed".
VERIFIED = {
    "Triage",
    "Case Summary",
    "Inquiry Prompts",
    "Initial Diagnosis",
    "Differential Diagnosis",
    "Next Examinations",
    "Definitive Diagnosis",
    "Disease Grading",
    "Treatment Plan",
    "Surgery Necessity",
    "Preoperative Education",
    "Medication Inquiry",
    "Disease Inquiry",
    "Symptom Inquiry",
}


def source(name: str) -> str:
    return files("doctorflan_ls").joinpath("tasks", "data", name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_file_fits_the_schema(name):
    table = tomllib.loads(source(name))
    jsonschema.validate(table, SCHEMA)
    assert f"{table['id']}.toml" == name


def test_there_are_22_with_different_names():
    tasks = builtin_tasks()
    assert len(tasks) == 22
    for names in ("id", "category", "title", "pinyin"):
        assert len({getattr(task, names) for task in tasks}) == 22
    assert [task.id for task in tasks][:3] == ["triage", "case-summary", "inquiry-prompts"]


def test_origin_is_what_was_read():
    assert {task.category for task in builtin_tasks() if task.origin == "verified"} == VERIFIED


def test_instructions_read_whole_are_word_for_word():
    assert get_task("definitive-diagnosis").instruction.zh == (
        "在分析病人的病史、症状、体征和检查结果后，先给出最终的诊断，再解释这一诊断的依据和过程。"
    )
    assert get_task("next-examinations").instruction.zh == (
        "根据病人的症状和初步诊断，推荐接下来应进行的一系列检查或者检验，以便于进一步确诊。"
    )


def test_case_summary_has_the_six_fields():
    titles = [element.title.zh for element in get_task("case-summary").elements]
    assert set(titles) >= {"主诉", "现病史", "辅助检查", "既往史", "诊断", "建议"}


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("分诊", "triage"),
        ("fz", "triage"),
        ("/blzj", "case-summary"),
        ("总结", "case-summary"),
        ("case", "case-summary"),
        ("Case Summ", "case-summary"),
        ("summary", "case-summary"),
        ("用药禁忌", "contraindication-check"),
        ("yyjj", "contraindication-check"),
        ("contraind", "contraindication-check"),
        ("出院", "discharge-instruction"),
        ("follow", "follow-up-plan"),
        ("sf", "follow-up-plan"),
        ("ＦＺ", "triage"),
        ("diff diag", "differential-diagnosis"),
        ("病总", "case-summary"),
    ],
)
def test_search(query, best):
    assert search(query)[0].id == best


def test_search_for_nothing_gives_all_and_for_nonsense_none():
    assert search("") == builtin_tasks() == search(" / ")
    assert search("zzqx") == ()


@pytest.mark.parametrize("name", ["triage", "Triage", "分诊", "TRIAGE"])
def test_get_task_by_any_name(name):
    assert get_task(name).id == "triage"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("triag", "triage"), ("case-sumary", "case-summary"), ("病例小结", "case-summary")],
)
def test_unknown_task_names_the_nearest(name, nearest):
    with pytest.raises(BadRequest) as caught:
        get_task(name)
    assert nearest in caught.value.user_message("en")


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('origin = "verified"', 'origin = "sure"', "origin"),
        ('id = "triage"', 'id = "Triage!"', "id"),
        ('needs = ["chief_complaint"', 'needs = ["chief"', "needs"),
        ('key = "urgency"', 'key = "departments"', "elements[1]"),
        ('sources = ["rank:departments"]', "", "elements[1]"),
        ('title = { zh = "分诊", en = "Triage" }', 'title = { zh = "分诊" }', "title.en"),
        ('pinyin = "fz"', 'pinyin = "fz"\ncolour = "red"', "colour"),
        ('pinyin = "fz"', 'pinyin = "', ""),
    ],
)
def test_bad_task_file_names_file_line_and_key(old, new, where):
    text = source("triage.toml")
    assert old in text
    changed = text.replace(old, new)
    # The line that was changed; where one was taken away, the head of its element.
    lines = changed.splitlines()
    expected = next(at for at, line in enumerate(lines) if line != text.splitlines()[at]) + 1
    if where.startswith("elements"):
        heads = [at for at, line in enumerate(lines, start=1) if line == "[[elements]]"]
        expected = heads[1]
    with pytest.raises(BadTaskFile) as caught:
        load_task(changed, "mine.toml")
    assert caught.value.fields["file"] == f"mine.toml:{expected}"
    assert caught.value.fields["where"] == where
    for locale in ("zh", "en"):
        said = caught.value.user_message(locale)
        assert f"mine.toml:{expected}" in said
        assert "\n" not in said


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("id", 1),
        ("title.en", 3),
        ("elements[0].key", 6),
        ("elements[0].title.zh", 9),
        ("elements[1].title.zh", 13),
        ("elements[1].ask", 11),
        ("gone", 0),
    ],
)
def test_the_line_of_a_key(where, line):
    text = """id = "x"
# id = "y"
title = { zh = "甲", en = "A" }

[[elements]]
key = "one"

[elements.title]
zh = "一"

[[elements]]
key = "two"
title = { zh = "二", en = "Two" }
"""
    assert line_of(text, where) == line


ROWS = [
    {"category": "Triage"},
    {"category": "Triage"},
    {"category": "Medication Plan"},
    {"category": "Surgical Planning"},
    {"category": "Billing"},
    {"category": ""},
    {"other": 1},
]


def write(path: Path, kind: str) -> Path:
    if kind == "json":
        path.write_text(json.dumps(ROWS), encoding="utf-8")
    elif kind == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in ROWS), encoding="utf-8")
    else:
        pa = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        names = [row.get("category") for row in ROWS]
        parquet.write_table(pa.table({"category": names}), path)
    return path


@pytest.mark.parametrize("kind", ["json", "jsonl", "parquet"])
def test_reconcile(tmp_path, kind):
    result = reconcile(write(tmp_path / f"copy.{kind}", kind))
    assert result.rows == 7
    assert result.counts["Triage"] == 2
    assert result.equal == ("triage", "medication-plan")
    assert result.confirmed == ("medication-plan",)
    assert result.mapping() == {"surgical-plan": "Surgical Planning"}
    assert result.new == ("Billing",)
    assert "case-summary" in result.missing
    assert "surgical-plan" not in result.missing
    assert [row.row for row in result.bad_rows] == [6, 7]


def test_reconcile_broken_line_is_named(tmp_path):
    path = tmp_path / "copy.jsonl"
    path.write_text('{"category": "Triage"}\n{"categ\n', encoding="utf-8")
    assert [row.row for row in reconcile(path).bad_rows] == [2]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"PAR1 not really", b"\xff\xfe\x00"])
def test_reconcile_unreadable(tmp_path, content):
    path = tmp_path / "copy.bin"
    path.write_bytes(content)
    with pytest.raises(BadRequest):
        reconcile(path)


def test_reconcile_missing_file(tmp_path):
    with pytest.raises(BadRequest):
        reconcile(tmp_path / "none.jsonl")
