"""A real comparison: two prompt strategies of one recorded model on the same items, both as planned and in order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from agent_agency.clock import SystemClock
from agent_agency.judging.panels.recorded import read_items, read_judgments
from agent_agency.learning.experiments.desk import Given
from agent_agency.learning.experiments.model import Kind, Method, Metric, Plan
from agent_agency.learning.experiments.standing import Decision
from agent_agency.learning.experiments.states import State
from agent_agency.statistics.paired import mcnemar_exact
from agent_agency.store.database import Database
from agent_agency.workflows.experiments import Desk, Wanted
from support.llmbar import ITEMS, JUDGMENTS, needs_llmbar

_RIGHT = Metric("right", Kind.PAIRED)


def _compared(control: str, treatment: str) -> Iterator[Given]:
    """Whether each judge's first order was right, item by item as they might arrive; no verdict is wrong."""
    arms = {control: "control", treatment: "treatment"}
    label = {item.item: item.label for item in read_items(ITEMS)}
    place = {item: random.Random(item).random() for item in label}
    judged = [one for one in read_judgments(JUDGMENTS) if one.judge in arms and one.order == "12"]
    for one in sorted(judged, key=lambda one: place[one.item]):
        yield Given(one.item, "right", float(one.winner == label[one.item]), arms[one.judge])


def _desk(folder: Path) -> Desk:
    return Desk(Database.open(f"sqlite:///{folder}/agency.db"), SystemClock())


@needs_llmbar
def test_a_better_prompt_strategy_is_found_before_all_items_were_judged(tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    desk.create(Wanted("prompts", _RIGHT, Plan(0.15, discordant=0.4)), "salt")
    given = list(_compared("PaLM2/CoT", "PaLM2/Metrics_Reference"))
    for start in range(0, len(given), 20):
        found = desk.record("prompts", given[start : start + 20]).standing
        if found.state is not State.RUNNING:
            break
    assert found.state is State.EFFECT_FOUND
    assert found.decision is Decision.ADOPT_TREATMENT
    assert found.n[0] < len(given) / 2


@needs_llmbar
def test_a_planned_mcnemar_test_gives_the_p_value_of_the_whole_record(tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    desk.create(Wanted("prompts", _RIGHT, Plan(0.15, Method.MCNEMAR, discordant=0.4)), "salt")
    given = list(_compared("GPT-4/Vanilla", "GPT-4/Swap"))
    found = desk.record("prompts", given).standing
    control, treatment = ([one.value > 0 for one in given if one.arm == arm] for arm in ("control", "treatment"))
    assert found.n == (239, 239)
    assert found.evidence.p_value == mcnemar_exact(control, treatment).p_value
    assert found.state in {State.EFFECT_FOUND, State.PLANNED_N_REACHED}
