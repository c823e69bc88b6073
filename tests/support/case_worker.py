"""One of many processes that rule on shared and on own matters at once; prints each ruling that was acknowledged.

Run as a program: ``case_worker.py FOLDER URL NAME OWN SHARED ROUNDS``; ``-`` is the SQLite file in the folder.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from agent_agency.arbitration.cases.model import Matter
from agent_agency.arbitration.cases.note_review import RulingNote
from agent_agency.clock import SystemClock
from agent_agency.identity import random_id
from agent_agency.ledger.journal import Draft, Ledger
from agent_agency.ledger.opening import open_ledger
from agent_agency.workflows.cases import append_noted, note_ruling
from support.cases import LIMITS, START, note, satisfied, violated

SCOPE = violated("scope.boundary")


def record(ledger: Ledger, ruling: RulingNote) -> None:
    own = Draft("ruling", {"subject": f"ruling:{ruling.ruling_id}", "ruling_id": ruling.ruling_id})
    append_noted(ledger, partial(note_ruling, ledger, ruling, LIMITS, START), lambda _: [own])
    sys.stdout.write(f"{ruling.ruling_id}\n")
    sys.stdout.flush()


def main(folder: str, url: str, name: str, own: int, shared: int, rounds: int) -> None:
    environment = {} if url == "-" else {"AGENCY_STORE_URL": url}
    ledger = open_ledger(Path(folder), SystemClock(), random_id, environment, wait_s=60)
    for turn in range(rounds):
        for number in range(shared):
            matter = Matter.of_change("SHARED", branch=f"b{number}", head="")
            ends = turn % 3 == 2
            said = [satisfied("scope.boundary")] if ends else []
            record(ledger, note(f"{name}-{turn}-{number}", [] if ends else [SCOPE], said, matter=matter))
    for number in range(own):
        matter = Matter.of_change("OWN", branch=f"{name}-{number}", head="")
        record(ledger, note(f"{name}-own-{number}", [SCOPE], matter=matter))


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:7]))  # type: ignore[arg-type]
