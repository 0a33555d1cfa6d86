"""What an exception says to the client: a code and a message that never quotes a note."""

from __future__ import annotations

from pygls.exceptions import JsonRpcException

from doctorflan_ls.errors import BadRequest, Cancelled, DoctorFlanError, Stale
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.incidents import report
from doctorflan_ls.server import jsonrpc


def describe(error: Exception, locale: Locale) -> tuple[int, str]:
    """The JSON-RPC code and message for ``error``.

    Only errors made for the user keep their words. Any other is logged by type and frames under a
    reference, and the reference is all the client is told.
    """
    if isinstance(error, JsonRpcException):
        return error.code, error.message
    if not isinstance(error, DoctorFlanError):
        return jsonrpc.INTERNAL_ERROR, message("server.internal", locale, reference=report(error))
    if isinstance(error, BadRequest):
        code = jsonrpc.INVALID_PARAMS
    elif isinstance(error, Stale):
        code = jsonrpc.CONTENT_MODIFIED
    elif isinstance(error, Cancelled):
        code = jsonrpc.REQUEST_CANCELLED
    else:
        code = jsonrpc.REQUEST_FAILED
    return code, error.user_message(locale)
