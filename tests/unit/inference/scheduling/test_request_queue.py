from __future__ import annotations

import random
from collections import Counter
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent_agency.inference.scheduling.fair_share import Warmth
from agent_agency.inference.scheduling.queued import Queued
from agent_agency.inference.scheduling.request_queue import RequestQueue

_CAPACITY = 12
_TASKS = ("a", "b", "c")
_GROUPS = (None, "x", "y", "z")


def _queue(capacity: int = 10_000, **more: object) -> RequestQueue[Queued]:
    return RequestQueue(capacity, 10.0, **more)  # type: ignore[arg-type]


def _serve(queue: RequestQueue[Queued], times: int, warmth: Warmth | None = None, now: float = 0.0) -> list[Queued]:
    served = []
    for _ in range(times):
        one = queue.choose(now, warmth or Warmth())
        assert one is not None
        queue.admit(one, now)
        served.append(one)
    return served


class QueueMachine(RuleBasedStateMachine):
    """Whatever is done to the queue: nothing is lost, nothing is given twice, and it never holds more than it may."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: RequestQueue[Queued] = RequestQueue(_CAPACITY, 10.0, {"a": 3.0})
        self.waiting: dict[int, Queued] = {}
        self.numbers = count()
        self.now = 0.0

    @rule(
        task=st.sampled_from(_TASKS),
        group=st.sampled_from(_GROUPS),
        priority=st.integers(-2, 2),
        deadline=st.floats(0, 100),
        cost=st.floats(0.1, 10),
    )
    def come(self, task: str, group: str | None, priority: int, deadline: float, cost: float) -> None:
        one = Queued(number=next(self.numbers), deadline=deadline, task=task, priority=priority, group=group, cost=cost)
        if len(self.waiting) == _CAPACITY and (gone := self.queue.gives_way(one, self.now)) is not None:
            assert self.waiting.pop(gone.number) is gone
            assert gone.priority <= priority
            assert gone.priority < priority or gone.task != task
            self.queue.remove(gone)
        taken = self.queue.add(one, self.now)
        assert taken == (len(self.waiting) < _CAPACITY)
        if taken:
            self.waiting[one.number] = one

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.waiting)))
        self.queue.remove(self.waiting.pop(number))

    @rule(
        warm=st.sets(st.sampled_from(_GROUPS[1:])),
        blocked=st.sets(st.sampled_from(_GROUPS[1:])),
        slack=st.floats(0, 8),
        bypass=st.integers(0, 3),
        urgent=st.floats(0, 100),
    )
    def serve(self, warm: set[str], blocked: set[str], slack: float, bypass: int, urgent: float) -> None:
        warmth = Warmth(blocked, warm - blocked, slack, bypass, urgent)
        one = self.queue.choose(self.now, warmth)
        open_ = [other for other in self.waiting.values() if other.group not in blocked]
        assert (one is None) == (not open_)
        if one is None:
            return
        assert self.waiting.get(one.number) is one
        assert one.group not in blocked
        rivals = [other for other in open_ if (other.task, other.group, other.priority) == _kind(one)]
        assert one is min(rivals, key=lambda other: other.rank)
        self.queue.admit(one, self.now)
        del self.waiting[one.number]

    @rule(seconds=st.floats(0, 30))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def holds_what_waits(self) -> None:
        assert sorted(one.number for one in self.queue) == sorted(self.waiting)
        assert len(self.queue) == len(self.waiting) <= _CAPACITY


def _kind(one: Queued) -> tuple[str, object, int]:
    return one.task, one.group, one.priority


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_busy_tasks_are_served_in_proportion_to_their_weights() -> None:
    queue = _queue(weights={"heavy": 3.0})
    numbers = count()
    for task in ("heavy", "light", "other"):
        for _ in range(200):
            queue.add(Queued(number=next(numbers), deadline=1.0, task=task), 0.0)
    served = Counter(one.task for one in _serve(queue, 250))
    assert abs(served["heavy"] - 150) <= 3
    assert abs(served["light"] - 50) <= 2


def test_a_task_that_was_away_has_saved_nothing_up() -> None:
    queue = _queue()
    numbers = count()
    for _ in range(300):
        queue.add(Queued(number=next(numbers), deadline=1.0, task="steady"), 0.0)
    _serve(queue, 100)
    for _ in range(100):
        queue.add(Queued(number=next(numbers), deadline=1.0, task="late"), 0.0)
    served = [one.task for one in _serve(queue, 100)]
    assert abs(served.count("late") - 50) <= 1


def test_dear_requests_take_more_of_a_share() -> None:
    queue = _queue()
    numbers = count()
    for _ in range(200):
        queue.add(Queued(number=next(numbers), deadline=1.0, task="dear", cost=4.0), 0.0)
        queue.add(Queued(number=next(numbers), deadline=1.0, task="cheap", cost=1.0), 0.0)
    served = Counter(one.task for one in _serve(queue, 100))
    assert abs(served["dear"] - 20) <= 2


def test_no_priority_starves() -> None:
    queue = _queue()
    numbers = count()
    queue.add(Queued(number=next(numbers), deadline=1e9, priority=-3), 0.0)
    now = 0.0
    for _ in range(100):
        queue.add(Queued(number=next(numbers), deadline=1e9, priority=0), now)
        (one,) = _serve(queue, 1, now=now)
        if one.priority == -3:
            break
        now += 1.0
    assert one.priority == -3
    assert 20.0 <= now <= 31.0


def test_old_requests_of_a_flood_do_not_outrank_a_new_task() -> None:
    queue = _queue()
    numbers = count()
    for _ in range(1000):
        queue.add(Queued(number=next(numbers), deadline=1e9, task="flood"), 0.0)
    _serve(queue, 1, now=0.0)
    queue.add(Queued(number=next(numbers), deadline=1e9, task="new"), 500.0)
    assert "new" in [one.task for one in _serve(queue, 2, now=500.0)]


def test_a_warm_prefix_may_run_ahead_by_the_slack_and_no_more() -> None:
    queue = _queue()
    numbers = count()
    for _ in range(50):
        queue.add(Queued(number=next(numbers), deadline=1.0, task="many", group="warm"), 0.0)
    _serve(queue, 1, Warmth(warm={"warm"}))
    queue.add(Queued(number=next(numbers), deadline=1.0, task="single", group="cold"), 0.0)
    warmth = Warmth(warm={"warm"}, slack=4.0, bypass=100)
    served = [one.task for one in _serve(queue, 10, warmth)]
    assert 3 <= served.index("single") <= 5


def test_within_a_task_a_warm_prefix_overtakes_no_more_than_it_may_and_never_what_is_urgent() -> None:
    def served(urgent: float) -> int:
        queue = _queue()
        numbers = count()
        queue.add(Queued(number=next(numbers), deadline=10.0, group="cold"), 0.0)
        for _ in range(50):
            queue.add(Queued(number=next(numbers), deadline=20.0, group="warm"), 0.0)
        warmth = Warmth(warm={"warm"}, bypass=7, urgent=urgent)
        return [one.group for one in _serve(queue, 50, warmth)].index("cold")

    assert served(urgent=5.0) == 7
    assert served(urgent=15.0) == 0


def test_any_mixture_is_shared_fairly_between_tasks_that_always_wait() -> None:
    rng = random.Random(7)
    queue = _queue()
    numbers = count()
    tasks = [f"t{number}" for number in range(8)]
    for task in tasks:
        for _ in range(200):
            group = rng.choice([None, f"{task}-1", f"{task}-2"])
            queue.add(Queued(number=next(numbers), deadline=rng.random(), task=task, group=group), 0.0)
    warm = {f"{task}-1" for task in tasks[:4]}
    served = Counter(one.task for one in _serve(queue, 800, Warmth(warm=warm, slack=8.0, bypass=16)))
    assert max(served.values()) - min(served.values()) <= 2 * 8 + 1
