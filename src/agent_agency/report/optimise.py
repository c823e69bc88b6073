"""An optimisation on the terminal: one line per judge, how sure it is, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent_agency.report.optimise_told import mark, percent, points, probability, summary

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS = ("judge", "baseline", "optimised", "gain", "95 % interval", "p (Holm)", "n")


def print_validation(console: Console, document: Mapping[str, Any]) -> None:
    """A validation run: the table, one sentence, the mark and the report's path."""
    _print_table(console, document["judges"])
    console.print()
    console.print(summary(document))
    if warned := mark(document):
        console.print(warned)
    console.print(f"Nothing was activated. Report: {document['report']}")


def print_one(console: Console, document: Mapping[str, Any]) -> None:
    """One judge: what was found, on dev and on the sealed test, and the next step."""
    name, one = document["judge"], document["result"]
    if one["status"] == "no_op":
        console.print(f"no_op: nothing better than the shipped prompt of {name} was found; {one['note']}.")
        console.print("The sealed test was not opened and nothing was registered.")
    else:
        _print_gain(console, "dev", one["dev"])
        if one["n_test"]:
            _print_gain(console, "sealed test", {**one, "n": one["n_test"]})
            console.print(f"This sealed test was used {_times(one['sealed_uses'])} for {name}.")
        console.print(f"Registered as version {one['version']} of {name}; nothing was activated.")
        console.print(f"See it: agency prompt show {name}. Use it: agency prompt activate {name} {one['version']}.")
    if warned := mark(document):
        console.print(warned)


def progress_line(judge: str, trial: Any, trials: int) -> str:
    """One line about a trial as it ends, with the best score on all development examples so far."""
    most = trials + trials // 5 + 1  # after each fifth trial one over all development examples
    what = "all of dev" if trial.whole else f"{trial.n} of dev"
    told = f"{trial.score:.3f} on {what}, best so far {trial.best:.3f}"
    return f"{judge}: evaluation {trial.number} of at most {most}: {told}"


def _print_gain(console: Console, where: str, one: Mapping[str, Any]) -> None:
    low, high = one["interval"]
    told = f"{percent(one['baseline'])} to {percent(one['optimised'])}, {points(one['gain'])} points"
    sure = f"95 % interval {points(low)} to {points(high)}, p {probability(one['p_value'])}, n {one['n']}"
    console.print(f"{where}, balanced accuracy: {told} ({sure})")


def _print_table(console: Console, judges: Mapping[str, Mapping[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for at, title in enumerate(_COLUMNS):
        table.add_column(title, justify="right" if at else "left", no_wrap=True)
    for name, one in judges.items():
        low, high = one["interval"]
        table.add_row(
            name,
            percent(one["baseline"]),
            percent(one["optimised"]),
            points(one["gain"]),
            f"{points(low)} to {points(high)}",
            probability(one["p_holm"]),
            str(one["n_test"]),
        )
    console.print(table)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
