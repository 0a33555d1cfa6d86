"""Dates of a pregnancy; days are proleptic ordinals."""

from __future__ import annotations


def gestational_age(last_period: float, visit: float) -> float:
    """Weeks since the first day of the last period."""
    return (visit - last_period) / 7


def due_date(last_period: float) -> float:
    """280 days after the first day of the last period."""
    return last_period + 280
