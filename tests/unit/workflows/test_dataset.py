from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.clock import SystemClock
from agent_agency.errors import FileUnwritableError
from agent_agency.learning.dataset import open_sealed
from agent_agency.learning.dataset.sealed import sealed_digest
from agent_agency.report.dataset import shown_document, shown_lines, verified_document, verified_lines
from agent_agency.workflows.dataset import Verified, make_dataset, sandboxed, shown
from agent_agency.workflows.evaluation_records import SealedUses
from agent_agency.workflows.learning_store import open_learning_store


def test_every_use_of_the_sealed_test_is_kept_and_shown(tmp_path: Path) -> None:
    database = open_learning_store(tmp_path, {"HOME": str(tmp_path)})
    counter = SealedUses(database, SystemClock())

    for why in ("a card", "a comparison"):
        open_sealed("safety", counter, who="a test", why=why)
    found = shown(database)

    assert [(use.dataset, use.judge, use.purpose) for use in found.uses] == [
        (sealed_digest(), "safety", "a card"),
        (sealed_digest(), "safety", "a comparison"),
    ]
    assert [use["why"] for use in shown_document(found, ["safety"], ["test"])["sealed_uses"]] == [
        "a card",
        "a comparison",
    ]
    assert shown_document(found, ["rubric"], ["test"])["sealed_uses"] == []
    assert "safety 2" in "\n".join(shown_lines(found, ["safety", "rubric"], ["test"]))


def test_labels_that_come_out_otherwise_are_named() -> None:
    found = Verified(("slugs", "paging"), 140, ("paging",))

    assert verified_document(found)["holds"] is False
    assert list(verified_lines(found))[1] == "different from the shipped ones: paging"


def test_a_file_in_the_place_of_the_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")

    with pytest.raises(FileUnwritableError, match="holds something"):
        make_dataset(tmp_path / "file", seed=1, sample=1, runner=sandboxed())

    assert (tmp_path / "file").read_text() == "mine"
