"""Complete, valid specs of each profile, for tests to take apart."""

from __future__ import annotations

import re

VNEXT = """\
id: PAY-42
title: Retry failed card charges with backoff
risk_tier: 2
mode: feature
lifecycle_state: active
operational_rollback_slo: 15m
blast_radius: {modules: [billing], data_migration: false}
scope: {in: [src/billing], out: [src/auth]}
invariants: [A charge is attempted at most three times]
acceptance: [{id: A1, given: a declined card, when: the retry job runs, then: one further attempt is recorded}]
non_functional: {security: [card numbers never reach the log]}
contracts: [{name: charge-api, type: api, path: contracts/charge.yaml}]
observability: [counter billing_retry_total]
rollback: [turn off the retry flag]
"""

SEED = """\
id: FEAT-0042
title: Retry failed card charges with backoff
risk_tier: 2
mode: feature
blast_radius:
  modules: [billing]
  data_migration: false
operational_rollback_slo: 15m
scope:
  in: [src/billing/]
  out: [node_modules/]
invariants: [A charge is attempted at most three times]
acceptance: [{id: A1, given: a declined card, when: the retry job runs, then: one further attempt is recorded}]
non_functional: {a11y: [keyboard], perf: {api_p95_ms: 250}, security: [card numbers never reach the log]}
contracts: [{type: openapi, path: contracts/charge.yaml}]
observability: {logs: [billing.retry], metrics: [billing_retry_total], traces: []}
migrations: []
rollback: [turn off the retry flag]
"""

V10 = SEED + "type: feature\nstatus: active\ncreated_at: '2026-04-01T00:00:00Z'\n"


_FIELD = re.compile(r"^([a-z_0-9]+):", re.MULTILINE)
_PART = re.compile(r"^[a-z_0-9]+:.*\n(?:^ .*\n)*", re.MULTILINE)


def changed(base: str, fragment: str = "", *, without: tuple[str, ...] = ()) -> bytes:
    """The base with the top-level fields of a fragment put in or replaced, and some left out."""
    replaced = {*_FIELD.findall(fragment), *without}
    kept = [part for part in _PART.findall(base) if _FIELD.findall(part)[0] not in replaced]
    return ("".join(kept) + fragment.strip("\n") + "\n").encode()
