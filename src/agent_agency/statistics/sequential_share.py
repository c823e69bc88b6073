"""Whether a share lies beyond a limit, decided while observations come in, at whatever moment somebody looks.

Two one-sided tests of successes that come one by one: Wald's probability ratio (1945, Ann. Math. Statist. 16:117-186)
for a share above a limit, whose evidence is a nonnegative supermartingale below it, so that it ever passes ``1/alpha``
with chance ``alpha`` at most (Ville 1939); and Page's cumulative sum (1954, Biometrika 41:100-115) for a share that
fell below one, which forgets what went well before, and between whose false alarms ``1/alpha`` observations or more
pass on average (Lorden 1971, Ann. Math. Statist. 42:1897-1908).
"""

from __future__ import annotations

import math
from collections.abc import Iterable


def log_evidence_above(successes: int, failures: int, limit: float, expected: float) -> float:
    """Log evidence that a share is above a limit; decided where it reaches ``log(1/alpha)``.

    Args:
        successes: so far.
        failures: so far.
        limit: a share strictly between 0 and 1.
        expected: a share above the limit, fixed beforehand, that would be quickly told from it.

    Raises:
        ValueError: shares that are none, or in the wrong order.
    """
    _check(limit, expected)
    return successes * math.log(expected / limit) + failures * math.log((1 - expected) / (1 - limit))


def log_evidence_of_fall(outcomes: Iterable[bool], limit: float, fallen: float) -> float:
    """The highest log evidence so far that a share has fallen below a limit; decided at ``log(1/alpha)``.

    Args:
        outcomes: successes and failures, the oldest first.
        limit: a share strictly between 0 and 1.
        fallen: a share below the limit, fixed beforehand, that is to be noticed soon.

    Raises:
        ValueError: shares that are none, or in the wrong order.
    """
    _check(fallen, limit)
    success, failure = math.log(fallen / limit), math.log((1 - fallen) / (1 - limit))
    now = highest = 0.0
    for one in outcomes:
        now = max(0.0, now + (success if one else failure))
        highest = max(highest, now)
    return highest


def _check(lower: float, higher: float) -> None:
    if not 0 < lower < higher < 1:
        raise ValueError(f"{lower} and {higher} are no two shares between 0 and 1, the first below the second")
