"""The training set that comes with the product."""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

from agent_agency.errors import DatasetError
from agent_agency.judging.rubric import JUDGES
from agent_agency.judging.subject import Subject
from agent_agency.learning.dataset.archive import (
    MANIFEST,
    Manifest,
    labels_name,
    read_manifest,
    subjects_name,
    unpack,
)
from agent_agency.learning.dataset.example import Example, read_example, read_subject
from agent_agency.learning.dataset.splits import Split

_FIX = "Install agent-agency anew."


def load(judge: str, split: Literal["train", "dev"]) -> tuple[Example, ...]:
    """The labelled examples of one judge, sorted by id; those of the test are to be had from ``open_sealed`` alone.

    Raises:
        DatasetError: there is no such judge or split, or the shipped files are damaged.
    """
    if split not in {"train", "dev"}:
        raise DatasetError(
            f"The split {split!r} cannot be loaded with its labels",
            fix="Load 'train' or 'dev'; the sealed test is opened by a run that counts its use.",
        )
    return examples_of(judge, split)


def load_subjects(judge: str, split: Split) -> tuple[Subject, ...]:
    """What a judge may see of a split, without any label, sorted by id.

    Raises:
        DatasetError: there is no such judge, or the shipped files are damaged.
    """
    _known(judge)
    rows = (_subject(line) for line in _lines(subjects_name(split)))
    return tuple(subject for of_judge, subject in rows if of_judge == judge)


def shipped_manifest() -> Manifest:
    """The manifest of the shipped training set.

    Raises:
        DatasetError: it is missing or has another form.
    """
    return read_manifest(_bytes(MANIFEST))


def examples_of(judge: str, split: Split) -> tuple[Example, ...]:
    """The labelled examples of any split: for ``load`` and ``open_sealed`` only."""
    _known(judge)
    subjects, labels = _lines(subjects_name(split)), _lines(labels_name(split))
    marker = f'"judge":"{judge}"'.encode()
    try:
        return tuple(
            read_example(subject, label) for subject, label in zip(subjects, labels, strict=True) if marker in subject
        )
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"The training set is damaged: {error}", fix=_FIX, path=subjects_name(split)) from error


def _subject(line: bytes) -> tuple[str, Subject]:
    try:
        return read_subject(line)
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"The training set is damaged: {error}", fix=_FIX) from error


def _known(judge: str) -> None:
    if judge not in JUDGES:
        raise DatasetError(f"There are no examples for a judge {judge!r}", fix=f"Name one of {', '.join(JUDGES)}.")


def _lines(name: str) -> tuple[bytes, ...]:
    return unpack(_bytes(name), name, shipped_manifest().files[name])


def _bytes(name: str) -> bytes:
    try:
        return (files(__package__) / "data" / name).read_bytes()
    except OSError as error:
        raise DatasetError("A file of the training set is missing", fix=_FIX, path=name) from error
