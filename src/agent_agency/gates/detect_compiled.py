"""Gates for Go, Rust and the JVM, whose tools come with the language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from agent_agency.gate_settings import GateKind
from agent_agency.gates.presets import Preset, SetupPart
from agent_agency.gates.project_files import ProjectFiles

_GO_REPORT = "junit-go.xml"
_NEXTEST_REPORT = "target/nextest/default/junit.xml"
_MAVEN_REPORT = "target/junit.xml"
_MAVEN_DOWNLOADS = (
    "a fresh checkout has no Maven repository, so this one downloads it each time, which opens the network to the code"
    " under review; take the marks away if you accept that"
)
_NEXTEST_SETTINGS = '[profile.default.junit]\\npath = "junit.xml"\\n'
_OWN_CRATES = "the crates that Cargo.lock names are not tracked; track them with 'cargo vendor' and take the marks away"


def compiled_gates(files: ProjectFiles) -> tuple[Preset, ...]:
    """Name the gates for the tests of Go, Rust and Maven."""
    return (*_go(files), *_cargo(files), *_maven(files))


def _go(files: ProjectFiles) -> Iterator[Preset]:
    """Go's tests write no report themselves; gotestsum does, and go-junit-report makes one of their output."""
    if not files.has("go.mod"):
        return
    downloads = bool(files.has("go.sum")) and not files.has("vendor/modules.txt")
    setup = SetupPart("Go", 'GOMODCACHE="$AGENCY_SETUP/go" go mod download', ("go.mod", "go.sum"))
    modules = 'GOMODCACHE="$AGENCY_SETUP/go" GOPROXY=off ' if downloads else ""
    by_report = Preset(
        "tests-go",
        GateKind.TESTS,
        (f"{modules}go test -v ./... 2>&1 | go-junit-report -set-exit-code > {_GO_REPORT}",),
        "there is go.mod; go-junit-report writes the report",
        *(_GO_REPORT, "junit", "sh"),
        programs=("go", "go-junit-report"),
        setup=setup if downloads else None,
    )
    by_sum = Preset(
        "tests-go",
        GateKind.TESTS,
        (f"{modules}gotestsum --junitfile {_GO_REPORT} ./...",),
        "there is go.mod; gotestsum writes the report",
        *(_GO_REPORT, "junit", "sh"),
        programs=("go", "gotestsum"),
        setup=setup if downloads else None,
        instead=by_report,
    )
    yield by_report if "go-junit-report" in files.text("go.mod") else by_sum


def _cargo(files: ProjectFiles) -> Iterator[Preset]:
    """Cargo's own tests write no stable report; cargo-nextest writes JUnit where its settings say so."""
    if not files.has("Cargo.toml"):
        return
    script = (
        f"printf '{_NEXTEST_SETTINGS}' > \"$TMPDIR/nextest.toml\" && cargo nextest run --offline --no-fail-fast"
        ' --tool-config-file "agency:$TMPDIR/nextest.toml"'
    )
    report = _configured_report(files)
    foreign = 'source = "registry+' in files.text("Cargo.lock") and not any(
        path.startswith("vendor/") for path in files.paths
    )
    yield Preset(
        "tests-rust",
        GateKind.TESTS,
        (script,),
        "there is Cargo.toml; cargo-nextest writes the report",
        *(report, "junit", "sh"),
        programs=("cargo", "cargo-nextest"),
        hindrance=_OWN_CRATES if foreign else "",
    )


def _configured_report(files: ProjectFiles) -> str:
    """Where nextest writes: the repository's own settings come before those that the gate gives."""
    profile: Any = files.toml(".config/nextest.toml")
    for key in ("profile", "default", "junit", "path"):
        profile = profile.get(key) if isinstance(profile, dict) else None
    plain = isinstance(profile, str) and re.fullmatch(r"[\w-][\w.-]*", profile)
    return f"target/nextest/default/{profile}" if plain else _NEXTEST_REPORT


def _maven(files: ProjectFiles) -> Iterator[Preset]:
    """Surefire writes one file for each test class, and a gate reads one report, so a shell joins them.

    Reports that the change brought along are taken away first. The code of the tests is what exits, so that it and
    the report must agree.
    """
    if not files.has("pom.xml"):
        return
    script = (
        "find . -type d -name surefire-reports -prune -exec rm -rf {} + ; mvn -B -q test; code=$?; mkdir -p target &&"
        " { echo '<testsuites>';"
        " find . -path '*/surefire-reports/TEST-*.xml' -exec sed -e 's/<[?]xml[^>]*[?]>//' {} + ;"
        f" echo '</testsuites>'; }} > {_MAVEN_REPORT}; exit $code"
    )
    yield Preset(
        "tests-jvm",
        GateKind.TESTS,
        (script,),
        "there is pom.xml; the reports of Maven's Surefire are joined",
        *(_MAVEN_REPORT, "junit", "sh"),
        network=True,
        programs=("mvn",),
        hindrance=_MAVEN_DOWNLOADS,
    )
