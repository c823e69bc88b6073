"""A role as an engine that outlives its rollouts: a server asks it for days, while the role is given to others.

Who has the role is looked up again after a second, so that a rollout that begins while requests run is followed by the
next request. A request that is under way stays with the engine that it was given to.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from agent_agency.errors import AgencyError
from agent_agency.inference.around import tell_busy
from agent_agency.inference.labels import LabelEngine, LabelReply, LabelRequest, label_engine
from agent_agency.inference.priming import Primed, PrimingEngine

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Cancel, Capabilities, Engine, Health, Message, Piece, Reply, Request

_LOOK_S = 1.0


class FollowedRole:
    """Whoever has a role now, under a rollout both engines.

    Args:
        find: the engine that has the role now; answers the same one while nothing changed.
        timer: seconds that only go forward.

    Raises:
        AgencyError: the first one cannot be found. While a later one cannot, the last one goes on.
    """

    def __init__(self, find: Callable[[], Engine], timer: Callable[[], float]) -> None:
        self._find = find
        self._timer = timer
        self._lock = threading.Lock()
        self._found = find()
        self._looked = timer()
        self._tells_busy = False

    @property
    def name(self) -> str:
        """The name of whoever has the role."""
        return self._now().name

    @property
    def identity(self) -> Mapping[str, str]:
        """The identity of whoever has the role.

        Raises:
            EngineError: as that engine.
        """
        return self._now().identity

    def capabilities(self) -> Capabilities:
        """What whoever has the role can do.

        Raises:
            EngineError: as that engine.
        """
        return self._now().capabilities()

    def health(self) -> Health:
        """Whether whoever has the role answers."""
        return self._now().health()

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        """Tokens of a prompt.

        Raises:
            EngineError: as the engine that has the role.
        """
        return self._now().count_tokens(messages)

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Answer one request.

        Raises:
            AgencyError: as the engine that has the role.
        """
        return self._now().generate(request, cancel)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer piece by piece.

        Raises:
            AgencyError: as the engine that has the role.
        """
        yield from self._now().stream(request, cancel)

    def tell_when_busy(self) -> None:
        """Have whoever has the role, now and later, say at once that its server is busy."""
        self._tells_busy = True
        tell_busy(self._now())

    def holder(self) -> Engine:
        """Who has the role now; may look it up in the store."""
        return self._now()

    def _now(self) -> Engine:
        """One thread looks while the others go on with the last one: a slow store holds up one request in a second."""
        now = self._timer()
        with self._lock:
            if now - self._looked < _LOOK_S:
                return self._found
            self._looked = now
        with suppress(AgencyError):
            found = self._find()
            if self._tells_busy:
                tell_busy(found)
            self._found = found
        return self._found


class FollowedLabels(FollowedRole):
    """The same for a role whose first engine scores labels."""

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        """Score labels.

        Raises:
            AgencyError: as the engine that has the role; ``engine.no_labels`` where that one scores none.
        """
        return label_engine(self._now()).score_labels(request, cancel)


class FollowedPriming(FollowedLabels):
    """The same for a role whose first engine keeps prefixes too."""

    @property
    def width(self) -> int:
        """How many requests are best in flight at once."""
        engine = self._now()
        return engine.width if isinstance(engine, PrimingEngine) else 1

    def prime(self, messages: tuple[Message, ...], cancel: Cancel | None = None) -> Primed:
        """Compute a shared prefix, where the engine that has the role keeps any.

        Raises:
            EngineError: as that engine.
        """
        engine = self._now()
        return engine.prime(messages, cancel) if isinstance(engine, PrimingEngine) else Primed(0, 0)


def followed_role(find: Callable[[], Engine], timer: Callable[[], float]) -> FollowedRole:
    """A role as an engine that can what its first engine can."""
    first = find()
    if not isinstance(first, LabelEngine):
        return FollowedRole(find, timer)
    return (FollowedPriming if isinstance(first, PrimingEngine) else FollowedLabels)(find, timer)
