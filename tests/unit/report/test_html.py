from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.report import html
from agent_agency.report.html.markup import el, prose
from agent_agency.report.text import clean
from support import rulings

_VOID = {"meta", "link", "input"}


class _Page(HTMLParser):
    """The elements, attributes and text of a page, and whether its elements nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)

    def values(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.elements if name in attrs]

    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]


def _pages() -> dict[str, Callable[[], str]]:
    made = rulings.every_ruling()
    pages: dict[str, Callable[[], str]] = {name: lambda name=name: html.render(made[name]) for name in made}  # type: ignore[misc]
    index = [(f"{name} {rulings.HOSTILE}", ruling) for name, ruling in made.items() if name != "crowded"]
    return {**pages, "index": lambda: html.render_index(index)}


every_page = pytest.mark.parametrize("make", list(_pages().values()), ids=list(_pages()))


@every_page
def test_a_page_loads_nothing_and_links_only_inside_itself(make: Callable[[], str]) -> None:
    page = _Page(make())
    assert not {"img", "iframe", "object", "embed", "base", "audio", "video"} & set(page.tags())
    assert page.values("src") == []
    ids = page.values("id")
    for address in page.values("href"):
        assert address == "data:," or address.removeprefix("#") in ids
    assert len(ids) == len(set(ids))


@every_page
def test_the_content_policy_allows_the_two_inline_texts_and_nothing_else(make: Callable[[], str]) -> None:
    page = _Page(make())
    (policy,) = [attrs["content"] for _, attrs in page.elements if attrs.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in (policy or "").split(";"))
    assert rules["default-src"] == "'none'"
    for kind in ("style", "script"):
        (text,) = page.texts[kind]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[f"{kind}-src"] == f"'sha256-{digest}'"
    names = {name for _, attrs in page.elements for name in attrs}
    assert "style" not in names
    assert not [name for name in names if name.startswith("on")]


@every_page
def test_the_elements_of_a_page_nest_and_no_stranger_adds_any(make: Callable[[], str]) -> None:
    page = _Page(make())
    assert page.open == []
    assert page.tags().count("script") == page.tags().count("style") == 1
    assert "\x1b" not in make()
    assert "\u202e" not in make()
    make().encode("utf-8")


@every_page
def test_a_page_has_a_language_landmarks_and_one_first_heading(make: Callable[[], str]) -> None:
    page = _Page(make())
    assert page.elements[0] == ("html", {"lang": "en"})
    assert page.tags().count("main") == 1
    assert page.tags().count("h1") == 1
    assert {"header", "nav", "footer"} <= set(page.tags())
    levels = [int(tag[1]) for tag in page.tags() if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_page_tells_the_verdict_the_reasons_the_remedies_and_the_provenance() -> None:
    ruling = rulings.rejected()
    text = " ".join(" ".join(part) for part in _Page(html.render(ruling)).texts.values())
    for told in ("Rejected", rulings.BUDGET.message, rulings.BUDGET.remedy, "tools/keys.py", ruling.ruling_id):
        assert told in text
    for told in (ruling.inputs_digest, str(ruling.law["constitution"]), str(ruling.base["commit"]), "over by 834"):
        assert told in text


def test_a_budget_bar_says_in_words_what_it_draws() -> None:
    labels = _Page(html.render(rulings.rejected())).values("aria-label")
    assert {"5 of 10 files", "1,234 of 400 lines"} <= set(labels)


def test_a_large_change_is_cut_with_a_told_rest() -> None:
    text = html.render(rulings.crowded())
    assert "and 500 more findings; the JSON document lists all" in text
    assert "and 500 more files; the JSON document lists all" in text
    assert len(text) < 2_000_000


def test_filters_wait_for_a_script() -> None:
    forms = [attrs for tag, attrs in _Page(html.render(rulings.rejected())).elements if tag == "form"]
    assert len(forms) == 1
    assert all("hidden" in attrs for attrs in forms)


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_stays_text_in_an_element_and_in_an_attribute(text: str) -> None:
    page = _Page(el("p", text, title=text))
    assert page.elements == [("p", {"title": clean(text)})]
    assert "".join(page.texts.get("p", [])) == clean(text)


@given(st.text())
def test_backticks_mark_code_and_nothing_is_lost(text: str) -> None:
    page = _Page(el("p", prose(text)))
    assert set(page.tags()) <= {"p", "code"}
    shown = "".join(part for parts in page.texts.values() for part in parts)
    assert sorted(shown) == sorted(clean(text).replace("`", "")) or "`" in shown


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    digits = colour.removeprefix("#")
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_text_is_readable_in_light_and_in_dark() -> None:
    (style,) = _Page(html.render(rulings.approved())).texts["style"]
    themes = [
        dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    ]
    grounds = {"ink": ("paper", "card", "none-bg"), "quiet": ("paper", "card", "sunk"), "link": ("paper", "card")}
    tones = {tone: (f"{tone}-bg", "card") for tone in ("good", "bad", "wait", "cover")}
    for theme in themes[:2]:
        for text, behind in (grounds | tones).items():
            for ground in behind:
                dark, light = sorted((_luminance(theme[text]), _luminance(theme[ground])))
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def test_a_gate_shows_the_digests_of_its_evidence_and_how_its_tool_was_kept_apart() -> None:
    digest = "sha256:" + "ab" * 32
    kept = {"kind": "report", "part": "head", "digest": digest, "bytes": 1234, "capped": True, "redacted": 2}
    lost = {"kind": "output", "part": "head", "digest": None, "bytes": None, "problem": "<b>no room</b>"}
    facts = {"isolation": "landlock", "reused": True, "figures": {"flaky": 2}, "evidence": [kept, lost]}
    ruling = replace(rulings.approved(), gates=(rulings.a_gate("tests", reason="3 passed", facts=facts),))
    page = html.render(ruling)
    assert f"{digest} (1,234 bytes, capped, redacted)" in page
    assert "not stored: &lt;b&gt;no room&lt;/b&gt;" in page
    assert "3 passed (isolation landlock, reused, 2 flaky)" in page


def test_what_stands_in_the_way_is_open_and_what_is_satisfied_is_folded() -> None:
    page = html.render(rulings.argued())
    part = page[page.index('id="rules"') : page.index('id="budget"')]
    opened, folded = part.split("<details", 1)[0], part[part.index("What is satisfied") :]
    assert "migrations.rollback" in opened
    assert "A change that migrates data says how it is rolled back" in part
    assert "quality.deferred_work: disabled" in part
    assert "secrets.credentials" in folded
    assert "secrets.credentials" not in part[: part.index("What is satisfied")]


def test_case_and_precedents_have_parts_of_their_own() -> None:
    page = html.render(rulings.argued())
    assert 'href="#case"' in page
    assert "C-1f0c: under appeal, due 2026-02-14" in page
    assert 'href="#precedents"' in page
    assert "They never change the verdict." in page
    plain = html.render(rulings.approved())
    assert 'href="#case"' not in plain
    assert 'href="#precedents"' not in plain
