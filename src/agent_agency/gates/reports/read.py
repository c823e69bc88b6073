"""Read a report of a named format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from agent_agency.gates.reports.model import (
    CoverageReport,
    IssueReport,
    MutationReport,
    PerformanceReport,
    ReportProblem,
    TestReport,
)
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source, open_report

Report = TestReport | CoverageReport | IssueReport | MutationReport | PerformanceReport

DEFAULT_LIMIT = 256 * 2**20
FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "junit": "junit:read_junit",
        "pytest-json": "pytest_json:read_pytest_json",
        "cobertura": "cobertura:read_cobertura",
        "lcov": "lcov:read_lcov",
        "coveragepy": "coveragepy:read_coveragepy",
        "istanbul": "istanbul:read_istanbul",
        "sarif": "sarif:read_sarif",
        "mutation-elements": "mutation_elements:read_mutation_elements",
        "mutmut": "mutmut:read_mutmut",
        "cosmic-ray": "cosmic_ray:read_cosmic_ray",
        "axe": "axe:read_axe",
        "ruff": "lint_tools:read_ruff",
        "eslint": "lint_tools:read_eslint",
        "mypy": "type_tools:read_mypy",
        "pyright": "type_tools:read_pyright",
        "bandit": "security_tools:read_bandit",
        "pip-audit": "security_tools:read_pip_audit",
        "pytest-benchmark": "pytest_benchmark:read_pytest_benchmark",
        "hyperfine": "hyperfine:read_hyperfine",
        "k6": "k6:read_k6",
    }
)
"""Every format by name, with the reader that is imported when it is asked for."""


def read_report(form: str, path: Path, *, limit: int = DEFAULT_LIMIT) -> Report | ReportProblem:
    """Read the report at ``path`` as format ``form``; a file of more than ``limit`` bytes is refused.

    Whatever is wrong with the file comes back as a ``ReportProblem``, never as an exception: no bytes in a report
    can make this raise or make it say less than they say.
    """
    target = FORMATS.get(form)
    if target is None:
        return ReportProblem(Code.FORMAT_UNKNOWN, f"There is no report format {form[:80]!r}")
    module, _, name = target.partition(":")
    reader: Callable[[Source], Report] = getattr(import_module(f"agent_agency.gates.reports.{module}"), name)
    try:
        with open_report(path, limit) as source:
            return reader(source)
    except Refused as refusal:
        return ReportProblem(refusal.code, refusal.message)
    except OSError as error:
        return ReportProblem(Code.UNREADABLE, f"The report cannot be read: {error.strerror or type(error).__name__}")
