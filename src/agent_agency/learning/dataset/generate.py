"""Make the examples of one program: draft many changes, prove them all in one run, keep what the proof bears out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from agent_agency.judging.rubric import JUDGES
from agent_agency.judging.subject import Subject
from agent_agency.learning.dataset.claims import View, write_claims
from agent_agency.learning.dataset.diffs import unified_diff
from agent_agency.learning.dataset.draft import Draft, Recipe
from agent_agency.learning.dataset.example import Example
from agent_agency.learning.dataset.facts import Facts, jobs_of, measure
from agent_agency.learning.dataset.make_draft import Materials, NoDraftError, make_draft
from agent_agency.learning.dataset.program import Program
from agent_agency.learning.dataset.recipes import RECIPES
from agent_agency.learning.dataset.runs import SuiteRunner
from agent_agency.learning.dataset.truth import CheckedClaim, Label, NoTruthError, label

_ROUNDS = 5
_TRIES_PER_EXAMPLE = 3
_STRAY_CLAIM = 0.25
_NUMBER_OF_CLAIMS = (1, 1, 1, 2, 2)


@dataclass(slots=True)
class Made:
    """The examples of one program, and how many attempts came to nothing, by judge, recipe and reason."""

    examples: list[Example] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)


def make_examples(program: Program, *, seed: int, per_judge: int, materials: Materials, runner: SuiteRunner) -> Made:
    """Make ``per_judge`` examples for each judge, half of which pass; the same for the same seed, on any machine."""
    made = Made()
    quotas = {judge: _Quota(per_judge) for judge in JUDGES}
    for turn in range(_ROUNDS):
        drafts = [
            attempt
            for judge, quota in quotas.items()
            if not quota.is_full()
            for attempt in _attempts(program, judge, seed, turn, per_judge, materials, made)
        ]
        for example in _proved(drafts, runner, made):
            quotas[example.judge].take(example)
    made.examples = [example for quota in quotas.values() for example in quota.taken.values()]
    made.examples.sort(key=lambda example: (example.judge, example.id))
    return made


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A draft for one judge, with the chance that goes on to word its claims."""

    judge: str
    draft: Draft
    chance: Random


class _Quota:
    """The examples of one judge that were taken, half of which shall pass."""

    def __init__(self, number: int) -> None:
        self._left = {True: number - number // 2, False: number // 2}
        self.taken: dict[str, Example] = {}

    def take(self, example: Example) -> None:
        """Take an example, unless it is there already or there are enough of its kind."""
        passes = example.verdict == "pass"
        if self._left[passes] and example.id not in self.taken:
            self._left[passes] -= 1
            self.taken[example.id] = example

    def is_full(self) -> bool:
        """Whether no more are wanted."""
        return not any(self._left.values())


def _attempts(
    program: Program, judge: str, seed: int, turn: int, per_judge: int, materials: Materials, made: Made
) -> Iterator[_Attempt]:
    for number in range(per_judge * _TRIES_PER_EXAMPLE):
        chance = Random(f"{seed}:{program.id}:{judge}:{turn}:{number}")  # noqa: S311 - repeatable, nothing secret
        recipe = _recipe(judge, chance, passes=number % 2 == 0)
        try:
            yield _Attempt(judge, make_draft(program, recipe, materials, chance), chance)
        except NoDraftError:
            made.dropped[f"{judge}: {recipe.kind}: does not fit the program"] += 1


def _recipe(judge: str, chance: Random, *, passes: bool) -> Recipe:
    recipes = [recipe for recipe in RECIPES[judge] if ("pass" in recipe.expected) is passes]
    return chance.choices(recipes, [recipe.weight for recipe in recipes])[0]


def _proved(attempts: Sequence[_Attempt], runner: SuiteRunner, made: Made) -> Iterator[Example]:
    jobs = [jobs_of(attempt.draft) for attempt in attempts]
    results = iter(runner([job for of_draft in jobs for job in of_draft.values()]))
    for attempt, of_draft in zip(attempts, jobs, strict=True):
        ends = {end: next(results) for end in of_draft}
        recipe = attempt.draft.recipe
        told = f"{attempt.judge}: {recipe.kind}"
        try:
            facts = measure(attempt.draft, ends)
            example = _example(attempt.draft, facts, attempt.judge, attempt.chance)
        except (NoTruthError, SyntaxError):
            made.dropped[f"{told}: nothing proved"] += 1
            continue
        if example.verdict not in recipe.expected:
            made.dropped[f"{told}: proved to be {example.verdict}"] += 1
            continue
        yield example


def _example(draft: Draft, facts: Facts, judge: str, chance: Random) -> Example:
    view = View(draft, facts)
    claims = write_claims(view, chance, _wanted(draft.recipe, judge, chance))
    checked = [claim.checked(view) for claim in claims]
    truth = label(judge, facts, checked)
    return _told(draft, facts, judge, [claim.text for claim in claims], checked, truth)


def _wanted(recipe: Recipe, judge: str, chance: Random) -> list[tuple[bool | None, bool]]:
    """Which statements to make: for judges of something else, now and then one that is not so."""
    number = chance.choice(_NUMBER_OF_CLAIMS)
    if judge not in {"faithfulness", "rubric"}:
        return [(None, chance.random() >= _STRAY_CLAIM) for _ in range(number)]
    if recipe.claims == "true":
        return [(None, True)] * number
    return [(recipe.claims == "material", False), *[(None, True)] * (number - 1)]


def _told(
    draft: Draft, facts: Facts, judge: str, claims: Sequence[str], checked: Sequence[CheckedClaim], truth: Label
) -> Example:
    counted: Mapping[str, int] = {
        "files_changed": len(facts.added),
        "lines_added": sum(facts.added.values()),
        "lines_deleted": sum(facts.deleted.values()),
        "tests_passed": facts.visible_after.passed,
        "tests_failed": facts.visible_after.failed,
        "tests_skipped": facts.visible_after.skipped,
    }
    output = unified_diff(draft.before, draft.after)
    seen = Subject(id="", surface="code", task=draft.task, output=output, claims=tuple(claims), facts=counted)
    name = f"{judge}-{seen.digest.removeprefix('sha256:')[:12]}"
    proof = {**facts.as_dict(), "claims": [[one.kind, one.material, one.holds] for one in checked]}
    return Example(
        id=name,
        judge=judge,
        subject=Subject(name, "code", seen.task, output, claims=seen.claims, facts=counted),
        verdict=truth.verdict,
        score=truth.score,
        proof=proof,
        program=draft.program.id,
        kind=draft.recipe.kind,
    )
