"""The report of a validation run: whole in one file, readable, honest about what answered."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from defusedxml import ElementTree

from agent_agency.report.optimise_html import render
from agent_agency.report.optimise_html.figures import curve, gains, shares
from agent_agency.report.optimise_told import mark, probability, summary


def judge(gain: float = 0.2, p_holm: float = 0.01, status: str = "optimised") -> dict[str, Any]:
    return {
        "status": status,
        "baseline": 0.5,
        "baseline_interval": [0.4, 0.6],
        "optimised": 0.5 + gain,
        "optimised_interval": [0.4 + gain, min(1.0, 0.6 + gain)],
        "gain": gain,
        "interval": [gain - 0.1, gain + 0.1],
        "p_value": p_holm / 5,
        "p_holm": p_holm,
        "significant": p_holm < 0.05,
        "n_test": 100,
        "dev": {"baseline": 0.5, "optimised": 0.7, "n": 60},
        "trials": [
            {"number": at, "score": 0.4 + at / 40, "best": 0.5 + at / 40, "n": 35, "whole": at % 3 == 0}
            for at in range(12)
        ],
        "note": "",
        "version": 1,
        "instructions": "Judge <b>it</b>.",
        "demonstrations": {"baseline": 8, "optimised": 8},
        "accuracy": {"baseline": 0.4, "optimised": 0.6},
        "commonest_verdict": 0.5,
        "abstained": {"baseline": 0, "optimised": 1},
        "prompt_digest": "sha256:1",
        "parent_digest": "sha256:2",
        "artefact_digest": "sha256:3",
        "sealed_uses": 1,
        "baseline_evaluations": 60,
        "experiment": "optimise-relevance-v1-1",
        "spent": {"calls": 1000, "tokens": 10, "seconds": 3.0},
    }


def document(**judges: dict[str, Any]) -> dict[str, Any]:
    return {
        "engine": "offline",
        "engine_identity": {"backend": "offline"},
        "language_model": False,
        "judges": judges or {"relevance": judge(), "safety": judge(-0.05, 0.7)},
        "plan": {"optimizer": "mipro", "trials": 50, "candidates": 5, "demonstrations": 8, "seed": 0},
        "libraries": {"dspy": "3.4.1"},
        "at": "2026-01-31T08:00:00.000Z",
        "seconds": 61.0,
    }


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = render(document())
    assert not re.search(r"(?:src|href)=\"(?!#|data:)", page)
    assert "<script" not in page
    assert "default-src 'none'" in unescape(page)


def test_texts_of_a_prompt_are_texts_on_the_page() -> None:
    assert "Judge &lt;b&gt;it&lt;/b&gt;." in render(document())


def test_figures_of_no_language_model_are_marked() -> None:
    assert "demonstration learner, not a language model" in render(document())
    assert mark({**document(), "language_model": True}) == ""


def test_every_judge_has_its_figures_and_its_curve() -> None:
    page = render(document())
    for told in ("70.0%", "+20.0", "+10.0 to +30.0", "0.0100", "better", "not sure"):
        assert told in page
    assert page.count("<svg") == 2 + 2 + 1


@pytest.mark.parametrize(
    "drawn",
    [
        gains(document()["judges"]),
        shares(document()["judges"]),
        curve("relevance", judge()["trials"]),
        curve("flat", [{"number": 0, "score": 0.5, "best": 0.5, "n": 5, "whole": True}]),
        gains({"far": judge(0.95, 0.0)}),
    ],
)
def test_drawings_are_well_formed_and_stay_inside(drawn: str) -> None:
    root = ElementTree.fromstring(drawn)
    width = float(root.attrib["viewBox"].split()[2])
    for node in root.iter():
        for name in ("x", "x1", "x2", "cx"):
            if name in node.attrib:
                assert 0 <= float(node.attrib[name]) <= width
    assert root.find("title") is not None


def test_the_summary_counts_what_is_beyond_chance() -> None:
    assert summary(document()).startswith("1 of 2 judges")
    assert "1 worse" in summary(document(a=judge(-0.3, 0.001)))


def test_a_tiny_p_value_is_not_told_as_none() -> None:
    assert probability(0.0) == "< 0.0001"
