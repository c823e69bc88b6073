"""A valid vNext spec as data, for tests that change one thing about it."""

from __future__ import annotations

import copy
import json
from typing import Any

_VALID: dict[str, Any] = {
    "id": "PAY-42",
    "title": "Retry failed card charges",
    "risk_tier": 2,
    "mode": "feature",
    "lifecycle_state": "active",
    "blast_radius": {"modules": ["billing"]},
    "scope": {"in": ["src/billing"], "out": ["src/auth"]},
    "invariants": ["A charge is attempted at most three times"],
    "acceptance": [{"id": "A1", "given": "a declined card", "when": "the job runs", "then": "it is tried again"}],
    "non_functional": {},
    "contracts": [{"name": "charge-api", "type": "api"}],
}

REMOVED = object()


def vnext_spec(**changes: Any) -> dict[str, Any]:
    """A valid spec, with fields replaced; ``REMOVED`` leaves one out, ``__`` in a name leads into an object."""
    spec = copy.deepcopy(_VALID)
    for name, value in changes.items():
        *parents, last = name.split("__") if not name.startswith("__") else (name,)
        target = spec
        for parent in parents:
            target = target[parent]
        if value is REMOVED:
            target.pop(last, None)
        else:
            target[last] = value
    return spec


def tier1_spec(**changes: Any) -> dict[str, Any]:
    """Likewise a valid spec of the strictest tier."""
    strict = {
        "risk_tier": 1,
        "operational_rollback_slo": "15m",
        "observability": ["counter billing_retry_total"],
        "rollback": ["turn off the retry flag"],
        "non_functional": {"security": ["card numbers never reach the log"]},
    }
    return vnext_spec(**{**strict, **changes})


def as_bytes(spec: dict[str, Any]) -> bytes:
    """The spec as a file (JSON, which is YAML)."""
    return json.dumps(spec, ensure_ascii=False, indent=1).encode()
