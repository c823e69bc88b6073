"""Explain a recorded ruling: gather what the ledger and the evidence hold of it, and decide its verdict again.

Nothing but the agency folder of a repository is read: neither the change nor the tools nor the network are needed. What
is missing, changed or pruned is told, and a verdict that cannot be executed again is never called confirmed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from agent_agency.arbitration.case_file import Case, decision_bytes, from_json
from agent_agency.arbitration.constitution.model import Constitution
from agent_agency.arbitration.ruling import Decision
from agent_agency.canonical_json import digest_bytes, parse_json
from agent_agency.errors import UsageError
from agent_agency.evidence import EvidenceState, EvidenceStore
from agent_agency.facts import display_path
from agent_agency.ledger.entry import Entry
from agent_agency.workflows.check_evidence import EntryEvidence, EvidenceIndex, NamedEvidence, state_of
from agent_agency.workflows.record import RULING

LATEST = "latest"

_SEQ = re.compile(r"[0-9]{1,15}")
_HASH = re.compile(r"(?:sha256:)?([0-9a-f]{8,64})")
_MOST_CANDIDATES = 5


class Reexecution(StrEnum):
    """How deciding again came out."""

    SAME = "same"
    DIFFERS = "differs"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class EvidenceFound:
    """A file that the ruling rests on, and its state: ``ok``, ``changed``, ``missing`` or ``pruned``."""

    evidence: NamedEvidence
    state: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A recorded ruling and what of it still holds.

    ``document`` is the stored ruling document, ``None`` where it is not there whole. ``digest`` is that of the decision
    that was made again, ``differences`` say in words where it is not what was recorded, or why none could be made.
    ``unsigned`` is why the arbiter's signature does not count; ``None`` where it does, or where nobody asked.
    """

    entry: Entry
    document: Mapping[str, Any] | None
    evidence: tuple[EvidenceFound, ...]
    outcome: Reexecution
    digest: str | None
    differences: tuple[str, ...]
    unsigned: str | None = None

    @property
    def holds(self) -> bool:
        """Whether it is the arbiter's, was executed again to the same bytes, and all evidence is there and whole."""
        whole = all(found.state == EvidenceState.OK for found in self.evidence)
        return self.unsigned is None and self.outcome is Reexecution.SAME and whole


def find_ruling(entries: Iterable[Entry], reference: str) -> Entry:
    """The ruling that a person means: by its id, a unique beginning of it, the entry's number or hash, or ``latest``.

    A review that was repeated on the same inputs has the same ruling id; its newest entry is answered.

    Raises:
        UsageError: there is no such ruling, several begin so, or the entry records something else.
    """
    exact: Entry | None = None
    begun: dict[str, Entry] = {}
    for entry in entries:
        if _is_exactly(entry, reference):
            exact = entry
        elif entry.kind == RULING and _begins(entry, reference):
            begun[_ruling_id(entry)] = entry
    if exact is not None and exact.kind != RULING:
        raise UsageError(
            f"Entry {exact.seq} records no ruling but '{exact.kind}'",
            fix=f"Run agency ledger show {exact.seq} to see it, or agency ledger list for the rulings.",
        )
    return exact or _only(begun, reference)


def _is_exactly(entry: Entry, reference: str) -> bool:
    if _SEQ.fullmatch(reference) and entry.seq == int(reference):
        return True
    return entry.kind == RULING and reference in {LATEST, _ruling_id(entry), entry.hash}


def _begins(entry: Entry, reference: str) -> bool:
    ruling, digits = _ruling_id(entry), _HASH.fullmatch(reference)
    if digits is not None and entry.hash.startswith(f"sha256:{digits[1]}"):
        return True
    return bool(reference) and any(name.startswith(reference) for name in (ruling, ruling.removeprefix("R-")))


def _ruling_id(entry: Entry) -> str:
    return str(entry.body.get("ruling_id"))


def _only(begun: Mapping[str, Entry], reference: str) -> Entry:
    if len(begun) == 1:
        return next(iter(begun.values()))
    shown = display_path(reference)
    if begun:
        first = ", ".join(display_path(ruling) for ruling in sorted(begun)[:_MOST_CANDIDATES])
        more = " and more" if len(begun) > _MOST_CANDIDATES else ""
        raise UsageError(f"Several rulings begin with {shown}: {first}{more}", fix="Give more of the ruling's id.")
    raise UsageError(f"The ledger has no ruling {shown}", fix="Run agency ledger list for those it has.")


def explain(entry: Entry, index: EvidenceIndex, store: EvidenceStore, *, own: bool) -> Explanation:
    """Gather what is known of a ruling, and decide its verdict again from the stored case.

    Args:
        entry: the ruling's entry in a chain that verifies.
        index: what the repository's own chain says of evidence.
        store: where the evidence is.
        own: whether the entry is of the repository's own chain.
    """
    named = EntryEvidence.of(entry).named
    states = {one.digest: _state(one.digest, index, store, entry, own=own) for one in named}
    found = tuple(EvidenceFound(one, states[one.digest]) for one in named)
    document = _document(entry, store, states)
    outcome, digest, differences = _decide_again(entry, document, store, states)
    return Explanation(entry, document, found, outcome, digest, differences)


def _state(digest: str, index: EvidenceIndex, store: EvidenceStore, entry: Entry, *, own: bool) -> str:
    state = state_of(store, digest)
    pruned_at = index.prunings.get(digest, 0)
    if state is EvidenceState.MISSING and pruned_at > (entry.seq if own else 0):
        return "pruned"
    return str(state)


def _document(entry: Entry, store: EvidenceStore, states: Mapping[str, str]) -> Mapping[str, Any] | None:
    digest = entry.body.get("document")
    if not isinstance(digest, str) or states.get(digest) != EvidenceState.OK:
        return None
    try:
        document = parse_json(store.get(digest))
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _decide_again(
    entry: Entry, document: Mapping[str, Any] | None, store: EvidenceStore, states: Mapping[str, str]
) -> tuple[Reexecution, str | None, tuple[str, ...]]:
    digest, recorded = entry.body.get("case_file"), entry.body.get("decision")
    if not isinstance(digest, str) or not isinstance(recorded, str):
        return Reexecution.IMPOSSIBLE, None, ("the entry names no case file: an older version recorded it",)
    if states[digest] != EvidenceState.OK:
        return Reexecution.IMPOSSIBLE, None, (f"the case file is {states[digest]}: {digest}",)
    try:
        case = from_json(store.get(digest), partial(_constitution, entry, store, states))
    except ValueError as error:
        return Reexecution.IMPOSSIBLE, None, (f"the case file cannot be read: {error}",)
    decision = case.decide()
    made = digest_bytes(decision_bytes(decision))
    told = _differences(entry.body, document, decision, same=made == recorded)
    differences = (*told, *_other_gates(entry.body, case))
    return Reexecution.DIFFERS if differences else Reexecution.SAME, made, differences


def _constitution(entry: Entry, store: EvidenceStore, states: Mapping[str, str], _: str) -> Constitution:
    """The rules that the ruling was decided by, as they are stored beside it."""
    from agent_agency.arbitration.constitution.serialise import constitution_from

    digest = entry.body.get("constitution")
    if not isinstance(digest, str):
        raise ValueError("the entry names no constitution")  # noqa: TRY004 - one way to tell that it cannot be read
    if states.get(digest) != EvidenceState.OK:
        raise ValueError(f"the constitution is {states.get(digest, 'missing')}: {digest}")
    return constitution_from(store.get(digest))


def _differences(
    body: Mapping[str, Any], document: Mapping[str, Any] | None, decision: Decision, *, same: bool
) -> list[str]:
    """Where a decision is not what the entry and the stored document say; in bytes, then in words."""
    told = [] if same else [f"the decision's digest is not {body.get('decision')}"]
    now = {
        "verdict": str(decision.verdict),
        "caws_verdict": str(decision.caws_verdict),
        "exit_code": decision.exit_code,
    }
    for where, said in (("ledger", body), ("ruling document", document or {})):
        for key, value in now.items():
            if key in said and said[key] != value:
                told.append(f"the {where} says {key} {said[key]}, and the case gives {value}")
    reasons = (document or body).get("reasons")
    if not same and isinstance(reasons, list):
        before, after = dict.fromkeys(map(str, reasons)), dict.fromkeys(decision.reasons)
        told += [f"no longer a reason: {reason}" for reason in before if reason not in after]
        told += [f"a new reason: {reason}" for reason in after if reason not in before]
    return told


def _other_gates(body: Mapping[str, Any], case: Case) -> Iterator[str]:
    """Gates that came out otherwise in the case than the ledger says."""
    said = body.get("gates")
    if not isinstance(said, Mapping):
        return
    decided = {gate.name: str(gate.status) if gate.applicable else "left_out" for gate in case.gates}
    for name in sorted({name for name in {*said, *decided} if name.isprintable()}):
        if said.get(name) != decided.get(name):
            yield f"the ledger says {name} {said.get(name)}, and the case holds {decided.get(name)}"
