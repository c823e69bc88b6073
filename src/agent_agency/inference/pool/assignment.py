"""Which requests the new engine answers, and which both do: by a hash, so that the same one goes the same way."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.inference.pool.rollout_states import Stage

if TYPE_CHECKING:
    from agent_agency.inference.pool.rollout_limits import RolloutLimits


@dataclass(frozen=True, slots=True)
class Assigned:
    """Whether the new engine answers, whether the other one answers a copy, and in which stage that was drawn."""

    stage: Stage
    new_answers: bool
    copied: bool


def assigned(stage: Stage, limits: RolloutLimits, rollout: int, key: str) -> Assigned:
    """How one request goes; the two draws of a key are independent, and differ between rollouts.

    Args:
        stage: of the rollout now.
        limits: agreed when it began.
        rollout: its number.
        key: digest of the request.
    """
    copied = _draw("copy", rollout, key) < limits.shadow
    if stage in {"all", "finished"}:
        return Assigned(stage, new_answers=True, copied=copied and stage == "all")
    new = stage == "share" and _draw("share", rollout, key) < limits.share
    return Assigned(stage, new, copied and stage != "returned")


def _draw(what: str, rollout: int, key: str) -> float:
    """A number from 0 to 1 (not included) that follows from its arguments alone."""
    digest = hashlib.sha256(f"{what}:{rollout}:{key}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56
