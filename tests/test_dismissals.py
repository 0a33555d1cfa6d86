"""What a doctor puts aside is remembered, and nothing of a note with it."""

from __future__ import annotations

import pytest

from doctorflan_ls.dismissals import Dismissals

URI = "file:///ward/Zhang-San.txt"
WORDS = "反复咳嗽10余年的患者张三"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "dismissals.sqlite3"


@pytest.mark.parametrize(
    ("reach", "here", "elsewhere"),
    [("place", "place", None), ("document", "rule", None), ("user", "rule", "rule")],
)
def test_what_is_put_aside_reaches_as_far_as_was_said(path, reach, here, elsewhere):
    store = Dismissals(path)
    place = store.place("ZA-04", WORDS)
    store.dismiss(URI, "ZA-04", place if reach == "place" else "", reach, "checked")

    def kept(uri):
        found = Dismissals(path).of(uri)
        return "place" if place in found.places else "rule" if "ZA-04" in found.rules else None

    assert kept(URI) == here
    assert kept("file:///ward/other.txt") == elsewhere


def test_other_words_and_another_rule_are_another_place(path):
    store = Dismissals(path)
    places = {
        store.place(rule, words) for rule in ("ZA-04", "ZA-05") for words in (WORDS, f"{WORDS}。")
    }
    assert len(places) == 4
    assert store.place("ZA-04", f" {WORDS}\n") == store.place("ZA-04", WORDS)


def test_nothing_of_the_note_or_its_address_is_in_the_file(path):
    store = Dismissals(path)
    store.dismiss(URI, "ZA-04", store.place("ZA-04", WORDS), "place", "wrong")
    data = path.read_bytes()
    for secret in (WORDS, "张三", "Zhang", URI):
        assert secret.encode() not in data
    assert path.stat().st_mode & 0o077 == 0


def test_reading_makes_no_file(path):
    assert Dismissals(path).of(URI).rules == frozenset()
    assert not path.exists()


def test_it_can_be_taken_back(path):
    store = Dismissals(path)
    store.dismiss(URI, "ZA-04", "", "document", "not-applicable")
    store.dismiss("file:///b", "ZA-05", "", "document", "not-applicable")
    assert [(row.reach, row.rule, row.reason) for row in store.rows()] == [
        ("document", "ZA-05", "not-applicable"),
        ("document", "ZA-04", "not-applicable"),
    ]
    assert store.restore(URI) == 1
    assert store.restore(None) == 1
    assert store.of(URI).rules == frozenset()


def test_two_servers_agree_on_places(path):
    first, second = Dismissals(path), Dismissals(path)
    place = first.place("ZA-04", WORDS)
    assert second.place("ZA-04", WORDS) == place
    first.dismiss(URI, "ZA-04", place, "place", "checked")
    assert place in second.of(URI).places


def test_without_a_file_it_lasts_as_long_as_the_process():
    store = Dismissals(None)
    store.dismiss(URI, "ZA-04", "", "user", "not-wanted")
    assert store.of(URI).rules == {"ZA-04"}


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "state").write_text("")
    store = Dismissals(tmp_path / "state" / "dismissals.sqlite3")
    with pytest.raises(OSError):
        store.dismiss(URI, "ZA-04", "", "user", "checked")
