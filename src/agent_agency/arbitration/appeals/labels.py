"""What appeals teach the judges: of each ruling that an appeal overturned, the verdict that it should have had.

A label counts if the appeal that it names overturned a ruling and ended in that verdict. The last one of a ruling is
its label; a ruling that a higher level found to be right after all is labelled with its own verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent_agency.arbitration.appeals.model import LABEL, Appeal, Appeals, Outcome, State
from agent_agency.arbitration.appeals.statements import ruling_subject
from agent_agency.ledger.entry import Entry

if TYPE_CHECKING:
    from agent_agency.ledger.journal import Draft

SOURCE = "appeal"


@dataclass(frozen=True, slots=True)
class Label:
    """A ruling and its right verdict.

    ``was`` is the verdict of the ruling, ``case`` the digest of the case file that it was decided from, ``level`` that
    of the ``appeal``. ``final`` tells whether the label can still change.
    """

    ruling: str
    entry: str
    label: str
    was: str
    appeal: str
    level: int
    case: str
    final: bool

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "ruling": self.ruling,
            "entry": self.entry,
            "label": self.label,
            "was": self.was,
            "source": SOURCE,
            "appeal": self.appeal,
            "level": self.level,
            "case": self.case,
            "final": self.final,
        }


def labels_of(entries: Iterable[Entry], appeals: Appeals) -> tuple[Label, ...]:
    """The labels that count, one for each ruling, in the order in which the rulings were first labelled.

    Args:
        entries: the ledger's entries, at least those of the kind ``label``, oldest first.
        appeals: all appeals of the same ledger.
    """
    found: dict[str, Label] = {}
    for entry in entries:
        label = _counted(entry, appeals) if entry.kind == LABEL else None
        if label is not None:
            found[label.entry] = label
    return tuple(found.values())


def label_drafts(appeal: Appeal, verdict: str, known: Iterable[Label]) -> tuple[Draft, ...]:
    """The labels that follow when an appeal ends in a verdict: one for each ruling below whose label it changes.

    Args:
        appeal: the appeal that is decided.
        verdict: the verdict that it ends in.
        known: the labels so far.
    """
    from agent_agency.ledger.journal import Draft

    labels = {label.entry: label.label for label in known}
    return tuple(
        Draft(
            LABEL,
            {
                "subject": ruling_subject(ruling.id),
                "entry": ruling.entry,
                "label": verdict,
                "was": ruling.verdict,
                "source": SOURCE,
                "appeal": appeal.id,
                "level": appeal.level,
                "case": ruling.case,
            },
        )
        for ruling in appeal.chain
        if labels.get(ruling.entry, ruling.verdict) != verdict
    )


def _counted(entry: Entry, appeals: Appeals) -> Label | None:
    said = entry.body
    appeal = appeals.named(str(said.get("appeal")))
    if said.get("source") != SOURCE or appeal is None or appeal.result is None:
        return None
    overturned = appeal.result.outcome is Outcome.OVERTURNED
    ruling = next((one for one in appeal.chain if one.entry == said.get("entry")), None)
    if ruling is None or not overturned or said.get("label") != appeal.result.verdict:
        return None
    if (said.get("subject"), said.get("case")) != (ruling_subject(ruling.id), ruling.case):
        return None
    last = max(_above(appeal, appeals), key=lambda one: one.level)
    return Label(
        ruling=ruling.id,
        entry=ruling.entry,
        label=appeal.result.verdict,
        was=ruling.verdict,
        appeal=appeal.id,
        level=appeal.level,
        case=ruling.case,
        final=last.state is State.FINAL,
    )


def _above(appeal: Appeal, appeals: Appeals) -> Iterator[Appeal]:
    """The appeal and those that were decided over its result."""
    yield appeal
    while appeal.result is not None:
        decided = [one for one in appeals.of_ruling(appeal.result.ruling) if one.result is not None]
        if not decided:
            return
        appeal = decided[0]
        yield appeal
