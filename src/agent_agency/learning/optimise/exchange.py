"""Better sets of demonstrations by exchange: put in what is answered wrongly, keep it where the errors fall.

MIPROv2 draws its sets of demonstrations at random and then chooses among few. This gives it sets that were worked for:
from a balanced draw, one demonstration at a time is exchanged for an example that the judge gets wrong with the present
set, and the exchange is kept when it makes fewer errors on a probe. Probe and pool share no group, so that what is kept
carries over to other programs. It is the exchange step of editing rules for nearest neighbours (Hart 1968, IEEE Trans.
Inf. Theory 14:515-516) with a hold-out, and asks nothing of an engine but answers.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent_agency.learning.optimise.example import Example

Right = Callable[[Sequence[Example], Example], bool]
"""Whether the judge answers an example rightly with these demonstrations."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to try: exchanges per set, and examples in the probe of each."""

    exchanges: int
    probe: int


def balanced_draw(examples: Sequence[Example], n: int, chance: random.Random) -> list[Example]:
    """Draw ``n`` examples, as evenly from the classes of truth and from the groups as they allow."""
    by_class: dict[str, list[Example]] = defaultdict(list)
    for one in examples:
        by_class[one.truth.verdict].append(one)
    queues = [_spread(by_class[name], chance) for name in sorted(by_class)]
    drawn: list[Example] = []
    while len(drawn) < n and any(queues):
        drawn += [queue.pop() for queue in queues if queue]
    return drawn[:n]


def split_groups(examples: Sequence[Example], chance: random.Random) -> tuple[list[Example], list[Example]]:
    """Halve the examples so that no group is in both halves; with one group only, both halves are everything."""
    groups = sorted({one.group for one in examples})
    if len(groups) < 2:  # noqa: PLR2004 - two halves need two
        return list(examples), list(examples)
    chance.shuffle(groups)
    left = set(groups[: len(groups) // 2])
    return [one for one in examples if one.group in left], [one for one in examples if one.group not in left]


def exchange(
    start: Sequence[Example], examples: Sequence[Example], right: Right, effort: Effort, chance: random.Random
) -> list[Example]:
    """Work on a set of demonstrations.

    Args:
        start: the set to begin with.
        examples: what exchanges and the probe are taken from.
        right: asks the judge.
        effort: how much to try.
        chance: of all draws.
    """
    pool, rest = split_groups(examples, chance)
    probe = balanced_draw(rest, effort.probe, chance)
    best = list(start)
    errors = _errors(best, probe, right, len(probe))
    for _ in range(effort.exchanges):
        if errors == 0:
            break
        tried = _exchanged(best, pool, right, chance)
        if tried is None:
            break
        made = _errors(tried, probe, right, errors)
        if made < errors:
            best, errors = tried, made
    return best


def _exchanged(
    present: Sequence[Example], pool: Sequence[Example], right: Right, chance: random.Random
) -> list[Example] | None:
    """The set with one example that it answers wrongly in the place of one of the same class, if there is one."""
    held = {one.subject.digest for one in present}
    candidates = [one for one in pool if one.subject.digest not in held]
    chance.shuffle(candidates)
    wrong = next((one for one in candidates if not right(present, one)), None)
    if wrong is None:
        return None
    alike = [at for at, one in enumerate(present) if one.truth.verdict == wrong.truth.verdict]
    place = chance.choice(alike or list(range(len(present))))
    return [*present[:place], wrong, *present[place + 1 :]]


def _errors(present: Sequence[Example], probe: Sequence[Example], right: Right, most: int) -> int:
    """Errors on the probe; counting ends at ``most``, as nothing beyond it changes what is decided."""
    errors = 0
    for one in probe:
        errors += not right(present, one)
        if errors >= most:
            break
    return errors


def _spread(examples: Sequence[Example], chance: random.Random) -> list[Example]:
    """The examples in such an order that groups take turns."""
    by_group: dict[str, list[Example]] = defaultdict(list)
    for one in sorted(examples, key=lambda one: one.id):
        by_group[one.group].append(one)
    names = sorted(by_group)
    chance.shuffle(names)
    for name in names:
        chance.shuffle(by_group[name])
    ordered: list[Example] = []
    while any(by_group.values()):
        ordered += [by_group[name].pop() for name in names if by_group[name]]
    return ordered[::-1]
