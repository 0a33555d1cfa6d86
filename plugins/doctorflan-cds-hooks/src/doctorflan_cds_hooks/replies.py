"""Answers: JSON, never cached, in the language that was asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.responses import Response

from doctorflan_cds_hooks.refusal import Refused
from doctorflan_ls.i18n import Locale

_TAGS: dict[Locale, str] = {"zh": "zh-CN", "en": "en"}


def reply(
    content: Mapping[str, object],
    locale: Locale,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """``content`` as JSON."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    said = {
        "cache-control": "no-store",
        "content-language": _TAGS[locale],
        "vary": "Accept-Language",
        "x-content-type-options": "nosniff",
        **(headers or {}),
    }
    return Response(body.encode("utf-8", "replace"), status, said, "application/json")


def refusal(refused: Refused, locale: Locale) -> Response:
    """Why a request is refused, in one line."""
    message = refused.message(locale)
    return reply({"message": message}, locale, refused.status, refused.headers)
