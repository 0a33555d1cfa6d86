"""The fence around plugins: time, failures, output, and events that cannot hold text."""

import io
import json
import threading
import time
from contextlib import redirect_stdout

import jsonschema
import pytest

from doctorflan_ls.audit import Event, draft_event
from doctorflan_ls.drafts import Draft
from doctorflan_ls.errors import PluginFailed
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.plugins import Plugins, Selection
from doctorflan_ls.plugins.calls import MOST_FAILURES, REST_SECONDS, Caller
from doctorflan_ls.plugins.hooks import examined, findings, prepared, record
from doctorflan_ls.plugins.report import plugin_rows, problem_rows
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.testing import draft
from doctorflan_ls.text import Span
from tests.plugin_sources import (
    HEAD,
    QUICK,
    ROOT,
    ZH,
)

# An event cannot hold text


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "note"},
        {"outcome": "病人李四"},
        {"identifiers": {"task": "the patient said so"}},
        {"identifiers": {"Task": "x"}},
        {"digests": {"source": "abc"}},
        {"counts": {"n": 1.5}},
        {"counts": {"n": True}},
        {"counts": {"n": "1"}},
    ],
)
def test_an_event_refuses_text(fields):
    good = {"kind": "draft", "outcome": "ready", "at": 0.0}
    with pytest.raises(ValueError) as caught:
        Event(**(good | fields))
    assert "patient" not in str(caught.value)
    assert "李四" not in str(caught.value)


def test_a_draft_by_a_model_of_any_name_makes_an_event():
    made = draft(Plugins(Selection(()), lambda: ()), "triage", parse_note(ZH))
    named = Draft(
        **{
            **{name: getattr(made, name) for name in made.__slots__},
            "provenance": made.provenance.__class__(
                **{
                    **{n: getattr(made.provenance, n) for n in made.provenance.__slots__},
                    "model": "病人李四",
                }
            ),
        }
    )
    assert draft_event(named).identifiers["model"] == "unlisted"


# The fence


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def fails() -> None:
    raise ValueError("patient Li Si")


def test_three_failures_open_the_breaker_and_a_success_closes_it():
    clock = Clock()
    caller = Caller("ward", QUICK, clock)
    for _ in range(MOST_FAILURES):
        with pytest.raises(PluginFailed) as caught:
            caller.call("draft_context", fails)
        assert caught.value.key == "plugins.raised"
    assert caller.tripped() == ("draft_context",)
    called = []
    with pytest.raises(PluginFailed) as caught:
        caller.call("draft_context", lambda: called.append(1))
    assert caught.value.key == "plugins.tripped"
    assert called == []
    # Its other hooks go on.
    assert caller.call("check_draft", lambda: 7) == 7
    clock.now = REST_SECONDS + 1
    assert caller.call("draft_context", lambda: 8) == 8
    assert caller.tripped() == ()
    with pytest.raises(PluginFailed):
        caller.call("draft_context", fails)
    assert caller.tripped() == ()


def test_one_try_after_the_rest_that_fails_opens_it_again():
    clock = Clock()
    caller = Caller("ward", QUICK, clock)
    for _ in range(MOST_FAILURES):
        with pytest.raises(PluginFailed):
            caller.call("check", fails)
    clock.now = REST_SECONDS + 1
    with pytest.raises(PluginFailed) as caught:
        caller.call("check", fails)
    assert caught.value.key == "plugins.raised"
    assert caller.tripped() == ("check",)


def test_a_late_answer_is_dropped_and_a_stuck_plugin_is_not_called():
    released = threading.Event()
    caller = Caller("ward", QUICK)
    with pytest.raises(PluginFailed) as caught:
        caller.call("draft_context", released.wait)
    assert caught.value.key == "plugins.late"
    called = []
    with pytest.raises(PluginFailed) as caught:
        caller.call("check_draft", lambda: called.append(1))
    assert caught.value.key == "plugins.stuck"
    assert called == []
    running = [each for each in threading.enumerate() if each.name.startswith("plugin ward")]
    assert len(running) == 1
    released.set()
    running[0].join(5)
    assert caller.call("check_draft", lambda: 7) == 7


def test_what_a_late_plugin_prints_is_no_output():
    released = threading.Event()
    done = threading.Event()
    out = io.StringIO()
    with redirect_stdout(out):

        def late() -> None:
            released.wait()
            print("patient Li Si")  # noqa: T201
            done.set()

        caller = Caller("ward", QUICK)
        with pytest.raises(PluginFailed):
            caller.call("check", late)
        print("mine")  # noqa: T201
        released.set()
        assert done.wait(5)
        for thread in threading.enumerate():
            if thread.name.startswith("plugin ward"):
                thread.join(5)
        assert caller.call("check", lambda: 7) == 7
        print("mine too")  # noqa: T201
    assert out.getvalue() == "mine\nmine too\n"


def test_a_keyboard_interrupt_is_the_users(monkeypatch):
    """Python delivers it to the main thread, which waits for a plugin here."""
    caller = Caller("ward", QUICK | {"check": 5.0})
    released = threading.Event()

    def interrupt() -> None:
        import _thread  # noqa: PLC0415

        _thread.interrupt_main()
        released.wait(2)

    with pytest.raises(KeyboardInterrupt):
        caller.call("check", interrupt)
    released.set()


def test_hooks_that_fail_leave_the_draft_as_it_is(plugins):
    bad = HEAD + "\n".join(
        f"@hookimpl\ndef {hook}(): raise ValueError('patient Li Si')"
        for hook in ("draft_context", "amend_prompt", "check_draft", "record_event")
    )
    made = plugins(bad=bad)
    plain = Plugins(Selection(()), lambda: ())
    read = parse_note(ZH)
    for _ in range(MOST_FAILURES):
        assert draft(made, "triage", read).text == draft(plain, "triage", read).text
    row = next(plugin_rows(made, "en"))
    assert row["state"] == "tripped"
    assert sorted(row["tripped"]) == [
        "amend_prompt",
        "check_draft",
        "draft_context",
        "record_event",
    ]
    assert row["failures"] == 4 * MOST_FAILURES
    schema = json.loads((ROOT / "schemas" / "plugin.schema.json").read_text(encoding="utf-8"))
    for each in (*plugin_rows(made, "zh"), *problem_rows(made, "zh")):
        jsonschema.validate(each, schema)


def test_examined_and_record_without_plugins_do_nothing():
    none = Plugins(Selection(()), lambda: ())
    none.load()
    made = draft(none, "triage", parse_note(ZH))
    prompt = Prompt(get_task("triage"), parse_note(ZH), Span(0, 3), "zh")
    assert examined(none, prompt, made) is made
    assert prepared(none, prompt) == prompt
    record(none, draft_event(made))


@pytest.mark.parametrize(
    "raised",
    [
        "PluginFailed('no.such-key')",
        "PluginFailed('plugins.says', plugin='x', hook='y', reason=note.text)",
        "BadRequest('tasks.unknown', name=str(note.text), nearest='')",
        "Angry()",
    ],
)
def test_an_error_of_a_plugins_making_says_nothing_of_the_note(plugins, raised):
    source = HEAD + (
        "from doctorflan_ls.errors import BadRequest, PluginFailed\n"
        "class Angry(PluginFailed):\n"
        "    def __init__(self): pass\n"
        "    def user_message(self, locale='en'): raise RuntimeError\n"
        "    @property\n    def __traceback__(self): raise RuntimeError\n"
        f"@hookimpl\ndef draft_context(note): raise {raised}\n"
    )
    made = plugins(bad=source)
    assert draft(made, "triage", parse_note(ZH)).state == "ready"
    for locale in ("zh", "en"):
        (row,) = plugin_rows(made, locale)
        assert row["code"] == "plugins.raised"
        assert "咳嗽" not in row["reason"]


def test_each_check_fails_for_itself(plugins):
    source = HEAD + (
        "from doctorflan_ls.checks.model import Finding, Rule\n"
        "from doctorflan_ls.checks.scope import Check\n"
        "from doctorflan_ls.tasks.model import Bilingual\n"
        "from doctorflan_ls.text import Span\n"
        "RULE = Rule('x', 'warning', Bilingual('a', 'b'), Bilingual('a', 'b'))\n"
        "def bad(scope): raise ValueError\n"
        "def good(scope): yield Finding(RULE, Span(0, 1))\n"
        "@hookimpl\ndef register_checks(register):\n"
        "    for n in range(4): register(Check(f'bad{n}', (RULE,), bad))\n"
        "    register(Check('good', (RULE,), good))\n"
    )
    made = plugins(ward=source)
    for _ in range(MOST_FAILURES + 1):
        assert len(findings(made, parse_note(ZH))) == 1
    (row,) = plugin_rows(made, "en")
    assert row["tripped"] == [f"ward/bad{n}" for n in range(4)]
    assert row["failures"] == 4 * MOST_FAILURES


def test_what_is_stuck_costs_the_other_hooks_nothing():
    released = threading.Event()
    caller = Caller("ward", QUICK)
    with pytest.raises(PluginFailed):
        caller.call("draft_context", released.wait)
    for _ in range(MOST_FAILURES):
        with pytest.raises(PluginFailed):
            caller.call("amend_prompt", lambda: 1)
    assert caller.tripped() == ("draft_context",)
    released.set()
    for thread in threading.enumerate():
        if thread.name.startswith("plugin ward"):
            thread.join(5)
    assert caller.call("amend_prompt", lambda: 1) == 1
    assert caller.tripped() == ()


def test_those_who_wait_for_a_slow_plugin_have_their_turn():
    caller = Caller("ward", QUICK)
    answers = []
    work = [
        threading.Thread(
            target=lambda: answers.append(caller.call("check", lambda: time.sleep(0.2) or 1))
        )
        for _ in range(4)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert answers == [1, 1, 1, 1]
    assert caller.failures == 0
