"""From what a person asks for to claims: the ruling that is meant, the findings and facts, the evidence stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_agency.arbitration.appeals.model import Claim, Form, Ground
from agent_agency.errors import AppealError, EvidenceError, FileUnreadableError, UsageError
from agent_agency.evidence import EvidenceState
from agent_agency.facts import display_path
from agent_agency.ledger.entry import Entry
from agent_agency.workflows.appeals import AskedAppeal, Registry
from agent_agency.workflows.explain_ruling import find_ruling
from agent_agency.workflows.record import RULING

MOST_BYTES = 16 * 1024 * 1024
_LEAST_DIGITS = 8


@dataclass(frozen=True, slots=True)
class ClaimOptions:
    """What was asked for on the command line; ``evidence`` are files or digests of stored evidence."""

    ground: Ground
    reason: str
    findings: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    later: str | None = None
    gates: tuple[str, ...] = ()
    rule: str | None = None
    error: str | None = None
    waiver: str | None = None
    evidence: tuple[str, ...] = ()


def asked_appeal(registry: Registry, reference: str, options: ClaimOptions) -> AskedAppeal:
    """Store the evidence and put the claims together. Hold the evidence store in use until the appeal is filed.

    Raises:
        UsageError: there is no such ruling, or the options do not fit together.
        AppealError: nothing that is asked for makes a claim.
        FileUnreadableError: a file of evidence cannot be read.
        EvidenceError: it cannot be stored, or a digest names nothing that is stored.
    """
    entry = _ruling(registry, reference)
    later = _ruling(registry, options.later) if options.later else None
    _refuse_mixed(options)
    evidence = dict(_stored(registry, name) for name in options.evidence)
    claims = tuple(_claims(registry, entry, later, options, tuple(sorted(evidence))))
    if not claims:
        raise AppealError("The appeal claims nothing", fix=_FIXES[options.ground], code="appeal.no_claim")
    return AskedAppeal(entry, options.ground, options.reason, claims, evidence)


_FIXES: Mapping[Ground, str] = {
    Ground.NEW_EVIDENCE: "Give --finding or --fact with --evidence, or --later with --gate.",
    Ground.LEGAL_ERROR: "Give --rule and --error, with --waiver, --fact or --later where the error needs it.",
}


def _ruling(registry: Registry, reference: str) -> Entry:
    return find_ruling(registry.record.ledger.of_kinds({RULING}), reference)


def _refuse_mixed(options: ClaimOptions) -> None:
    legal = bool(options.rule or options.error or options.waiver)
    if options.ground is Ground.NEW_EVIDENCE and legal:
        raise UsageError("--rule, --error and --waiver belong to a legal error", fix="Give --ground legal_error.")
    if options.ground is Ground.LEGAL_ERROR and not (options.rule and options.error):
        raise UsageError("A legal error is named by --rule and --error", fix=_FIXES[Ground.LEGAL_ERROR])
    if options.ground is Ground.LEGAL_ERROR and (options.findings or options.gates):
        raise UsageError("--finding and --gate belong to new evidence", fix="Give --ground new_evidence.")
    if bool(options.gates) != bool(options.later) and options.ground is Ground.NEW_EVIDENCE:
        raise UsageError("--later and --gate go together", fix="Name the later ruling and the gates it measured.")


def _claims(
    registry: Registry, entry: Entry, later: Entry | None, options: ClaimOptions, evidence: tuple[str, ...]
) -> Iterator[Claim]:
    if options.ground is Ground.LEGAL_ERROR:
        yield from _legal(options, later, evidence)
        return
    for finding in options.findings:
        yield Claim(Form.FALSE_POSITIVE, _fingerprint(registry, entry, finding), evidence=evidence)
    for fact in options.facts:
        path, value = _fact(fact)
        yield Claim(Form.FACT, path, value, evidence=evidence)
    if later is not None:
        gates = tuple(dict.fromkeys(options.gates))
        yield Claim(Form.MEASUREMENT, str(later.body.get("ruling_id")), gates, evidence=evidence)


def _legal(options: ClaimOptions, later: Entry | None, evidence: tuple[str, ...]) -> Iterator[Claim]:
    form, rule = Form(options.error or ""), options.rule or ""
    if form is Form.RULE_NOT_IN_FORCE:
        yield Claim(form, rule, rule=rule, evidence=evidence)
    elif form in {Form.WAIVER_WRONGLY_APPLIED, Form.WAIVER_NOT_APPLIED}:
        yield Claim(form, _needed(options.waiver, "--waiver", form), rule=rule, evidence=evidence)
    elif form is Form.WRONG_LAW:
        if later is None:
            raise UsageError(f"--error {form} needs --later", fix="Name the ruling under the right law.")
        yield Claim(form, str(later.body.get("ruling_id")), rule=rule, evidence=evidence)
    else:
        for fact in options.facts or (_needed(None, "--fact", form),):
            path, value = _fact(fact)
            yield Claim(form, path, value, rule, evidence)


def _needed(value: str | None, option: str, form: Form) -> str:
    if value is None:
        raise UsageError(f"--error {form} needs {option}", fix="Run agency appeal file --help.")
    return value


def _fact(text: str) -> tuple[str, Any]:
    path, sign, value = text.rpartition("=")
    try:
        if sign:
            return path, json.loads(value)
    except (ValueError, RecursionError):
        pass
    raise UsageError(f"{display_path(text)} is no fact", fix="Write it like spec.rollback=true.")


def _fingerprint(registry: Registry, entry: Entry, text: str) -> str:
    """The whole fingerprint that a beginning of it names in the ruling."""
    document = registry.sources.document(entry) or {}
    known = {str(finding.get("fingerprint")) for finding in document.get("findings") or ()}
    found = sorted(one for one in known if one == text or (len(text) >= _LEAST_DIGITS and one.startswith(text)))
    if len(found) == 1:
        return found[0]
    what = "Several findings of the ruling begin with" if found else "The ruling has no finding"
    raise UsageError(f"{what} {display_path(text)}", fix="agency explain --json lists their fingerprints.")


def _stored(registry: Registry, name: str) -> tuple[str, str]:
    """Store a file, or find what is stored under a digest; the digest, and what it is called."""
    store = registry.record.evidence
    if store.is_digest(name):
        if store.state(name) is not EvidenceState.OK:
            raise EvidenceError(f"No whole evidence is stored under {name}", fix="Give the file itself.")
        return name, name
    path = Path(name)
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileUnreadableError(f"The evidence cannot be read: {reason}", fix="Name a file.", path=name) from error
    if not data or len(data) > MOST_BYTES:
        what = "is empty" if not data else f"has more than {MOST_BYTES:,} bytes"
        raise FileUnreadableError(f"The evidence {what}", fix="Give what proves the claim.", path=name)
    return store.put(data), display_path(path.name)
