"""Raises what only the event loop should."""

import asyncio

raise asyncio.CancelledError
