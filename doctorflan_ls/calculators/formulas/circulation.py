"""Pressure, rate and QT. Pressures in mmHg, rates per minute, QT in ms."""

from __future__ import annotations

from math import cbrt, sqrt


def mean_arterial_pressure(systolic: float, diastolic: float) -> float:
    """Mean arterial pressure in mmHg."""
    return (systolic + 2 * diastolic) / 3


def shock_index(heart_rate: float, systolic: float) -> float:
    """Heart rate over systolic pressure (Allgöwer 1967)."""
    return heart_rate / systolic


def qtc_bazett(qt: float, heart_rate: float) -> float:
    """QT corrected by the square root of the RR interval in seconds, in ms (Bazett 1920)."""
    return qt / sqrt(60 / heart_rate)


def qtc_fridericia(qt: float, heart_rate: float) -> float:
    """QT corrected by the cube root of the RR interval in seconds, in ms (Fridericia 1920)."""
    return qt / cbrt(60 / heart_rate)
