from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.errors import EngineError
from agent_agency.inference.offline.engine import OfflineEngine
from agent_agency.inference.offline.sections import sections
from agent_agency.inference.protocol import Cancel, Engine, Reply, Request
from agent_agency.judging.answer import Answer
from agent_agency.judging.best_of import best_of
from agent_agency.judging.laid_out import Layout
from agent_agency.judging.normalise import MAX_CHARS
from agent_agency.judging.pairwise import Comparer, Comparison, Order, Winner, decided
from agent_agency.judging.pairwise_answer import PairAnswer, pair_schema, read_pair_answer
from agent_agency.judging.prompt import Demonstration
from agent_agency.judging.read_answer import Refused
from agent_agency.judging.shipped import shipped_prompt, shipped_rubric
from agent_agency.judging.subject import Subject
from support.counting_engine import CountingEngine
from support.judged import FENCE

SHORT = Subject("short", "text", "Name a fruit.", "An apple is one.")
LONG = Subject("long", "text", "Name a fruit.", "An apple is one, and so is a pear, and a plum as well.")
Rule = Callable[[str, str], str]


def _engine(rule: Rule) -> CountingEngine:
    """A double: chooses by a rule over the two texts."""

    def answer(request: Request) -> str:
        parts = sections(request.messages[-1].content)
        choice = rule(parts["first"], parts["second"])
        members = {"evidence": [parts["first"][:16]], "reasoning": "By the rule.", "choice": choice}
        return json.dumps({**members, "confidence": None if choice == "abstain" else 0.9})

    return CountingEngine(answer=answer)


def _compare(engine: Engine, one: Subject = SHORT, other: Subject = LONG) -> Comparison:
    return Comparer(shipped_prompt("relevance"), engine, Layout(shipped_rubric("relevance"), FENCE)).compare(one, other)


@pytest.mark.parametrize(
    ("rule", "winner", "reason"),
    [
        (lambda first, second: "first" if len(first) < len(second) else "second", "one", ""),
        (lambda first, second: "first" if len(first) > len(second) else "second", "other", ""),
        (lambda *_: "first", None, "order"),
        (lambda *_: "second", None, "order"),
        (lambda *_: "neither", None, "neither"),
        (lambda *_: "abstain", None, "abstain"),
        (lambda first, second: "neither" if len(first) > len(second) else "first", None, "order"),
    ],
)
def test_only_a_choice_that_survives_the_swap_counts(rule: Rule, winner: Winner | None, reason: str) -> None:
    made = _compare(_engine(rule))
    assert (made.winner, made.reason) == (winner, reason)


def test_what_stands_first_is_told_for_both_orders() -> None:
    assert _compare(_engine(lambda *_: "first")).first_chosen == (True, True)
    assert _compare(_engine(lambda *_: "neither")).first_chosen == ()


def test_an_answer_that_cannot_be_used_twice_or_an_engine_that_fails_is_an_abstention() -> None:
    engine = CountingEngine(answer=lambda _: "the first, I guess")
    assert _compare(engine).reason == "invalid"
    assert engine.asked == 4

    class Dead(CountingEngine):
        def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
            del request, cancel
            raise EngineError("Nothing answers", fix="Start it.", code="engine.timeout")

    assert _compare(Dead()).reason == "timeout"


def test_a_text_that_is_too_long_is_not_asked() -> None:
    engine = _engine(lambda *_: "first")
    assert _compare(engine, Subject("x", "text", "", "x" * (MAX_CHARS + 1))).reason == "too_long"
    assert engine.asked == 0


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"choice": "A"}, "invalid"),
        ({"score": 1}, "invalid"),
        ({"confidence": 2}, "invalid"),
        ({"confidence": None}, "incoherent"),
        ({"choice": "abstain"}, "incoherent"),
        ({"evidence": ["nowhere to be found"]}, "quote"),
        ({"evidence": []}, "quote"),
    ],
)
def test_a_comparison_holds_by_its_schema_or_not_at_all(members: dict[str, object], reason: str) -> None:
    good = {"evidence": ["An apple is one"], "reasoning": "So.", "choice": "first", "confidence": 0.5}
    assert read_pair_answer(json.dumps(good), SHORT.output) == PairAnswer("first", 0.5, "So.", ("An apple is one",))
    read = read_pair_answer(json.dumps({**good, **members}), SHORT.output)
    assert isinstance(read, Refused)
    assert read.reason == reason
    assert list(pair_schema()["properties"])[:3] == ["evidence", "reasoning", "choice"]


def test_demonstrations_of_single_pieces_are_shown_as_pairs_and_the_offline_engine_learns_from_them() -> None:
    def shown(text: str, verdict: str) -> Demonstration:
        answer = Answer(
            "pass" if verdict == "pass" else "fail", 0.9 if verdict == "pass" else 0.1, 1.0, "Known.", (text,)
        )
        return Demonstration(Subject(text, "text", "Name a fruit.", text), answer)

    texts = [
        ("A pear is a fruit.", "pass"),
        ("A hammer is a tool.", "fail"),
        ("A fig is a fruit.", "pass"),
        ("Nails are a tool.", "fail"),
    ]
    prompt = shipped_prompt("relevance", [shown(*one) for one in texts])
    comparer = Comparer(prompt, OfflineEngine(), Layout(shipped_rubric("relevance"), FENCE))
    good = Subject("g", "text", "Name a fruit.", "A plum is a fruit.")
    bad = Subject("b", "text", "Name a fruit.", "A saw is a tool.")
    assert comparer.compare(good, bad).winner == "one"
    assert comparer.compare(bad, good).winner == "other"


def _decided(winner: Winner | None) -> Comparison:
    order = Order(PairAnswer("neither", 0.5, "So."))
    return Comparison(order, order, winner, "" if winner else "order")


def _by(beats: set[tuple[str, str]]) -> Callable[[Subject, Subject], Comparison]:
    def compare(one: Subject, other: Subject) -> Comparison:
        if (one.id, other.id) in beats:
            return _decided("one")
        return _decided("other" if (other.id, one.id) in beats else None)

    return compare


def _subjects(names: str) -> list[Subject]:
    return [Subject(name, "text", "", name) for name in names]


def test_the_best_beats_every_other() -> None:
    made = best_of(_subjects("abc"), _by({("b", "a"), ("b", "c"), ("a", "c")}))
    assert (made.winner, made.unbeaten, made.transitive) == (1, (1,), True)


def test_a_circle_is_reported_and_has_no_winner() -> None:
    made = best_of(_subjects("abc"), _by({("a", "b"), ("b", "c"), ("c", "a")}))
    assert (made.winner, made.unbeaten, made.cycles) == (None, (), ((0, 1, 2),))


def test_who_beats_a_circle_wins_and_the_circle_is_told() -> None:
    circle = {("a", "b"), ("b", "c"), ("c", "a")}
    made = best_of(_subjects("abcd"), _by(circle | {("d", name) for name in "abc"}))
    assert (made.winner, made.transitive) == (3, False)


def test_an_undecided_pair_at_the_top_leaves_no_winner() -> None:
    made = best_of(_subjects("abc"), _by({("a", "c"), ("b", "c")}))
    assert (made.winner, made.unbeaten, made.undecided) == (None, (0, 1), ((0, 1, "order"),))


def test_one_alone_is_the_best_and_of_nothing_there_is_none() -> None:
    assert best_of(_subjects("a"), _by(set())).winner == 0
    with pytest.raises(ValueError, match="best of nothing"):
        best_of([], _by(set()))


@given(st.permutations("abcde"))
def test_a_judge_with_an_order_of_merit_finds_its_top_wherever_it_stands(order: list[str]) -> None:
    beats = {(one, other) for at, one in enumerate("abcde") for other in "abcde"[at + 1 :]}
    made = best_of(_subjects("".join(order)), _by(beats))
    assert made.winner == order.index("a")
    assert made.transitive


@given(st.data())
def test_a_winner_was_never_beaten(data: st.DataObject) -> None:
    names = "abcd"
    pairs = [(a, b) for at, a in enumerate(names) for b in names[at + 1 :]]
    beats = {data.draw(st.sampled_from([pair, pair[::-1], ("", "")])) for pair in pairs}
    made = best_of(_subjects(names), _by(beats))
    if made.winner is not None:
        assert all(loser != made.winner for _, loser in made.beats)
        assert not any(made.winner in cycle for cycle in made.cycles)


def test_two_missing_answers_give_the_first_reason() -> None:
    assert decided(Order(None, "timeout"), Order(None, "quote")).reason == "timeout"
