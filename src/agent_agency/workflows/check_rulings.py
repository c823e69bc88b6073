"""Whether each recorded ruling is signed by an arbiter who counts, and is what was signed."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from agent_agency.attestation.keys import PublicKey
from agent_agency.attestation.principals import Principals
from agent_agency.errors import NotSignedError
from agent_agency.ledger.chain import MAX_PROBLEMS, Problem
from agent_agency.ledger.entry import Entry
from agent_agency.workflows.ruling_statement import KIND, read_recorded_ruling


def unsigned_rulings(entries: Iterable[Entry], principals: Principals, own: Collection[PublicKey]) -> list[Problem]:
    """A problem for each ruling whose signature does not count; reading stops after ``MAX_PROBLEMS``.

    Whoever may write to the database can append a ruling of their own, and the next signed head then covers it. Only
    the ruling's own signature tells that no arbiter made it.
    """
    found: list[Problem] = []
    for entry in entries:
        if entry.kind != KIND:
            continue
        try:
            read_recorded_ruling(entry.body, principals, own)
        except NotSignedError as error:
            message = f"the ruling in entry {entry.seq} is no arbiter's: {error.reason}"
            found.append(Problem("ruling.not_signed", message, None, entry.seq))
            if len(found) >= MAX_PROBLEMS:
                break
    return found
