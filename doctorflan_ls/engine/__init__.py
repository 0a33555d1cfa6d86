"""Runs models off the event loop: jobs, lanes, cancellation, deadlines, cache."""

from doctorflan_ls.engine.engine import Engine, ModelStatus
from doctorflan_ls.engine.job import Job, Lane
from doctorflan_ls.engine.terms import Patience

__all__ = ["Engine", "Job", "Lane", "ModelStatus", "Patience"]
