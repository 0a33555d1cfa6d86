"""Liver scores. Bilirubin and creatinine in mg/dL, sodium in mmol/L, albumin in g/dL."""

from __future__ import annotations

from math import floor, log, sqrt

_HIGHEST = 40


def meld_na(bilirubin: float, inr: float, creatinine: float, sodium: float) -> float:
    """MELD-Na as allocation used it from 2016 (Kim 2008; OPTN policy 9.1)."""
    creatinine = _within(creatinine, 1, 4)
    meld = 9.57 * log(creatinine) + 3.78 * log(max(bilirubin, 1)) + 11.2 * log(max(inr, 1)) + 6.43
    # The policy rounds to a tenth before multiplying by ten.
    meld = _rounded(meld)
    if meld > 11:
        lacking = 137 - _within(sodium, 125, 137)
        meld += 1.32 * lacking - 0.033 * meld * lacking
    return min(_rounded(meld), _HIGHEST)


def meld_3(  # noqa: PLR0913, PLR0917  (the formula has six)
    bilirubin: float, inr: float, creatinine: float, sodium: float, albumin: float, female: float
) -> float:
    """MELD 3.0 (Kim 2021)."""
    bile, clotting = log(max(bilirubin, 1)), log(max(inr, 1))
    kidney = log(_within(creatinine, 1, 3))
    lacking_sodium = 137 - _within(sodium, 125, 137)
    lacking_albumin = 3.5 - _within(albumin, 1.5, 3.5)
    score = (
        (1.33 if female else 0)
        + 4.56 * bile
        + 0.82 * lacking_sodium
        - 0.24 * lacking_sodium * bile
        + 9.09 * clotting
        + 11.14 * kidney
        + 1.85 * lacking_albumin
        - 1.83 * lacking_albumin * kidney
        + 6
    )
    return min(_rounded(score), _HIGHEST)


def fib_4(ast: float, alt: float, platelets: float, age: float) -> float:
    """Fibrosis index from years, U/L and 10^9/L (Sterling 2006)."""
    return age * ast / (platelets * sqrt(alt))


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _rounded(score: float) -> float:
    """To the nearest whole number, halves up: Python's own rounding takes 8.5 to 8."""
    return floor(score + 0.5)
