"""A remote engine whose every call is reserved before it is made and settled after it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Self

from agent_agency.errors import AgencyError, EngineError, LedgerError
from agent_agency.inference.around import AroundEngine
from agent_agency.inference.labels import MAX_LABEL_TOKENS, LabelReply, LabelRequest, label_engine
from agent_agency.inference.prompt_size import most_tokens
from agent_agency.inference.protocol import Health
from agent_agency.inference.spend.book import Bound, Price, SpendBook

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Cancel, Capabilities, Engine, Message, Piece, Reply, Request, Usage
    from agent_agency.store.spending import Reservation

FREE = frozenset(
    {
        "engine.bad_url",
        "engine.busy",
        "engine.key_missing",
        "engine.not_found",
        "engine.redirected",
        "engine.refused",
        "engine.tls",
        "engine.unreachable",
    }
)
"""Errors after which no token was worked on; every other end counts the whole reservation."""
_PROBE_TOKENS = 4096
"""More than what finding out a server's capabilities uses: three short questions under an own schema."""
_PROBE_S = 600.0


class _Switched(AroundEngine):
    """What asking a remote engine anything has in common: while remote calls are stopped, nothing is sent."""

    def __init__(self, engine: Engine, book: SpendBook) -> None:
        super().__init__(engine)
        self._book = book
        self._identified = False

    @property
    def identity(self) -> Mapping[str, str]:
        """The inner engine's identity; once it is known, nothing is asked for it.

        Raises:
            AllowanceUsedUpError: remote calls are stopped, and it is not known yet.
            EngineError: as the inner engine.
        """
        if not self._identified:
            self._book.refuse_stopped()
        found = self._engine.identity
        self._identified = True
        return found

    def capabilities(self) -> Capabilities:
        """What the inner engine can do.

        Raises:
            AllowanceUsedUpError: remote calls are stopped.
            EngineError: as the inner engine.
        """
        self._book.refuse_stopped()
        return self._engine.capabilities()

    def health(self) -> Health:
        """Whether the inner engine may be asked, and answers."""
        try:
            self._book.refuse_stopped()
        except AgencyError as error:
            return Health(ready=False, detail=error.message)
        return self._engine.health()

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        """Tokens of a prompt, as the inner engine tells.

        Raises:
            AllowanceUsedUpError: remote calls are stopped.
        """
        self._book.refuse_stopped()
        return self._engine.count_tokens(messages)


class Spending(_Switched):
    """An engine with a price.

    Args:
        engine: the remote one; a cache belongs around this, so that its hits cost nothing.
        price: of its tokens.
        book: where calls are held against the caps.
    """

    def __init__(self, engine: Engine, price: Price, book: SpendBook) -> None:
        super().__init__(engine, book)
        self._price = price
        self._probed = False

    def capabilities(self) -> Capabilities:
        """What the inner engine can do; finding out asks it questions, which are reserved like any other.

        Raises:
            AllowanceUsedUpError: as `generate`.
            EngineError: as the inner engine.
        """
        if self._probed:
            return self._engine.capabilities()
        with self._paid(Bound(_PROBE_TOKENS, _PROBE_TOKENS, _PROBE_S)):
            found = self._engine.capabilities()
        self._probed = True
        return found

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Reserve, answer, settle.

        Raises:
            AllowanceUsedUpError: a cap would be passed, or remote calls are stopped; the engine was not asked.
            EngineError: as the inner engine.
            StoreError: nothing can be reserved; the engine was not asked.
        """
        with self._paid(bound_of(request)) as paid:
            reply = self._engine.generate(request, cancel)
            paid.usage = reply.usage
            return reply

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer piece by piece; what was not read to its end counts the whole reservation.

        Raises:
            AgencyError: as `generate`.
        """
        with self._paid(bound_of(request)) as paid:
            for piece in self._engine.stream(request, cancel):
                if piece.reply is not None:
                    paid.usage = piece.reply.usage
                yield piece

    def _paid(self, bound: Bound) -> _Paid:
        return _Paid(self._book, self._book.reserve(self._engine.name, self._price, bound))


class SpendingLabels(Spending):
    """An engine with a price that scores labels."""

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        """Reserve, score, settle.

        Raises:
            AgencyError: as `generate`.
        """
        prompt = most_tokens(request.messages) + sum(len(label.encode()) for label in request.labels)
        asked = len(request.labels) + 1  # a server may be asked once for each label
        bound = Bound(prompt * asked, MAX_LABEL_TOKENS * asked, request.deadline_s)
        with self._paid(bound) as paid:
            reply = label_engine(self._engine).score_labels(request, cancel)
            paid.usage = reply.usage
            return reply


class Stoppable(_Switched):
    """A remote engine without a price, which the switch stops like the others; it costs nothing that is counted."""

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Answer unless stopped.

        Raises:
            AllowanceUsedUpError: remote calls are stopped.
            EngineError: as the inner engine.
        """
        self._book.refuse_stopped()
        return self._engine.generate(request, cancel)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer piece by piece unless stopped.

        Raises:
            AgencyError: as `generate`.
        """
        self._book.refuse_stopped()
        yield from self._engine.stream(request, cancel)


class StoppableLabels(Stoppable):
    """A remote engine without a price that scores labels."""

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        """Score unless stopped.

        Raises:
            AgencyError: as `generate`.
        """
        self._book.refuse_stopped()
        return label_engine(self._engine).score_labels(request, cancel)


class _Paid:
    """One reserved call; however it ends, it is settled, and what is not known of it counts whole."""

    def __init__(self, book: SpendBook, reserved: Reservation) -> None:
        self._book = book
        self._reserved = reserved
        self.usage: Usage | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        free = isinstance(error, EngineError) and error.stable_code in FREE
        with contextlib.suppress(LedgerError):  # the answer is paid for; its reservation stays counted and is listed
            self._book.settle(self._reserved, self.usage, free=free)


def bound_of(request: Request) -> Bound:
    """The most tokens that a request can use: a token is at least one byte of the prompt or of the schema."""
    schema = 0 if request.schema is None else len(json.dumps(request.schema).encode())
    return Bound(most_tokens(request.messages) + schema, request.parameters.max_tokens, request.deadline_s)
