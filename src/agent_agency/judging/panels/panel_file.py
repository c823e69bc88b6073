"""A panel as a file: canonical JSON, the same bytes for the same data and method, read strictly.

The file carries everything that scoring needs, and what it was made of: the method, the judges and their parameters,
how many items of which subsets were learned from, and the digest of votes and labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_agency._version import __version__
from agent_agency.canonical_json import canonical_json, digest_json, parse_json
from agent_agency.errors import FileUnreadableError, JudgeError
from agent_agency.extras import require
from agent_agency.judging.panels.panel_parameters import read_panel

if TYPE_CHECKING:
    from agent_agency.judging.panels.collect import Collected
    from agent_agency.judging.panels.panel import Panel

KIND = "agency.panel"
SCHEMA_VERSION = 1
LARGEST_FILE = 64 * 2**20
LEAST_SURE, MOST_SURE = 0.5, 1.0


@dataclass(frozen=True, slots=True)
class Training:
    """What a panel was learned from.

    Args:
        items: items by subset.
        labelled: items with a label.
        judgments: rows that counted.
        without: models that were left out.
        digest: of the votes and labels.
        libraries: versions by name.
    """

    items: Mapping[str, int]
    labelled: int
    judgments: int
    without: tuple[str, ...]
    digest: str
    libraries: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PanelFile:
    """A fitted panel, the threshold below which it abstains, and its origin."""

    panel: Panel
    abstain_below: float
    training: Training

    def document(self) -> dict[str, Any]:
        """The file's content."""
        training = {
            "items": dict(self.training.items),
            "labelled": self.training.labelled,
            "judgments": self.training.judgments,
            "without": list(self.training.without),
            "digest": self.training.digest,
            "libraries": dict(self.training.libraries),
        }
        return {
            "kind": KIND,
            "schema_version": SCHEMA_VERSION,
            "method": self.panel.method,
            "judges": list(self.panel.judges),
            "parameters": self.panel.parameters(),
            "abstain_below": self.abstain_below,
            "training": training,
        }

    def content(self) -> bytes:
        """The file's bytes."""
        return canonical_json(self.document()) + b"\n"


def training_of(collected: Collected, without: tuple[str, ...]) -> Training:
    """Describe what a panel is learned from; labels count in the digest, whether or not the method uses them."""
    numpy = require("numpy", extra="stats")
    votes, labels = collected.votes, collected.labels
    names = sorted(set(votes.subsets))
    digest = digest_json(
        {
            "items": list(votes.items),
            "subsets": list(votes.subsets),
            "judges": list(votes.judges),
            "marks": votes.marks.reshape(-1).tolist(),
            "labels": labels.tolist(),
        }
    )
    return Training(
        items={name: votes.subsets.count(name) for name in names},
        labelled=int(numpy.count_nonzero(labels)),
        judgments=collected.rows,
        without=tuple(sorted(without)),
        digest=digest,
        libraries={"agent-agency": __version__, "numpy": str(numpy.__version__)},
    )


def load_panel(path: Path) -> PanelFile:
    """Read a panel's file.

    Raises:
        FileUnreadableError: it cannot be read.
        JudgeError: it is no panel, or one of another version.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        raise FileUnreadableError(
            f"The panel could not be read: {error.strerror or error}", fix="Check the path.", path=str(path)
        ) from error
    try:
        if len(content) > LARGEST_FILE:
            raise ValueError(f"it is larger than {LARGEST_FILE:,} bytes")  # noqa: TRY301 - one way out for all
        return read_document(parse_json(content))
    except ValueError as error:
        raise JudgeError(
            f"This is no panel: {error}",
            fix="Give a file that 'agency panel fit' wrote.",
            path=str(path),
            code="judge.bad_panel",
        ) from error


def read_document(document: Any) -> PanelFile:
    """Make the panel of a file's content.

    Raises:
        ValueError: the content is no panel; the message says what is wrong.
    """
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise ValueError(f'its kind is not "{KIND}"')
    if document.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"its schema_version is not {SCHEMA_VERSION}")
    abstain = document.get("abstain_below")
    if isinstance(abstain, bool) or not isinstance(abstain, int | float) or not LEAST_SURE <= abstain <= MOST_SURE:
        raise ValueError(f"abstain_below is not from {LEAST_SURE} to {MOST_SURE}")
    panel = read_panel(document.get("method"), document.get("judges"), document.get("parameters"))
    return PanelFile(panel, float(abstain), _training(document.get("training")))


def _training(document: Any) -> Training:
    if not isinstance(document, dict):
        raise ValueError("training is no object")  # noqa: TRY004 - callers turn ValueError into one sentence
    items, libraries = document.get("items"), document.get("libraries")
    without, digest = document.get("without"), document.get("digest")
    if not isinstance(items, dict):
        raise ValueError("training.items are not counts by subset")  # noqa: TRY004 - likewise
    if not isinstance(libraries, dict) or not all(isinstance(one, str) for one in libraries.values()):
        raise ValueError("training.libraries are not versions by name")
    if not isinstance(without, list) or not all(isinstance(one, str) for one in without):
        raise ValueError("training.without is no list of models")
    if not isinstance(digest, str):
        raise ValueError("training has no digest")  # noqa: TRY004 - likewise
    counts = {name: _count(count) for name, count in items.items()}
    labelled, judgments = _count(document.get("labelled")), _count(document.get("judgments"))
    return Training(counts, labelled, judgments, tuple(without), digest, libraries)


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("a count in training is no whole number")
    return value
