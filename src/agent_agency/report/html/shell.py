"""The page around a report that needs no script: head, strict content policy, masthead."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

from agent_agency.report.html.icons import icon
from agent_agency.report.html.markup import Markup, el, raw


def document(title: str, main: Markup, style: str = "") -> str:
    """A whole page; nothing in it is fetched, and nothing in it can run.

    Args:
        title: of the window, without the product's name.
        main: the ``main`` element, with the id ``main``.
        style: CSS of our own that comes after that of every report.
    """
    css = resources.files("agent_agency.report.html").joinpath("style.css").read_text("utf-8") + style
    policy = f"default-src 'none'; style-src '{policy_hash(css)}'; img-src data:; base-uri 'none'; form-action 'none'"
    head = page_head(title, css, policy)
    brand = el("header", el("span", icon("scales"), "Agent Agency", class_="brand"), class_="masthead")
    skip = el("a", "Skip to the report", href="#main", class_="skip")
    return f"<!doctype html>\n{el('html', head, el('body', skip, brand, main), lang='en')}\n"


def page_head(title: str, css: str, policy: str) -> Markup:
    """The head of every page.

    Args:
        title: of the window, without the product's name.
        css: the page's whole style.
        policy: what the page may load and run, as a content security policy.
    """
    return el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", f"{title} - Agent Agency"),
        el("link", rel="icon", href="data:,"),
        el("style", raw(css)),
    )


def policy_hash(text: str) -> str:
    """The content policy's name for an inline text (CSP level 3, section 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
