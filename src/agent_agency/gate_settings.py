"""A project's own gate as ``agency.toml`` defines it: a tool to run, the report it writes, what that must say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

TIERS = (1, 2, 3)
DEFAULT_TIMEOUT_S = 600
SETUP_VARIABLE = "AGENCY_SETUP"
"""The variable that names the folder which the set-up step fills and every gate may read."""


class GateKind(StrEnum):
    """What a gate measures; it decides how a report is judged."""

    TESTS = "tests"
    COVERAGE = "coverage"
    MUTATION = "mutation"
    LINT = "lint"
    TYPES = "types"
    SECURITY = "security"
    CONTRACTS = "contracts"
    PERFORMANCE = "performance"
    ACCESSIBILITY = "accessibility"
    CUSTOM = "custom"


def _standard(first: float, second: float, third: float) -> Mapping[int, float]:
    return MappingProxyType({1: first, 2: second, 3: third})


STANDARD_THRESHOLDS: Mapping[GateKind, Mapping[int, float]] = MappingProxyType(
    {
        GateKind.COVERAGE: _standard(90, 80, 70),
        GateKind.MUTATION: _standard(70, 50, 30),
        GateKind.LINT: _standard(0, 0, 0),
        GateKind.TYPES: _standard(0, 0, 0),
        GateKind.SECURITY: _standard(0, 0, 0),
        GateKind.CONTRACTS: _standard(0, 0, 0),
        GateKind.ACCESSIBILITY: _standard(0, 0, 0),
    }
)
"""By risk tier, from the CAWS standard of 2025.10: least branch coverage and mutation score in percent; for the others
the most errors (security: issues of high or critical severity)."""

FORMATS_OF_KIND: Mapping[GateKind, tuple[str, ...]] = MappingProxyType(
    {
        GateKind.TESTS: ("junit", "pytest-json"),
        GateKind.COVERAGE: ("cobertura", "lcov", "coveragepy", "istanbul"),
        GateKind.MUTATION: ("mutation-elements", "mutmut", "cosmic-ray"),
        GateKind.LINT: ("sarif", "ruff", "eslint"),
        GateKind.TYPES: ("sarif", "mypy", "pyright", "junit"),
        GateKind.SECURITY: ("sarif", "bandit", "pip-audit"),
        GateKind.CONTRACTS: ("openapi", "graphql", "protobuf", "json-schema", "sarif", "junit"),
        GateKind.PERFORMANCE: ("pytest-benchmark", "hyperfine", "k6"),
        GateKind.ACCESSIBILITY: ("axe", "sarif"),
        GateKind.CUSTOM: ("sarif", "junit"),
    }
)
"""The report formats that each kind can be judged by."""

BLOCKING_OF_KIND: Mapping[str, tuple[int, ...]] = MappingProxyType({GateKind.CONTRACTS: (1, 2)})
"""The tiers for which a gate that does not say so blocks, where these are not all: the standard asks for contracts at
tiers 1 and 2."""

CONTRACT_FORMATS = frozenset({"openapi", "graphql", "protobuf", "json-schema"})
"""Formats that are no reports: the document itself is measured, against the base's."""

IN_PERCENT = frozenset({GateKind.COVERAGE, GateKind.MUTATION})


@dataclass(frozen=True, slots=True)
class GateLimits:
    """How much a gate's tool may use; ``None`` leaves the sandbox's own limit. Sizes are in MiB."""

    idle_s: float | None = None
    memory_mb: int | None = None
    processes: int | None = None
    file_mb: int | None = None
    written_mb: int | None = None
    output_mb: int | None = None


@dataclass(frozen=True, slots=True)
class ConfiguredGate:
    """One ``[[gate]]``.

    ``shell`` names the shell that is given ``argv``'s only entry, a script, with ``-c``; ``None`` runs ``argv`` itself.
    ``report`` is where the tool writes, relative to the checkout; ``format`` is always set with it. ``threshold`` maps
    every risk tier to the number that ``STANDARD_THRESHOLDS`` describes, and is empty for kinds that have none.
    ``changed_threshold`` is the least coverage in percent of the lines that a change adds, by tier; a tier that it does
    not name is told and not held to. ``budget`` maps names of measured values to the most that they may be.
    ``blocking`` are the tiers for which a failure blocks; for the others it advises. ``environment`` names the
    variables of the arbiter that the tool may see. ``needs`` names gates that must not have failed before this one
    runs. ``when`` are globs: with some, the gate applies only to a change that touches a matching path. With
    ``ratchet`` only what the change made worse fails.
    """

    name: str
    kind: GateKind
    argv: tuple[str, ...]
    shell: str | None = None
    report: str | None = None
    format: str | None = None
    threshold: Mapping[int, float] = field(default_factory=lambda: MappingProxyType({}))
    changed_threshold: Mapping[int, float] = field(default_factory=lambda: MappingProxyType({}))
    budget: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    blocking: tuple[int, ...] = TIERS
    timeout_s: float = DEFAULT_TIMEOUT_S
    limits: GateLimits = field(default_factory=GateLimits)
    network: bool = False
    environment: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
    ratchet: bool = False
    line: int | None = None

    @property
    def command(self) -> tuple[str, ...]:
        """What is run."""
        return self.argv if self.shell is None else (self.shell, "-c", *self.argv)


@dataclass(frozen=True, slots=True)
class SetupStep:
    """``[setup]``: what makes the tools' dependencies, run once for each content of the lock files.

    It runs in a folder that holds the head's files matching ``lock_files`` and nothing else. What it writes into
    the folder that ``AGENCY_SETUP`` names, and the paths in ``keep``, is all that is left: every gate reads the former,
    and finds the latter at their places in its checkout.
    """

    argv: tuple[str, ...]
    shell: str | None = None
    lock_files: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    timeout_s: float = DEFAULT_TIMEOUT_S
    network: bool = False
    environment: tuple[str, ...] = ()
    line: int | None = None

    @property
    def command(self) -> tuple[str, ...]:
        """What is run."""
        return self.argv if self.shell is None else (self.shell, "-c", *self.argv)
