"""Small line drawings, inline, in the colour of the text around them."""

from __future__ import annotations

from agent_agency.report.html.markup import Markup, el


def icon(name: str) -> Markup:
    """One drawing; it only repeats what the words beside it say, so screen readers skip it."""
    strokes = [el("path", d=stroke) for stroke in _strokes()[name]]
    return el("svg", strokes, class_=f"icon i-{name}", viewBox="0 0 24 24", aria_hidden="true", focusable="false")


def _strokes() -> dict[str, tuple[str, ...]]:
    circle = "M12 3a9 9 0 1 1 0 18a9 9 0 1 1 0-18"
    return {
        "approved": (circle, "M8 12.5l2.8 2.8L16 9.5"),
        "rejected": (circle, "M9 9l6 6M15 9l-6 6"),
        "conditional": (circle, "M12 7.5V12l3 2"),
        "waived": ("M12 3l7 3v5c0 4.6-2.9 8.3-7 10c-4.1-1.7-7-5.4-7-10V6z", "M9 12h6"),
        "scales": ("M12 4v16M8 20h8M5 7h14", "M5 7l-3 7a3 3 0 0 0 6 0zM19 7l-3 7a3 3 0 0 0 6 0z"),
        "person": ("M12 4a4 4 0 1 1 0 8a4 4 0 1 1 0-8", "M4.5 20c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5"),
    }
