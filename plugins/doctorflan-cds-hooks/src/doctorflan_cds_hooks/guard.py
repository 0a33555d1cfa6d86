"""What stands between the network and the services: who may ask, and what nobody is told."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doctorflan_cds_hooks.language import accepted
from doctorflan_cds_hooks.refusal import Refused
from doctorflan_cds_hooks.replies import refusal
from doctorflan_ls.i18n import Locale
from doctorflan_ls.incidents import report

_LOCAL_NAMES = frozenset(("localhost", "127.0.0.1", "[::1]"))
_MOST_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask.

    ``token`` is what the client must show, empty where none is wanted. ``origins`` are the web
    origins let in; a request from a page of any other is refused. ``local`` is true where only this
    machine may reach the service: then it must have been called by a name of this machine, so that
    no web page gets to it by a name of its own (DNS rebinding).
    """

    token: str = ""
    origins: tuple[str, ...] = ()
    local: bool = True


class Fence:
    """The outermost layer: refuses strangers, and turns whatever goes wrong into one line."""

    def __init__(self, app: ASGIApp, access: Access, locale: Locale) -> None:
        self._app = app
        self._access = access
        self._locale = locale

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        has_begun = False

        async def noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        headers = Headers(scope=scope)
        try:
            self._check(headers)
            await self._app(scope, receive, noted)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001  (the service goes on, and says so)
            # Starlette raises again what it has answered and reported.
            if not has_begun:
                refused = error if isinstance(error, Refused) else _internal(error)
                locale = accepted(headers.get("accept-language", ""), self._locale)
                await refusal(refused, locale)(scope, receive, send)

    def _check(self, headers: Headers) -> None:
        if self._access.local:
            name = headers.get("host", "").lower()
            name = name if name.endswith("]") else name.rpartition(":")[0] or name
            if name not in _LOCAL_NAMES:
                raise Refused(403, "wrong-host")
        origin = headers.get("origin")
        if origin is not None and origin not in self._access.origins:
            raise Refused(403, "wrong-origin")


class Gate:
    """The layer behind CORS: asks for the token, and for patience where too many are inside."""

    def __init__(self, app: ASGIApp, access: Access, locale: Locale) -> None:
        self._app = app
        self._token = access.token.encode("ascii")
        self._locale = locale
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        headers = Headers(scope=scope)
        try:
            self._check(headers.get("authorization", ""))
        except Refused as refused:
            locale = accepted(headers.get("accept-language", ""), self._locale)
            await refusal(refused, locale)(scope, receive, send)
            return
        self._inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1

    def _check(self, authorization: str) -> None:
        scheme, _, shown = authorization.partition(" ")
        is_right = scheme.lower() == "bearer" and hmac.compare_digest(
            shown.strip().encode("utf-8", "replace"), self._token
        )
        if self._token and not is_right:
            raise Refused(401, "no-token", {"www-authenticate": "Bearer"})
        if self._inside >= _MOST_AT_ONCE:
            raise Refused(503, "busy", {"retry-after": "1"})


def _internal(error: Exception) -> Refused:
    return Refused(500, "internal", reference=report(error))
