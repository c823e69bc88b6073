"""Measuring and calibrating modes, and running judges in them, with a double for a model."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent_agency.clock import SystemClock
from agent_agency.errors import AgencyError, EngineError, FileUnreadableError, JudgeError, StoreError
from agent_agency.inference.protocol import Capabilities, Engine, Message, Parameters
from agent_agency.judging.batch import Bounds
from agent_agency.judging.cards.measuring import Effort
from agent_agency.judging.modes.calibration import Method
from agent_agency.judging.room import LABEL_TOKENS
from agent_agency.report.judge_modes import calibrated_lines, modes_end
from agent_agency.store.database import Database
from agent_agency.workflows.judge_calibrate import Calibrated, CalibrateRequest, CalibrateServices, calibrate
from agent_agency.workflows.judge_card_run import CardRequest, CardServices, run_card
from agent_agency.workflows.judge_items import halves, items_for
from agent_agency.workflows.judge_modes import Modes, ModesRequest, ModesServices, measure_modes
from agent_agency.workflows.judge_run import BatchRequest, BatchResult, BatchServices, run_batch
from agent_agency.workflows.judge_ways import ASK_MODES, AskMode, Way
from agent_agency.workflows.learning_store import open_learning_store
from agent_agency.workflows.mode_shelf import ModeShelf
from support.counting_engine import CountingEngine
from support.label_engine import LabelRuleEngine


def _doubtful(text: str) -> dict[str, float]:
    """Labels that lean to fail in all they say, and know least where the marks are few."""
    good = 1.5 * (text.count("good") - text.count("bad"))
    return {"fail": -1.0 - good, "partial": -6.0, "pass": -4.0 + good}


class _Narrow(LabelRuleEngine):
    """An engine whose tokens are characters; ``counted`` are its counts, ``most`` is its window."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 10_000_000
        self.counted: list[int] = []

    def capabilities(self) -> Capabilities:
        return replace(super().capabilities(), context_tokens=self.most)

    def count_tokens(self, messages: tuple[Message, ...]) -> int:
        self.counted.append(sum(len(one.content) for one in messages))
        return self.counted[-1]


class World:
    def __init__(self, folder: Path, engine: Engine | None = None) -> None:
        self.engine = engine or LabelRuleEngine(rule=_doubtful)
        self.database: Database = open_learning_store(folder, {"XDG_DATA_HOME": str(folder / "data")})
        self.shelf = ModeShelf(folder / "modes")
        self.records = folder / "items.jsonl"
        chance = random.Random(1)
        lines = []
        for number in range(80):
            marks = chance.choice([-2, -1, 1, 2])
            words = ["good"] * max(marks, 0) + ["bad"] * max(-marks, 0)
            truth = "pass" if marks > 0 else "fail"
            lines.append({"output": f"{number}: it is {' '.join(words)}.", "task": "Say it.", "verdict": truth})
        self.records.write_text("\n".join(map(json.dumps, lines)), "utf-8")
        self.unlabelled = folder / "in.jsonl"
        self.unlabelled.write_text("\n".join(json.dumps({"output": one["output"]}) for one in lines), "utf-8")

    @property
    def secret(self) -> Callable[[int], bytes]:
        return random.Random(7).randbytes

    def outside(self) -> dict[str, Any]:
        clock = itertools.count().__next__
        shared = {"engine": self.engine, "parameters": Parameters(), "database": self.database, "secret": self.secret}
        return {**shared, "clock": lambda: float(clock()), "now": SystemClock(), "shelf": self.shelf}

    def modes(self, *modes: AskMode, **more: Any) -> Modes:
        request = ModesRequest("rubric", modes or ("label", "short"), source=self.records, **more)
        return measure_modes(request, ModesServices(**self.outside(), tell=lambda *_: None))

    def calibrate(self, **more: Any) -> Calibrated:
        request = CalibrateRequest("rubric", source=self.records, **more)
        return calibrate(request, CalibrateServices(**self.outside(), tell=lambda *_: None))

    def run(self, mode: AskMode, **more: Any) -> BatchResult:
        request = BatchRequest("rubric", self.unlabelled, None, more.pop("bounds", Bounds()), way=Way(mode), **more)
        return run_batch(request, BatchServices(**self.outside(), told=lambda *_: None))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_modes_are_held_against_whole_answers_and_against_labels(world: World) -> None:
    found = world.modes("label", "short")
    assert [row.mode for row in found.rows] == ["label", "short", "full"]
    short, label = found.against_full("short"), found.against_full("label")
    assert short is not None
    assert label is not None
    assert (short.share, short.n, short.standing) == (1.0, 80, "keeps verdicts")
    assert label.standing == "changes verdicts"
    full = found.row("full").truth
    assert full is not None
    assert (full.accuracy, full.n) == (1.0, 80)
    assert found.row("label").calibrated is False
    assert found.row("full").asked is not None
    assert len({row.version for row in found.rows}) == 3


def test_what_was_measured_is_kept_and_told_by_whoever_runs_that_mode(world: World) -> None:
    before = world.run("label").notes
    assert len(before) == 2
    assert "not calibrated" in before[0]
    assert "Nobody has measured" in before[1]
    world.modes("label", "short")
    assert any("changes verdicts" in note for note in world.run("label").notes)
    assert world.run("short").notes == ()
    assert world.run("full").notes == ()


def test_a_record_of_another_version_says_nothing(world: World) -> None:
    world.modes("label")
    world.calibrate(agreement=None)
    assert any("Nobody has measured" in note for note in world.run("label").notes)


def test_a_calibration_sets_leaning_labels_right_and_is_a_version_of_its_own(world: World) -> None:
    bare = world.run("label")
    made = world.calibrate()
    held = made.calibration.held
    assert held is not None
    assert held.items == made.calibration.items == 40
    assert held.log_loss_after < held.log_loss_before
    assert held.accuracy_after > held.accuracy_before
    after = world.run("label")
    assert after.version != bare.version
    assert after.by_verdict == world.run("full").by_verdict != bare.by_verdict
    calibrated = after.outcomes[0].work.assessment
    assert calibrated is not None
    assert calibrated["scored"]["calibration"] == made.calibration.digest


def test_labels_first_takes_whole_answers_only_where_they_leave_doubt(world: World) -> None:
    made = world.calibrate(agreement=0.8)
    assert made.decided
    assert all(one.agrees for one in made.decided)
    engine = world.engine
    assert isinstance(engine, LabelRuleEngine)
    engine.asked = 0
    result = world.run("cascade")
    assert result.by_verdict == world.run("full").by_verdict
    assert result.by_mode["label"] + result.by_mode["full"] == 80
    assert result.by_mode["label"] > 0
    assert result.notes[0].startswith("Nobody has measured")
    cascade = world.modes("cascade", "label").against_full("cascade")
    assert cascade is not None
    assert cascade.share == 1.0


def test_a_prior_needs_no_true_verdicts(world: World) -> None:
    world.records = world.unlabelled
    made = world.calibrate(method="prior", agreement=None).calibration
    assert made.temperature == 1.0
    assert made.held is None
    assert made.biases[2] > made.biases[0]


def test_runs_say_that_a_calibration_has_no_true_verdicts_or_limits_that_nobody_chose(world: World) -> None:
    world.calibrate(method="prior", agreement=None)
    assert [note.split(":")[0] for note in world.run("label").notes] == [
        "The labels are calibrated by what the model says of everything, without true verdicts",
        "Nobody has measured how far this mode agrees with whole answers here. Measure it",
    ]
    assert ["0.95 is taken" in note for note in world.run("cascade").notes] == [False, True, False]
    world.calibrate(agreement=0.8)
    assert len(world.run("cascade").notes) == 1


def test_whole_answers_to_items_too_few_to_show_an_agreement_are_not_asked_for(world: World) -> None:
    world.records.write_text("".join(world.records.read_text("utf-8").splitlines(keepends=True)[:60]), "utf-8")
    made = world.calibrate()
    assert isinstance(world.engine, LabelRuleEngine)
    assert (len(world.engine.labels), world.engine.asked) == (60, 0)
    assert made.why_no_limits.startswith("30 held-out items cannot show an agreement of 0.9; 35 can")
    assert "every record takes a whole answer: 30 held-out" in " ".join(calibrated_lines(made))
    assert world.run("cascade").by_mode == {"full": 80}


@pytest.mark.parametrize("method", ["fitted", "prior"])
def test_too_few_items_are_refused_before_any_of_them_is_asked_about(world: World, method: Method) -> None:
    world.records.write_text("".join(world.records.read_text("utf-8").splitlines(keepends=True)[:38]), "utf-8")
    with pytest.raises(JudgeError, match=r"There are 19 items .* 20 are needed") as raised:
        world.calibrate(method=method)
    assert raised.value.stable_code == "judge.few_labels"
    assert isinstance(world.engine, LabelRuleEngine)
    assert (world.engine.labels, world.engine.asked) == ([], 0)


def test_items_without_true_verdicts_are_refused_before_any_of_them_is_asked_about(world: World) -> None:
    world.records = world.unlabelled
    with pytest.raises(JudgeError, match="There are 0 items with a true verdict") as raised:
        world.calibrate()
    assert raised.value.stable_code == "judge.few_labels"
    assert isinstance(world.engine, LabelRuleEngine)
    assert world.engine.labels == []


def test_whole_answers_that_are_abstentions_are_told_of(tmp_path: Path) -> None:
    world = World(tmp_path, LabelRuleEngine(answer=lambda _: "no JSON"))
    found = world.modes("label", "short")
    assert (found.row("full").abstained, found.against_full("short")) == (80, None)
    told = " ".join(modes_end(found))
    assert "full: 80 of 80 answers are abstentions, for one: the answer is not one JSON object" in told
    assert "short: on no item did it or full give a verdict" in told
    made = world.calibrate(agreement=0.8)
    assert "40 of the whole answers are abstentions" in " ".join(calibrated_lines(made))


@pytest.mark.parametrize("mode", ["label", "cascade"])
def test_an_engine_without_labels_is_refused_before_any_record_is_asked(tmp_path: Path, mode: AskMode) -> None:
    engine = CountingEngine()
    world = World(tmp_path, engine)
    with pytest.raises(EngineError) as raised:
        world.run(mode)
    assert raised.value.stable_code == "engine.no_labels"
    with pytest.raises(EngineError):
        world.calibrate()
    assert engine.asked == 0


def test_a_mode_that_cannot_be_asked_is_listed_with_the_reason(tmp_path: Path) -> None:
    world = World(tmp_path, CountingEngine(answer=LabelRuleEngine().answer))
    found = world.modes("label", "short", "cascade")
    assert [(row.mode, row.asked is None) for row in found.rows] == [
        ("label", True),
        ("short", False),
        ("cascade", True),
        ("full", False),
    ]
    assert "log-probabilities" in found.row("label").why_not
    assert found.as_dict()["modes"][0]["against_full"] is None


def test_where_whole_answers_cannot_be_had_nothing_is_measured(tmp_path: Path) -> None:
    class Dead(LabelRuleEngine):
        def generate(self, request: object, cancel: object = None) -> Any:
            del request, cancel
            raise EngineError("It does not answer", fix="Start it.", code="engine.unreachable")

    world = World(tmp_path, Dead())
    with pytest.raises(JudgeError, match="It does not answer") as raised:
        world.modes("label")
    assert raised.value.stable_code == "judge.no_answers"
    assert not list((tmp_path / "modes").glob("*")) if (tmp_path / "modes").exists() else True


def test_a_window_that_holds_labels_and_no_whole_answers_is_refused_before_any_item_is_asked(tmp_path: Path) -> None:
    engine = _Narrow()
    world = World(tmp_path, engine)
    assert world.modes("label").row("label").asked is not None
    engine.most = min(engine.counted) + LABEL_TOKENS
    assert engine.most < max(engine.counted)
    asked = engine.asked
    with pytest.raises(EngineError) as caught:
        world.modes("label")
    assert (caught.value.stable_code, engine.asked) == ("engine.context_too_short", asked)


def test_calibrating_takes_room_for_whole_answers_only_where_it_asks_for_them(tmp_path: Path) -> None:
    engine = _Narrow()
    world = World(tmp_path, engine)
    world.calibrate(agreement=None)
    engine.most = max(engine.counted) + LABEL_TOKENS
    assert world.calibrate(agreement=None).calibration.limits is None
    scored = len(engine.labels)
    with pytest.raises(EngineError) as caught:
        world.calibrate()
    assert (caught.value.stable_code, len(engine.labels)) == ("engine.context_too_short", scored)


def test_a_run_asks_as_many_at_once_as_the_engine_serves_best_unless_told(tmp_path: Path) -> None:
    import threading

    engine = LabelRuleEngine(width=2, gate=threading.Event())
    world = World(tmp_path, engine)
    world.unlabelled.write_text("\n".join(json.dumps({"output": f"{at} good"}) for at in range(8)), "utf-8")
    world.run("full")
    assert engine.most_at_once == 2
    world.run("full", bounds=Bounds(1))
    assert engine.most_at_once == 2


def test_a_window_that_is_too_short_for_the_rubric_is_refused_before_any_record_is_asked(tmp_path: Path) -> None:
    class Narrow(LabelRuleEngine):
        def capabilities(self) -> Capabilities:
            return replace(super().capabilities(), context_tokens=500)

    engine = Narrow()
    world = World(tmp_path, engine)
    with pytest.raises(EngineError, match="has 500") as raised:
        world.run("full")
    assert raised.value.stable_code == "engine.context_too_short"
    assert engine.asked == 0


def test_every_call_is_a_model_run_and_every_answer_an_evaluation_of_its_version(world: World) -> None:
    result = world.run("label")
    assert result.recorded == 80
    assert result.tokens.calls == 80
    assert result.tokens.prompt > 0
    assert result.by_mode == {"label": 80}


def test_a_card_is_of_one_mode_and_one_without_comparisons_may_not_block(world: World) -> None:
    cards = {}
    for mode in ASK_MODES[:3]:
        services = CardServices(
            world.engine, Parameters(), world.database, SystemClock(), world.secret, lambda *_: None, world.shelf
        )
        effort = Effort(retest=2, pairs=0, hosts=1)
        cards[mode] = run_card(CardRequest("rubric", "dev", 6, effort, Way(mode)), services)
    assert len({card.version for card in cards.values()}) == 3
    assert cards["label"].parameters["mode"] == "label"
    assert "mode" not in cards["full"].parameters
    assert "position_bias" not in cards["short"].measures


@pytest.mark.parametrize(
    ("line", "problem"),
    [('{"output": "x", "verdict": "good"}', "verdict"), ('{"task": "x"}', "output"), ("{ torn", "JSON")],
)
def test_a_line_that_is_no_item_is_named(world: World, line: str, problem: str) -> None:
    world.records.write_text('{"output": "fine", "verdict": "pass"}\n' + line, "utf-8")
    with pytest.raises(JudgeError, match=problem) as raised:
        world.modes()
    assert (raised.value.line, raised.value.stable_code) == (2, "judge.bad_record")


def test_items_are_the_dev_split_where_no_file_is_given_and_never_those_of_the_prompt() -> None:
    from agent_agency.workflows.active_prompt import prompt_as_shipped

    prompt = prompt_as_shipped("safety")
    found = items_for(prompt, None, 10)
    assert (len(found.items), found.source) == (10, "dev")
    assert not {one.subject.digest for one in found.items} & {one.subject.digest for one in prompt.demonstrations}
    fitted, held = halves(found.items)
    assert (fitted, held) == halves(found.items[::-1])
    assert len(fitted) == len(held) == 5


def test_a_shelf_tells_a_changed_or_torn_calibration(world: World) -> None:
    made = world.calibrate(agreement=None)
    written = json.loads(made.path.read_bytes())
    made.path.write_text(json.dumps({**written, "temperature": 2.0}))
    with pytest.raises(AgencyError) as raised:
        world.run("label")
    assert raised.value.stable_code == "judge.calibration_unreadable"
    assert str(made.path) in str(raised.value.path)
    made.path.write_text("{")
    with pytest.raises(FileUnreadableError):
        world.run("label")


def test_without_a_home_nothing_is_found_and_nothing_can_be_kept() -> None:
    shelf = ModeShelf(None)
    assert shelf.calibration("sha256:x") is None
    with pytest.raises(StoreError):
        shelf.keep_agreement("sha256:x", {})
