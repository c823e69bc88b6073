"""``python -m benchmarks [NAME…]``: run every ``bench_*.py`` (or the named ones), write JSON, show one table.

Each ``bench_NAME.py`` has ``measure() -> Iterable[Figure]``. Results go to ``benchmarks/results/NAME.json`` with a
description of the machine, without which a figure means nothing.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from agent_agency import __version__
from benchmarks.figures import Figure, number

FOLDER = Path(__file__).resolve().parent


def main(names: list[str]) -> int:
    """Measure; exit 1 when a budget is not kept."""
    known = sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))
    unknown = set(names) - set(known)
    if unknown:
        print(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    console = Console()
    broken = False
    for name in names or known:
        figures = list(importlib.import_module(f"benchmarks.bench_{name}").measure())
        _write(name, figures)
        console.print(_table(name, figures))
        broken = broken or any(figure.kept is False for figure in figures)
    console.print(_machine_line())
    console.print("Results are in benchmarks/results; 'make reference' writes them into the documentation.")
    return 1 if broken else 0


def _write(name: str, figures: list[Figure]) -> None:
    results = FOLDER / "results"
    results.mkdir(exist_ok=True)
    document = {
        "benchmark": name,
        "command": f"make bench BENCH_ARGS={name}",
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": __version__,
        "machine": machine(),
        "figures": [figure.as_dict() for figure in figures],
    }
    (results / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", "utf-8")


def machine() -> dict[str, object]:
    """Tell on what the figures were measured."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "git": git.removeprefix("git version "),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    rows = info.read_text("utf-8").splitlines() if info.is_file() else []
    return next((row.partition(":")[2].strip() for row in rows if row.startswith("model name")), platform.processor())


def _table(name: str, figures: list[Figure]) -> Table:
    table = Table(title=name, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    table.add_column("what")
    for column in ("median", "low", "high", "budget"):
        table.add_column(column, justify="right")
    table.add_column("")
    rivals = {figure.rival for figure in figures}
    for figure in figures:
        kept = {True: "kept", False: "[bold red]BROKEN[/]", None: ""}[figure.kept]
        sign = "<=" if figure.better == "lower" else ">="
        budget = "" if figure.budget is None else f"{sign} {number(figure.budget)}"
        row = [f"{number(figure.median)} {figure.unit}", number(figure.low), number(figure.high), budget]
        indent = "  beside it: " if figure.name in rivals else ""
        table.add_row(indent + figure.name, *row, " ".join(part for part in (kept, figure.note) if part))
    return table


def _machine_line() -> str:
    return ", ".join(f"{key} {value}" for key, value in machine().items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
