"""Find the usual tools of a repository by its files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agent_agency.gate_settings import GateKind
from agent_agency.gates.presets import Detection, Preset
from agent_agency.gates.project_files import ProjectFiles

_FOLDER = re.compile(r"[\w./-]+")
_PYTEST_ONLY = re.compile(r"^(?:import pytest|from pytest |(?:async )?def test_)", re.MULTILINE)
_UNITTEST = re.compile(r"^(?:import unittest|from unittest )", re.MULTILINE)
_PYTEST_INI = (("pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest"))
_COVERAGE_INI = ((".coveragerc", "run"), ("setup.cfg", "coverage:run"), ("tox.ini", "coverage:run"))
_MYPY_INI = (("mypy.ini", "mypy"), (".mypy.ini", "mypy"), ("setup.cfg", "mypy"))
_ESLINT = tuple(f"eslint.config.{end}" for end in ("js", "mjs", "cjs", "ts"))
_NO_MODULES = (
    "a fresh checkout has no node_modules, so this one installs them first, which opens the network to the code under"
    " review; take the marks away if you accept that"
)
_NO_REPORT = (
    ("go.mod", "go test writes no report that a gate can read by itself; gotestsum --junitfile writes one"),
    ("Cargo.toml", "cargo test writes no report that a gate can read by itself; cargo-nextest can write JUnit"),
    ("pom.xml", "Maven's Surefire writes one file per test class, and a gate reads one report"),
)


def detect(files: ProjectFiles) -> Detection:
    """Name the gates that suit a repository, and what no gate can be written for."""
    python = _python_gates(files) if files.source_folders else ()
    return Detection((*python, *_node_gates(files)), tuple(_notes(files)))


def _notes(files: ProjectFiles) -> Iterator[str]:
    if not _pytest(files) and any(_UNITTEST.search(text) for text in files.test_texts):
        yield "the tests import unittest, which writes no report; pytest runs them too and writes one"
    if not _packages_by_npm(files) and files.node_packages & {"vitest", "jest", "eslint"}:
        yield "package.json: without package-lock.json nothing says which packages a checkout needs"
    for path, note in _NO_REPORT:
        if files.has(path):
            yield f"{path}: {note}"


# Python


def _python_gates(files: ProjectFiles) -> tuple[Preset, ...]:
    pytest = _pytest(files)
    found = [
        *([_tests(files, pytest), _coverage(files)] if pytest else []),
        _ruff(files),
        _mypy(files),
        _pyright(files),
        _bandit(files),
        _pip_audit(files),
    ]
    return tuple(preset for preset in found if preset is not None)


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


def _python_path(files: ProjectFiles) -> tuple[str, ...]:
    """Let pytest import the checkout's own ``src`` where nothing says so yet."""
    options = files.tool("pytest", "ini_options") or {}
    own = options.get("pythonpath", "")
    for path, section in _PYTEST_INI:
        own = own or (files.ini(path, section) or {}).get("pythonpath") or ""
    entries = own.split() if isinstance(own, str) else [entry for entry in own if isinstance(entry, str)]
    if files.source_folders != ("src",) or "src" in entries or not all(_FOLDER.fullmatch(entry) for entry in entries):
        return ()
    return ("-o", f"pythonpath={' '.join(['src', *entries])}")


def _coverage(files: ProjectFiles) -> Preset | None:
    configured = files.tool("coverage", "run")
    for path, section in _COVERAGE_INI:
        configured = configured if configured is not None else files.ini(path, section)
    has_source = bool(configured) and not {"source", "source_pkgs"}.isdisjoint(configured or {})
    path_option = _python_path(files)
    if "pytest-cov" in files.requirements:
        sources = ("--cov",) if has_source else tuple(f"--cov={folder}" for folder in files.source_folders)
        argv = (
            "python",
            "-m",
            "pytest",
            "-q",
            *path_option,
            *sources,
            "--cov-branch",
            "--cov-report=json:coverage.json",
        )
        found = "pytest-cov is among the requirements"
    elif configured is not None or "coverage" in files.requirements:
        source = "" if has_source else f" --source={','.join(files.source_folders)}"
        option = f" -o '{path_option[1]}'" if path_option else ""
        run = f"python -m coverage run --branch{source} -m pytest -q{option}"
        combine = "python -m coverage combine -q && " if "parallel" in (configured or {}) else ""
        argv = ("sh", "-c", f"{run} && {combine}python -m coverage json -q -o coverage.json")
        found = "coverage.py is configured or among the requirements"
    else:
        return None
    return Preset("coverage", GateKind.COVERAGE, argv, found, "coverage.json", "coveragepy")


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
    """Pyright writes its report to standard output alone, so its exit code judges."""
    found = _used(files, "pyright", "pyrightconfig.json")
    return Preset("pyright", GateKind.TYPES, ("pyright",), f"{found}; judged by its exit code") if found else None


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
    if not found or not files.has("requirements.txt"):
        return None
    argv = ("pip-audit", "-r", "requirements.txt", "--format=json", "--output=pip-audit.json")
    told = f"{found}; it asks a public service, so it needs the network"
    return Preset("dependencies", GateKind.SECURITY, argv, told, "pip-audit.json", "pip-audit", network=True)


# JavaScript


def _packages_by_npm(files: ProjectFiles) -> bool:
    return bool(files.has("package-lock.json")) or _modules_are_tracked(files)


def _modules_are_tracked(files: ProjectFiles) -> bool:
    return any(path.startswith("node_modules/") for path in files.paths)


def _node_gates(files: ProjectFiles) -> tuple[Preset, ...]:
    if not _packages_by_npm(files):
        return ()
    found = []
    packages = files.node_packages
    if "vitest" in packages:
        command = "vitest run --reporter=junit --outputFile=junit.xml"
        found.append(_by_node(files, "tests-js", GateKind.TESTS, command, "vitest", ("junit.xml", "junit")))
    elif {"jest", "jest-junit"} <= packages:
        command = "jest --ci --reporters=default --reporters=jest-junit"
        found.append(_by_node(files, "tests-js", GateKind.TESTS, command, "jest-junit", ("junit.xml", "junit")))
    if "eslint" in packages and files.has(*_ESLINT):
        command = "eslint . --format=json --output-file=eslint.json"
        found.append(_by_node(files, "lint-js", GateKind.LINT, command, "eslint", ("eslint.json", "eslint")))
    return tuple(found)


def _by_node(
    files: ProjectFiles, name: str, kind: GateKind, command: str, package: str, report: tuple[str, str]
) -> Preset:
    found = f"package.json asks for {package}"
    if _modules_are_tracked(files):
        return Preset(name, kind, ("npx", "--no-install", *command.split()), found, *report)
    argv = ("sh", "-c", f"npm ci --ignore-scripts --no-audit --no-fund && npx --no-install {command}")
    return Preset(name, kind, argv, found, *report, network=True, hindrance=_NO_MODULES)
