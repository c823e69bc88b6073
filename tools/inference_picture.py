"""Draws what was measured of inference: ``python -m tools.inference_picture`` after ``make bench-inference``.

It reads the benchmark's results and measures nothing itself.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PICTURE = ROOT / "docs" / "pictures" / "inference.svg"
_RATIO = re.compile(r"(?P<way>.+), beside naive")
_FLIGHT = re.compile(r"(?P<mode>full|label), (?P<width>\d+) in flight")
_COLOURS = {"full": "#33658a", "short": "#86bbd8", "label": "#f26419"}


def main() -> int:
    """Draw the picture; exit 2 where there are no results."""
    try:
        judged = _figures("inference")
        growth = _figures("inference_growth")
    except FileNotFoundError as error:
        print(f"{error.filename} is not there: run make bench-inference first", file=sys.stderr)
        return 2
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "agency"
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    _bars(left, judged)
    _lines(right, growth)
    figure.savefig(PICTURE, metadata={"Date": None})
    print(f"wrote {PICTURE.relative_to(ROOT)}")
    return 0


def _figures(name: str) -> list[dict[str, Any]]:
    figures: list[dict[str, Any]] = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))["figures"]
    return figures


def _bars(axes: Any, figures: list[dict[str, Any]]) -> None:
    """How many times the naive rate each way answers, the least and most of the rounds as whiskers."""
    found = [(match["way"], one) for one in figures if (match := _RATIO.fullmatch(one["name"]))]
    names = [way for way, _ in found][::-1]
    medians = [one["median"] for _, one in found][::-1]
    spread = [
        [one["median"] - one["low"] for _, one in found][::-1],
        [one["high"] - one["median"] for _, one in found][::-1],
    ]
    colours = [next(colour for mode, colour in _COLOURS.items() if f", {mode}," in name) for name in names]
    axes.barh(names, medians, xerr=spread, color=colours, capsize=3)
    for place, value in enumerate(medians):
        axes.text(value, place + 0.28, f"{value:.1f}", va="center", ha="left", fontsize=8)
    axes.axvline(1, color="black", linewidth=0.8, linestyle=":")
    axes.set_title("How many times naive llama.cpp")
    axes.set_xlabel("full: tokens/s; short and label: requests/s")


def _lines(axes: Any, figures: list[dict[str, Any]]) -> None:
    """Requests per second with requests in flight."""
    for mode in ("label", "full"):
        found = sorted(
            (int(match["width"]), one)
            for one in figures
            if (match := _FLIGHT.fullmatch(one["name"])) and match["mode"] == mode and one["unit"] == "requests/s"
        )
        widths = [width for width, _ in found]
        axes.plot(widths, [one["median"] for _, one in found], marker="o", color=_COLOURS[mode], label=mode)
        lows, highs = [one["low"] for _, one in found], [one["high"] for _, one in found]
        axes.fill_between(widths, lows, highs, color=_COLOURS[mode], alpha=0.2)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.set_title("More at once, more answers")
    axes.set_xlabel("requests in flight (OpenVINO)")
    axes.set_ylabel("requests/s")
    axes.set_ylim(bottom=0)
    axes.legend()


if __name__ == "__main__":
    sys.exit(main())
