"""What judges cost: a table of models' prices and strategies' answers, so that a cascade can count."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from agent_agency.errors import FileUnreadableError, JudgeError
from agent_agency.judging.panels.votes import model_of, strategy_of

LARGEST_TABLE = 2**20
_TABLES = frozenset({"models", "strategies"})


@dataclass(frozen=True, slots=True)
class Prices:
    """A price per short answer for each model, and answers per item in both orders for each strategy.

    The unit is the table's own; only proportions matter.
    """

    models: Mapping[str, float]
    strategies: Mapping[str, float]

    def cost(self, judge: str) -> float:
        """What the judge costs on one item.

        Raises:
            JudgeError: its model or strategy has no price.
        """
        model, strategy = model_of(judge), strategy_of(judge)
        for name, table, kind in ((model, self.models, "model"), (strategy, self.strategies, "strategy")):
            if name not in table:
                raise JudgeError(
                    f"The {kind} {name!r} of {judge} has no price",
                    fix="Give a table with it by --prices.",
                    code="judge.no_price",
                )
        return self.models[model] * self.strategies[strategy]


def shipped_prices() -> Prices:
    """The table that comes with the package; its assumptions are stated in it."""
    shipped = resources.files("agent_agency.judging.panels").joinpath("prices.toml")
    return _prices(tomllib.loads(shipped.read_text(encoding="utf-8")))


def load_prices(path: Path) -> Prices:
    """Read a table of your own: TOML with the tables ``models`` and ``strategies``, each of numbers above zero.

    Raises:
        FileUnreadableError: the file cannot be read.
        JudgeError: it is no such table.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_TABLE + 1)
    except OSError as error:
        raise FileUnreadableError(
            f"The prices could not be read: {error.strerror or error}", fix="Check the path.", path=str(path)
        ) from error
    try:
        if len(content) > LARGEST_TABLE:
            raise ValueError(f"it is larger than {LARGEST_TABLE:,} bytes")  # noqa: TRY301 - one way out for all
        return _prices(tomllib.loads(content.decode("utf-8")))
    except ValueError as error:
        raise JudgeError(
            f"This is no table of prices: {error}",
            fix="Give TOML with the tables models and strategies, each of numbers above zero.",
            path=str(path),
            code="judge.bad_prices",
        ) from error


def _prices(document: dict[str, Any]) -> Prices:
    unknown = sorted(set(document) - _TABLES)
    if unknown:
        raise ValueError(f"the table {unknown[0]!r} is unknown")
    return Prices(_numbers(document.get("models"), "models"), _numbers(document.get("strategies"), "strategies"))


def _numbers(table: Any, name: str) -> dict[str, float]:
    if not isinstance(table, dict) or not table:
        raise ValueError(f"the table {name} is missing")
    for key, value in table.items():
        known = isinstance(value, int | float) and not isinstance(value, bool)
        if not known or not math.isfinite(value) or value <= 0:
            raise ValueError(f"{name}.{key} is no number above zero")
    return {key: float(value) for key, value in table.items()}
