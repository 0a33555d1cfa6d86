"""``doctorflan-ls icd10``."""

import json

import click
import doctorflan_icd10 as plugin
import pytest
from click.testing import CliRunner
from doctorflan_icd10.lookup import search


@pytest.fixture
def run():
    group = click.Group()
    plugin.register_commands(group)
    return lambda *arguments: CliRunner(env={"LC_ALL": "zh_CN.UTF-8"}).invoke(
        group, ["icd10", *arguments]
    )


def test_a_code_is_looked_up(run):
    result = run("J18.9")
    assert result.exit_code == 0
    assert result.output.startswith("J18.9  Pneumonia, unspecified  肺炎、社区获得性肺炎")


def test_a_name_is_looked_up_as_json(run):
    result = run("急性阑尾炎", "--json")
    (row,) = json.loads(result.output)
    assert row["code"] == "K35.8"
    assert "急性阑尾炎" in row["zh"]
    assert row["block"] == {"code": "K35-K38", "title": "Diseases of appendix"}
    assert row["chapter"]["code"] == "XI"


def test_what_is_not_there_is_said_in_the_users_language(run):
    result = run("不存在的病")
    assert result.exit_code == 1
    assert "没有找到“不存在的病”" in result.stderr
    assert json.loads(run("zzz", "--json").stdout) == []


def test_limit(run):
    assert len(run("肺炎", "--limit", "3").output.splitlines()) == 3


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("j18.9", "J18.9"),
        ("J189", "J18.9"),
        ("J18", "J18"),
        ("E11.900x001", "E11.9"),
        ("I10.x00", "I10"),
        ("肺炎", "J18.9"),
        ("房颤", "I48.9"),
        ("gout", "M10.9"),
        ("Zoster keratitis", None),
        ("mellitus coma", "E10.0"),
        ("tetralogy", "Q21.3"),
    ],
)
def test_search(query, first):
    found = search(query)
    assert (found[0].code if found else None) == first


def test_a_category_comes_with_its_parts():
    assert [each.code for each in search("I48")] == [
        "I48",
        *(f"I48.{at}" for at in (0, 1, 2, 3, 4, 9)),
    ]
