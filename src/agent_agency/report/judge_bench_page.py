"""A bench as one self-contained page: the picture, the panels, and every judge."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from agent_agency.report.html.markup import Markup, el, join
from agent_agency.report.html.shell import document
from agent_agency.report.judge_bench import (
    PANELS_READING,
    READING,
    best_first,
    cascade_told,
    judge_cells,
    judge_titles,
    method_cells,
    method_titles,
    title,
)
from agent_agency.report.judge_bench_picture import draw

if TYPE_CHECKING:
    from agent_agency.workflows.judge_bench import Bench

_STYLE = """
.picture { display: block; width: 100%; height: auto; background: #fff; border: 1px solid var(--line);
  border-radius: 10px; }
.figures { font-variant-numeric: tabular-nums; white-space: nowrap; }
.figures th, .figures td { padding: .4rem .75rem; font-size: .88rem; }
.figures td, .figures thead th + th { text-align: right; }
.note { margin-top: .9rem; max-width: 80ch; }
.head { padding: 1.5rem 0 .5rem; }
.head h1 { font-size: clamp(1.9rem, 5vw, 2.7rem); }
"""


def render(bench: Bench) -> str:
    """The page.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    subsets = list(bench.subsets)
    parts = [("picture", "Picture", _picture(bench))]
    if bench.plan is not None:
        parts.append(("panels", "Panels", _panels(bench, subsets)))
    parts.append(("judges", "Judges", _judges(bench, subsets)))
    links = [el("a", name, href=f"#{key}") for key, name, _ in parts]
    sections = [el("section", el("h2", name), body, id=key, class_="part") for key, name, body in parts]
    toc = el("nav", links, class_="toc", aria_label="Parts of the report")
    return document("Recorded judges", el("main", _head(bench), toc, sections, id="main"), _STYLE)


def _head(bench: Bench) -> Markup:
    subsets = ", ".join(f"{name} ({count:,})" for name, count in bench.subsets.items())
    told = (
        f"{bench.rows:,} recorded answers of {len(bench.judges):,} judges about {sum(bench.subsets.values()):,} items."
    )
    return el(
        "header",
        el("p", f"Subsets: {subsets}", class_="eyebrow"),
        el("h1", "How good are these judges?"),
        el("p", told, class_="lead"),
        class_="head",
    )


def _picture(bench: Bench) -> Markup:
    data = base64.b64encode(draw(bench, "svg")).decode()
    best = best_first(bench)[0].figures
    told = (
        f"Accuracy of judges and panels. The best judge is {best.judge} with {best.accuracy.value:.3f}; tables follow."
    )
    return el("img", src=f"data:image/svg+xml;base64,{data}", alt=told, class_="picture")


def _panels(bench: Bench, subsets: Sequence[str]) -> Markup:
    plan = bench.plan
    how = f"{plan.repetitions} repetitions of {plan.folds} folds, seed {plan.seed}. " if plan else ""
    tables = [
        join(
            el("p", title(found), class_="subhead"),
            _table(method_titles(subsets), [method_cells(one, subsets) for one in found.methods]),
            el("p", cascade_told(found), class_="quiet note"),
        )
        for found in bench.sets
    ]
    return join(tables, el("p", how + PANELS_READING, class_="quiet note"))


def _judges(bench: Bench, subsets: Sequence[str]) -> Markup:
    table = _table(judge_titles(subsets), [judge_cells(row, subsets) for row in best_first(bench)])
    return join(table, el("p", READING, class_="quiet note"))


def _table(titles: Sequence[str], rows: Iterable[Iterable[str]]) -> Markup:
    head = el("thead", el("tr", [el("th", one, scope="col") for one in titles]))
    lines = []
    for row in rows:
        name, *figures = row
        lines.append(el("tr", el("th", name, scope="row"), [el("td", cell) for cell in figures]))
    return el("div", el("table", head, el("tbody", lines), class_="figures"), class_="wide")
