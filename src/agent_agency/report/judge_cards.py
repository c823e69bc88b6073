"""Judge cards for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agent_agency.judging.cards.card import MEASURES, JudgeCard
from agent_agency.judging.cards.standing import shortfalls
from agent_agency.report.text import clean

if TYPE_CHECKING:
    from rich.table import Table

SCHEMA_VERSION = 1
_SHORT = 19
_NO_MODEL = "This engine is no language model: its figures show that everything runs, and say nothing of any model."


def card_document(card: JudgeCard, *, recorded: bool) -> dict[str, Any]:
    """One card as plain JSON data, with its standing."""
    missed = shortfalls(card)
    return {
        "schema_version": SCHEMA_VERSION,
        "card": card.as_dict(),
        "digest": card.digest,
        "may_block": not missed,
        "shortfalls": list(missed),
        "recorded": recorded,
    }


def cards_document(cards: Sequence[JudgeCard]) -> dict[str, Any]:
    """Cards on record as plain JSON data."""
    return {"schema_version": SCHEMA_VERSION, "cards": [card_document(card, recorded=True) for card in cards]}


def card_table(card: JudgeCard) -> Table:
    """The figures of one card, a line each."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column, side in (("figure", "left"), ("value", "right"), ("95 % interval", "left"), ("items", "right")):
        table.add_column(column, justify=side)  # type: ignore[arg-type]
    for name in MEASURES:
        found = card.measures.get(name)
        shown = name.replace("_", " ")
        if found is None:
            table.add_row(shown, "-", "not measured", "")
        elif name == "injection_flips" and not card.language_model:
            table.add_row(shown, "-", "tried; says nothing of this engine", str(found.n))
        else:
            table.add_row(shown, f"{found.value:.3f}", f"{found.low:.3f} to {found.high:.3f}", str(found.n))
    return table


def card_head(card: JudgeCard) -> Iterator[str]:
    """What the card is of."""
    yield f"judge    {card.judge}, version {card.version[:_SHORT]}"
    yield f"engine   {clean(card.engine)}"
    yield f"items    {card.split}, {card.items[:_SHORT]}"


def card_end(card: JudgeCard) -> Iterator[str]:
    """What steered it, and whether it may block."""
    if card.flipped:
        yield f"Steered by: {', '.join(one.replace('_', ' ') for one in card.flipped)}."
    if not card.language_model:
        yield _NO_MODEL
    missed = shortfalls(card)
    if not missed:
        yield "This version may block where the law names it under [judges] block."
        return
    yield "This version advises only:"
    yield from (f"- {one}" for one in missed)


def cards_table(cards: Sequence[JudgeCard]) -> Table:
    """Cards on record, a line each."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("judge", "version", "engine", "measured", "accuracy", "may"):
        table.add_column(column)
    for card in cards:
        accuracy = card.measures.get("accuracy")
        shown = f"{accuracy.value:.3f}" if accuracy else "-"
        may = "advise" if shortfalls(card) else "block"
        table.add_row(card.judge, card.version[:_SHORT], clean(card.engine), card.measured_at, shown, may)
    return table
