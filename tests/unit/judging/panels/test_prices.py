"""Prices come from a stated table, and a judge without one is no free judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.errors import FileUnreadableError, JudgeError
from agent_agency.judging.panels.prices import Prices, load_prices, shipped_prices


def test_a_judge_costs_its_model_times_its_strategy() -> None:
    prices = Prices({"M": 3.0}, {"S": 4.0})
    assert prices.cost("M/S") == 12
    for judge in ("N/S", "M/T", "M"):
        with pytest.raises(JudgeError, match="no price"):
            prices.cost(judge)


def test_the_shipped_table_orders_large_models_above_small_ones() -> None:
    assert shipped_prices().cost("GPT-4/CoT") > 10 * shipped_prices().cost("LLaMA2/CoT")


def test_a_table_of_ones_own_is_read(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text("[models]\nM = 2\n[strategies]\nS = 0.5\n", "utf-8")
    assert load_prices(path).cost("M/S") == 1


@pytest.mark.parametrize(
    "text",
    ["", "[models]\nM=1\n", "[models]\nM=0\n[strategies]\nS=1", "[models]\nM=true\n[strategies]\nS=1", "x = [", "[a]\n",
     "[models]\nM=inf\n[strategies]\nS=1"],
)  # fmt: skip
def test_what_is_no_table_of_prices_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(JudgeError, match="no table of prices"):
        load_prices(path)


def test_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadableError):
        load_prices(tmp_path / "absent.toml")
