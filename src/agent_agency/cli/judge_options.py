"""Options that several commands of judges have: in which mode, with which labels, and with what first."""

from __future__ import annotations

import click

mode_option = click.option(
    "--mode",
    type=click.Choice(["full", "short", "label", "cascade"]),
    default="full",
    show_default=True,
    help="Whole answers; verdict and score; the likeliest label; or labels first, and whole answers where in doubt.",
)
labels_option = click.option(
    "--labels",
    type=click.Choice(["words", "letters"]),
    default="words",
    show_default=True,
    help="What stands for the verdicts where labels are scored.",
)
order_option = click.option(
    "--order",
    type=click.Choice(["rubric-first", "item-first"]),
    default="rubric-first",
    show_default=True,
    help="What stands first in the prompt, and so is shared: by items of one judge, or by judges of one item.",
)
no_cache_option = click.option("--no-cache", is_flag=True, help="Ask the engine anew; take no answer that is kept.")
