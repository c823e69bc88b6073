"""Processes with models that are none, for tests of what processes hold together: ``python claiming.py MODE FOLDER …``.

``load FOLDER BYTES BUDGET``: loads one, says ``warm``, and keeps it until its standard input ends. ``gate FOLDER``:
holds the gate of the claims. ``race FOLDER LEDGER BUDGET ROUNDS SEED``: takes and gives back at random, and counts what
it has in a ledger of its own under a lock; says ``over`` where all together once had more than the budget.
"""

from __future__ import annotations

import fcntl
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent_agency.inference.pool.memory_claims import MemoryClaims
from agent_agency.inference.pool.pool import ModelPool, PoolServices
from agent_agency.inference.pool.pooled import Member
from support.pooled import Events, PooledDouble
from support.spending import SetClock


def load(folder: str, size: str, budget: str) -> None:
    double = PooledDouble(name="there", size=int(size))
    services = PoolServices(Events(), SetClock(), claims=MemoryClaims(Path(folder)))
    pool = ModelPool([Member(double, double.size)], int(budget), services)
    with pool.lease("there", 60.0):
        _say("warm")
    for line in sys.stdin:
        if line == "tick\n":
            pool.tick()
            _say(pool.standings()[0].state)
    pool.close()


def gate(folder: str) -> None:
    descriptor = os.open(Path(folder, "gate"), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    _say("held")
    sys.stdin.read()


def race(folder: str, ledger: str, budget: str, rounds: str, seed: str) -> None:
    claims, chance, taken = MemoryClaims(Path(folder)), random.Random(int(seed)), 0
    for _ in range(int(rounds)):
        wanted = chance.randrange(1, int(budget) + 1)
        if claims.take(wanted, int(budget)):
            taken += 1
            with _counted(Path(ledger), wanted) as whole:
                if whole > int(budget):
                    _say("over")
            claims.tell(0, 0)
    _say(f"took {taken}")
    claims.close()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextmanager
def _counted(ledger: Path, size: int) -> Iterator[int]:
    yield _add(ledger, size)
    _add(ledger, -size)


def _add(ledger: Path, size: int) -> int:
    with ledger.open("r+") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        whole = int(stream.read() or "0") + size
        stream.seek(0)
        stream.truncate()
        stream.write(str(whole))
        stream.flush()
        return whole


def main(mode: str, *words: str) -> None:
    match mode:
        case "load":
            load(*words)
        case "gate":
            gate(*words)
        case "race":
            race(*words)


if __name__ == "__main__":
    main(*sys.argv[1:])
