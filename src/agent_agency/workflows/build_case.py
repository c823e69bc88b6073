"""The case of one review: its facts, and the rules that bind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC

from agent_agency.arbitration.case_file import Case
from agent_agency.arbitration.released_gates import released_gates
from agent_agency.arbitration.verdict import LawState
from agent_agency.config import Config
from agent_agency.workflows.binding_rules import BindingRules
from agent_agency.workflows.case_facts import Measurements, stated_facts


def build_case(
    measurements: Measurements, rules: BindingRules, approved_in_record: Callable[[str], bool | None], adopt: str
) -> Case:
    """Put the case together.

    Args:
        measurements: what the review measured.
        rules: the rules that bind it.
        approved_in_record: whether the ruling of that id approves; ``None`` where the record holds none.
        adopt: the commands that put law in force.
    """
    law = LawState(in_force=measurements.law.in_force, only_law_edited=measurements.only_law, adopt=adopt)
    case = Case(
        gates=tuple(measurements.gates),
        waivers=tuple(use.for_verdict() for use in measurements.waivers.in_force),
        law=law,
        constitution=rules.constitution,
        day=measurements.now.astimezone(UTC).date(),
        stated=stated_facts(measurements, rules.constitution, approved_in_record),
        kinds=_kinds(measurements.law.config),
    )
    return replace(case, released=released_gates(case.constitution, case.facts, case.day))


def _kinds(config: Config) -> dict[str, str]:
    return {gate.name: str(gate.kind) for gate in config.gates}
