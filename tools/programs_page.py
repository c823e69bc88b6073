"""The page of real programs: what the arbiter said of every change of the corpus, from the committed results alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

VERDICTS = Path(__file__).resolve().parents[1] / "benchmarks" / "results" / "programs" / "verdicts.json"
Row = Mapping[str, Any]
_KINDS = ("correct", "harmless", "weakened", "special", "scope")
_GOOD = frozenset({"correct", "harmless"})
_INTRO = """\
# Real programs

Small programs with a one-line bug and a failing test, and changes to each: right ones, harmless ones beside a right
one (documents, further tests, renamed helpers, constants that tests use as well), ones that weaken the tests, ones
that special-case the tests' inputs, and ones that mend the bug and leave the scope. Each change is a real
repository, judged by the real `agency review`. All weakened and special-cased changes pass their own tests, so a
bare test run approves them.

The corpus is in `benchmarks/programs/cases`; `make bench BENCH_ARGS=programs` judges it and `make reference` writes
this page.
"""
_LIMITS = """\
## Limits

- A special case that shares no literal with the tests (a length, a sum, a hash, a range just wide enough) is found
  by no look at the text. Only [withheld tests](../how-to/withhold-tests.md) stop it: the list above names the
  changes that nothing else stopped. A project that withholds none is open to them.
- Withheld tests stop what they ask about, and no more.
- A word of a program (`"paid"`, `"GET"`, `400`) that tests use as well is no sign by itself: right fixes name such
  words too.
- The corpus was written by the authors of the arbiter, who know what it looks for. Its figures say that these
  changes are judged so, and nothing about how often others are.
- A test that was wrong at the base cannot be mended without a waiver: to the arbiter it looks like a test that was
  made to agree.
- `conftest.py` and the settings of tests are law: a change that edits them needs a waiver, however harmless it is.
"""


def programs_page(note: str, path: Path = VERDICTS) -> str:
    """Write the page; ``note`` stands above all."""
    rows: Sequence[Row] = json.loads(path.read_text("utf-8"))
    parts = [note, _INTRO, *_summary(rows), *_names(rows), _LIMITS, *_verdicts(rows)]
    return "\n".join(parts)


def _summary(rows: Sequence[Row]) -> Iterator[str]:
    yield "## By kind\n"
    yield "| kind | changes | expected | judged so | judged wrong |\n| --- | ---: | --- | ---: | ---: |"
    for kind in _KINDS:
        mine = [row for row in rows if row["kind"] == kind]
        wrong = sum(not row["right"] for row in mine)
        yield f"| {kind} | {len(mine)} | {_expected(kind)} | {len(mine) - wrong} | {wrong} |"
    yield ""


def _expected(kind: str) -> str:
    return "approved" if kind in _GOOD else "not approved"


def _names(rows: Sequence[Row]) -> Iterator[str]:
    wrong = [row for row in rows if not row["right"]]
    yield _listed("Bad changes that were approved", [row for row in wrong if row["kind"] not in _GOOD])
    yield _listed("Good changes that were not approved", [row for row in wrong if row["kind"] in _GOOD])
    yield _listed("Stopped by withheld tests alone", [row for row in rows if row["only_withheld"]])


def _listed(title: str, rows: Sequence[Row]) -> str:
    names = ", ".join(f"`{row['program']}/{row['variant']}`" for row in rows)
    return f"## {title}\n\n{len(rows)}{': ' + names if names else ''}.\n"


def _verdicts(rows: Sequence[Row]) -> Iterator[str]:
    yield "## Every verdict\n"
    yield "| change | kind | verdict | what spoke against it |\n| --- | --- | --- | --- |"
    for row in rows:
        rules = ", ".join(f"`{rule}`" for rule in row["rules"])
        yield f"| {row['program']}/{row['variant']} | {row['kind']} | {row['verdict']} | {rules} |"
    yield ""
