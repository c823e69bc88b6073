"""The files of a training set: subjects and labels of each split apart, and a manifest with their digests.

Lines are canonical JSON, sorted by id, gzipped without a time stamp. Digests are of the lines, not of the compressed
bytes: another version of zlib may pack the same lines differently.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from agent_agency.canonical_json import digest_bytes, parse_json
from agent_agency.errors import DatasetError
from agent_agency.learning.dataset.example import Example, label_line, subject_line
from agent_agency.learning.dataset.splits import SPLITS, Split

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
_LARGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class ProgramEntry:
    """What the manifest says of one program: its split, and the digests of its subjects and its labels."""

    split: Split
    examples: int
    subjects: str
    labels: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a training set is made of.

    Args:
        seed: of the generator.
        programs: by id.
        files: the digest of the lines of each file.
        counts: how many examples there are, by split, judge and verdict; so nobody need open the sealed labels for it.
        dropped: how many attempts came to nothing, by judge, recipe and reason.
    """

    seed: int
    programs: Mapping[str, ProgramEntry]
    files: Mapping[str, str]
    counts: Mapping[str, Mapping[str, Mapping[str, int]]]
    dropped: Mapping[str, int]


def subjects_name(split: Split) -> str:
    """The file with what judges may see of a split."""
    return f"{split}.jsonl.gz"


def labels_name(split: Split) -> str:
    """The file with the labels of a split; those of the test are sealed."""
    return "sealed.jsonl.gz" if split == "test" else f"{split}_labels.jsonl.gz"


def program_entry(split: Split, examples: Sequence[Example]) -> ProgramEntry:
    """The manifest's entry for the examples of one program."""
    ordered = sorted(examples, key=lambda example: example.id)
    return ProgramEntry(
        split=split,
        examples=len(ordered),
        subjects=digest_bytes(_joined([subject_line(example) for example in ordered])),
        labels=digest_bytes(_joined([label_line(example) for example in ordered])),
    )


def pack(
    seed: int, made: Mapping[str, tuple[Split, Sequence[Example]]], dropped: Mapping[str, int]
) -> Mapping[str, bytes]:
    """The files of a training set, by name, from the examples of each program."""
    contents: dict[str, bytes] = {}
    for split in SPLITS:
        examples = [one for where, of_program in made.values() if where == split for one in of_program]
        examples.sort(key=lambda example: example.id)
        contents[subjects_name(split)] = _joined([subject_line(example) for example in examples])
        contents[labels_name(split)] = _joined([label_line(example) for example in examples])
    entries = {name: program_entry(split, examples) for name, (split, examples) in sorted(made.items())}
    document = {
        "schema_version": SCHEMA_VERSION,
        "seed": seed,
        "files": {name: digest_bytes(lines) for name, lines in sorted(contents.items())},
        "programs": {
            name: {"split": one.split, "examples": one.examples, "subjects": one.subjects, "labels": one.labels}
            for name, one in entries.items()
        },
        "counts": _counts(made),
        "dropped": dict(sorted(dropped.items())),
    }
    packed = {name: gzip.compress(lines, 9, mtime=0) for name, lines in contents.items()}
    return {**packed, MANIFEST: (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()}


def unpack(packed: bytes, name: str, digest: str) -> tuple[bytes, ...]:
    """The lines of a file, checked against the manifest.

    Raises:
        DatasetError: the file is damaged, too large, or not the one that the manifest names.
    """
    try:
        with gzip.GzipFile(fileobj=BytesIO(packed)) as stream:
            lines = stream.read(_LARGEST)
    except (OSError, EOFError) as error:
        raise _damaged(name, str(error)) from error
    if digest_bytes(lines) != digest:
        raise _damaged(name, "its digest differs")
    return tuple(lines.splitlines())


def read_manifest(data: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        DatasetError: it has another form.
    """
    try:
        document: Any = parse_json(data)
        programs = {name: ProgramEntry(**entry) for name, entry in document["programs"].items()}
        manifest = Manifest(int(document["seed"]), programs, document["files"], document["counts"], document["dropped"])
        version = document["schema_version"]
    except (ValueError, TypeError, KeyError) as error:
        raise _damaged(MANIFEST, str(error)) from error
    if version != SCHEMA_VERSION:
        raise _damaged(MANIFEST, "its schema_version is of another version of agency")
    return manifest


def _counts(made: Mapping[str, tuple[Split, Sequence[Example]]]) -> dict[str, dict[str, dict[str, int]]]:
    counts: dict[str, dict[str, dict[str, int]]] = {split: {} for split in SPLITS}
    for split, examples in made.values():
        for one in examples:
            of_judge = counts[split].setdefault(one.judge, {"pass": 0, "partial": 0, "fail": 0})
            of_judge[one.verdict] += 1
    return counts


def _damaged(name: str, why: str) -> DatasetError:
    return DatasetError(
        f"The training set is damaged: {why}", fix="Install agent-agency anew, or run 'agency dataset make'.", path=name
    )


def _joined(lines: Sequence[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)
