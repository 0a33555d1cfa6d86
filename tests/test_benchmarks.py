"""The benchmark suite: its arithmetic, its documents, and that it runs. No figure is judged."""

from __future__ import annotations

import ast
import itertools
import json

import pytest

from tests.benchmarks import __main__ as suite
from tests.benchmarks import connections, documents, editor, goals, report
from tests.benchmarks.client import answered, method_of
from tests.benchmarks.figures import compared, quantile, slope, spread
from tests.benchmarks.peers import servers


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([5.0], 0.99, 5.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        (list(range(100)), 0.95, 95),
        (list(range(100)), 0.99, 99),
        (list(range(10)), 1.0, 9),
    ],
)
def test_quantile(values, share, expected):
    assert quantile(values, share) == expected


def test_spread_is_rounded():
    assert spread([1.23456] * 3) == {"p50": 1.23, "p95": 1.23, "p99": 1.23}


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ({3_000: 7.0, 30_000: 7.0, 3_000_000: 7.0}, 0.0),
        ({3_000: 1.0, 30_000: 10.0, 3_000_000: 1000.0}, 1.0),
        ({100: 1.0, 10_000: 10.0}, 0.5),
    ],
)
def test_slope(points, expected):
    assert slope(points) == pytest.approx(expected)


def test_one_size_has_no_slope():
    assert slope({3_000: 1.0}) is None


def run(ours, floor, part="start"):
    row = {"ours": {"start": {"p50": ours}}}
    if floor is not None:
        row["floor"] = {"start": {"p50": floor}}
    return {part: row}


@pytest.mark.parametrize(
    ("now", "then", "same", "expected"),
    [
        # A machine of half the speed is no slower server.
        (run(200.0, 100.0), run(100.0, 50.0), True, (1.0, 2.0, False)),
        (run(200.0, 100.0), run(100.0, 50.0), False, (1.0, None, False)),
        (run(150.0, 100.0), run(100.0, 100.0), False, (1.5, None, True)),
        (run(150.0, None), run(100.0, None), True, (None, 1.5, True)),
    ],
)
def test_runs_are_compared_as_ratios(now, then, same, expected):
    [row] = compared(now, then, same=same)
    assert (row["to_floor"], row["direct"], row["slower"]) == expected


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (run(150.0, None), run(100.0, None)),
        (run(1.0, 1.0), run(1.0, 1.0, "keys")),
        ({"keys": {"ours": {"rounds": 3}}}, {"keys": {"ours": {"rounds": 9}}}),
    ],
    ids=["another machine and no floor", "another part", "no cost"],
)
def test_what_cannot_be_compared_is_left_out(now, then):
    assert compared(now, then, same=False) == []


@pytest.mark.parametrize(
    ("body", "method", "number"),
    [
        (b'{"jsonrpc": "2.0", "id": 7, "result": [{"id": 1}]}', b"", 7),
        (b'{"id":7,"result":null,"jsonrpc":"2.0"}', b"", 7),
        (b'{"result":{"id":9},"id":7,"jsonrpc":"2.0"}', b"", 7),
        (b'{"jsonrpc":"2.0","result":{"id":9},"id": 7}', b"", 7),
        (b'{"jsonrpc":"2.0","method":"textDocument\\/publishDiagnostics"}', b"publish", None),
        (
            b'{"params":{"x":"' + b"y" * 400 + b'"},"method":"a/publishDiagnostics"}',
            b"publish",
            None,
        ),
    ],
)
def test_messages_of_every_writer_are_told_apart(body, method, number):
    assert (method in method_of(body)) if method else method_of(body) == b""
    if number is not None:
        assert answered(body) == number


def typed(document, count):
    lines = document.text.split("\n")
    for key in itertools.islice(document.keys(), count):
        assert key.start["line"] == key.end["line"]
        line, start, end = key.start["line"], key.start["character"], key.end["character"]
        assert start <= end <= len(lines[line])
        lines[line] = lines[line][:start] + key.text + lines[line][end:]
        assert key.after == {"line": line, "character": start + 1}
        yield "\n".join(lines)


@pytest.mark.parametrize("make", [documents.note, documents.python])
@pytest.mark.parametrize("size", [3_000, 30_000, 300_000])
def test_documents_are_of_their_size(make, size):
    assert size * 0.5 < len(make(size).text.encode()) <= size


def test_each_key_makes_a_text_that_the_server_has_not_seen():
    texts = list(typed(documents.note(3_000), 300))
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("make", [documents.note, documents.python])
def test_typing_does_not_make_a_document_longer(make):
    document = make(3_000)
    *_, last = typed(document, 2_000)
    most = len(document.spots) * max(map(len, document.words))
    assert len(last) <= len(document.text) + most


def test_the_python_is_python_before_and_after_a_word():
    document = documents.python(3_000)
    ast.parse(document.text)
    *_, last = typed(document, len(document.words[0]))
    ast.parse(last)


def test_the_floor_goes_through_the_same_document_as_ours():
    known = servers("python")
    assert known["floor"].document(3_000).text == known["ours"].document(3_000).text


COST = {"p50": 1.0, "p95": 1.0}


def judged(ours, peer):
    [verdict] = goals.verdicts(
        {"keys": {"3000": {"ours": ours, "pylsp": peer}}, "slopes": {"ours": {"all": 0.2}}}
    )[:1]
    return verdict


@pytest.mark.parametrize(
    ("ours", "peer", "met"),
    [
        ({"all": COST}, {"all": {"p50": 2.0, "p95": 2.0}}, True),
        ({"all": COST}, {"all": {"p50": 2.0, "p95": 0.5}}, False),
        # An answer that the peer has not is not held against ours.
        ({"all": COST, "actions": COST}, {"all": {"p50": 2.0, "p95": 2.0}}, True),
        ({"all": COST}, {"cut": "over 20 s"}, True),
        ({"cut": "over 20 s"}, {"cut": "over 20 s"}, False),
    ],
)
def test_goals_beside_peers(ours, peer, met):
    assert judged(ours, peer).met is met


def test_a_goal_without_a_figure_is_neither_met_nor_missed():
    figures = {"clients": {"1": {"ours": {"completion": {"p99": 1.0}}}}}
    assert {each.met for each in goals.verdicts(figures)} == {None}


def test_figures_go_between_the_markers_alone():
    page = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    written = report.inserted(page, "| new |")
    assert "old" not in written
    assert written.startswith("before\n")
    assert written.endswith("\nafter\n")
    assert report.inserted(written, "| new |") == written


def test_a_page_without_markers_is_not_written():
    with pytest.raises(ValueError, match="figures"):
        report.inserted("text", "| new |")


@pytest.mark.slow
def test_a_quick_run_measures_our_server(tmp_path, capsys):
    stored = suite.STORED.read_bytes() if suite.STORED.is_file() else None
    out = tmp_path / "run.json"
    given = ["--quick", "--only", "start", "--servers", "floor,ours", "--json", str(out)]
    suite.main(given)
    found = json.loads(out.read_text("utf-8"))
    for name in ("floor", "ours"):
        assert found["start"][name]["start"]["p50"] > 0
        assert found["start"][name]["idle"]["pss_mib"] > 0
    assert "cold start: at most 1.1 of the floor" in capsys.readouterr().out
    # A partial run is not stored unless it is asked for.
    assert (suite.STORED.read_bytes() if suite.STORED.is_file() else None) == stored


@pytest.mark.slow
def test_every_answer_of_a_key_is_waited_for():
    known = servers("python")
    chosen = {name: known[name] for name in ("floor", "ours")}
    rows = editor.keys(chosen, editor.Plan(1, 0.0, 1), (3_000,))["3000"]
    for row in rows.values():
        assert set(row) >= {"all", "native", "completion", "actions", "symbols", "diagnostics"}
        assert row["rounds"] == 1


@pytest.mark.slow
def test_editors_on_one_server_get_all_their_answers():
    row = connections.clients(0.5, (1, 2))["2"]["ours"]
    assert row["keys"] == 6
    assert row["completion"]["p99"] < connections.PATIENCE * 1000
    assert "mib_a_client" in row
