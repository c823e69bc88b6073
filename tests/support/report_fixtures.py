"""The reports that tools wrote (see ``tools/make_report_fixtures.py``), each with its format."""

from __future__ import annotations

from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "reports"
FORMS = {
    ".junit.xml": "junit",
    ".cobertura.xml": "cobertura",
    ".lcov": "lcov",
    ".sarif": "sarif",
    "axe.json": "axe",
    "bandit.json": "bandit",
    "cosmic_ray.jsonl": "cosmic-ray",
    "coveragepy.json": "coveragepy",
    "eslint.json": "eslint",
    "eslint_unreadable.json": "eslint",
    "handwritten_k6_data.json": "k6",
    "handwritten_k6_summary.json": "k6",
    "handwritten_pip_audit.json": "pip-audit",
    "hyperfine.json": "hyperfine",
    "istanbul.json": "istanbul",
    "mutmut_meta.json": "mutmut",
    "mutmut_results.txt": "mutmut",
    "mutmut_stats.json": "mutmut",
    "mypy.jsonl": "mypy",
    "pyright.json": "pyright",
    "pytest_benchmark.json": "pytest-benchmark",
    "pytest_json_report.json": "pytest-json",
    "pytest_json_report_collection_error.json": "pytest-json",
    "ruff.json": "ruff",
    "ruff_clean.json": "ruff",
    "stryker.json": "mutation-elements",
}
REFUSED = {
    "bandit_unreadable.json": ("bandit", "report.tool_failed"),
    "cosmic_ray_unfinished.jsonl": ("cosmic-ray", "report.incomplete"),
    "pytest_json_report_subtests.json": ("pytest-json", "report.incomplete"),
    "eslint_unreadable.sarif": ("sarif", "report.tool_failed"),
}


def form_of(path: Path) -> str:
    """The format of a fixture that is not refused."""
    return next(form for ending, form in FORMS.items() if path.name.endswith(ending))
