"""Bedside calculators over a note's facts: each result with its inputs, formula and source."""

from doctorflan_ls.calculators.model import Calculator, Input, Result
from doctorflan_ls.calculators.run import around, calculate
from doctorflan_ls.calculators.table import calculators

__all__ = ["Calculator", "Input", "Result", "around", "calculate", "calculators"]
