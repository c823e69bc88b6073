"""The page about the format of rules names every key and the bounds that the code has."""

from __future__ import annotations

import re
from pathlib import Path

from agent_agency.arbitration.constitution import checked_facts, overlay, read_rules, subset, work_bound

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "rules-format.md").read_text("utf-8")


def test_every_key_of_a_rule_stands_on_the_page_and_no_other() -> None:
    table = PAGE.partition("## `[[rule]]`")[2].partition("`each`, `applies`")[0]
    named = {key for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)}
    assert named == set(read_rules._KEYS) - {"example"}


def test_the_bounds_on_the_page_are_those_of_the_code() -> None:
    bounds = PAGE.partition("## Bounds")[2]
    rows = dict(re.findall(r"^\| (.+?) \| (.+?) \| (?:refused|unknown) \|", bounds, re.MULTILINE))
    assert work_bound.MOST_COPIED == 1_000
    steps = f"{work_bound.MAX_STEPS:,}"
    assert rows == {
        "bytes of a file": f"{read_rules.MAX_BYTES // 1024} KiB",
        "files": str(overlay.MAX_FILES),
        "rules, defaults included": str(overlay.MAX_RULES),
        "characters of a text or condition": f"{read_rules.MAX_TEXT:,}",
        "parts of a condition": f"{subset.MAX_NODES}, nested {subset.MAX_DEPTH} deep",
        "`all`, `exists`, `map`, `filter` inside each other": str(subset.MAX_FOLDS),
        "characters of a pattern": f"{subset.MAX_PATTERN}; {subset.MAX_WRITTEN_OUT:,} with its repeats written out",
        "elements that a rule is asked for": f"{work_bound.MAX_ELEMENTS:,}",
        "iterations of one evaluation, in the worst case": f"{work_bound.MAX_ITERATIONS:,}",
        "iterations of a rule for all its elements, in the worst case": f"{work_bound.MAX_RULE_ITERATIONS:,}",
        "steps to build a list of more than 1,000 elements with `map` or `filter`, in the worst case": steps,
        "characters of a text that is a fact": f"{checked_facts.MAX_TEXT:,}",
    }
