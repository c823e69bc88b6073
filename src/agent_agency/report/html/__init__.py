"""A ruling as one self-contained HTML page: no address outside the page, a strict content policy, no script needed."""

from agent_agency.report.html.page import render, render_index

__all__ = ["render", "render_index"]
