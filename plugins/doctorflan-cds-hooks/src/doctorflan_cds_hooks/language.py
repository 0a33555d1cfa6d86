"""Which language a client asks for."""

from __future__ import annotations

from doctorflan_ls.i18n import Locale

_LONGEST = 500


def accepted(header: str, default: Locale) -> Locale:
    """The language of ``Accept-Language`` (RFC 9110, 12.5.4) that it likes best and we speak."""
    best: tuple[float, Locale] = (0.0, default)
    for part in header[:_LONGEST].split(","):
        tag, *parameters = (piece.strip() for piece in part.split(";"))
        spoken = _spoken(tag, default)
        weight = _weight(parameters)
        # The first of equal weight stands.
        if spoken is not None and weight > best[0]:
            best = weight, spoken
    return best[1]


def _spoken(tag: str, default: Locale) -> Locale | None:
    primary = tag.lower().partition("-")[0]
    if primary == "*":
        return default
    return "zh" if primary == "zh" else "en" if primary == "en" else None


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return weight if 0 <= weight <= 1 else 0.0
    return 1.0
