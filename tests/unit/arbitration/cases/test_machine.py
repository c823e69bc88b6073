"""Random lives of a case, held against a simple model of conditions and dates: every case ends."""

from __future__ import annotations

from datetime import datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent_agency.arbitration.cases.fold import advance, fold
from agent_agency.arbitration.cases.model import CaseEvent, CaseRecord, CaseState, Matter, Step
from agent_agency.arbitration.cases.note_request import (
    AppealAnswer,
    Filed,
    WaiverAnswer,
    note_appeal_answer,
    note_appeal_filed,
    note_waiver_answer,
    note_waiver_request,
)
from agent_agency.arbitration.cases.note_review import note_review
from agent_agency.arbitration.cases.steps import lapse, step
from agent_agency.arbitration.constitution.model import RuleStatus
from support.cases import DAY, LAW, LIMITS, MATTER, START, note, outcome

RULES = ("a.one", "a.two", "a.three")
OUTCOMES = st.fixed_dictionaries({name: st.sampled_from([*RuleStatus, None]) for name in RULES})


class LifeOfAMatter(RuleBasedStateMachine):
    """One matter, its cases in order; the model keeps the first day of each condition and what is open by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[list[Step]] = []
        self.now: datetime = START
        self.rulings = 0
        self.since: dict[str, datetime] = {}
        self.open: set[str] = set()

    @property
    def record(self) -> CaseRecord | None:
        return fold(self.entries[-1]) if self.entries else None

    @property
    def alive(self) -> bool:
        return self.record is not None and not self.record.state.ended

    def write(self, steps: tuple[Step, ...]) -> None:
        for made in steps:
            if made.body["from"] == "new":
                self.entries.append([])
                self.since = {}
            self.entries[-1].append(made)

    @initialize()
    def begin(self) -> None:
        self.review({"a.one": RuleStatus.UNKNOWN, "a.two": None, "a.three": None})

    @rule(outcomes=OUTCOMES)
    def review(self, outcomes: dict[str, RuleStatus | None]) -> None:
        self.rulings += 1
        said = [outcome(name, status) for name, status in outcomes.items() if status]
        bad = [one for one in said if one.status in {RuleStatus.VIOLATED, RuleStatus.UNKNOWN}]
        ended_before = self.record.state if self.record and self.record.state.ended else None
        due = self.record is not None and self.record.is_due(self.now)
        steps = note_review(self.record, len(self.entries) + 1, note(f"R-{self.rulings}", bad, said), LIMITS, self.now)
        self.write(steps)
        if due:
            assert steps[0].kind == "case_lapsed"
        if bad:
            assert self.alive
            self.open = {one.rule for one in bad}
            for name in self.open:
                self.since.setdefault(name, self.now)
        elif self.alive:
            assert self.record is not None
            assert self.record.state is CaseState.UNDER_APPEAL
            self.open = set()
        elif ended_before is None and not due:
            assert self.record is not None
            assert self.record.state is CaseState.APPROVED

    @rule(hours=st.integers(-48, 24 * 20))
    def time_passes_or_is_set_back(self, hours: int) -> None:
        self.now += hours * DAY / 24

    @rule()
    def tick(self) -> None:
        record = self.record
        if record is not None and record.is_due(self.now):
            self.write((lapse(record, self.now),))
            assert not self.alive

    @precondition(lambda self: self.alive)
    @rule(waiver=st.sampled_from(["WV-1", "WV-2"]))
    def ask_for_a_waiver(self, waiver: str) -> None:
        filed = Filed(waiver, Matter.of_waiver("SPEC-1", waiver), LAW)
        record = self.record
        assert record is not None
        if not record.is_due(self.now):
            self.write(note_waiver_request(record, 99, filed, LIMITS, self.now))

    @precondition(lambda self: self.alive)
    @rule(waiver=st.sampled_from(["WV-1", "WV-2"]), answer=st.sampled_from(WaiverAnswer))
    def answer_a_waiver(self, waiver: str, answer: WaiverAnswer) -> None:
        record = self.record
        assert record is not None
        self.write(note_waiver_answer(record, waiver, answer, self.now))

    @precondition(lambda self: self.alive)
    @rule(appeal=st.sampled_from(["A-1", "A-2"]))
    def appeal(self, appeal: str) -> None:
        record = self.record
        assert record is not None
        if not record.is_due(self.now):
            filed = Filed(appeal, Matter.of_appeal("SPEC-1", "R-1"), LAW, "R-1")
            self.write(note_appeal_filed(record, 99, filed, LIMITS, self.now))

    @precondition(lambda self: self.alive)
    @rule(appeal=st.sampled_from(["A-1", "A-2"]), answer=st.sampled_from(AppealAnswer))
    def decide_an_appeal(self, appeal: str, answer: AppealAnswer) -> None:
        record = self.record
        assert record is not None
        self.write(note_appeal_answer(record, appeal, answer, None, self.now))

    @precondition(lambda self: self.alive)
    @rule()
    def withdraw(self) -> None:
        record = self.record
        assert record is not None
        self.write((step(record, CaseEvent.WITHDRAWN, self.now, {"who": "somebody", "reason": "enough"}),))

    @invariant()
    def at_most_the_newest_case_is_open_and_every_one_is_whole(self) -> None:
        for number, entries in enumerate(self.entries, start=1):
            record = fold(entries)
            assert record.id == MATTER.case_id(number)
            assert record.state.ended or number == len(self.entries)
            assert [one.after for one in record.history[:-1]] == [one.before for one in record.history[1:]]

    @invariant()
    def conditions_are_those_of_the_newest_ruling_and_due_from_the_first_day(self) -> None:
        record = self.record
        if record is None or record.state.ended:
            return
        assert {one.id for one in record.unsettled} == self.open
        for condition in record.conditions:
            assert condition.due == condition.since + 14 * DAY
            assert abs(condition.since - self.since[condition.id]) < DAY / 86_000_000

    @invariant()
    def the_due_date_alone_ends_it(self) -> None:
        record = self.record
        if record is None or record.state.ended:
            return
        assert record.lapses_at <= record.opened_at + 30 * DAY
        assert record.is_due(record.lapses_at)
        assert advance(record, lapse(record, record.lapses_at)).state is CaseState.LAPSED


LifeOfAMatter.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestLifeOfAMatter = LifeOfAMatter.TestCase
