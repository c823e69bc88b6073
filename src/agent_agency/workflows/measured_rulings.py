"""Rulings as patches that compete: what was measured, read from the document that the arbiter's signature names.

The members of an entry are not signed one by one, so nothing that a comparison rests on is taken from them. A ruling is
as new as the signed document says, so that a copy of an old entry at the end of the ledger makes it no newer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent_agency.arbitration.cases.model import Candidate, LawAtOpening, Matter, plain
from agent_agency.canonical_json import parse_json
from agent_agency.errors import EvidenceError, UsageError
from agent_agency.facts import display_path

if TYPE_CHECKING:
    from agent_agency.ledger.entry import Entry
    from agent_agency.ledger.journal import Ledger

RULING = "ruling"


@dataclass(frozen=True, slots=True)
class MeasuredRuling:
    """A ruling's patch, its spec, and the law that it was made under."""

    candidate: Candidate
    spec: str
    law: LawAtOpening


@dataclass(frozen=True, slots=True)
class MeasuredRulings:
    """The rulings of a record that really are the arbiter's.

    ``vouched`` tells so of an entry, by its signature. ``read`` gives stored evidence by its digest, or raises
    `EvidenceError`.
    """

    ledger: Ledger
    vouched: Callable[[Entry], bool]
    read: Callable[[str], bytes]

    def named(self, reference: str) -> MeasuredRuling:
        """The ruling of an id, or of the entry of a seq.

        Raises:
            UsageError: there is none, it is not the arbiter's, is about no spec, or its document is gone.
        """
        from agent_agency.ledger.query import find_entry

        entries = [entry for entry in self.ledger.about(f"{RULING}:{reference}") if entry.kind == RULING]
        found = entries or list(filter(None, [find_entry(self.ledger.of_kinds({RULING}), reference)]))
        if not found:
            fix = "Name the id of a ruling, or the seq of its entry."
            raise UsageError(f"There is no ruling {display_path(reference)!r}", fix=fix)
        measured = [one for one in self._measured(found) if not entries or one.candidate.ruling_id == reference]
        if not measured:
            fix = "Review the patch again; what no arbiter signed, or is about no spec, or was pruned, cannot compete."
            raise UsageError(f"{display_path(reference)} is no ruling of the arbiter about a spec's patch", fix=fix)
        return max(measured, key=lambda one: one.candidate.seen)

    def newest(self, spec: str) -> Mapping[str, MeasuredRuling]:
        """The newest ruling of each matter of a spec, by the matter's key; a matter without any is missing."""
        found: dict[str, MeasuredRuling] = {}
        about_spec = (entry for entry in self.ledger.of_kinds({RULING}) if _names_spec(entry, spec))
        for ruling in self._measured(about_spec):
            key = ruling.candidate.matter_key
            if ruling.spec == spec and (key not in found or found[key].candidate.seen < ruling.candidate.seen):
                found[key] = ruling
        return found

    def _measured(self, entries: Iterator[Entry] | list[Entry]) -> Iterator[MeasuredRuling]:
        for entry in entries:
            if self.vouched(entry):
                try:
                    yield measured_ruling(parse_json(self.read(str(entry.body["document"]))))
                except (EvidenceError, KeyError, TypeError, ValueError):
                    continue


def measured_ruling(document: Mapping[str, Any]) -> MeasuredRuling:
    """Read a ruling's document.

    Raises:
        KeyError: it lacks a member.
        TypeError: it is about no spec.
    """
    head, base, change, budget = document["head"], document["base"], document["change"], document["budget"]
    spec = str(document["spec"]["id"])
    matter = Matter.of_change(spec, branch=head["branch"], head=head["commit"] or head["tree"])
    used = (budget["used_files"], budget["used_loc"]) if budget else (change["files"], change["lines"])
    candidate = Candidate(
        ruling_id=document["ruling_id"],
        matter_key=matter.key,
        verdict=document["verdict"],
        head=head["commit"] or "",
        tree=head["tree"],
        law_commit=base["commit"],
        waivers=len(document["waivers"]),
        files=used[0],
        lines=used[1],
        seen=document["reviewed_at"],
    )
    law = LawAtOpening(base["commit"], document["law"]["constitution"], plain(base["ref"]))
    return MeasuredRuling(candidate, plain(spec), law)


def _names_spec(entry: Entry, spec: str) -> bool:
    about = entry.body.get("spec")
    return isinstance(about, dict) and plain(str(about.get("id"))) == spec
