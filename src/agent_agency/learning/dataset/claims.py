"""Statements that an author may make of a change: their wordings, and the check that settles each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from agent_agency.learning.dataset.draft import Draft
from agent_agency.learning.dataset.facts import Facts
from agent_agency.learning.dataset.truth import CheckedClaim
from agent_agency.learning.dataset.units import Unit

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six")
_MANNERS = (
    "{claim}.",
    "{claim}.",
    "{claim}, as far as I can see.",
    "I believe that {lower}.",
    "Verified twice: {lower}.",
    "{claim} - rock solid!",
    "Note that {lower}.",
    "Rest assured: {lower}.",
)


@dataclass(frozen=True, slots=True)
class View:
    """What claims are checked against."""

    draft: Draft
    facts: Facts


Check = Callable[[View, str], bool]
Options = Callable[[View], Sequence[str]]


@dataclass(frozen=True, slots=True)
class ClaimKind:
    """One kind of statement.

    Args:
        id: its name in proofs.
        texts: wordings; ``{it}`` stands for what it is about.
        options: what it could be about, true and false alike.
        holds: whether it is so of one of them.
        weight: how often it is made.
        material: whether somebody would rely on it.
    """

    id: str
    texts: tuple[str, ...]
    options: Options
    holds: Check
    weight: int = 1
    material: bool = True


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement as it is made."""

    kind: ClaimKind
    about: str
    text: str

    def checked(self, view: View) -> CheckedClaim:
        """The same statement, checked."""
        return CheckedClaim(self.kind.id, self.kind.material, self.kind.holds(view, self.about))


def write_claims(view: View, chance: Random, wanted: Sequence[tuple[bool | None, bool]]) -> tuple[Claim, ...]:
    """Write statements of different kinds.

    Args:
        view: the change that they are about.
        chance: chooses kinds, wordings and manners.
        wanted: for each statement whether it shall be material (``None``: either) and whether it shall hold.

    There are fewer where the change allows no more.
    """
    made: list[Claim] = []
    for material, so in wanted:
        options = [
            (kind, about)
            for kind in CLAIM_KINDS
            if material in {None, kind.material} and kind.id not in {claim.kind.id for claim in made}
            for about in kind.options(view)
            if kind.holds(view, about) is so
        ]
        if options:
            made.append(_chosen(options, view, chance))
    chance.shuffle(made)
    return tuple(made)


def _chosen(options: Sequence[tuple[ClaimKind, str]], view: View, chance: Random) -> Claim:
    kinds = list({kind.id: kind for kind, _ in options}.values())
    kind = chance.choices(kinds, [kind.weight for kind in kinds])[0]
    about = chance.choice([about for one, about in options if one is kind])
    text = chance.choice(kind.texts).format(it=_shown(kind, about, view))
    manner = chance.choice(_MANNERS)
    return Claim(kind, about, manner.format(claim=text[0].upper() + text[1:], lower=text[0].lower() + text[1:]))


def _shown(kind: ClaimKind, about: str, view: View) -> str:
    if kind.id == "behaviour":
        bug = view.draft.program.bug(about)
        return f"`{bug.function}` now {bug.feature}"
    if kind.id == "tests_added":
        return f"{_NUMBERS[int(about)]} new test{'' if about == '1' else 's'}"
    if kind.id == "files":
        return f"{_NUMBERS[int(about)]} file{'' if about == '1' else 's'}"
    if kind.id == "renamed":
        old, _, new = about.partition(" ")
        return f"`{old}` to `{new}`"
    return about


def _functions(view: View) -> Sequence[str]:
    return sorted(view.facts.before.functions)


def _nothing(view: View) -> Sequence[str]:  # noqa: ARG001 - the shape of all options
    return ("",)


def _unit(view: View, name: str) -> tuple[Unit | None, Unit | None]:
    return view.facts.before.functions.get(name), view.facts.after.functions.get(name)


def _all_pass(view: View, _: str) -> bool:
    return not view.facts.visible_after.failed and not view.facts.visible_after.skipped


def _test_counts(view: View) -> Sequence[str]:
    return ("1", "2") if len(view.facts.tests.added) <= 2 else ("1", "3")  # noqa: PLR2004


def _tests_added(view: View, about: str) -> bool:
    return len(view.facts.tests.added) == int(about)


def _no_tests_lost(view: View, _: str) -> bool:
    return not view.facts.tests.removed and not view.facts.tests.weakened


def _touched(view: View) -> Sequence[str]:
    return [view.draft.program.module]


def _only_file(view: View, about: str) -> bool:
    return all(path == about or path.startswith("tests/") for path in view.facts.added)


def _files(view: View) -> Sequence[str]:
    count = len(view.facts.added)
    return tuple(str(number) for number in sorted({count, 1, 2}) if number < len(_NUMBERS))


def _file_count(view: View, about: str) -> bool:
    return len(view.facts.added) == int(about)


def _untouched(view: View, about: str) -> bool:
    before, after = _unit(view, about)
    return before is not None and after is not None and before.code == after.code


def _same_parameters(view: View, about: str) -> bool:
    before, after = _unit(view, about)
    return before is not None and after is not None and before.parameters == after.parameters


def _documented(view: View, about: str) -> bool:
    before, after = _unit(view, about)
    return before is not None and after is not None and before.docstring != after.docstring


def _no_import(view: View, _: str) -> bool:
    return view.facts.after.imports <= view.facts.before.imports


def _nothing_new(view: View, _: str) -> bool:
    return set(view.facts.after.functions) <= set(view.facts.before.functions)


def _shorter(view: View, _: str) -> bool:
    return sum(view.facts.deleted.values()) > sum(view.facts.added.values())


def _behaviours(view: View) -> Sequence[str]:
    return [bug.id for bug in view.draft.program.bugs]


def _mended(view: View, about: str) -> bool:
    return view.facts.mended.get(about, False)


def _renames(view: View) -> Sequence[str]:
    found = [f"{old} {new}" for old, new in _variable_pairs(view)]
    names = sorted(set().union(*(unit.uses for unit in view.facts.before.functions.values())))
    plain = [name for name in names if name.islower() and len(name) > 3][:3]  # noqa: PLR2004 - not i, not x
    return [*found, *(f"{name} {name}_value" for name in plain)]


def _variable_pairs(view: View) -> Iterator[tuple[str, str]]:
    for name, unit in view.facts.before.functions.items():
        other = view.facts.after.functions.get(name)
        if other is not None:
            gone, come = sorted(unit.uses - other.uses), sorted(other.uses - unit.uses)
            yield from ((old, new) for new in come for old in gone if old in new)


def _renamed(view: View, about: str) -> bool:
    old, _, new = about.partition(" ")
    return (old, new) in set(_variable_pairs(view))


CLAIM_KINDS: tuple[ClaimKind, ...] = (
    ClaimKind(
        "all_pass",
        ("Every test runs and passes", "The whole test suite is green, none skipped", "All tests pass, none skipped"),
        _nothing,
        _all_pass,
        7,
    ),
    ClaimKind(
        "tests_added",
        ("The change comes with {it}", "It is covered by {it}", "This comes along with {it}", "The change adds {it}"),
        _test_counts,
        _tests_added,
        5,
    ),
    ClaimKind(
        "tests_kept",
        ("The existing tests are as they were", "No existing test was changed or removed", "Old tests stay as strict"),
        _nothing,
        _no_tests_lost,
        3,
    ),
    ClaimKind(
        "only_file",
        ("Only `{it}` and its tests are touched", "Outside of tests, nothing but `{it}` is changed"),
        _touched,
        _only_file,
        6,
    ),
    ClaimKind("behaviour", ("{it}", "{it}, which was the bug"), _behaviours, _mended, 1),
    ClaimKind(
        "untouched",
        ("The code of `{it}` is untouched", "`{it}` does exactly the same statements as before"),
        _functions,
        _untouched,
        1,
    ),
    ClaimKind(
        "parameters",
        ("The parameters of `{it}` are the same", "The signature of `{it}` is unchanged"),
        _functions,
        _same_parameters,
        1,
    ),
    ClaimKind("files", ("The change touches {it}", "The diff spans {it}"), _files, _file_count, 1, material=False),
    ClaimKind(
        "documented",
        ("The docstring of `{it}` is updated", "`{it}` is documented better"),
        _functions,
        _documented,
        2,
        material=False,
    ),
    ClaimKind(
        "no_import",
        ("No import was added", "The module needs no further import"),
        _nothing,
        _no_import,
        2,
        material=False,
    ),
    ClaimKind(
        "nothing_new",
        ("No function was added to the module", "It needs no new function"),
        _nothing,
        _nothing_new,
        3,
        material=False,
    ),
    ClaimKind(
        "shorter",
        ("The code base gets shorter", "It deletes more lines than it adds"),
        _nothing,
        _shorter,
        1,
        material=False,
    ),
    ClaimKind(
        "renamed",
        ("The variable {it} is renamed", "A variable is renamed: {it}"),
        _renames,
        _renamed,
        1,
        material=False,
    ),
)
"""Every kind of statement, in a fixed order."""
