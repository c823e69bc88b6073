"""``agency judge``: the judges that a review asks, and how far they can be trusted."""

from __future__ import annotations

import click

from agent_agency.cli.main import LazyGroup

_COMMANDS = {
    "list": ("agent_agency.cli.judge_run", "list_judges", "Which judges are there?"),
    "show": ("agent_agency.cli.judge_run", "show", "What does a judge look for, and how is it asked?"),
    "run": ("agent_agency.cli.judge_run", "run", "Judge the records of a file."),
    "best": ("agent_agency.cli.judge_best", "best", "Which of several pieces of work is the best one?"),
    "card": ("agent_agency.cli.judge_card", "card", "How far can this version of a judge be trusted?"),
    "cards": ("agent_agency.cli.judge_card", "cards", "Which judges have a card on record?"),
    "modes": ("agent_agency.cli.judge_modes", "modes", "Do faster modes of a judge say the same?"),
    "calibrate": ("agent_agency.cli.judge_modes", "calibrate", "Make the labels of a judge mean what they say."),
    "bench": ("agent_agency.cli.judge_bench", "bench", "How good are recorded judges, alone and as panels?"),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def judge() -> None:
    """Ask judges about work, and measure how far they can be trusted."""
