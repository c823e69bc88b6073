"""Whether each recorded ruling is signed by an arbiter who counts, and is what was signed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from agent_agency.attestation.arbiter_act import Standing
from agent_agency.attestation.keys import PublicKey
from agent_agency.attestation.principals import Principals
from agent_agency.errors import NotSignedError
from agent_agency.ledger.chain import MAX_PROBLEMS, Problem
from agent_agency.ledger.entry import Entry
from agent_agency.workflows.ruling_statement import KIND, read_recorded_ruling


@dataclass(frozen=True, slots=True)
class RulingsChecked:
    """``problems``: rulings whose signature does not count. ``strangers``: keys of others that no base lists."""

    problems: tuple[Problem, ...]
    strangers: frozenset[str]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is no problem, and worth knowing."""
        if not self.strangers:
            return ()
        return (f"rulings are signed by keys that no base lists: {', '.join(sorted(self.strangers))}",)


def check_rulings(entries: Iterable[Entry], principals: Principals, own: Collection[PublicKey]) -> RulingsChecked:
    """Verify the signature of each ruling; reading stops after ``MAX_PROBLEMS``.

    Whoever may write to the database can append a ruling of their own, and the next signed head then covers it. Only
    the ruling's own signature tells that no arbiter made it.
    """
    found: list[Problem] = []
    strangers: set[str] = set()
    for entry in entries:
        if entry.kind != KIND:
            continue
        try:
            act = read_recorded_ruling(entry.body, principals, own)
        except NotSignedError as error:
            message = f"the ruling in entry {entry.seq} is no arbiter's: {error.reason}"
            found.append(Problem("ruling.not_signed", message, None, entry.seq))
            if len(found) >= MAX_PROBLEMS:
                break
        else:
            if act.standing is Standing.UNLISTED:
                strangers.add(act.key_id)
    return RulingsChecked(tuple(found), frozenset(strangers))
