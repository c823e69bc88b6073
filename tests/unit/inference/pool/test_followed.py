from __future__ import annotations

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.labels import LabelEngine, LabelRequest
from agent_agency.inference.pool.followed import FollowedRole, followed_role
from agent_agency.inference.priming import PrimingEngine
from agent_agency.inference.protocol import Engine, Message
from support.counting_engine import CountingEngine, a_request
from support.pooled import SetTimer
from support.rollouts import RoleEngine


class _Role:
    """Who has the role, as the test says."""

    def __init__(self, engine: Engine | None) -> None:
        self.engine = engine
        self.looked = 0

    def find(self) -> Engine:
        self.looked += 1
        if self.engine is None:
            raise EngineError("gone", fix="none", code="engine.unknown")
        return self.engine


def test_who_has_the_role_is_looked_up_once_in_a_second_and_not_with_every_request() -> None:
    role, timer = _Role(RoleEngine(name="old")), SetTimer()
    followed = FollowedRole(role.find, timer)
    role.engine = RoleEngine(name="new")
    for _ in range(10):
        assert '"by": "old"' in followed.generate(a_request()).text
    timer.seconds += 1.0
    assert [followed.generate(a_request()).text.count("new") for _ in range(10)] == [1] * 10
    assert role.looked == 2
    assert (followed.name, followed.health().ready, followed.count_tokens(a_request().messages)) == ("new", True, 3)


def test_while_who_has_the_role_cannot_be_found_the_last_one_answers() -> None:
    role, timer = _Role(RoleEngine(name="old")), SetTimer()
    followed = FollowedRole(role.find, timer)
    role.engine = None
    timer.seconds += 5.0
    assert '"by": "old"' in "".join(piece.text for piece in followed.stream(a_request()))
    with pytest.raises(EngineError):
        FollowedRole(role.find, timer)


def test_a_role_can_what_its_first_engine_can_and_says_so_where_a_later_one_cannot() -> None:
    assert not isinstance(followed_role(CountingEngine, SetTimer()), LabelEngine)
    role, timer = _Role(RoleEngine(name="old")), SetTimer()
    followed = followed_role(role.find, timer)
    assert isinstance(followed, LabelEngine)
    assert not isinstance(followed, PrimingEngine)
    labels = LabelRequest((Message("user", "x"),), ("yes", "no"))
    assert followed.score_labels(labels).scores[0].label == "yes"
    role.engine = CountingEngine()
    timer.seconds += 1.0
    with pytest.raises(EngineError, match="no log-probabilities"):
        followed.score_labels(labels)
