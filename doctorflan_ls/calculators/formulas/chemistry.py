"""Electrolytes, osmolality, lipids, insulin.

Electrolytes and urea in mmol/L; glucose, calcium and lipids in mg/dL; albumin in g/dL.
"""

from __future__ import annotations

_GLUCOSE_PER_MMOL = 18.016


def anion_gap(sodium: float, chloride: float, bicarbonate: float) -> float:
    """Anion gap in mmol/L."""
    return sodium - chloride - bicarbonate


def anion_gap_potassium(
    sodium: float, potassium: float, chloride: float, bicarbonate: float
) -> float:
    """Anion gap with potassium in mmol/L."""
    return sodium + potassium - chloride - bicarbonate


def anion_gap_albumin(sodium: float, chloride: float, bicarbonate: float, albumin: float) -> float:
    """Anion gap corrected for albumin in mmol/L (Figge 1998)."""
    return anion_gap(sodium, chloride, bicarbonate) + 2.5 * (4 - albumin)


def corrected_sodium_katz(sodium: float, glucose: float) -> float:
    """Sodium in mmol/L corrected by 1.6 for 100 mg/dL of glucose (Katz 1973)."""
    return sodium + 0.016 * (glucose - 100)


def corrected_sodium_hillier(sodium: float, glucose: float) -> float:
    """Sodium in mmol/L corrected by 2.4 for 100 mg/dL of glucose (Hillier 1999)."""
    return sodium + 0.024 * (glucose - 100)


def corrected_calcium(calcium: float, albumin: float) -> float:
    """Calcium in mg/dL corrected for albumin (Payne 1973)."""
    return calcium + 0.8 * (4 - albumin)


def osmolality(sodium: float, glucose: float, urea: float) -> float:
    """Calculated osmolality in mOsm/kg."""
    return 2 * sodium + glucose / _GLUCOSE_PER_MMOL + urea


def osmolal_gap(osmolality: float, sodium: float, glucose: float, urea: float) -> float:
    """Measured less calculated osmolality in mOsm/kg."""
    return osmolality - (2 * sodium + glucose / _GLUCOSE_PER_MMOL + urea)


def ldl_friedewald(cholesterol: float, hdl: float, triglycerides: float) -> float:
    """LDL cholesterol in mg/dL (Friedewald 1972)."""
    return cholesterol - hdl - triglycerides / 5


def homa_ir(insulin: float, fasting_glucose: float) -> float:
    """Insulin resistance from insulin in mU/L and glucose in mmol/L (Matthews 1985)."""
    return insulin * fasting_glucose / 22.5
