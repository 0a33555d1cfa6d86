"""The service as an ASGI application: three addresses, and layers that guard them."""

from __future__ import annotations

import asyncio

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from doctorflan_cds_hooks.answers import answer_of
from doctorflan_cds_hooks.backend import Backend
from doctorflan_cds_hooks.body import read_body
from doctorflan_cds_hooks.call import read_call
from doctorflan_cds_hooks.cards import most_urgent
from doctorflan_cds_hooks.catalogue import discovery, service_named
from doctorflan_cds_hooks.feedback import read_feedback
from doctorflan_cds_hooks.guard import Access, Fence, Gate
from doctorflan_cds_hooks.language import accepted
from doctorflan_cds_hooks.refusal import Refused
from doctorflan_cds_hooks.replies import refusal, reply
from doctorflan_cds_hooks.threads import in_thread
from doctorflan_ls.i18n import Locale
from doctorflan_ls.incidents import report

SECONDS = 9.0
"""In which a call is answered, or refused: clients give up after about ten."""


class Services:
    """The handlers."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def discover(self, request: Request) -> Response:
        """``GET /cds-services``."""
        locale = self._locale(request)
        return reply(discovery(locale), locale)

    async def call(self, request: Request) -> Response:
        """``POST /cds-services/{id}``."""
        locale = self._locale(request)
        service = service_named(request.path_params["service"])
        call = await in_thread(read_call, service, await read_body(request), locale)
        try:
            async with asyncio.timeout(SECONDS):
                cards = most_urgent(await answer_of(service.answers)(self._backend, call))
        except TimeoutError:
            raise Refused(503, "took-too-long", seconds=int(SECONDS)) from None
        for card in cards:
            self._backend.issued.remember(card.uuid, card.identifiers)
        return reply({"cards": [card.to_json(locale) for card in cards]}, locale)

    async def feedback(self, request: Request) -> Response:
        """``POST /cds-services/{id}/feedback``."""
        locale = self._locale(request)
        service = service_named(request.path_params["service"])
        verdicts = await in_thread(read_feedback, await read_body(request))
        issued = self._backend.issued
        events = [each.event(service, issued.recall(each.card)) for each in verdicts]
        try:
            for event in events:
                await in_thread(self._backend.record, event)
        except OSError:
            raise Refused(503, "journal") from None
        return reply({"recorded": len(events)}, locale)

    async def refused(self, request: Request, error: Exception) -> Response:
        """What a handler raised, and what the router found no way for."""
        if isinstance(error, HTTPException):
            key = "no-method" if error.status_code == 405 else "no-path"
            error = Refused(error.status_code, key, error.headers)
        if not isinstance(error, Refused):
            raise error
        return refusal(error, self._locale(request))

    async def broken(self, request: Request, error: Exception) -> Response:
        """What nobody foresaw: a reference to the log, which names no words of the request."""
        return refusal(Refused(500, "internal", reference=report(error)), self._locale(request))

    def _locale(self, request: Request) -> Locale:
        header = request.headers.get("accept-language", "")
        return accepted(header, self._backend.locale)


def application(backend: Backend, access: Access) -> ASGIApp:
    """The whole service."""
    services = Services(backend)
    routed = Starlette(
        routes=[
            Route("/cds-services", services.discover, methods=["GET"]),
            Route("/cds-services/{service}", services.call, methods=["POST"]),
            Route("/cds-services/{service}/feedback", services.feedback, methods=["POST"]),
        ],
        exception_handlers={
            HTTPException: services.refused,
            Refused: services.refused,
            Exception: services.broken,
        },
    )
    routed.router.redirect_slashes = False
    app: ASGIApp = Gate(routed, access, backend.locale)
    if access.origins:
        app = CORSMiddleware(
            app,
            allow_origins=access.origins,
            allow_methods=("GET", "POST"),
            allow_headers=("Authorization", "Content-Type"),
            max_age=600,
        )
    return Fence(app, access, backend.locale)
