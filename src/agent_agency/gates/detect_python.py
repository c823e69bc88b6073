"""Gates for the usual tools of Python."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent_agency.gate_settings import GateKind
from agent_agency.gates.presets import Preset
from agent_agency.gates.project_files import ProjectFiles

MUTATION_TIMEOUT_S = 3600
_FOLDER = re.compile(r"[\w./-]+")
_PYTEST_ONLY = re.compile(r"^(?:import pytest|from pytest |(?:async )?def test_)", re.MULTILINE)
_UNITTEST = re.compile(r"^(?:import unittest|from unittest )", re.MULTILINE)
_PYTEST_INI = (("pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest"))
_COVERAGE_INI = ((".coveragerc", "run"), ("setup.cfg", "coverage:run"), ("tox.ini", "coverage:run"))
_MYPY_INI = (("mypy.ini", "mypy"), (".mypy.ini", "mypy"), ("setup.cfg", "mypy"))
_COSMIC_RAY = ("cosmic-ray.toml", "cosmic_ray.toml", ".cosmic-ray.toml")


def python_gates(files: ProjectFiles) -> tuple[Preset, ...]:
    """Name the gates of a repository that has sources in Python."""
    pytest = _pytest(files)
    has_unittest = any(_UNITTEST.search(text) for text in files.test_texts)
    by_unittest = has_unittest and not pytest
    found = [
        _tests(files, pytest) if pytest else None,
        _unittest(files) if by_unittest else None,
        _coverage(files, by_unittest=by_unittest) if pytest or has_unittest else None,
        _mutmut(files) or _cosmic_ray(files),
        _ruff(files),
        _mypy(files),
        _pyright(files),
        _bandit(files),
        _pip_audit(files),
    ]
    return tuple(preset for preset in found if preset is not None)


# Tests


def _pytest(files: ProjectFiles) -> str | None:
    """What says that pytest runs the tests."""
    if files.tool("pytest") is not None:
        return "pyproject.toml has [tool.pytest]"
    for path, section in _PYTEST_INI:
        if files.ini(path, section) is not None:
            return f"{path} has [{section}]"
    if any(_PYTEST_ONLY.search(text) for text in files.test_texts):
        return "there are tests that pytest runs"
    return None


def _tests(files: ProjectFiles, found: str) -> Preset:
    argv = ("python", "-m", "pytest", "-q", *_python_path(files), "--junitxml=junit.xml")
    return Preset("tests", GateKind.TESTS, argv, found, "junit.xml", "junit")


def _unittest(files: ProjectFiles) -> Preset:
    """The tests of unittest, which writes no report itself: pytest runs them, or unittest-xml-reporting."""
    found = "the tests import unittest, which writes no report"
    source = "PYTHONPATH=src " if files.src_layout else ""
    by_xmlrunner = Preset(
        "tests",
        GateKind.TESTS,
        (f"{source}python -m xmlrunner discover{_start(files)} --output-file junit.xml",),
        f"{found}; unittest-xml-reporting writes one",
        *("junit.xml", "junit", "sh"),
        modules=("xmlrunner",),
    )
    by_pytest = Preset(
        "tests",
        GateKind.TESTS,
        ("python", "-m", "pytest", "-q", *_python_path(files), "--junitxml=junit.xml"),
        f"{found}; pytest runs them and writes one",
        *("junit.xml", "junit"),
        instead=by_xmlrunner,
    )
    return by_xmlrunner if "unittest-xml-reporting" in files.requirements else by_pytest


def _start(files: ProjectFiles) -> str:
    """Where unittest is to look for tests: their folder, where all lie in one."""
    tops = {path.partition("/")[0] if "/" in path else "." for path in files.test_paths}
    (top,) = tops if len(tops) == 1 else (".",)
    return f" -s {top}" if top != "." and _FOLDER.fullmatch(top) and not top.startswith("-") else ""


def _python_path(files: ProjectFiles) -> tuple[str, ...]:
    """Let pytest import the checkout's own ``src`` where nothing says so yet."""
    options = files.tool("pytest", "ini_options") or {}
    own = options.get("pythonpath", "")
    for path, section in _PYTEST_INI:
        own = own or (files.ini(path, section) or {}).get("pythonpath") or ""
    entries = own.split() if isinstance(own, str) else [entry for entry in own if isinstance(entry, str)]
    if not files.src_layout or "src" in entries or not all(_FOLDER.fullmatch(entry) for entry in entries):
        return ()
    return ("-o", f"pythonpath={' '.join(['src', *entries])}")


# Coverage and mutation


def _coverage(files: ProjectFiles, *, by_unittest: bool) -> Preset | None:
    """Branch coverage by pytest-cov, or by coverage.py itself."""
    configured = files.tool("coverage", "run")
    for path, section in _COVERAGE_INI:
        configured = configured if configured is not None else files.ini(path, section)
    has_source = bool(configured) and not {"source", "source_pkgs"}.isdisjoint(configured or {})
    source = "" if has_source else f" --source={','.join(files.source_folders)}"
    combine = "python -m coverage combine -q && " if "parallel" in (configured or {}) else ""
    by_coverage = Preset(
        "coverage",
        GateKind.COVERAGE,
        (f"{_measured(files, source, by_unittest=by_unittest)} && {combine}{_COVERAGE_JSON}",),
        "coverage.py is configured or among the requirements",
        *("coverage.json", "coveragepy", "sh"),
        modules=("coverage",) if by_unittest else ("coverage", "pytest"),
    )
    if "pytest-cov" in files.requirements and not by_unittest:
        sources = ("--cov",) if has_source else tuple(f"--cov={folder}" for folder in files.source_folders)
        argv = ("python", "-m", "pytest", "-q", *_python_path(files), *sources, "--cov-branch", _COV_REPORT)
        return Preset(
            *("coverage", GateKind.COVERAGE, argv, "pytest-cov is among the requirements"),
            *("coverage.json", "coveragepy"),
            modules=("pytest_cov",),
            instead=by_coverage,
        )
    declared = configured is not None or "coverage" in files.requirements
    return by_coverage if declared else None


_COVERAGE_JSON = "python -m coverage json -q -o coverage.json"
_COV_REPORT = "--cov-report=json:coverage.json"


def _measured(files: ProjectFiles, source: str, *, by_unittest: bool) -> str:
    if by_unittest:
        path = "PYTHONPATH=src " if files.src_layout else ""
        return f"{path}python -m coverage run --branch{source} -m unittest discover{_start(files)}"
    option = _python_path(files)
    told = f" -o '{option[1]}'" if option else ""
    return f"python -m coverage run --branch{source} -m pytest -q{told}"


def _mutmut(files: ProjectFiles) -> Preset | None:
    found = _used(files, "mutmut")
    if found is None and files.ini("setup.cfg", "mutmut") is not None:
        found = "setup.cfg has [mutmut]"
    script = "mutmut run && mutmut results --all true > mutmut.txt"
    return _mutation(script, found, "mutmut", "mutmut.txt", "mutmut") if found else None


def _cosmic_ray(files: ProjectFiles) -> Preset | None:
    settings = files.has(*_COSMIC_RAY)
    if settings is None:
        return None
    session = '"$TMPDIR/session.sqlite"'
    steps = (f"init {settings} {session}", f"exec {settings} {session}", f"dump {session} > cosmic-ray.jsonl")
    script = " && ".join(f"cosmic-ray {step}" for step in steps)
    return _mutation(script, f"there is {settings}", "cosmic-ray", "cosmic-ray.jsonl", "cosmic-ray")


def _mutation(script: str, found: str, program: str, report: str, form: str) -> Preset:
    return Preset(
        *("mutation", GateKind.MUTATION, (script,), found, report, form, "sh"),
        timeout_s=MUTATION_TIMEOUT_S,
        programs=(program,),
    )


# Linters and checkers


def _used(files: ProjectFiles, name: str, *own_files: str, tables: Sequence[str] = ()) -> str | None:
    """What says that a tool is used: its own file, its table, a requirement or a hook."""
    if own := files.has(*own_files):
        return f"there is {own}"
    for table in tables or (name,):
        if files.tool(table) is not None:
            return f"pyproject.toml has [tool.{table}]"
    if name in files.requirements:
        return f"{name} is among the requirements"
    return f"pre-commit runs {name}" if name in files.hooks else None


def _ruff(files: ProjectFiles) -> Preset | None:
    found = _used(files, "ruff", "ruff.toml", ".ruff.toml")
    if found is None and "ruff-check" in files.hooks:
        found = "pre-commit runs ruff"
    argv = ("ruff", "check", "--exit-zero", "--output-format=json", "--output-file=ruff.json")
    return Preset("lint", GateKind.LINT, argv, found, "ruff.json", "ruff") if found else None


def _mypy(files: ProjectFiles) -> Preset | None:
    settings = files.tool("mypy")
    found = _used(files, "mypy", "mypy.ini", ".mypy.ini")
    for path, section in _MYPY_INI:
        section_settings = files.ini(path, section)
        if section_settings is not None:
            settings, found = settings or section_settings, found or f"{path} has [{section}]"
    if not found:
        return None
    targets = () if {"files", "packages", "modules"} & set(settings or ()) else files.source_folders
    return Preset("types", GateKind.TYPES, ("mypy", "--junit-xml=mypy.xml", *targets), found, "mypy.xml", "mypy")


def _pyright(files: ProjectFiles) -> Preset | None:
    """Pyright writes its report to standard output alone, so a shell puts it into a file."""
    found = _used(files, "pyright", "pyrightconfig.json")
    if not found:
        return None
    argv = ("pyright --outputjson > pyright.json",)
    return Preset(
        *("pyright", GateKind.TYPES, argv, found, "pyright.json", "pyright", "sh"),
        programs=("pyright",),
    )


def _bandit(files: ProjectFiles) -> Preset | None:
    found = _used(files, "bandit", ".bandit")
    if not found:
        return None
    settings = ("-c", "pyproject.toml") if files.tool("bandit") is not None else ()
    argv = ("bandit", "-q", *settings, "-r", *files.source_folders)
    argv = (*argv, "--exit-zero", "--format=json", "--output=bandit.json")
    return Preset("security", GateKind.SECURITY, argv, found, "bandit.json", "bandit")


def _pip_audit(files: ProjectFiles) -> Preset | None:
    found = _used(files, "pip-audit")
    project = files.pyproject.get("project")
    declares = isinstance(project, dict) and isinstance(project.get("dependencies"), list)
    audited = ("-r", "requirements.txt") if files.has("requirements.txt") else (".",) if declares else None
    if not found or audited is None:
        return None
    argv = ("pip-audit", *audited, "--format=json", "--output=pip-audit.json")
    told = f"{found}; it asks a public service, so it needs the network"
    return Preset("dependencies", GateKind.SECURITY, argv, told, "pip-audit.json", "pip-audit", network=True)
