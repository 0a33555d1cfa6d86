"""Oxygenation. Pressures in mmHg, FiO2 in percent."""

from __future__ import annotations


def pf_ratio(pao2: float, fio2: float) -> float:
    """PaO2 over FiO2 in mmHg."""
    return pao2 / (fio2 / 100)


def a_a_gradient(pao2: float, paco2: float, fio2: float) -> float:
    """Alveolar less arterial oxygen pressure in mmHg, at sea level, quotient 0.8."""
    return fio2 / 100 * (760 - 47) - paco2 / 0.8 - pao2
