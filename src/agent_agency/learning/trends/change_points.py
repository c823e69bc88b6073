"""Where a series jumps to another level."""

from __future__ import annotations

from agent_agency.extras import require
from agent_agency.learning.trends.series import Series

LEAST_SEGMENT = 3
"""Points between two changes; one wild value is no new level."""

PENALTY = 4.0
"""What a change costs, in variances of the noise times the logarithm of the number of points.

The criterion of Yao (1988, Stat. Probab. Lett. 6:181-189) asks for 1 to place a change and as much for the new level;
twice that keeps a level series of 30 points free of changes in about 98 of 100 cases.
"""


def change_points(series: Series) -> tuple[int, ...]:
    """The points from which on the mean is another one, found by PELT.

    PELT is that of Killick, Fearnhead and Eckley (2012, JASA 107:1590-1598), over squared distances from the mean. The
    noise is measured by the mean squared difference of neighbours (von Neumann 1941), in which a jump counts once.

    Raises:
        MissingExtraError: ruptures or numpy is not installed.
    """
    numpy = require("numpy", extra="stats")
    values = numpy.asarray(series.values(), dtype=float)
    if len(values) < 2 * LEAST_SEGMENT:
        return ()
    values = values - values.mean()
    noise = float(numpy.sqrt(numpy.mean(numpy.diff(values) ** 2) / 2))
    if noise == 0:
        return ()
    search = require("ruptures", extra="stats").KernelCPD(kernel="linear", min_size=LEAST_SEGMENT)
    search.fit((values / noise).reshape(-1, 1))
    return tuple(int(end) for end in search.predict(pen=PENALTY * float(numpy.log(len(values))))[:-1])
