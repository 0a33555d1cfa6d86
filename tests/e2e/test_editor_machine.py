"""Editors that do anything in any order, over each transport; a few examples, always the same."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.e2e.editor_machine import on
from tests.e2e.editor_stage import Stage

SETTINGS = settings(
    deadline=None,
    stateful_step_count=40,
    derandomize=True,
    database=None,
    # `python -m tests.endurance.machine --shorten` looks for the fewest steps that still fail.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("transport", "encoding", "examples"),
    [("stdio", "utf-16", 1), ("ws", "utf-8", 2), ("ws", "utf-16", 2), ("ws", "utf-32", 2)],
)
def test_the_server_holds_what_the_editors_hold(transport, encoding, examples):
    stage = Stage(transport, (encoding,))
    stage.begin()
    run_state_machine_as_test(on(stage), settings=settings(SETTINGS, max_examples=examples))
    stage.close()
