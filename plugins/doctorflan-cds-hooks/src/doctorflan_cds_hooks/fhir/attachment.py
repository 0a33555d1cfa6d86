"""The text of an attachment."""

from __future__ import annotations

import base64
import binascii
import codecs

from doctorflan_cds_hooks.reading import Node
from doctorflan_cds_hooks.refusal import Refused

# What notes are written in; other codecs of Python are no text, or cost more than they are worth.
_CHARSETS = frozenset(
    (
        "utf-8",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "gb2312",
        "gbk",
        "gb18030",
        "big5",
        "ascii",
        "iso8859-1",
        "cp1252",
    )
)
_PLAIN = frozenset(("text/plain", "text/markdown"))
# Tried in this order where no charset is named: hospital systems in China still write GB 18030.
_GUESSES = ("utf-8-sig", "gb18030")


def attachment_text(attachment: Node) -> str | None:
    """The text in ``data``; None where there is none here or it is no plain text (a PDF).

    Raises Refused (400) where ``data`` is no base64 or not in its charset.
    """
    data = attachment.find("data")
    kind, charset = _content_type(attachment)
    if data is None or kind not in _PLAIN:
        return None
    try:
        content = base64.b64decode("".join(data.text().split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(400, "not-base64", path=data.place) from None
    for name in (charset,) if charset else _GUESSES:
        try:
            return content.decode(name).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    raise Refused(400, "not-in-charset", path=data.place)


def _content_type(attachment: Node) -> tuple[str, str]:
    """The media type in lower case, and the charset as Python calls it, empty where none is."""
    kind, *parameters = attachment.find_text("contentType").lower().split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            try:
                charset = codecs.lookup(value.strip().strip('"')).name
            except (LookupError, ValueError):
                charset = ""
            if charset not in _CHARSETS:
                raise Refused(400, "charset", path=f"{attachment.place}.contentType")
            return kind.strip(), charset
    return kind.strip(), ""
