"""What is signed: in-toto statements (v1) whose predicate holds one act.

The payload of an envelope is the canonical JSON of the statement, so that one act has one byte sequence. The kind of
the act is part of the predicate's type, so that a signature under one kind of act never counts for another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent_agency.canonical_json import canonical_json, parse_canonical

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
MAX_BYTES = 16 * 1024 * 1024

_KIND = re.compile(r"[a-z][a-z0-9_]{0,63}")
_PREDICATE_TYPE = re.compile(r"urn:agent-agency:([a-z][a-z0-9_]{0,63}):v1")
_ALGORITHM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{0,31}")
_HEX = re.compile(r"(?:[0-9a-f]{2}){16,64}")

Subject = tuple[str, Mapping[str, str]]
"""A name and its digests by algorithm (``sha256``, ``gitCommit``, ``gitTree``), in lower-case hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One act: its kind, what it is about by digest, and what it says."""

    kind: str
    subjects: tuple[Subject, ...]
    predicate: Mapping[str, Any]


def make_statement(kind: str, subjects: Sequence[Subject], predicate: Mapping[str, Any]) -> bytes:
    """Write the statement of an act as the bytes that are signed.

    Raises:
        ValueError: the kind is no name, a subject has no digest in hexadecimal digits, two have one name, or the
            predicate is no plain JSON object.
    """
    if not _KIND.fullmatch(kind):
        raise ValueError(f"{kind!r} is no kind of act: write small letters, digits and '_'")
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": dict(digests)} for name, digests in subjects],
        "predicateType": f"urn:agent-agency:{kind}:v1",
        "predicate": dict(predicate),
    }
    data = canonical_json(document)
    if len(data) > MAX_BYTES:
        raise ValueError(f"the statement has {len(data):,} bytes; {MAX_BYTES:,} are the most")
    _checked(document)
    return data


def read_statement(payload: bytes) -> Statement:
    """Read a statement that `make_statement` could have written, and nothing else.

    Raises:
        ValueError: it is no canonical JSON, or no such statement; the message is a clause that says why.
    """
    if len(payload) > MAX_BYTES:
        raise ValueError(f"the statement has more than {MAX_BYTES:,} bytes")
    return _checked(parse_canonical(payload))


def _checked(document: Any) -> Statement:
    if not isinstance(document, dict) or set(document) != {"_type", "subject", "predicateType", "predicate"}:
        raise ValueError("the payload is no in-toto statement with the four known members")
    if document["_type"] != STATEMENT_TYPE:
        raise ValueError("the payload is no in-toto statement of version 1")
    named = document["predicateType"]
    kind = _PREDICATE_TYPE.fullmatch(named) if isinstance(named, str) else None
    if kind is None:
        raise ValueError("the predicate is of no type that is known here")
    predicate = document["predicate"]
    if not isinstance(predicate, dict):
        raise ValueError("the predicate is no object")  # noqa: TRY004 - one error for every payload that is none
    return Statement(kind[1], _subjects(document["subject"]), predicate)


def _subjects(listed: Any) -> tuple[Subject, ...]:
    if not isinstance(listed, list) or not listed:
        raise ValueError("the statement is about nothing: it has no subject")
    subjects = tuple(_subject(item) for item in listed)
    if len({name for name, _ in subjects}) != len(subjects):
        raise ValueError("two subjects of the statement have one name")
    return subjects


def _subject(item: Any) -> Subject:
    if not isinstance(item, dict) or set(item) != {"name", "digest"} or not isinstance(item["name"], str):
        raise ValueError("a subject of the statement has not exactly a name and a digest")
    name, digests = item["name"], item["digest"]
    if not name or not isinstance(digests, dict) or not digests:
        raise ValueError("a subject of the statement has no name or no digest")
    for algorithm, value in digests.items():
        if not _ALGORITHM.fullmatch(algorithm) or not isinstance(value, str) or not _HEX.fullmatch(value):
            raise ValueError(
                f"the {algorithm!r} digest of the subject {name!r} is not in lower-case hexadecimal digits"
            )
    return name, digests
