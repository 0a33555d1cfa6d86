"""Tuning without its packages: the file that describes a run, rows, tokens, the curve."""

import json
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from made_tokenizers import byte_fallback, byte_level
from tune_runs import rows, write_config, write_rows

from doctorflan_ls.cli.app import app
from doctorflan_ls.cli.exits import Exit
from doctorflan_ls.evaluation.rows import BadSet
from doctorflan_ls.models.base import Message
from doctorflan_ls.models.local.tokenizer import Tokenizer
from doctorflan_ls.tuning.config import read_config
from doctorflan_ls.tuning.curve import curve_svg
from doctorflan_ls.tuning.encoding import Encoded, encode, end_of_answer, pack
from doctorflan_ls.tuning.example import example
from doctorflan_ls.tuning.keys import Data, json_schema
from doctorflan_ls.tuning.rows import Row, read_rows, split

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "schemas" / "tune.schema.json").read_text("utf-8"))


def run(*arguments):
    return CliRunner().invoke(app, ["--lang", "en", "tune", *map(str, arguments)])


def test_the_schema_is_the_declarations():
    assert json_schema() == SCHEMA


def test_the_example_is_a_run_by_reader_and_schema(tmp_path):
    done = run("new", tmp_path / "first.toml")
    assert done.exit_code == 0, done.output
    text = (tmp_path / "first.toml").read_text("utf-8")
    assert text == example()
    config, problems = read_config(tmp_path / "first.toml")
    assert not problems
    assert config.folder == tmp_path / "runs" / "first"
    assert config.learning_rate == 2e-4
    jsonschema.Draft202012Validator(SCHEMA).validate(tomllib.loads(text))
    assert run("new", tmp_path / "first.toml").exit_code == Exit.USAGE


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"training": {"lenght": 5}}, "training.lenght; the nearest is length"),
        ({"method": {"kind": "qlora"}}, "method.kind wants lora | full"),
        ({"training": {"epochs": "three"}}, "training.epochs wants 0.0..1000.0"),
        ({"training": {"steps": 0, "epochs": 0}}, "training.epochs wants > 0"),
        ({"base": {"model": None}}, "base.model is missing"),
        ({"data": {"files": []}}, "data.files wants"),
        ({"base": {"languages": ["fr"]}}, 'base.languages wants ["zh", "en"]'),
        ({"data": {"validation": 0.9}}, "data.validation wants 0.0..0.5"),
        ({"run": {"folder": ""}}, "run.folder wants"),
    ],
)
def test_a_faulty_file_gets_one_line_with_its_place(changed, wanted, tmp_path):
    path = write_config(tmp_path / "run.toml", **changed)
    done = run("run", path)
    assert done.exit_code == Exit.USAGE
    lines = done.output.splitlines()
    assert len(lines) == 1
    assert wanted in lines[0]
    assert "run.toml:" in lines[0]
    if "epochs wants > 0" not in wanted:
        found = jsonschema.Draft202012Validator(SCHEMA).is_valid(tomllib.loads(path.read_text()))
        assert not found


def test_every_problem_of_a_file_is_told(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text('[trainning]\n[base]\nmodel = 3\n[data]\nfiles = ["a"]\n')
    done = run("run", path, "--dry-run")
    assert done.output.count("\n") == 3
    assert "run.toml:1: there is no key trainning; the nearest is training" in done.output
    assert "run.toml:3: base.model wants" in done.output
    assert "run.folder is missing" in done.output


@pytest.mark.parametrize(
    ("text", "wanted"), [("[base\n", "run.toml:1: not valid TOML"), (None, "")]
)
def test_no_file_and_no_toml(text, wanted, tmp_path):
    path = tmp_path / "run.toml"
    if text is not None:
        path.write_text(text)
    done = run("run", path)
    assert done.exit_code == Exit.USAGE
    assert wanted in done.output
    assert done.output.count("\n") == 1


GOOD = rows(3)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ('{"id": 9, "category": "Triage", "input": "x"}', "output"),
        ('{"id": 9, "category": "Triage", "input": " ", "output": "y"}', "input"),
        ('{"id": true, "category": "Triage", "input": "x", "output": "y"}', "id"),
        ('{"id": 1, "category": "Triage", "input": "x", "output": "y"}', "1"),
        ('{"id": "1", "category": "Triage", "input": "x", "output": "y"}', "1"),
        ('{"id": 9, "category": "Tri', ""),
        ("[1, 2]", ""),
    ],
)
def test_a_faulty_row_is_named_once_and_hides_no_other(line, wanted, tmp_path):
    path = write_rows(tmp_path / "rows.jsonl", GOOD)
    with path.open("a", encoding="utf-8") as out:
        out.write(line + "\n")
        out.write(json.dumps(rows(5)[4]) + "\n")
    found = read_rows([path], Data(files=("rows.jsonl",)), {})
    assert [row.id for row in found.rows] == ["0", "1", "2", "4"]
    (problem,) = found.problems
    assert problem.row == 4
    assert wanted in problem.text("en")
    write_config(tmp_path / "run.toml")
    done = run("apart", tmp_path / "run.toml", tmp_path / "apart.jsonl")
    assert done.exit_code == 0


def test_faulty_rows_stop_a_run_before_anything_is_written(tmp_path):
    pytest.importorskip("peft")
    write_rows(tmp_path / "rows.jsonl", [*GOOD, {"id": 7}])
    done = run("run", write_config(tmp_path / "run.toml"))
    assert done.exit_code == Exit.BAD_FILE
    assert "bad_rows" in done.output
    assert not (tmp_path / "out").exists()


def test_an_unknown_category_is_told_with_the_nearest_and_used(tmp_path):
    given_rows = [{**row, "category": "Treatment Plans"} for row in GOOD]
    path = write_rows(tmp_path / "rows.jsonl", given_rows)
    found = read_rows([path], Data(files=("rows.jsonl",)), {})
    assert len(found.rows) == 3
    (told,) = found.unknown
    assert "treatment-plan" in told.text("en")
    named = read_rows([path], Data(files=("rows.jsonl",)), {"treatment-plan": "Treatment Plans"})
    assert named.unknown == ()


def test_rows_with_a_tag_left_in_are_left_out_and_counted(tmp_path):
    leaked = {**GOOD[0], "id": 8, "output": "答：<书本知识>内科学</书本知识>"}
    path = write_rows(tmp_path / "rows.jsonl", [*GOOD, leaked])
    found = read_rows([path], Data(files=("rows.jsonl",)), {})
    assert (len(found.rows), found.leaked) == (3, 1)
    kept = read_rows([path], Data(files=("rows.jsonl",), drop_leaked=False), {})
    assert len(kept.rows) == 4


def test_parquet_and_json_lines_are_the_same_rows(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet  # noqa: PLC0415

    lines = write_rows(tmp_path / "rows.jsonl", rows())
    table = tmp_path / "rows.parquet"
    parquet.write_table(pyarrow.Table.from_pylist(rows()), table)
    found = [read_rows([path], Data(files=("x",)), {}) for path in (lines, table)]
    assert found[0].digest == found[1].digest
    table.write_bytes(table.read_bytes()[:-40])
    with pytest.raises(BadSet, match=r"rows\.parquet"):
        read_rows([table], Data(files=("x",)), {})


def as_rows(count, group="id"):
    return [
        Row(str(each["id"]), "Triage", each["input"], each["output"], str(each[group]))
        for each in rows(count)
    ]


def test_a_row_never_changes_its_side_and_a_case_is_on_one():
    learn, measure = split(as_rows(400), 0.2)
    assert 50 < len(measure) < 110
    fewer = split(as_rows(100), 0.2)
    assert {row.id for row in fewer[1]} == {row.id for row in measure if int(row.id) < 100}
    learn, measure = split(as_rows(400, "case"), 0.3)
    assert not {row.group for row in learn} & {row.group for row in measure}
    assert split(as_rows(9), 0.0)[1] == []


@pytest.mark.parametrize("make", [byte_level, byte_fallback])
def test_only_the_answer_and_its_end_are_learnt(make, tmp_path):
    tokenizer = Tokenizer.load(make(tmp_path))
    row = Row("1", "Triage", "患者发热 <|im_end|> </s>", "诊断：肺炎", "1")
    (found,) = encode([row], tokenizer, 512).rows
    asked = tokenizer.prompt_ids((Message("user", row.input),))
    assert found.tokens[: found.asked].tolist() == asked[: found.asked]
    assert len(asked) - found.asked <= 1
    end = end_of_answer(tokenizer)
    assert found.tokens[-1] == end
    assert end in tokenizer.end_ids
    decoder = tokenizer.decoder()
    said = "".join(decoder.push(int(token)) for token in found.tokens[found.asked : -1])
    assert (said + decoder.finish()).strip() == row.output
    # What a row spells is text: the only end is the answer's, and the question's own turn's.
    plain = tokenizer.prompt_ids((Message("user", "x"),))
    assert found.tokens.tolist().count(end) == plain.count(end) + 1


def test_a_row_that_is_too_long_is_left_out_whole(tmp_path):
    tokenizer = Tokenizer.load(byte_level(tmp_path))
    short, long = (Row("1", "Triage", "x", "y" * size, "1") for size in (2, 900))
    found = encode([short, long], tokenizer, 100)
    assert (len(found.rows), found.too_long) == (1, 1)
    assert found.longest > 400
    assert found.tokens == len(found.rows[0].tokens)


@given(st.lists(st.integers(1, 50), max_size=80))
def test_packs_hold_each_row_once_and_never_too_much(sizes):
    encoded = [Encoded(np.zeros(size, np.int32), 0) for size in sizes]
    packs = pack(encoded, 50)
    assert sorted(index for each in packs for index in each) == list(range(len(sizes)))
    assert all(sum(sizes[index] for index in each) <= 50 for each in packs)
    # Best fit: no two packs could have been one.
    filled = sorted(sum(sizes[index] for index in each) for each in packs)
    assert len(filled) < 2 or filled[0] + filled[1] > 50


@pytest.mark.parametrize(
    ("learnt", "measured"),
    [
        ([(1, 3.2), (2, 2.1), (3, float("nan"))], [(3, 2.4)]),
        ([], []),
        ([(5, 1.0)], []),
        ([(1, 2.0), (2, 2.0)], []),
    ],
)
def test_the_curve_is_a_picture_whatever_the_points(learnt, measured):
    drawn = ET.fromstring(curve_svg(learnt, measured, "a < b & c"))
    assert drawn.tag.endswith("svg")
    texts = [each.text for each in drawn.iter() if each.text]
    assert "a < b & c" in texts
    assert not any("nan" in text for text in texts)


def test_without_its_packages_a_run_says_what_to_install(tmp_path, monkeypatch):
    import importlib.util  # noqa: PLC0415

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == "peft" else real(name, *more),
    )
    write_rows(tmp_path / "rows.jsonl", GOOD)
    done = run("run", write_config(tmp_path / "run.toml"))
    assert done.exit_code == Exit.USAGE
    assert "doctorflan-ls[train]" in done.output
    assert done.output.count("\n") == 1
