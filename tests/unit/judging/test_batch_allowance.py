from __future__ import annotations

import json

from agent_agency.errors import AllowanceUsedUpError
from agent_agency.inference.protocol import Cancel, Reply, Request
from agent_agency.judging.batch import Bounds, MemoryKeeper, judge_batch
from agent_agency.judging.batch_record import read_records
from support.counting_engine import CountingEngine
from support.judged import a_judge

ANSWER = json.dumps(
    {
        "evidence": ["a whole sentence"],
        "reasoning": "So.",
        "verdict": "pass",
        "score": 1,
        "confidence": 1,
        "suggestions": [],
    }
)


class _Paid(CountingEngine):
    """A double: there is money for three calls."""

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        if self.asked >= 3:
            raise AllowanceUsedUpError("0.00 EUR are left", fix="Raise the cap.", code="spend.month_used_up")
        return super().generate(request, cancel)


def test_when_the_money_is_used_up_the_rest_is_not_run_and_what_was_answered_is_kept() -> None:
    lines = [json.dumps({"id": f"r{at}", "output": f"a whole sentence, number {at}"}).encode() for at in range(10)]
    keeper, engine = MemoryKeeper(), _Paid(answer=lambda _: ANSWER)
    judge = a_judge(engine)
    found = judge_batch(judge, tuple(read_records(lines)), keeper, Bounds(workers=1), lambda: 0.0)
    assert [one.work.status for one in found] == ["judged"] * 3 + ["not_run"] * 7
    assert {one.work.reason for one in found[3:]} == {"allowance"}
    assert {one.work.problem for one in found[3:]} == {"0.00 EUR are left"}
    assert (engine.asked, len(keeper.settled)) == (3, 3)
    again = judge_batch(
        a_judge(CountingEngine(answer=lambda _: ANSWER)), tuple(read_records(lines)), keeper, Bounds(), lambda: 0.0
    )
    assert [one.work.status for one in again] == ["judged"] * 10
