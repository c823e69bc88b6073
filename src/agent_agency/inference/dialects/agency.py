"""``agency engine serve``: OpenAI's protocol, and how many leading messages a request shares with others.

Without that hint the model behind it would compute a judge's rubric anew for every item. It changes no answer.
"""

from __future__ import annotations

from typing import Any

from agent_agency.inference.dialects.openai import OpenAiDialect
from agent_agency.inference.protocol import Request

OWNER = "agency"
"""Who owns the models of such a server, as its list of models says."""


class AgencyDialect(OpenAiDialect):
    """A server of our own."""

    def body(self, request: Request, model: str, window: int | None) -> dict[str, Any]:
        """The request, with what it shares.

        Raises:
            EngineError: as `OpenAiDialect.body`.
        """
        body = super().body(request, model, window)
        return {**body, "shared": request.shared} if request.shared else body
