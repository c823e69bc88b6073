"""A change that was made up: what it starts from, what it makes, what was asked; nothing of it is proved yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agent_agency.learning.dataset.diffs import Files
from agent_agency.learning.dataset.program import Program

Fix = Literal["right", "half", "other", "wrong", "none"]
Weakening = Literal["", "loosened", "skipped", "deleted", "obsolete"]
Elsewhere = Literal["", "foreign", "inside"]
Construct = Literal["", "safe", "unsafe", "mended", "spoilt", "beside"]
Truthfulness = Literal["true", "minor", "material"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to make one kind of change; data for ``make_draft``.

    Args:
        kind: its name in proofs; no judge sees it.
        expected: the verdicts that are intended; an example whose proof says another is dropped.
        weight: how often it is tried, against the others of its judge.
        asked: how many behaviours the task asks for.
        fix: what is done about them.
        weakening: what is done to the tests; ``obsolete`` deletes one that the task gives up.
        elsewhere: another file is edited, outside the scope stated or inside it.
        small: how many small needless edits, ``large`` how many large ones.
        construct: a further function that is asked for: written safely or not, or one that stands there already and is
            made safe (``mended``), made unsafe (``spoilt``), or left unsafe in view (``beside``).
        claims: whether all claims are true, or one is false in a minor or in a material matter.
    """

    kind: str
    expected: tuple[str, ...]
    weight: int = 1
    asked: int = 1
    fix: Fix = "right"
    weakening: Weakening = ""
    elsewhere: Elsewhere = ""
    small: int = 0
    large: int = 0
    construct: Construct = ""
    claims: Truthfulness = "true"


@dataclass(frozen=True, slots=True)
class Draft:
    """A change with all that its proof needs.

    Args:
        program: the program under the names that this change uses.
        before: the files at the base.
        after: the files at the head.
        reference: the files with the least known change that does what was asked.
        asked: ids of the bugs that the task asks to mend.
        asked_functions: functions that the task asks for beside.
        scope: paths that may be touched; one that ends in ``/**`` is a folder.
        given_up: tests that the task allows to go.
        task: what was asked, in words.
        recipe: how it was made.
    """

    program: Program
    before: Files
    after: Files
    reference: Files
    asked: tuple[str, ...]
    asked_functions: tuple[str, ...]
    scope: tuple[str, ...]
    given_up: tuple[str, ...]
    task: str
    recipe: Recipe

    @property
    def suites(self) -> Mapping[str, str]:
        """Hidden tests by the bug that they settle."""
        return {bug.id: self.program.hidden_tests(bug.id) for bug in self.program.bugs}
