"""Whether a written code can be meant for a diagnosis (``data/agreement.toml``)."""

from __future__ import annotations

from doctorflan_icd10.catalogue import blocks, data, within

_MALIGNANT = ("C00-C97",)


def agree(written: str, usual: str, name: str) -> bool:
    """True where ``written`` can be a code of the diagnosis ``name``, which is ``usual``."""
    if written[:3] == usual[:3] or blocks(written)[0] == blocks(usual)[0]:
        return True
    table = data("agreement")
    if within(written, table["always"]):
        return True
    if within(usual, _MALIGNANT):
        spread = within(written, table["spread"]) or within(usual, table["spread"])
        return spread and within(written, table["tumours"])
    germs = (table["infections"],)
    infectious = any(word in name.lower() for word in table["infectious_words"])
    if infectious and (within(written, germs) or within(usual, germs)):
        return True
    return any(
        (within(one, group["of"]) and within(other, (*group["of"], *group["also"])))
        for group in table["group"]
        for one, other in ((written, usual), (usual, written))
    )
