"""A validation run of the optimiser as one self-contained HTML page."""

from agent_agency.report.optimise_html.page import render

__all__ = ["render"]
