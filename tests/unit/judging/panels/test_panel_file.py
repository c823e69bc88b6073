"""A panel's file is the panel: the same bytes each time, and nothing else is taken for one."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.errors import FileUnreadableError, JudgeError
from agent_agency.judging.panels.cascade import fit_cascade, ladder
from agent_agency.judging.panels.collect import Collected
from agent_agency.judging.panels.methods import METHODS, fit_panel
from agent_agency.judging.panels.panel_file import PanelFile, load_panel, read_document, training_of
from agent_agency.judging.panels.prices import Prices
from support.votes import simulated

VOTES, LABELS = simulated({"one": {"A/x": 0.9, "B/x": 0.6, "B/y": 0.7}, "two": {"A/x": 0.8, "B/x": 0.3, "B/y": 0.4}})


PRICES = Prices({"A": 9.0, "B": 1.0}, {"x": 1.0, "y": 2.0})
KINDS = (*METHODS, "cascade")


def fitted(method: str) -> PanelFile:
    read = Collected(VOTES, LABELS, {}, 720, 0, 0)
    if method == "cascade":
        cascade = fit_cascade(VOTES, LABELS, ladder(VOTES, PRICES), 0.8)
        return PanelFile(cascade, 0.6, training_of(read, ("C",)))
    return PanelFile(fit_panel(VOTES, LABELS, method), 0.6, training_of(read, ("C",)))


@pytest.mark.parametrize("method", KINDS)
def test_a_file_is_read_back_as_it_was_and_made_again_byte_for_byte(tmp_path: Path, method: str) -> None:
    path = tmp_path / "panel.json"
    path.write_bytes(fitted(method).content())
    assert load_panel(path) == fitted(method)
    assert load_panel(path).content() == path.read_bytes()
    assert np.array_equal(load_panel(path).panel.probabilities(VOTES), fitted(method).panel.probabilities(VOTES))


def test_other_votes_or_labels_give_another_digest() -> None:
    turned = LABELS.copy()
    turned[0] = -turned[0]
    digests = {
        training_of(Collected(votes, labels, {}, 1, 0, 0), ()).digest
        for votes, labels in ((VOTES, LABELS), (VOTES, turned), (VOTES.swapped(), LABELS))
    }
    assert len(digests) == 3


def test_the_training_is_described() -> None:
    training = fitted("majority").training
    assert (dict(training.items), training.labelled, training.without) == ({"one": 60, "two": 60}, 120, ("C",))


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inner for place in _places(one, (*path, key)))]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(KINDS), st.data())
def test_a_file_that_was_changed_is_another_panel_or_none(method: str, data: st.DataObject) -> None:
    document = json.loads(fitted(method).content())
    place = data.draw(st.sampled_from([one for one in _places(document) if one]))
    changed = copy.deepcopy(document)
    holder = changed
    for key in place[:-1]:
        holder = holder[key]
    if data.draw(st.booleans()) and isinstance(holder, dict):
        del holder[place[-1]]
    else:
        holder[place[-1]] = data.draw(st.sampled_from([None, True, -1, "", [], {}, "x", 1e999, float("nan")]))
    try:
        read = read_document(changed)
    except ValueError:
        return
    told = read.panel.probabilities(VOTES)
    assert ((told >= 0) & (told <= 1)).all()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"{", b'{"kind":"agency.panel","schema_version":2}', b"\xff"])
def test_what_is_no_panel_is_refused_with_its_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "panel.json"
    path.write_bytes(content)
    with pytest.raises(JudgeError, match="no panel") as refused:
        load_panel(path)
    assert refused.value.path == str(path)


def test_a_panel_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadableError):
        load_panel(tmp_path / "absent.json")
