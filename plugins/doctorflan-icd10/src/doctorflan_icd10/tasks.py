"""The task that lists what is to be coded."""

from __future__ import annotations

from importlib.resources import files

from doctorflan_icd10.catalogue import edition
from doctorflan_ls.tasks.loader import load_task
from doctorflan_ls.tasks.model import Task

_FILE = "coding.toml"


def coding() -> Task:
    """The task. A file in ``tasks/`` could not say which edition is installed."""
    source = files(__package__).joinpath("data", _FILE).read_text(encoding="utf-8")
    return load_task(source.replace("{edition}", edition()), _FILE)
