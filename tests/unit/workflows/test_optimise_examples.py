"""Every demonstration of the shipped training set is an answer that a judge may give."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent_agency.judging.answer_schema import answer_text
from agent_agency.judging.prepare import material, prepared
from agent_agency.judging.read_answer import read_answer
from agent_agency.judging.rubric import JUDGES
from agent_agency.workflows.optimise_examples import baseline_demonstrations, labelled


@pytest.mark.parametrize("judge", JUDGES)
def test_a_true_answer_is_read_back_as_it_is(judge: str) -> None:
    for one in labelled(judge, "dev"):
        text = answer_text(one.truth)
        assert read_answer(text, material(prepared(one.subject))) == one.truth


@pytest.mark.parametrize("judge", JUDGES)
def test_the_baseline_is_never_without_demonstrations(judge: str) -> None:
    shown = baseline_demonstrations(judge, 8)
    assert len(shown) == 8
    assert len({one.answer.verdict for one in shown}) > 1
    assert baseline_demonstrations(judge, 3) == shown[:3]


@pytest.mark.parametrize("judge", JUDGES)
def test_train_and_dev_share_no_program_and_no_subject(judge: str) -> None:
    train, dev = labelled(judge, "train"), labelled(judge, "dev")
    assert not {one.group for one in train} & {one.group for one in dev}
    assert not {replace(one.subject, id="").digest for one in train} & {one.subject.digest for one in dev}
