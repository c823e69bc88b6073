"""Checks of ``agency doctor``: what the record is kept in, whether it is anchored, who may sign and with which keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agent_agency.errors import AgencyError
from agent_agency.facts import display_path
from agent_agency.workflows.doctor import Check, Standing

if TYPE_CHECKING:
    from agent_agency.git import Repository
    from agent_agency.ledger.journal import Ledger
    from agent_agency.workflows.identity import Identities
    from agent_agency.workflows.identity import Standing as KeyStanding
    from agent_agency.workflows.key_folder import KeyFolder

NO_LEDGER = "none yet: the first review starts it"


def record_checks(repo: Repository, environment: Mapping[str, str]) -> list[Check]:
    """Look at the store, the ledger in it and the anchors in git, then at the keys. Raises nothing; writes nothing."""
    return [*_kept(repo), *_signing(repo, environment)]


def _kept(repo: Repository) -> list[Check]:
    from agent_agency.workflows.record import ledger_of

    try:
        ledger = ledger_of(repo)
        there = ledger.database.exists()
    except AgencyError as error:
        return [Check("store", Standing.PROBLEM, error.message, error.fix)]
    kind = "Postgres" if ledger.database.address.path is None else "SQLite"
    made = "" if there else ", made by the first review"
    store = Check("store", Standing.FINE, f"{kind}: {display_path(ledger.path)}{made}")
    return [store, _check_ledger(ledger), _check_anchor(repo, ledger)]


def _check_ledger(ledger: Ledger) -> Check:
    from agent_agency.ledger.verify import verify_ledger

    try:
        reports = verify_ledger(ledger)
    except AgencyError as error:
        return Check("ledger", Standing.PROBLEM, error.message, error.fix)
    for report in reports:
        if report.problems:
            remedy = "Run agency ledger verify for every problem."
            return Check("ledger", Standing.PROBLEM, f"does not verify: {report.problems[0].message}", remedy)
    if not reports:
        return Check("ledger", Standing.FINE, NO_LEDGER)
    return Check("ledger", Standing.FINE, f"{sum(report.count for report in reports)} entries verify")


def _check_anchor(repo: Repository, ledger: Ledger) -> Check:
    from agent_agency.workflows.anchor import anchor_claims, refuse_unless_anchors_agree

    try:
        found = refuse_unless_anchors_agree(repo, ledger)
        newest = max((anchor_claims(anchor).seq for anchor in found), default=0)
    except AgencyError as error:
        return Check("anchor", Standing.PROBLEM, error.message, error.fix)
    if not newest:
        return Check("anchor", Standing.NOTED, "none: each review anchors the record in git")
    push = "agency ledger anchor --push REMOTE puts it where nobody here can rewrite it"
    return Check("anchor", Standing.FINE, f"entry {newest} is anchored in git; {push}")


def _signing(repo: Repository, environment: Mapping[str, str]) -> list[Check]:
    from agent_agency.workflows.identity import identities
    from agent_agency.workflows.key_folder import KeyFolder

    try:
        keys = KeyFolder.of(environment)
        found = identities(keys, repo, None)
    except AgencyError as error:
        return [Check("principals", Standing.PROBLEM, error.message, error.fix)]
    return [_check_principals(found), _check_own_keys(found), _check_arbiter_key(found, keys, environment)]


def _check_principals(found: Identities) -> Check:
    listed = found.principals.listed
    if not listed:
        text = f"{found.base} lists nobody: a waiver is a file that somebody merged, and no appeal can be heard"
        return Check("principals", Standing.NOTED, text, "List people and their keys with agency identity trust.")
    roles = ("requester", "approver", "reviewer", "agent", "arbiter")
    counts = [(len(found.principals.with_role(role)), role) for role in roles]
    told = ", ".join(f"{count} {role}{'' if count == 1 else 's'}" for count, role in counts if count)
    return Check("principals", Standing.FINE, f"{found.base} lists {len(listed)}: {told}")


def _check_own_keys(found: Identities) -> Check:
    from agent_agency.workflows.key_folder import ARBITER

    if found.unusable:
        error = found.unusable[0]
        return Check("own keys", Standing.PROBLEM, error.message, error.fix)
    own = [one for one in found.own if one.key.name != ARBITER]
    if not own:
        return Check("own keys", Standing.NOTED, "none: agency identity new makes one, to ask or to decide with")
    return Check("own keys", Standing.FINE, "; ".join(_standing(one) for one in own))


def _standing(one: KeyStanding) -> str:
    if one.principal is None:
        return f"{one.key.name} counts for nothing here"
    return f"{one.key.name} counts as {one.principal.name} ({', '.join(sorted(one.principal.roles))})"


def _check_arbiter_key(found: Identities, keys: KeyFolder, environment: Mapping[str, str]) -> Check:
    from agent_agency.attestation.arbiter_act import ARBITER_ROLE
    from agent_agency.workflows.key_folder import ARBITER, ARBITER_KEY
    from agent_agency.workflows.signing import arbiter_signer

    try:
        if not environment.get(ARBITER_KEY) and ARBITER not in keys.names():
            return Check(
                "arbiter key", Standing.NOTED, "none yet: the first review makes it, and signs rulings with it"
            )
        key_id = arbiter_signer(keys, environment).signer.key_id
    except AgencyError as error:
        return Check("arbiter key", Standing.PROBLEM, error.message, error.fix)
    principal = found.principals.by_key(key_id)
    if principal is not None and ARBITER_ROLE in principal.roles:
        return Check("arbiter key", Standing.FINE, f"{key_id}, listed at {found.base} as {principal.name}")
    if found.principals.with_role(ARBITER_ROLE):
        text = f"{key_id} is no arbiter's that {found.base} lists: what it signs here does not count"
        return Check("arbiter key", Standing.LIMITED, text, f"List it, or name a listed key with {ARBITER_KEY}.")
    return Check("arbiter key", Standing.FINE, f"{key_id}; {found.base} lists no arbiter")
