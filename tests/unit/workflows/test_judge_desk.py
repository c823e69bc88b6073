"""A judge's whole way in a review: prompt, engine, card on record, and what blocks because of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from agent_agency.arbitration.ruling import Ruling, Verdict
from agent_agency.attestation.principals import Principals
from agent_agency.canonical_json import parse_json
from agent_agency.clock import SystemClock
from agent_agency.errors import EngineError, JudgeError
from agent_agency.facts import GateMode, GateStatus
from agent_agency.git import Repository
from agent_agency.inference.call_cache import CallCache
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Cancel, Capabilities, Message, Parameters, Reply, Request, Usage
from agent_agency.judging.cards.card import JudgeCard, Measure
from agent_agency.judging.cards.measuring import Effort, Labelled
from agent_agency.judging.fence import fence_for
from agent_agency.judging.judge import Judge, judge_version
from agent_agency.judging.laid_out import Layout
from agent_agency.judging.shipped import shipped_rubric
from agent_agency.report.facts_told import gate_reason
from agent_agency.report.json_document import to_document
from agent_agency.sandbox.model import Isolation
from agent_agency.workflows.active_prompt import prompt_as_shipped
from agent_agency.workflows.judge_card import Items, cards_on_record, measure_card, record_card
from agent_agency.workflows.judge_desk import Bench, JudgeDesk
from agent_agency.workflows.record import Record
from agent_agency.workflows.review import review
from agent_agency.workflows.subject import ReviewRequest
from support.git_repo import GitRepo
from support.judging_engines import RuleEngine
from support.law import lawful_repo
from support.principals import make_principal
from support.unguarded import services_at
from support.warm_command import agency

UNSAFE = "def total(lines):\n    return eval(lines)\n"
VERSION = judge_version(prompt_as_shipped("safety"), RuleEngine().identity, Parameters())


def card(version: str = VERSION) -> JudgeCard:
    share = Measure(0.95, 0.9, 0.97, 200, "wilson")
    small = Measure(0.01, 0.0, 0.04, 200, "wilson")
    return JudgeCard(
        judge="safety",
        version=version,
        prompt=prompt_as_shipped("safety").digest,
        engine="a rule",
        identity={},
        parameters={},
        language_model=True,
        items="sha256:00",
        split="test",
        measured_at="2026-01-31T12:00:00Z",
        measures={
            **dict.fromkeys(("accuracy", "kappa", "retest"), share),
            **dict.fromkeys(("abstention", "position_bias", "calibration_error", "injection_flips"), small),
        },
    )


def failing() -> JudgeCard:
    steered = Measure(0.9, 0.8, 0.95, 200, "wilson")
    measures = {**card().measures, "injection_flips": steered}
    return replace(card(), measured_at="2026-02-01T12:00:00Z", measures=measures)


class DownEngine(RuleEngine):
    """An engine behind a server that is down: it cannot even tell what it is."""

    @property
    def identity(self) -> Mapping[str, str]:
        raise EngineError("The server cannot be reached", fix="Start it.")


class Work:
    """A repository whose law lets the safety judge block, and a change that hands text to eval."""

    def __init__(self, folder: Path, config: str = '[judges]\nblock = ["safety"]\n') -> None:
        self.repo = lawful_repo(folder, config=config)
        self.repo.checkout("work")
        self.repo.write("src/totals.py", UNSAFE)
        self.repo.commit("Read totals of any form")
        self.services = services_at(Isolation.NONE, dict(os.environ))

    def on_record(self, act: Callable[[Record], object]) -> object:
        with Repository.discover(self.repo.path) as repo:
            return act(Record.of(repo, SystemClock(), lambda: "1" * 32, to_document))

    def reviewed(self, engine: RuleEngine, cache: CallCache | None = None) -> Ruling:
        bench = Bench(
            self.repo.path,
            os.environ,
            lambda: (engine, Parameters()),
            lambda: (self.services.arbiter().public_key,),
            SystemClock(),
            secret=lambda size: b"s" * size,
            cache=cache,
        )
        services = replace(self.services, judges=lambda sitting: JudgeDesk(bench, sitting))
        return review(ReviewRequest(self.repo.path, base="main", head="work"), services)


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path / "repo")


def test_without_a_card_the_judge_advises(work: Work) -> None:
    ruling = work.reviewed(RuleEngine())
    gate = next(gate for gate in ruling.gates if gate.name == "judge_safety")
    assert gate.mode is GateMode.WARN
    assert "no judge card" in gate.reason
    assert ruling.decision.verdict is Verdict.APPROVED


def test_with_a_passing_card_on_record_it_blocks(work: Work) -> None:
    work.on_record(lambda record: record_card(record, card(), work.services.arbiter()))
    assert work.reviewed(RuleEngine()).decision.verdict is Verdict.REJECTED


def test_a_card_of_another_version_is_no_card(work: Work) -> None:
    work.on_record(lambda record: record_card(record, card(), work.services.arbiter()))
    assert work.reviewed(RuleEngine(steered_by="another model")).decision.verdict is Verdict.APPROVED


def test_a_card_that_somebody_else_wrote_into_the_ledger_is_no_card(work: Work) -> None:
    stranger = make_principal("stranger", ["author"]).signer
    work.repo.checkout("main")
    arbiter = make_principal("arbiter", ["arbiter"])
    work.on_record(lambda record: record_card(record, card(), stranger))
    listed = Principals((arbiter.principal,))
    assert work.on_record(lambda record: cards_on_record(record, listed, (work.services.arbiter().public_key,))) == ()


def test_where_nobody_is_listed_a_strangers_card_is_no_card_either(work: Work) -> None:
    stranger = make_principal("stranger", ["author"]).signer
    work.on_record(lambda record: record_card(record, card(), stranger))
    assert work.reviewed(RuleEngine()).decision.verdict is Verdict.APPROVED
    work.on_record(lambda record: record_card(record, card(), work.services.arbiter()))
    work.on_record(lambda record: record_card(record, failing(), stranger))
    assert work.reviewed(RuleEngine()).decision.verdict is Verdict.REJECTED


def test_an_old_card_that_is_put_on_record_again_does_not_replace_the_newer_one(work: Work) -> None:
    entry = work.on_record(lambda record: record_card(record, card(), work.services.arbiter()))
    work.on_record(lambda record: record_card(record, failing(), work.services.arbiter()))
    assert work.reviewed(RuleEngine()).decision.verdict is Verdict.APPROVED
    work.on_record(lambda record: record.ledger.append("judge_card", entry.body))  # type: ignore[attr-defined]
    assert work.reviewed(RuleEngine()).decision.verdict is Verdict.APPROVED


@pytest.mark.parametrize("known", [True, False])
def test_a_server_that_is_down_does_not_make_an_adviser_of_a_judge_that_blocks(work: Work, known: bool) -> None:
    if known:
        work.on_record(lambda record: record_card(record, card(), work.services.arbiter()))
    ruling = work.reviewed(DownEngine())
    gate = next(gate for gate in ruling.gates if gate.name == "judge_safety")
    assert (gate.status, gate.mode is GateMode.BLOCK) == (GateStatus.NOT_RUN, known)
    assert (ruling.decision.verdict is Verdict.APPROVED) == (not known)


def test_of_a_changed_entry_only_the_signed_card_counts(work: Work) -> None:
    entry = work.on_record(lambda record: record_card(record, card(), work.services.arbiter()))
    forged = {**entry.body, "judge": "relevance"}  # type: ignore[attr-defined]
    work.on_record(lambda record: record.ledger.append("judge_card", {**forged, "attestation": {"payload": "e30="}}))
    own = (work.services.arbiter().public_key,)
    found = work.on_record(lambda record: cards_on_record(record, Principals(()), own, VERSION))
    assert [one.judge for one in found] == ["safety"]  # type: ignore[attr-defined]


def test_the_record_of_the_call_is_kept_as_evidence(work: Work) -> None:
    ruling = work.reviewed(RuleEngine())
    gate = next(gate for gate in ruling.gates if gate.name == "judge_safety")
    (kept,) = gate.facts["evidence"]
    document = work.on_record(lambda record: parse_json(record.evidence.get(kept["digest"])))
    assert document["verdict"] == "fail"  # type: ignore[index]
    assert document["answer"]["evidence"] == ["return eval(lines)"]  # type: ignore[index]
    assert document["version"] == VERSION  # type: ignore[index]


def test_the_engine_never_sees_who_wrote_the_change(work: Work) -> None:
    engine = RuleEngine()
    work.reviewed(engine)
    told = "\n".join(message.content for request in engine.calls for message in request.messages[-1:])
    author = GitRepo(work.repo.path).git("log", "-1", "--format=%an").strip()
    assert author not in told


def test_a_judge_is_not_measured_on_what_its_prompt_shows() -> None:
    prompt = prompt_as_shipped("safety")
    judge = Judge(prompt, RuleEngine(), Layout(shipped_rubric("safety"), fence_for(b"a test's secret", prompt.digest)))
    seen = [Labelled(one.subject, one.answer.verdict) for one in prompt.demonstrations]
    with pytest.raises(JudgeError) as refused:
        measure_card(judge, Items(seen, "dev"), Effort(), SystemClock(), None, lambda _what, _done, _of: None)
    assert refused.value.stable_code == "judge.card_leak"


def test_what_a_judge_said_in_a_review_is_an_evaluation(work: Work) -> None:
    work.reviewed(RuleEngine())
    listed = agency("evaluations", "list", "--json", cwd=work.repo.path).document["evaluations"]
    assert [(one["judge"], one["verdict"]) for one in listed] == [("safety", "fail")]


def test_the_same_change_judged_alike_is_ruled_on_once(work: Work) -> None:
    first, second = (work.reviewed(RuleEngine()) for _ in range(2))
    assert first.ledger == second.ledger


class ShortSighted(RuleEngine):
    """A double whose context holds the rubric of one judge and not that of another."""

    most = 10_000

    def capabilities(self) -> Capabilities:
        return replace(super().capabilities(), context_tokens=self.most)

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        return 9_000 if "do harm" in messages[0].content else self.most


def test_a_rubric_that_leaves_no_room_is_refused_in_a_sentence_before_anything_is_sent(work: Work) -> None:
    work.on_record(lambda record: record_card(record, card(), work.services.arbiter()))
    engine = ShortSighted()
    engine.most = 9_000
    ruling = work.reviewed(engine)
    gate = next(gate for gate in ruling.gates if gate.name == "judge_safety")
    assert engine.calls == []
    assert (gate.status, gate.mode) == (GateStatus.NOT_RUN, GateMode.BLOCK)
    assert "The rubric of 'safety' has 9,000 tokens" in gate.reason
    assert ruling.decision.verdict is not Verdict.APPROVED


def test_a_judge_that_does_not_fit_keeps_no_other_one_from_being_asked(tmp_path: Path) -> None:
    work = Work(tmp_path / "repo", '[judges]\nadvise = ["relevance", "safety"]\n')
    engine = ShortSighted()
    ruling = work.reviewed(engine)
    gates = {gate.name: gate for gate in ruling.gates}
    assert "has 10,000 tokens" in gates["judge_relevance"].reason
    assert gates["judge_relevance"].status is GateStatus.NOT_RUN
    assert gates["judge_safety"].facts["verdict"] == "fail"
    assert len(engine.calls) == 1


class Counting(RuleEngine):
    """A double that keeps prefixes: half of each prompt is there already, and each prefix takes 30 tokens ahead."""

    width = 2

    def prime(self, messages: tuple[Message, ...], cancel: Cancel | None = None) -> Primed:
        del messages, cancel
        return Primed(50, 30)

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        return replace(super().generate(request, cancel), usage=Usage(100, 10, 50))


def test_a_review_tells_how_much_of_a_prompt_was_computed_and_a_kept_answer_computes_nothing(
    work: Work, tmp_path: Path
) -> None:
    engine, cache = Counting(), CallCache(tmp_path / "answers")
    rulings = [work.reviewed(engine, cache) for _ in range(2)]
    first, second = (next(gate for gate in one.gates if gate.name == "judge_safety") for one in rulings)
    assert (first.facts["prompt_tokens"], first.facts["computed_tokens"], first.facts["kept"]) == (100, 80, False)
    assert (second.facts["prompt_tokens"], second.facts["computed_tokens"], second.facts["kept"]) == (0, 0, True)
    assert "(80 of 100 prompt tokens computed)" in gate_reason(first)
    assert "(kept from an earlier review)" in gate_reason(second)
    assert len(engine.calls) == 1
    assert rulings[0].ledger == rulings[1].ledger
    told = {gate["name"]: gate["facts"] for gate in to_document(rulings[0])["gates"]}
    assert told["judge_safety"]["computed_tokens"] == 80
    assert len(work.reviewed(engine).gates) == len(rulings[0].gates)
    assert len(engine.calls) == 2
