"""The legend of semantic tokens: LSP's own types, so that every theme has colours for them."""

TYPES = ("namespace", "number", "type", "variable", "comment")
"""A heading, a laboratory value or vital sign, a diagnosis, a drug, a line of a draft."""

MODIFIERS = ("draft", "marker", "abnormal", "denied", "possible", "historical", "family")
"""Ours: of an unreviewed draft, its marker lines, out of its reference range, and what the note
says of a fact."""
