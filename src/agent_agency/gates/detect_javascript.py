"""Gates for the usual tools of JavaScript and TypeScript, which a project installs as packages of its own."""

from __future__ import annotations

from collections.abc import Iterator

from agent_agency.gate_settings import GateKind
from agent_agency.gates.presets import Preset, SetupPart
from agent_agency.gates.project_files import ProjectFiles

MUTATION_TIMEOUT_S = 3600
MEMORY_MB = 65536
"""WebAssembly, which test runners are partly made of, reserves 10 GiB of addresses for each instance and uses few."""

_ESLINT = (
    *(f"eslint.config.{end}" for end in ("js", "mjs", "cjs", "ts", "mts", "cts")),
    *(f".eslintrc.{end}" for end in ("js", "cjs", "json", "yml", "yaml")),
)
_VITEST_COVERAGE = ("@vitest/coverage-v8", "@vitest/coverage-istanbul")
_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
_BY_NPM = "npm ci --ignore-scripts --no-audit --no-fund"
_OTHER_LOCKS = {"pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "bun.lockb": "bun", "bun.lock": "bun"}
_TOOLS = frozenset({"vitest", "jest", "eslint", "@stryker-mutator/core"})


def javascript_gates(files: ProjectFiles) -> tuple[Preset, ...]:
    """Name the gates of a repository with a package.json; none where nothing says which packages a checkout gets."""
    if not (_tracks_modules(files) or files.has(*_LOCKS)):
        return ()
    packages = files.node_packages
    found: list[Preset] = []
    if "vitest" in packages:
        found += _vitest(files)
    elif "jest" in packages:
        found += _jest(files)
    if "@stryker-mutator/core" in packages:
        command = "stryker run --reporters json"
        report = ("reports/mutation/mutation.json", "mutation-elements")
        package = "@stryker-mutator/core"
        found.append(_gate(files, "mutation-js", GateKind.MUTATION, command, package, report, MUTATION_TIMEOUT_S))
    if "eslint" in packages and files.has(*_ESLINT):
        command = "eslint . --format=json --output-file=eslint.json"
        found.append(_gate(files, "lint-js", GateKind.LINT, command, "eslint", ("eslint.json", "eslint")))
    return tuple(found)


def javascript_notes(files: ProjectFiles) -> Iterator[str]:
    """Say why a tool that is there gets no gate."""
    packages = files.node_packages
    if packages & _TOOLS and not (_tracks_modules(files) or files.has(*_LOCKS)):
        other = files.has(*_OTHER_LOCKS)
        if other is None:
            yield "package.json: without package-lock.json nothing says which packages a checkout needs"
        else:
            yield f"{other}: a [setup] that runs {_OTHER_LOCKS[other]} is written by hand; npm's is written here"
    if "jest" in packages and not {"jest-junit", "vitest"} & packages:
        yield "package.json: jest writes no report of its tests that a gate can read; with jest-junit it does"


def _vitest(files: ProjectFiles) -> Iterator[Preset]:
    command = "vitest run --reporter=junit --outputFile=junit.xml"
    yield _gate(files, "tests-js", GateKind.TESTS, command, "vitest", ("junit.xml", "junit"))
    package = next((name for name in _VITEST_COVERAGE if name in files.node_packages), None)
    if package is not None:
        command = "vitest run --coverage.enabled --coverage.reporter=json --coverage.reportsDirectory=coverage"
        report = ("coverage/coverage-final.json", "istanbul")
        yield _gate(files, "coverage-js", GateKind.COVERAGE, command, package, report)


def _jest(files: ProjectFiles) -> Iterator[Preset]:
    if "jest-junit" in files.node_packages:
        command = "jest --ci --reporters=default --reporters=jest-junit"
        yield _gate(files, "tests-js", GateKind.TESTS, command, "jest-junit", ("junit.xml", "junit"))
    settings = files.package_json.get("jest")
    asked = isinstance(settings, dict) and bool({"collectCoverage", "coverageThreshold"} & settings.keys())
    if asked or any("jest" in script and "--coverage" in script for script in files.node_scripts):
        command = "jest --ci --coverage --coverageReporters=json --coverageDirectory=coverage"
        report = ("coverage/coverage-final.json", "istanbul")
        yield _gate(files, "coverage-js", GateKind.COVERAGE, command, "jest with coverage", report)


def _tracks_modules(files: ProjectFiles) -> bool:
    return any(path.startswith("node_modules/") for path in files.paths)


def _gate(
    files: ProjectFiles,
    name: str,
    kind: GateKind,
    command: str,
    package: str,
    report: tuple[str, str],
    timeout_s: int | None = None,
) -> Preset:
    argv = ("npx", "--no-install", *command.split())
    found = f"package.json asks for {package}"
    setup = None if _tracks_modules(files) else _npm(files)
    programs = () if setup is None else ("npm",)
    return Preset(
        *(name, kind, argv, found, *report),
        timeout_s=timeout_s,
        memory_mb=MEMORY_MB,
        programs=programs,
        setup=setup,
    )


def _npm(files: ProjectFiles) -> SetupPart:
    """What installs the packages of the lock file; their scripts are not run, since they could be anything."""
    lock = files.has(*_LOCKS) or _LOCKS[0]
    return SetupPart("npm", _BY_NPM, ("package.json", lock), ("node_modules",))
