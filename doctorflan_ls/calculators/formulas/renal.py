"""Kidney function. Creatinine in mg/dL, age in years, weight in kg; ``female`` is 1 or 0."""

from __future__ import annotations


def egfr_ckd_epi_2021(creatinine: float, age: float, female: float) -> float:
    """Glomerular filtration in mL/min/1.73 m² (Inker 2021)."""
    kappa, alpha = (0.7, -0.241) if female else (0.9, -0.302)
    ratio = creatinine / kappa
    value: float = 142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.2 * 0.9938**age
    return value * 1.012 if female else value


def cockcroft_gault(creatinine: float, age: float, weight: float, female: float) -> float:
    """Creatinine clearance in mL/min by the actual weight (Cockcroft 1976)."""
    value = (140 - age) * weight / (72 * creatinine)
    return value * 0.85 if female else value


def fena(urine_sodium: float, sodium: float, urine_creatinine: float, creatinine: float) -> float:
    """Fractional excretion of sodium in percent (Espinel 1976)."""
    return 100 * urine_sodium * creatinine / (sodium * urine_creatinine)
