"""What somebody must know who asks a judge in a faster mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent_agency.judging.modes.agreement import AGREEMENT_AT_LEAST
from agent_agency.judging.modes.label_first import LabelFirst
from agent_agency.judging.modes.label_judge import LabelJudge

if TYPE_CHECKING:
    from agent_agency.judging.modes.calibration import Calibration
    from agent_agency.judging.modes.mode_judge import ModeJudge
    from agent_agency.workflows.judge_ways import Opening, Way
    from agent_agency.workflows.mode_shelf import ModeShelf

NOT_CALIBRATED = (
    "The labels are not calibrated: their probabilities are the model's own, and say nothing of how often it is right. "
    "Calibrate them: agency judge calibrate {judge}."
)
WITHOUT_TRUTH = (
    "The labels are calibrated by what the model says of everything, without true verdicts: nobody knows how often "
    "they are right. Where verdicts are known: agency judge calibrate {judge}."
)
NOT_CHOSEN = (
    "From which probability on a label decides alone was not chosen against whole answers; {high:g} is taken. Choose "
    "it: agency judge calibrate {judge}."
)
NOT_MEASURED = (
    "Nobody has measured how far this mode agrees with whole answers here. Measure it: agency judge modes {judge}."
)


def mode_notes(way: Way, judge: ModeJudge, opening: Opening, shelf: ModeShelf) -> tuple[str, ...]:
    """The notes on one judge in one mode; none for whole answers.

    Raises:
        FileUnreadableError: what was measured cannot be read.
    """
    return tuple(_notes(way, judge, opening, shelf)) if way.mode != "full" else ()


def _notes(way: Way, judge: ModeJudge, opening: Opening, shelf: ModeShelf) -> Iterator[str]:
    name = judge.prompt.judge
    calibration = _calibration(judge)
    if calibration is None and isinstance(judge, LabelJudge):
        yield NOT_CALIBRATED.format(judge=name)
    if calibration is not None and calibration.method == "prior":
        yield WITHOUT_TRUTH.format(judge=name)
    if calibration is not None and calibration.limits is None and isinstance(judge, LabelFirst):
        yield NOT_CHOSEN.format(judge=name, high=judge.limits.high)
    whole = opening.judge(replace(way, mode="full")).version
    found = measured_of(shelf.agreement(whole), way.mode, judge.version)
    if found is None:
        yield NOT_MEASURED.format(judge=name)
    elif found["standing"] != "keeps verdicts":
        yield (
            f"This mode {found['standing']}: it agreed with whole answers on {found['share']:.0%} of {found['n']} "
            f"items (95 % interval {found['low']:.0%} to {found['high']:.0%}; {AGREEMENT_AT_LEAST:.0%} is wanted)."
        )


def _calibration(judge: ModeJudge) -> Calibration | None:
    label = judge.label if isinstance(judge, LabelFirst) else judge
    return label.calibration if isinstance(label, LabelJudge) else None


def measured_of(document: Mapping[str, Any] | None, mode: str, version: str) -> Mapping[str, Any] | None:
    """What was measured of just this version in a mode, against whole answers."""
    if document is None:
        return None
    try:
        row = next((one for one in document["modes"] if one["mode"] == mode and one["version"] == version), None)
        return None if row is None else row["against_full"]
    except (KeyError, TypeError):
        return None
