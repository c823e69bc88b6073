"""What the HTTP face stands on: one engine behind its queue, and the bounds within which others may ask it."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from agent_agency.inference.protocol import Parameters
from agent_agency.inference.scheduling.scheduler import Scheduler
from agent_agency.inference.scheduling.serving import Serving

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True, slots=True)
class FaceLimits:
    """Bounds of one request, and of all at a time.

    Args:
        connections: at a time.
        body_bytes: of its JSON.
        bodies_bytes: of all bodies that are being read at a time.
        head_s: seconds in which the head of a request must have come.
        body_s: seconds in which the whole body must have come.
        taken_s: seconds in which something of an answer that waits must have been taken.
        messages: in one conversation.
        max_tokens: that an answer may have.
        deadline_s: seconds that a request may take where it does not say, waiting included.
        longest_deadline_s: that it may ask for.
    """

    connections: int = 512
    body_bytes: int = 8 * 1024 * 1024
    bodies_bytes: int = 256 * 1024 * 1024
    head_s: float = 30.0
    body_s: float = 30.0
    taken_s: float = 30.0
    messages: int = 4096
    max_tokens: int = 1_000_000
    deadline_s: float = 120.0
    longest_deadline_s: float = 86_400.0


@dataclass(frozen=True, slots=True)
class Face:
    """One engine as others see it.

    Args:
        name: the model's name in requests.
        serving: the engine behind its queue, with single flight and, where answers are kept, these.
        parameters: how answers are drawn where a request does not say.
        seconds: since 1970, for the time of answers.
        new_id: a new random text.
        state: ``cold``, ``loading``, ``warm``, …, of a model on this machine; empty of a server.
        token: that every request must carry; ``None`` for none.
        hosts: names under which this face may be asked; ``None`` for any.
        limits: of one request.
        shares: whether like requests share a call, and are answered by what is kept; else each is a call of its own.
    """

    name: str
    serving: Serving
    parameters: Parameters
    seconds: Callable[[], float]
    new_id: Callable[[], str]
    state: Callable[[], str] = str
    token: str | None = field(default=None, repr=False)
    hosts: frozenset[str] | None = LOOPBACK
    limits: FaceLimits = field(default_factory=FaceLimits)
    shares: bool = True

    @property
    def scheduler(self) -> Scheduler:
        """The queue alone."""
        return self.serving.scheduler

    def knows(self, authorization: str) -> bool:
        """Whether a header carries the token; compared in constant time."""
        if self.token is None:
            return True
        scheme, _, given = authorization.partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self.token.encode())

    def is_called(self, host: str) -> bool:
        """Whether a Host header names this face, so that no foreign name was bent to this address."""
        name, _, port = host.strip().lower().rpartition(":")
        bare = name if name and port.isdigit() else host.strip().lower()
        return self.hosts is None or bare in self.hosts
