"""Bodies of requests, read within bounds: of one, of all that are being read at a time, and of the time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agent_agency.errors import EngineError
from agent_agency.web.asked import AskedWrongError

if TYPE_CHECKING:
    from starlette.requests import Request

    from agent_agency.web.face import FaceLimits

_READ_ON = 4
"""Times the bound of a body that are read and thrown away: who is still sending would not see the refusal."""
_WAIT_S = 5.0


class Bodies:
    """What is being read of all requests; for one event loop.

    Args:
        limits: of bodies.
    """

    def __init__(self, limits: FaceLimits) -> None:
        self._limits = limits
        self._held = 0

    async def read(self, request: Request) -> bytes:
        """The whole body of a request.

        Raises:
            AskedWrongError: it is too large, too slow, or does not say that it is JSON.
            EngineError: too much is being read already (``engine.busy``).
        """
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise AskedWrongError("The body must be sent as 'Content-Type: application/json'.", status=415)
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.body_s):
                await self._fill(body, request)
        except TimeoutError:
            raise AskedWrongError("The body did not come in time.", status=408) from None
        finally:
            self._held -= len(body)
        return bytes(body)

    async def _fill(self, body: bytearray, request: Request) -> None:
        most, came = self._limits.body_bytes, 0
        told = request.headers.get("content-length", "")
        is_large = told.isdigit() and int(told) > most
        async for part in request.stream():
            came += len(part)
            is_large = is_large or came > most
            if came > _READ_ON * most:
                break
            if is_large:
                continue
            if self._held + len(part) > self._limits.bodies_bytes:
                raise _too_much()
            body += part
            self._held += len(part)
        if is_large:
            raise AskedWrongError(f"The body is larger than {most:,} bytes.", code="too_large", status=413)


def _too_much() -> EngineError:
    return EngineError(
        "Too many large requests are being read",
        fix="Ask again in a few seconds, or send fewer at once.",
        code="engine.busy",
        retry_after_s=_WAIT_S,
    )
