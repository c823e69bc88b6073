"""The page around a ruling: head, content policy, navigation, foot."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib import resources

from agent_agency.arbitration.ruling import Ruling
from agent_agency.gates.outcome import counted
from agent_agency.report import facts_told as told
from agent_agency.report.html import sections
from agent_agency.report.html.icons import icon
from agent_agency.report.html.markup import Markup, el, join, raw


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
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", f"{title} - Agent Agency"),
        el("link", rel="icon", href="data:,"),
        el("style", raw(style)),
    )
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


def _hash(text: str) -> str:
    """The content policy's name for an inline text (CSP level 3, section 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
