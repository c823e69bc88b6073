"""A batch in a process of its own, for tests that kill it: ``python batch_victim.py INPUT JOURNAL CALLS [ANSWERS]``.

Each call of its engine, a double for a model, is a line in the file CALLS before it answers. After so many ANSWERS it
gives none any more, and waits to be killed.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

from agent_agency.inference.protocol import Request
from agent_agency.judging.batch import Bounds, judge_batch
from agent_agency.judging.batch_journal import Journal
from agent_agency.judging.batch_record import read_records
from support.counting_engine import CountingEngine
from support.judged import a_judge


def main(source: str, journal: str, calls: str, answers: str = "1000000") -> None:
    told = os.open(calls, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    left = threading.Semaphore(int(answers))

    def answer(request: Request) -> str:
        line = next(line for line in request.messages[-1].content.split("\n") if line.startswith("sentence number"))
        os.write(told, f"{line}\n".encode())
        left.acquire()
        members = {"evidence": [line], "reasoning": "So.", "verdict": "pass", "score": 1, "confidence": 1}
        return json.dumps({**members, "suggestions": []})

    records = tuple(read_records(Path(source).read_bytes().splitlines(keepends=True)))
    with Journal(Path(journal)) as kept:
        judge_batch(a_judge(CountingEngine(answer=answer)), records, kept, Bounds(workers=3), time.monotonic)


if __name__ == "__main__":
    main(*sys.argv[1:])
