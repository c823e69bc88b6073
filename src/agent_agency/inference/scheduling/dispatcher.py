"""Sends queued requests to an engine from a few threads, each in its turn and within its deadline.

Whoever waits does so on a ticket. At most as many threads run as requests may be in flight, and one more that waits for
the next deadline; nobody looks again and again. What decides is plain data under one lock; engines, tickets and other
people's callbacks are only ever called outside of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from agent_agency.errors import EngineError
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Cancel, Message, Usage
from agent_agency.inference.scheduling import job as errors
from agent_agency.inference.scheduling.blame import code_of, is_engines_fault, is_engines_word, is_overload
from agent_agency.inference.scheduling.breaker import Breaker
from agent_agency.inference.scheduling.fair_share import Warmth
from agent_agency.inference.scheduling.job import Job, PrimeJob
from agent_agency.inference.scheduling.prefix_groups import PrefixGroups
from agent_agency.inference.scheduling.request_queue import RequestQueue
from agent_agency.inference.scheduling.served import Counts, Served
from agent_agency.inference.scheduling.service_times import ServiceTimes
from agent_agency.inference.scheduling.settings import SchedulerSettings
from agent_agency.inference.scheduling.ticket import Ticket
from agent_agency.inference.scheduling.width import Width

_LONGEST_WAIT_S = 3600.0
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 8.0
_HASTE = 2.0
_NO_USAGE = Usage(None, None)


@dataclass(frozen=True, slots=True)
class _Ending:
    """What a job came to, to be told once the lock is let go."""

    job: Job
    result: Any = None
    error: BaseException | None = None
    interrupt: bool = False


class Dispatcher:
    """The moving part of a scheduler.

    Args:
        settings: its bounds.
        width: how many requests may be in flight.
        prime: computes a prefix ahead; ``None`` for an engine that is not told of any.
        timer: seconds that only go forward.
    """

    def __init__(
        self,
        settings: SchedulerSettings,
        width: Width,
        prime: Callable[[tuple[Message, ...], Cancel], Primed] | None,
        timer: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._width = width
        self._prime = prime
        self._timer = timer
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._tick = threading.Condition(self._lock)
        self._quiet = threading.Condition(self._lock)
        self._queue: RequestQueue[Job] = RequestQueue(settings.capacity, settings.aging_s, settings.weights)
        self._groups = PrefixGroups(settings.kept_groups)
        self._breaker = Breaker(settings.breaker)
        self._times = ServiceTimes()
        self._counts = Counts()
        self._live: dict[int, Job] = {}
        self._given_way: list[_Ending] = []
        self._flying: set[Job | PrimeJob] = set()
        self._probe: Job | PrimeJob | None = None
        self._number = 0
        self._held_until = float("-inf")
        self._alarm = float("inf")
        self._threads = self._idle = 0
        self._watching = self._closing = self._stopped = False

    def submit(self, job: Job, *, here: bool = False) -> Ticket[Any]:
        """Queue a job.

        Args:
            job: new.
            here: where it can go to the engine at once, this thread sends it and comes back when it has ended, which
                spares two changes of threads.

        Raises:
            EngineError: ``engine.busy``, ``engine.breaker_open`` or ``engine.closed``.
        """
        job.ticket = Ticket(partial(self.cancel, job))
        with self._lock:
            now = self._timer()
            self._number += 1
            job.number = self._number
            job.since, job.deadline, job.cost = now, now + job.deadline_s, self._times.cost(job.kind)
            refused = self._refused(job, now)
            if refused is None:
                self._make_room(job, now)
                refused = self._queued(job, now)
            if refused is not None:
                self._counts.refused[refused.stable_code] += 1
                raise refused
            self._counts.taken += 1
            self._live[job.number] = job
            self._set_alarm(job.deadline)
            here = here and self._is_next(job, now)
            if here:
                self._first_step(job, now)
                self._fly(job, now)
            else:
                self._call_a_worker()
        if here:
            self._ask(job)
        return job.ticket

    def cancel(self, job: Job) -> None:
        """Take a job back: out of the queue, or off the engine."""
        job.unwanted = True  # it may not be queued yet
        self._end_early(job, errors.cancelled())

    def served(self) -> Served:
        """What was done so far."""
        with self._lock:
            return self._counts.snapshot(
                waiting=len(self._queue),
                running=len(self._flying),
                width=self._width.now,
                breaker=self._breaker.at(self._timer()),
                service_s=self._times.mean_s,
            )

    @property
    def closing(self) -> bool:
        """Whether no more is taken."""
        return self._closing

    def close(self, *, drain: bool, timeout_s: float | None) -> bool:
        """Take no more; wait for what is there, or cancel it, and wait for the engine to let go.

        Returns:
            Whether nothing was left in flight when the time was over.
        """
        with self._lock:
            self._closing = True
            doomed = [] if drain else list(self._live.values())
        for job in doomed:
            self._end_early(job, errors.closed())
        with self._lock:
            quiet = self._quiet.wait_for(lambda: not self._live and not self._flying, timeout_s)
            left = list(self._live.values())
        for job in left:
            self._end_early(job, errors.closed())
        with self._lock:
            primes = [one for one in self._flying if isinstance(one, PrimeJob)]
            self._stopped = True
            self._wake.notify_all()
            self._tick.notify_all()
        for prime in primes:
            prime.cancel.cancel()
        return quiet

    def _refused(self, job: Job, now: float) -> EngineError | None:
        if job.unwanted:
            return errors.cancelled()
        if self._closing:
            return errors.closed()
        if self._breaker.at(now) == "open":
            return errors.left_alone(self._breaker.why, self._breaker.wait_s(now))
        if self._held_until >= job.deadline:
            return errors.told_to_wait(self._held_until - now)
        return None

    def _queued(self, job: Job, now: float) -> EngineError | None:
        return None if self._queue.add(job, now, at_once=self._at_once(now)) else self._busy()

    def _make_room(self, job: Job, now: float) -> None:
        """Of a full queue, end the request that has to give way to a new one, if any has.

        Another thread tells its asker: whoever hands in a request may hold what somebody else's callback waits for.
        """
        if len(self._queue) < self._queue.capacity + self._at_once(now):
            return
        one = self._queue.gives_way(job, now)
        ending = None if one is None else self._resolved(one, error=self._busy())
        if ending is not None:
            self._given_way.append(ending)
            self._tick.notify()

    def _at_once(self, now: float) -> int:
        """How many of those in the queue go to the engine as soon as a thread comes for them."""
        if now < self._held_until or self._breaker.at(now) != "closed":
            return 0
        return max(0, self._width.now - len(self._flying))

    def _busy(self) -> EngineError:
        waiting = len(self._queue)
        return errors.busy(waiting, self._times.wait_s(waiting, self._width.now))

    def _end_early(self, job: Job, error: EngineError) -> None:
        with self._lock:
            ending = self._resolved(job, error=error, interrupt=True)
            self._look_on()
        self._settle([ending] if ending else [])

    def _resolved(
        self, job: Job, result: Any = None, error: BaseException | None = None, *, interrupt: bool = False
    ) -> _Ending | None:
        """Take note of how a job ended; nothing where it had ended before."""
        if self._live.pop(job.number, None) is None:
            return None
        waiting = job.sent is None
        if waiting:
            self._queue.remove(job)
        if self._probe is job:
            self._probe = None  # an engine that does not let go of it must not keep the others from trying
        if error is None:
            self._counts.answer(getattr(result, "usage", _NO_USAGE))
        else:
            self._counts.failed[code_of(error)] += 1
        return _Ending(job, result, error, interrupt and not waiting)

    @staticmethod
    def _settle(endings: list[_Ending]) -> None:
        for one in endings:
            if one.interrupt:
                one.job.cancel.cancel()
            if one.error is not None:
                one.job.ticket.set_exception(one.error)
            else:
                one.job.ticket.set_result(one.result)

    def _call_a_worker(self) -> None:
        if self._idle:
            self._wake.notify()
        elif self._threads < self._width.now:
            threading.Thread(target=self._work, name="scheduler", daemon=True).start()
            self._threads += 1

    def _work(self) -> None:
        while (one := self._next()) is not None:
            if isinstance(one, PrimeJob):
                self._compute(one)
            else:
                self._ask(one)

    def _next(self) -> Job | PrimeJob | None:
        """Wait for the next thing to send; ``None`` ends the thread."""
        with self._lock:
            while True:
                one = self._choose(self._timer())
                if one is not None:
                    if self._queue:
                        self._call_a_worker()
                    return one
                pause = self._held_until - self._timer() if self._queue else 0.0
                held = pause > 0
                self._idle += 1
                woken = not self._stopped and self._wake.wait(pause if held else self._settings.idle_s)
                self._idle -= 1
                if self._stopped or not (woken or held or self._queue):
                    self._threads -= 1
                    return None

    def _is_next(self, job: Job, now: float) -> bool:
        prefix = job.messages
        there = self._prime is None or prefix is None or prefix in self._groups.warm
        return there and self._picked(now) is job

    def _choose(self, now: float) -> Job | PrimeJob | None:
        job = self._picked(now)
        if job is None:
            return None
        one = self._first_step(job, now)
        self._fly(one, now)
        return one

    def _fly(self, one: Job | PrimeJob, now: float) -> None:
        self._flying.add(one)
        if self._breaker.at(now) == "half_open":
            self._probe = one

    def _picked(self, now: float) -> Job | None:
        """What goes next, if anything may."""
        width = self._width.now
        if not self._queue or self._stopped or len(self._flying) >= width or now < self._held_until:
            return None
        state = self._breaker.at(now)
        if state == "open" or (state == "half_open" and self._probe is not None):
            return None
        usual = self._times.mean_s or 0.0
        warmth = Warmth(
            blocked=self._groups.blocked,
            warm=self._groups.warm,
            slack=float(width),
            bypass=self._settings.bypass,
            urgent=now + _HASTE * usual,
        )
        return self._queue.choose(now, warmth)

    def _first_step(self, job: Job, now: float) -> Job | PrimeJob:
        """The job itself, or the prefix that it waits for."""
        if job.messages is not None:
            self._groups.kept = max(self._settings.kept_groups, 2 * self._width.now)
            if self._prime is not None and job.messages not in self._groups.warm:
                self._groups.begin(job.messages)
                return PrimeJob(job.messages, job.deadline)
            self._groups.touch(job.messages)
        self._queue.admit(job, now)
        self._counts.sent(now - job.since)
        job.sent = now
        job.tries += 1
        return job

    def _compute(self, prime: PrimeJob) -> None:
        """Compute a prefix ahead. That it failed is no answer to anybody: the requests themselves will tell."""
        assert self._prime is not None  # noqa: S101 - no prefix is chosen otherwise
        primed: Primed | None = None
        error: BaseException | None = None
        given_s = prime.deadline - self._timer()
        try:
            primed = self._prime(prime.messages, prime.cancel)
        except BaseException as caught:  # noqa: BLE001 - whatever it is, the prefix must not stay blocked
            error = caught
        with self._lock:
            self._landed(prime)
            if primed is not None:
                self._counts.primed(primed)
            else:
                self._counts.priming_failures += 1
            endings = self._judged(error, given_s, self._timer())
            self._groups.end(prime.messages)
            self._look_on()
        self._settle(endings)

    def _ask(self, job: Job) -> None:
        sent = job.sent or 0.0
        given_s = job.deadline - sent
        result: Any = None
        error: BaseException | None = None
        try:
            result = job.run(given_s, job.cancel)
        except BaseException as caught:  # noqa: BLE001 - who waits must learn of whatever it is
            error = caught
        with self._lock:
            now = self._timer()
            in_flight = len(self._flying)
            self._landed(job)
            if error is None:
                self._times.add(job.kind, now - sent)
                self._width.answered(job.kind, now - sent, in_flight)
            elif is_overload(error):
                self._width.overloaded(sent, now)
            endings = self._judged(error, given_s, now)
            if error is None or not self._sent_back(job, error, now):
                ending = self._resolved(job, result, error)
                endings = [ending, *endings] if ending else endings
            if error is not None:
                endings += self._in_vain(now)
            self._look_on()
        self._settle(endings)

    def _landed(self, one: Job | PrimeJob) -> None:
        self._flying.discard(one)
        if self._probe is one:
            self._probe = None

    def _judged(self, error: BaseException | None, given_s: float, now: float) -> list[_Ending]:
        """Let the breaker know; what waits for an engine that is left alone ends at once."""
        if error is None:
            self._breaker.answered(now)
            return []
        if not is_engines_fault(error, given_s, self._times.mean_s):
            if is_engines_word(error):
                self._breaker.answered(now)
            return []
        self._groups.forget()
        if self._breaker.failed(now, str(error) or type(error).__name__) != "open":
            return []
        refusal = partial(errors.left_alone, self._breaker.why, self._breaker.wait_s(now))
        ended = [self._resolved(job, error=refusal()) for job in list(self._queue)]
        return [one for one in ended if one is not None]

    def _sent_back(self, job: Job, error: BaseException, now: float) -> bool:
        """Queue a request again that a busy engine did not take, where its deadline allows for the wait."""
        if not isinstance(error, EngineError) or error.stable_code != "engine.busy":
            return False
        backoff = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** (job.tries - 1))
        until = now + (error.retry_after_s or backoff)
        self._held_until = max(self._held_until, min(until, now + _LONGEST_WAIT_S))
        if self._breaker.at(now) == "open":
            return False
        if job.number not in self._live or job.final or job.tries >= self._settings.busy_tries or until >= job.deadline:
            return False
        if not self._queue.add(job, now):
            return False
        job.sent = None
        return True

    def _in_vain(self, now: float) -> list[_Ending]:
        """End what would wait beyond its deadline for an engine that named a time to come again."""
        if self._held_until <= now:
            return []
        wait_s = self._held_until - now
        late = [job for job in self._queue if job.deadline <= self._held_until]
        ended = [self._resolved(job, error=errors.told_to_wait(wait_s)) for job in late]
        return [one for one in ended if one is not None]

    def _look_on(self) -> None:
        """See to what may go next, or to who waits for the end, after something has ended."""
        if self._queue:
            self._call_a_worker()
        if self._closing and not self._live and not self._flying:
            self._quiet.notify_all()

    def _set_alarm(self, deadline: float) -> None:
        if not self._watching:
            threading.Thread(target=self._watch, name="scheduler-deadlines", daemon=True).start()
            self._watching = True
        elif deadline < self._alarm:
            self._tick.notify()

    def _watch(self) -> None:
        """End what is late, and tell of what gave way; sleeps until the next deadline."""
        while True:
            with self._lock:
                late = self._late(self._timer())
                while not late and not self._given_way and not self._stopped:
                    pause = min(self._alarm - self._timer(), self._settings.idle_s)
                    woken = self._tick.wait(max(0.0, pause))
                    if not (woken or self._live or self._flying):
                        break
                    late = self._late(self._timer())
                given_way, self._given_way = self._given_way, []
                if not late and not given_way:
                    self._watching = False
                    return
            self._settle(given_way)
            for job, error in late:
                if isinstance(job, PrimeJob):
                    job.cancel.cancel()
                else:
                    self._overdue(job, error)

    def _late(self, now: float) -> list[tuple[Job | PrimeJob, EngineError]]:
        """What is late now; sets the alarm for what will be next."""
        late: list[tuple[Job | PrimeJob, EngineError]] = []
        self._alarm = float("inf")
        for job in self._live.values():
            waits = job.sent is None
            at = job.deadline if waits else job.deadline + self._settings.overrun_s
            if at <= now:
                error = errors.late_in_queue(job.deadline_s) if waits else errors.overran(job.deadline_s)
                late.append((job, error))
            else:
                self._alarm = min(self._alarm, at)
        for one in self._flying:
            if isinstance(one, PrimeJob) and not one.cancel.cancelled:
                at = one.deadline + self._settings.overrun_s
                if at <= now:
                    late.append((one, errors.cancelled()))
                else:
                    self._alarm = min(self._alarm, at)
        return late

    def _overdue(self, job: Job, error: EngineError) -> None:
        with self._lock:
            now = self._timer()
            sent = job.sent
            ending = self._resolved(job, error=error, interrupt=True)
            endings = [ending] if ending else []
            if ending and sent is not None:
                self._width.overloaded(sent, now)
                endings += self._judged(error, job.deadline - sent, now)
            self._look_on()
        self._settle(endings)
