"""The picture of a trend: a whole file, the same for the same series, whatever a judge is called."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from agent_agency.learning.trends.trend import trend
from agent_agency.report.trend_picture import draw
from support.series import series

_VALUES = [0.9] * 12 + [0.6] * 12


def test_the_same_series_gives_the_same_picture() -> None:
    found = trend(series(_VALUES, n=40))
    assert found.change_points == (12,)
    first = draw(found, "svg")
    assert first == draw(found, "svg")
    assert ET.fromstring(first).tag.endswith("svg")  # noqa: S314 - our own bytes
    assert draw(found, "png").startswith(b"\x89PNG")


@pytest.mark.parametrize("judge", ["$x^2_", "<b>", "a" * 500, "\u202e\x1b[31m"])
def test_no_name_breaks_it(judge: str) -> None:
    found = trend(replace(series([0.5, 0.6, 0.7]), judge=judge))
    assert ET.fromstring(draw(found, "svg")).tag.endswith("svg")  # noqa: S314 - our own bytes


def test_nothing_is_drawn_as_nothing() -> None:
    assert draw(trend(series([])), "svg").startswith(b"<?xml")
