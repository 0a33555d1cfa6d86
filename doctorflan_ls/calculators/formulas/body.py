"""Body measures and sums. Weight in kg, height in cm; ``female`` is 1 or 0."""

from __future__ import annotations

from math import sqrt


def bmi(weight: float, height: float) -> float:
    """Body mass index in kg/m²."""
    return weight / (height / 100) ** 2


def bsa_mosteller(weight: float, height: float) -> float:
    """Body surface area in m² (Mosteller 1987)."""
    return sqrt(height * weight / 3600)


def ideal_body_weight(height: float, female: float) -> float:
    """Ideal body weight in kg (Devine 1974)."""
    return (45.5 if female else 50) + 2.3 * (height / 2.54 - 60)


def pack_years(cigarettes: float, smoking_years: float) -> float:
    """Packs of 20 a day times years."""
    return cigarettes / 20 * smoking_years


def gcs_sum(eye: float, verbal: float, motor: float) -> float:
    """The sum of the Glasgow Coma Scale (Teasdale 1974)."""
    return eye + verbal + motor
