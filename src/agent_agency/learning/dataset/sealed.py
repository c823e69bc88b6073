"""The sealed test: its labels lie apart, there is one way to them, and every use of it is counted before it is read."""

from __future__ import annotations

from typing import Protocol

from agent_agency.learning.dataset.example import Example
from agent_agency.learning.dataset.shipped import examples_of, shipped_manifest

SEALED = "sealed.jsonl.gz"


class UseCounter(Protocol):
    """Keeps count of the uses of sealed labels where they outlast this process."""

    def count_use(self, *, dataset: str, judge: str, who: str, why: str) -> int:
        """Write one use down; how many there are now of these labels for this judge.

        Args:
            dataset: the digest of the sealed labels.
            judge: for which judge they are opened.
            who: who or what opens them.
            why: what for, in a few words.
        """
        ...


def sealed_digest() -> str:
    """The digest by which uses of the shipped sealed test are counted."""
    return shipped_manifest().files[SEALED]


def open_sealed(judge: str, counter: UseCounter, *, who: str, why: str) -> tuple[Example, ...]:
    """The sealed test of one judge, labels and all, sorted by id; the use is counted first.

    Raises:
        DatasetError: there is no such judge, or the shipped files are damaged.
    """
    counter.count_use(dataset=sealed_digest(), judge=judge, who=who, why=why)
    return examples_of(judge, "test")
