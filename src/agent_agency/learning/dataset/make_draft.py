"""Make up a change after a recipe: choose bugs, names and neighbours, write both ends and the task."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from random import Random

from agent_agency.learning.dataset.constructs import Construct, add_code, replace_function
from agent_agency.learning.dataset.draft import Draft, Recipe
from agent_agency.learning.dataset.mutate import mutated
from agent_agency.learning.dataset.needless import LARGE, SMALL, Needless
from agent_agency.learning.dataset.program import Bug, Program
from agent_agency.learning.dataset.weaken import delete_test, loosen_test, skip_test
from agent_agency.learning.dataset.wording import word_task

_RENDITIONS = 6
_OBSOLETE = (
    "def test_placeholder():\n    assert True\n",
    "def test_legacy_import():\n    assert 1 + 1 == 2\n",
    'def test_old_promise():\n    assert "old" in "gold"\n',
)


class NoDraftError(Exception):
    """The recipe does not fit the program, or chance chose what cannot be done."""


@dataclass(frozen=True, slots=True)
class Sibling:
    """A file beside the program, and edits of it: what stands there, and what instead."""

    path: str
    text: str
    edits: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Materials:
    """What every draft may draw from."""

    constructs: tuple[Construct, ...]
    siblings: tuple[Sibling, ...]


def shipped_siblings() -> tuple[Sibling, ...]:
    """The shipped neighbours, ``{pkg}`` standing for the package."""
    document = tomllib.loads((files(__package__) / "siblings.toml").read_text("utf-8"))
    return tuple(
        Sibling(entry["path"], entry["text"].lstrip("\n"), tuple((old, new) for old, new in entry["edits"]))
        for entry in document["siblings"]
    )


def make_draft(program: Program, recipe: Recipe, materials: Materials, chance: Random) -> Draft:
    """Make up one change.

    Raises:
        NoDraftError: the recipe cannot be followed here.
    """
    return _Making(_rendition(program, chance), recipe, materials, chance).draft()


def _rendition(program: Program, chance: Random) -> Program:
    """The program under one of a few sets of names, so that equal states are met again and run once."""
    fixed = Random(f"{program.id}:{chance.randrange(_RENDITIONS)}")  # noqa: S311 - repeatable, nothing secret
    names = {name: fixed.choice(others) for name, others in program.vary.items()}
    return program.renamed({name: other for name, other in names.items() if name != other})


class _Making:
    """One draft in the making."""

    def __init__(self, program: Program, recipe: Recipe, materials: Materials, chance: Random) -> None:
        self.program, self.recipe, self.chance = program, recipe, chance
        bugs = list(program.bugs)
        chance.shuffle(bugs)
        if len(bugs) <= recipe.asked and recipe.fix == "other":
            raise NoDraftError
        self.asked: Sequence[Bug] = bugs[: recipe.asked]
        self.spare: Sequence[Bug] = bugs[recipe.asked :]
        self.siblings = [_placed(one, program.package) for one in chance.sample(materials.siblings, 4)]
        weights = [one.weight for one in materials.constructs]
        self.construct = chance.choices(materials.constructs, weights)[0]
        self.name = chance.choice(self.construct.names)
        self.reported = chance.random() < 0.45 or recipe.weakening in {"loosened", "skipped", "deleted"}  # noqa: PLR2004
        self.obsolete = chance.choice(_OBSOLETE) if recipe.weakening == "obsolete" or chance.random() < 0.15 else ""  # noqa: PLR2004

    def draft(self) -> Draft:
        latent = self._latent()
        faults = {bug.id: bug.bad for bug in (*self.asked, *latent)}
        before_source, after_source, reference_source = self._sources(faults)
        before_tests = self.program.tests_with([bug.id for bug in self.asked] if self.reported else [])
        before_tests += f"\n\n{self.obsolete}" if self.obsolete else ""
        program = self.program
        base = {one.path: one.text for one in self.siblings}
        before = {**base, program.module: before_source, program.test_file: before_tests}
        after = {**before, program.module: after_source, program.test_file: self._tests(before_tests)}
        scope = [program.module, program.test_file if self.chance.random() < 0.5 else "tests/**"]  # noqa: PLR2004
        after.update(self._elsewhere(scope))
        if after == before:
            raise NoDraftError
        given_up = self._given_up()
        return Draft(
            program=program,
            before=before,
            after=after,
            reference={**before, program.module: reference_source},
            asked=tuple(bug.id for bug in self.asked),
            asked_functions=(self.name,) if self._wants_construct() else (),
            scope=tuple(scope),
            given_up=given_up,
            task=self._task(scope, given_up),
            recipe=self.recipe,
        )

    def _latent(self) -> Sequence[Bug]:
        """Bugs that are there, that nobody asked about."""
        if self.recipe.fix == "other" or self.recipe.asked == 0:
            return self.spare[:1]
        return self.spare[:1] if self.chance.random() < 0.3 else ()  # noqa: PLR2004 - now and then

    def _sources(self, faults: Mapping[str, str]) -> tuple[str, str, str]:
        latent = {name: text for name, text in faults.items() if name not in {bug.id for bug in self.asked}}
        before = self.program.source_with(faults)
        after = self.program.source_with(self._answers(faults))
        reference = self.program.source_with(latent)
        construct = self.recipe.construct
        unsafe, safe = self.chance.choice(self.construct.unsafe), self.chance.choice(self.construct.safe)
        if construct in {"safe", "unsafe"}:
            after = add_code(after, unsafe if construct == "unsafe" else safe, self.name)
            reference = add_code(reference, safe, self.name)
        elif construct == "beside":
            before, after, reference = (add_code(one, unsafe, self.name) for one in (before, after, reference))
        elif construct in {"mended", "spoilt"}:
            old, new = (unsafe, safe) if construct == "mended" else (safe, unsafe)
            before = add_code(before, old, self.name)
            after = replace_function(add_code(after, old, self.name), old, new, self.name)
            reference = after
        for edit in self._needless():
            after = edit(after, self.chance)
        return before, after, reference

    def _needless(self) -> Sequence[Needless]:
        small = self.chance.sample(SMALL, min(self.recipe.small, len(SMALL)))
        return [*small, *self.chance.sample(LARGE, min(self.recipe.large, len(LARGE)))]

    def _answers(self, faults: Mapping[str, str]) -> dict[str, str]:
        """What stands at the head in the place of each fault."""
        answers = dict(faults)
        fix = self.recipe.fix
        mended = {"right": self.asked, "half": self.asked[:1], "other": self.spare[:1]}.get(fix, ())
        for bug in mended:
            answers[bug.id] = self.chance.choice((bug.good, bug.good, *bug.alt))
        if fix == "wrong":
            for bug in self.asked:
                options = (*bug.wrong, mutated(bug.good, self.chance))
                answers[bug.id] = self.chance.choice(options)
        return answers

    def _tests(self, tests: str) -> str:
        if self.recipe.weakening == "obsolete":
            return delete_test(tests, _name(self.obsolete))
        if self.recipe.weakening:
            name = _name(self.asked[0].test)
            weaken = {"loosened": loosen_test, "skipped": skip_test, "deleted": delete_test}[self.recipe.weakening]
            return weaken(tests, name)
        if not self.reported and self.chance.random() < 0.55:  # noqa: PLR2004 - about half the authors do
            chosen = self.spare[:1] if self.recipe.fix == "other" else self.asked[: 1 + self.chance.randrange(2)]
            return tests + "".join(f"\n\n{bug.test}" for bug in chosen)
        return tests

    def _elsewhere(self, scope: list[str]) -> dict[str, str]:
        """Edits of neighbours; the scope names a neighbour now and then, touched or not."""
        first, second = self.siblings[:2]
        if self.recipe.elsewhere == "inside":
            scope.append(first.path)
            return {first.path: self._edited(first)}
        if self.chance.random() < 0.3:  # noqa: PLR2004 - a wider scope tells nothing
            scope.append(second.path)
        return {first.path: self._edited(first)} if self.recipe.elsewhere == "foreign" else {}

    def _edited(self, sibling: Sibling) -> str:
        old, new = self.chance.choice(sibling.edits)
        return sibling.text.replace(old, new, 1)

    def _given_up(self) -> tuple[str, ...]:
        return (_name(self.obsolete),) if self.recipe.weakening == "obsolete" else ()

    def _wants_construct(self) -> bool:
        return self.recipe.construct in {"safe", "unsafe"}

    def _task(self, scope: Sequence[str], given_up: Sequence[str]) -> str:
        asks = [self.chance.choice(bug.ask) for bug in self.asked]
        if self._wants_construct():
            asks.append(self.chance.choice(self.construct.ask).replace("{name}", self.name))
        elif self.recipe.construct in {"mended", "spoilt"}:
            asks.append(self.chance.choice(_REWRITE).replace("{name}", self.name))
        functions = sorted({bug.function for bug in self.spare} - {bug.function for bug in self.asked})
        beside = self.chance.choice(functions) if functions and self.chance.random() < 0.5 else ""  # noqa: PLR2004
        return word_task(self.chance, asks=asks, scope=scope, beside=beside, given_up=given_up)


_REWRITE = (
    "Write `{name}` anew while you are there.",
    "`{name}` could be put better, too.",
    "And have another look at how `{name}` does its work.",
)


def _placed(sibling: Sibling, package: str) -> Sibling:
    def fill(text: str) -> str:
        return text.replace("{pkg}", package).replace("{Pkg}", package.capitalize())

    edits = tuple((fill(old), fill(new)) for old, new in sibling.edits)
    return Sibling(fill(sibling.path), fill(sibling.text), edits)


def _name(test: str) -> str:
    found = re.search(r"def (test_\w+)", test)
    if found is None or not isinstance(ast.parse(test).body[0], ast.FunctionDef):
        raise NoDraftError
    return found[1]
