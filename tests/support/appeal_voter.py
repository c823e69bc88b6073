"""One of several processes that give the last vote on an appeal at once.

Run as a program: ``appeal_voter.py FOLDER APPEAL JUDGE``. It says ``ready``, waits for a line, votes, and answers in
one JSON line how the appeal stands then, or why the vote was refused.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from agent_agency.arbitration.appeals.model import Vote
from agent_agency.errors import AppealError
from agent_agency.workflows.appeals import review_appeal
from support.appeals import town_at


def main(folder: Path, appeal: str, judge: str) -> None:
    town = town_at(folder)
    with town.registry() as registry:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        try:
            done = review_appeal(registry, appeal, [Vote.ADMIT], ["seen"], town.people[judge].signer)
        except AppealError as error:
            answer = {"refused": error.message}
        else:
            answer = {"state": str(done.state), "panel": ",".join(one.principal for one in done.reviews)}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
