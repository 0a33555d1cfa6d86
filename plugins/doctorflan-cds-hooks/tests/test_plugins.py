"""What other plugins bring counts here too."""

from __future__ import annotations

import time

import brought_by_a_plugin
import doctorflan_cds_hooks
import pytest
from doctorflan_cds_hooks.command import recorder
from doctorflan_cds_hooks.journal import Journal
from samples import ZH_NOTE, note_call

from doctorflan_ls.plugins import Plugins, Selection
from doctorflan_ls.plugins.loading import Point
from doctorflan_ls.settings import Settings
from doctorflan_ls.settings.tree import ModelsSettings


@pytest.fixture
def plugins():
    points = (
        Point("brought", "1", "brought", lambda: brought_by_a_plugin),
        Point("doctorflan-cds-hooks", "1", "cds_hooks", lambda: doctorflan_cds_hooks),
    )
    found = Plugins(Selection(), lambda: points)
    found.load()
    assert found.problems == ()
    return found


def model_of(plugins) -> str:
    return next(each.listed.spec.id for each in plugins.registry.models if each.package)


def test_a_model_that_is_too_slow_is_stood_in_for(serve, plugins):
    settings = Settings(models=ModelsSettings(use={"*": model_of(plugins)}))
    served = serve(settings=settings, plugins=plugins, deadline=1.0)
    began = time.monotonic()
    cards = served.cards("doctorflan-draft", note_call(ZH_NOTE, "encounter-discharge"))
    assert 0.7 < time.monotonic() - began < 2.5
    assert len(cards) == 2
    for card in cards:
        assert "所选模型未能作答" in card["detail"]
        assert "skeleton" in card["source"]["label"]


def test_the_checks_of_plugins_run(serve, plugins):
    served = serve(plugins=plugins)
    cards = served.cards("doctorflan-note-check", note_call(ZH_NOTE))
    assert cards[-1]["summary"] == "请核对"
    assert cards[-1]["source"]["topic"]["code"].endswith("/said")
    assert "“出院记录”" in cards[-1]["detail"]


def test_other_plugins_hear_of_events(serve, plugins, tmp_path):
    journal = tmp_path / "heard.jsonl"
    served = serve(plugins=plugins, record=recorder(Journal(journal), plugins))
    brought_by_a_plugin.HEARD.clear()
    served.cards("doctorflan-draft", note_call(ZH_NOTE, "encounter-discharge"))
    assert [event.outcome for event in brought_by_a_plugin.HEARD] == ["ready", "ready"]
    assert len(journal.read_text().splitlines()) == 2
