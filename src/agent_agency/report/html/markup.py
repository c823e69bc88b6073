"""HTML that is safe by default: text is escaped unless it already is markup made here."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import TypeAlias

from agent_agency.report.text import clean

_VOID = frozenset({"img", "input", "link", "meta"})
_CODE = re.compile("`([^`]+)`")


class Markup(str):
    """HTML text made by this module; any other string is escaped before it enters a page."""

    __slots__ = ()


Child: TypeAlias = "str | Iterable[Child] | None"
Attribute: TypeAlias = "str | int | float | bool | None"


def el(tag: str, *children: Child, **attributes: Attribute) -> Markup:
    """One element.

    Args:
        tag: its name, written by us.
        children: text (cleaned and escaped), markup (kept), groups of either, or ``None`` (left out).
        attributes: values are cleaned and escaped; ``True`` stands bare, ``False`` and ``None`` leave it out. A
            trailing underscore is dropped, others become hyphens: ``class_``, ``data_gate``.
    """
    opened = f"<{tag}{''.join(_attribute(name, value) for name, value in attributes.items())}>"
    return Markup(opened) if tag in _VOID else Markup(f"{opened}{join(*children)}</{tag}>")


def join(*children: Child) -> Markup:
    """Children one after the other, without an element around them."""
    return Markup("".join(_child(child) for child in children))


def raw(text: str) -> Markup:
    """Text of our own files that is HTML, CSS or script already."""
    return Markup(text)


def prose(text: str) -> Markup:
    """A sentence in which backticks mark code."""
    parts = _CODE.split(clean(text))
    return join(el("code", part) if number % 2 else part for number, part in enumerate(parts))


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return html.escape(clean(child))
    return "".join(_child(part) for part in child)


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    told = name.rstrip("_").replace("_", "-")
    return f" {told}" if value is True else f' {told}="{html.escape(clean(str(value)))}"'
