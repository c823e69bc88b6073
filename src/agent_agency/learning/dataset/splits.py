"""Which program belongs to which split, and how many examples are made of it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")


@dataclass(frozen=True, slots=True)
class Share:
    """The programs of one split, and the number of examples per judge and program."""

    split: Split
    per_judge: int
    programs: tuple[str, ...]


def shipped_shares() -> tuple[Share, ...]:
    """The shares of the shipped training set, in the order train, dev, test."""
    document = tomllib.loads((files(__package__) / "splits.toml").read_text("utf-8"))
    return tuple(Share(split, document[split]["per_judge"], tuple(document[split]["programs"])) for split in SPLITS)


def programs_with_share() -> Iterator[tuple[str, Share]]:
    """Every program with its share, in the order of the splits."""
    for share in shipped_shares():
        for program in share.programs:
            yield program, share
