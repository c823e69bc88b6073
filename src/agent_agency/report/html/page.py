"""The page around a ruling: head, content policy, navigation, foot."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from agent_agency.arbitration.ruling import Ruling
from agent_agency.gates.outcome import counted
from agent_agency.report import facts_told as told
from agent_agency.report.html import sections
from agent_agency.report.html.icons import icon
from agent_agency.report.html.markup import Markup, el, join, raw
from agent_agency.report.html.shell import page_head, policy_hash


def render(ruling: Ruling) -> str:
    """The page of one ruling."""
    title = f"{str(ruling.decision.verdict).capitalize()}: {(ruling.spec or {}).get('id') or told.head(ruling)}"
    body = join(_masthead(ruling.ruling_id), el("main", sections.whole(ruling, prefix=""), id="main"), _foot(ruling))
    return _document(title, body)


def render_index(rulings: Sequence[tuple[str, Ruling]]) -> str:
    """One page with several rulings: an overview on top, each ruling whole below it.

    Args:
        rulings: a short label (such as the branch) and the ruling, in the order in which to show them.
    """
    cards = [sections.overview_card(label, ruling, f"r{n}") for n, (label, ruling) in enumerate(rulings, 1)]
    articles = [_article(label, ruling, f"r{n}") for n, (label, ruling) in enumerate(rulings, 1)]
    head = el(
        "header",
        el("h1", f"{counted(len(rulings), 'ruling')}"),
        el("p", "Each change below was measured from git and held against the law at its base."),
        class_="index-head",
    )
    main = el("main", head, el("nav", cards, class_="overview", aria_label="Rulings"), articles, id="main")
    return _document(counted(len(rulings), "ruling"), join(_masthead(None), main))


def _article(label: str, ruling: Ruling, prefix: str) -> Markup:
    verdict = str(ruling.decision.verdict)
    summary = el(
        "summary",
        el("span", verdict, class_=f"pill v-{verdict}"),
        el("h2", label, class_="label"),
    )
    body = el("div", sections.whole(ruling, prefix=f"{prefix}-"), _foot(ruling), class_="ruling-body", id=prefix)
    return el("details", summary, body, class_="ruling", open=prefix == "r1")


def _document(title: str, body: Markup) -> str:
    style, script = _asset("style.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; style-src '{policy_hash(style)}'; script-src '{policy_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    head = page_head(title, style, policy)
    skip = el("a", "Skip to the ruling", href="#main", class_="skip")
    page = el("html", head, el("body", skip, body, el("script", raw(script))), lang="en")
    return f"<!doctype html>\n{page}\n"


def _masthead(ruling_id: str | None) -> Markup:
    brand = el("span", icon("scales"), "Agent Agency", class_="brand")
    return el("header", brand, el("span", ruling_id, class_="mono") if ruling_id else None, class_="masthead")


def _foot(ruling: Ruling) -> Markup:
    recorded = told.ledger(ruling)
    parts = (
        ("Ruling", ruling.ruling_id),
        ("Inputs", ruling.inputs_digest),
        ("Reviewed", ruling.reviewed_at),
        ("Recorded", recorded or "not recorded"),
        ("Tool", f"agent-agency {ruling.tool_version}"),
    )
    rows = [el("div", el("dt", name), el("dd", value, class_="mono")) for name, value in parts]
    return el("footer", el("dl", rows, class_="facts"), class_="foot")


def _asset(name: str) -> str:
    return resources.files("agent_agency.report.html").joinpath(name).read_text("utf-8")
