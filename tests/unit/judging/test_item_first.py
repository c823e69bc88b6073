from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from agent_agency.judging.answer import Answer
from agent_agency.judging.answer_form import FULL
from agent_agency.judging.item_first import ItemFirstLayout
from agent_agency.judging.judge import Judge
from agent_agency.judging.laid_out import Asked, Layout
from agent_agency.judging.modes.label_words import label_form
from agent_agency.judging.modes.short_answer import SHORT
from agent_agency.judging.prompt import Demonstration
from agent_agency.judging.rubric import JUDGES
from agent_agency.judging.shipped import shipped_prompt, shipped_rubric
from agent_agency.judging.subject import Subject
from agent_agency.learning.dataset import load
from support.judged import FENCE, a_change
from support.label_engine import LabelRuleEngine

SHOWN = (Demonstration(a_change(), Answer("pass", 0.9, 0.8, "Good.", ("def test_total():",))),)
_LINE = re.compile(r"^<<(end )?(\w+) (\w+)>>$", re.MULTILINE)
_TEXT = st.text(max_size=60) | st.lists(st.sampled_from(["<<", ">>", FENCE, "\n", "end change ", "x"])).map("".join)
_FORM = st.sampled_from([FULL, SHORT, label_form("words"), label_form("letters")])


def _asked(judge: str, subject: Subject, form: object = FULL) -> Asked:
    layout = ItemFirstLayout(shipped_rubric(judge), FENCE, (), form)  # type: ignore[arg-type]
    return layout.arranged(shipped_prompt(judge, SHOWN))(layout.of(subject))


@given(output=_TEXT, task=_TEXT, claim=_TEXT, form=_FORM)
def test_judges_of_one_subject_share_everything_up_to_its_end_byte_for_byte(
    output: str, task: str, claim: str, form: object
) -> None:
    subject = a_change(output, task=task, claims=(claim,), facts={"files": 2})
    prompts = [_asked(judge, subject, form) for judge in JUDGES]
    assert len({one.messages[: one.shared] for one in prompts}) == 1
    assert len({one.messages[one.shared :] for one in prompts}) == len(JUDGES)
    assert [one.role for one in prompts[0].messages] == ["system", "user", "assistant", "user"]
    assert _asked(JUDGES[0], subject, form) == prompts[0]


@given(one=_TEXT, other=_TEXT, form=_FORM)
def test_with_the_rubric_first_all_subjects_share_the_prefix_byte_for_byte(one: str, other: str, form: object) -> None:
    prompt = shipped_prompt("safety", SHOWN)
    layouts = [Layout(shipped_rubric("safety"), FENCE, (), form) for _ in range(2)]  # type: ignore[arg-type]
    first, second = (
        layout.arranged(prompt)(layout.of(a_change(text))) for layout, text in zip(layouts, (one, other), strict=True)
    )
    assert first.messages[: first.shared] == second.messages[: second.shared]
    assert first.shared == len(first.messages) - 1 == 3


@given(output=_TEXT, task=_TEXT)
def test_no_text_can_close_its_fence_with_the_subject_first_either(output: str, task: str) -> None:
    shown = _asked("relevance", a_change(output, task=task)).messages[1].content
    found = [(bool(end), name) for end, name, fence in _LINE.findall(shown) if fence == FENCE]
    assert found[::2] == [(False, name) for _, name in found[1::2]]
    assert found[-1] == (True, "change")


def test_the_last_message_holds_one_judges_rubric_its_examples_and_what_was_counted() -> None:
    last = _asked("faithfulness", a_change(claims=("2 files changed.",))).messages[-1].content
    assert shipped_prompt("faithfulness").instructions.strip().split("\n")[0] in last
    assert "Settled by counting:" in last
    assert "The right answer:" in last
    assert last.endswith("Answer with the JSON object only.")


def test_an_order_is_a_version_of_its_own_and_the_judge_says_what_is_shared() -> None:
    engine = LabelRuleEngine()
    prompt = shipped_prompt("rubric")
    rubric_first = Judge(prompt, engine, Layout(shipped_rubric("rubric"), FENCE))
    item_first = Judge(prompt, engine, ItemFirstLayout(shipped_rubric("rubric"), FENCE))
    assert rubric_first.version != item_first.version
    text = Subject("one", "text", "", "It is good.")
    assert [one.assess(text).verdict for one in (rubric_first, item_first)] == ["pass", "pass"]
    assert [one.shared for one in engine.asks] == [1, 3]


def test_four_judges_of_one_item_compute_little_more_than_half_of_what_they_would_alone() -> None:
    subject = sorted(load("rubric", "dev"), key=lambda one: len(one.subject.output))[63].subject

    def size(asked: Asked) -> int:
        return sum(len(one.content) for one in asked.messages)

    alone = together = shared = 0
    for judge in JUDGES[:4]:
        prompt, rubric = shipped_prompt(judge), shipped_rubric(judge)
        first, second = Layout(rubric, FENCE), ItemFirstLayout(rubric, FENCE)
        alone += size(first.arranged(prompt)(first.of(subject)))
        asked = second.arranged(prompt)(second.of(subject))
        shared = size(Asked(asked.messages[: asked.shared], 0))
        together += size(asked) - shared
    assert (together + shared) / alone < 0.55
