"""Recorded judges made up for a test: their accuracy and their leaning to a place are known beforehand."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

JUDGES = {"Good/Plain": 0.9, "Good/Steps": 0.85, "Fair/Plain": 0.7, "Fair/Steps": 0.65, "Poor/Plain": 0.55}


@dataclass(frozen=True)
class Recorded:
    """Two files as the command takes them, with their rows."""

    items: Path
    judgments: Path
    item_rows: list[dict[str, Any]]
    judgment_rows: list[dict[str, Any]]


def record(
    folder: Path,
    *,
    judges: Mapping[str, float] = JUDGES,
    subsets: Sequence[str] = ("easy", "hard"),
    n: int = 40,
    seed: int = 1,
) -> Recorded:
    """Write ``n`` items and the answers of judges that are right so often, each answer by itself."""
    rng = random.Random(seed)
    item_rows = [
        {"item": f"item-{place:03}", "subset": subsets[place % len(subsets)], "label": rng.choice("12")}
        for place in range(n)
    ]
    judgment_rows = [
        _answer(item, judge, order, right=rng.random() < accuracy)
        for item in item_rows
        for judge, accuracy in judges.items()
        for order in ("12", "21")
    ]
    made = Recorded(folder / "items.jsonl", folder / "judgments.jsonl.gz", item_rows, judgment_rows)
    write_rows(made.items, item_rows)
    write_rows(made.judgments, judgment_rows)
    return made


def write_rows(path: Path, rows: Sequence[Any]) -> None:
    """One JSON value a line; packed where the name says so."""
    text = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)


def _answer(item: Mapping[str, Any], judge: str, order: str, *, right: bool) -> dict[str, Any]:
    winner = item["label"] if right else {"1": "2", "2": "1"}[item["label"]]
    shown = "a" if winner == order[0] else "b"
    completion = None if judge.endswith("/Rating") else f"Therefore, Output ({shown}) is better."
    return {"item": item["item"], "judge": judge, "order": order, "completion": completion, "winner": winner}
