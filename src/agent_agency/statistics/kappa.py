"""Agreement between two raters beyond what chance would give."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from agent_agency.statistics.intervals import LEVEL, Interval, wilson, z_of

_NO_WIDTH = 1e-9


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa with its interval, and the plain share of agreement."""

    value: float
    interval: Interval
    agreement: float
    n: int


def cohens_kappa(first: Sequence[Hashable], second: Sequence[Hashable], level: float = LEVEL) -> Kappa | None:
    """Cohen's kappa (1960), with the interval of Fleiss, Cohen and Everitt (1969, Psychol. Bull. 72:323-327).

    ``None`` where both raters gave one and the same answer to everything: chance alone explains that, and kappa is not
    defined. Where that interval has no width, as for raters who agree on everything, Wilson's for the agreement stands
    in, with the agreement by chance taken as known: few items never look certain. It needs no optional library.

    Raises:
        ValueError: no items, lengths that differ, or a level outside 0 to 1.
    """
    z = z_of(level)
    cells = Counter(zip(first, second, strict=True))
    n = cells.total()
    if not n:
        raise ValueError("there is nothing to agree about")
    rows, columns = Counter(first), Counter(second)
    agreed = sum(count for (x, y), count in cells.items() if x == y) / n
    chance = sum(rows[name] * columns[name] for name in rows) / n**2
    if chance == 1:
        return None
    value = (agreed - chance) / (1 - chance)
    error = math.sqrt(max(0.0, _variance(cells, rows, columns, agreed, chance)) / n)
    if error < _NO_WIDTH:
        share = wilson(min(n, agreed * n), n, level)
        low, high = ((end - chance) / (1 - chance) for end in (share.low, share.high))
        return Kappa(value, Interval(max(-1.0, low), high, level, "wilson of the agreement"), agreed, n)
    bounds = Interval(max(-1.0, value - z * error), min(1.0, value + z * error), level, "fleiss-cohen-everitt")
    return Kappa(value, bounds, agreed, n)


def _variance(
    cells: Counter[tuple[Hashable, Hashable]],
    rows: Counter[Hashable],
    columns: Counter[Hashable],
    agreed: float,
    chance: float,
) -> float:
    """``n`` times the squared standard error: formula 13 of Fleiss, Cohen and Everitt."""
    n = cells.total()
    value = (agreed - chance) / (1 - chance)
    same = off = 0.0
    for (x, y), count in cells.items():
        if x == y:
            same += count / n * (1 - (rows[x] + columns[x]) / n * (1 - value)) ** 2
        else:
            off += count / n * ((columns[x] + rows[y]) / n) ** 2
    spread = same + (1 - value) ** 2 * off - (value - chance * (1 - value)) ** 2
    return spread / (1 - chance) ** 2
