from __future__ import annotations

from agent_agency.inference.labels import LabelReply, LabelScore
from agent_agency.inference.pool.agreement import same_verdict
from agent_agency.inference.pool.assignment import assigned
from agent_agency.inference.pool.rollout_limits import RolloutLimits
from agent_agency.inference.protocol import Reply, Usage

LIMITS = RolloutLimits(shadow=0.25, share=0.4)
KEYS = [f"sha256:{at}" for at in range(4000)]


def _share(values: list[bool]) -> float:
    return sum(values) / len(values)


def test_shares_are_as_agreed_and_the_same_request_always_goes_the_same_way() -> None:
    drawn = [assigned("share", LIMITS, 1, key) for key in KEYS]
    assert drawn == [assigned("share", LIMITS, 1, key) for key in KEYS]
    assert abs(_share([one.new_answers for one in drawn]) - 0.4) < 0.03
    assert abs(_share([one.copied for one in drawn]) - 0.25) < 0.03
    both = _share([one.new_answers and one.copied for one in drawn])
    assert abs(both - 0.1) < 0.02


def test_another_rollout_draws_others() -> None:
    first, second = ([assigned("share", LIMITS, number, key).new_answers for key in KEYS] for number in (1, 2))
    assert abs(_share([one == other for one, other in zip(first, second, strict=True)]) - 0.52) < 0.03


def test_who_answers_in_each_stage() -> None:
    whole = RolloutLimits(shadow=1.0, share=1.0)
    seen = {stage: assigned(stage, whole, 1, "k") for stage in ("shadow", "share", "all", "finished", "returned")}
    assert {stage: (one.new_answers, one.copied) for stage, one in seen.items()} == {
        "shadow": (False, True),
        "share": (True, True),
        "all": (True, True),
        "finished": (True, False),
        "returned": (False, False),
    }


def _reply(text: str) -> Reply:
    return Reply(text, "stop", Usage(1, 1), "m", "", 0.1)


def _labels(yes: float, no: float) -> LabelReply:
    return LabelReply((LabelScore("yes", yes, 1), LabelScore("no", no, 2)), Usage(1, 1), "m", "", 0.1)


def test_answers_agree_by_verdict_then_as_data_then_by_words() -> None:
    assert same_verdict(_reply('{"verdict": "pass", "score": 0.9}'), _reply('{"verdict": "pass", "score": 0.2}'))
    assert not same_verdict(_reply('{"verdict": "pass"}'), _reply('{"verdict": "fail"}'))
    assert same_verdict(_reply('{"a": 1, "b": 2}'), _reply('{"b":2,"a":1}'))
    assert same_verdict(_reply("it  is\nso"), _reply("it is so"))
    assert not same_verdict(_reply("[" * 100_000), _reply("{}"))
    assert not same_verdict(_labels(-1.0, -1.6), _labels(-0.1, -9.0))
    assert same_verdict(_labels(-0.1, -9.0), _labels(-0.5, -1.2))
    assert not same_verdict(_reply("yes"), _labels(-0.1, -9.0))
