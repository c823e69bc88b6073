from __future__ import annotations

import io
import json
import subprocess
import sys
from importlib import resources

import jsonschema_rs
import pytest
from rich.console import Console

from agent_agency.errors import FileUnreadableError
from agent_agency.facts import Finding, Place, Severity
from agent_agency.report import validation
from agent_agency.spec.model import PolicyResult, Profile, ValidationResult
from support.conformance import SARIF_SCHEMA
from support.rulings import HOSTILE, HOSTILE_PATH

SOURCE = b"id: FEAT-1\nscope:\n  in:\n    - /etc\n"
ABSOLUTE = Finding(
    "spec.scope.in.absolute",
    Severity.MAJOR,
    "Scope entry '/etc' is absolute",
    "Write it relative to the repository root",
    Place("a.yaml", 4, 7),
)
ADVICE = Finding("spec.title.short", Severity.ADVICE, "The title is short", "Say what changes", Place("a.yaml", 1, 1))
BAD = ValidationResult("a.yaml", Profile.VNEXT, valid=False, findings=(ABSOLUTE, ADVICE))
GOOD = ValidationResult("b.yaml", Profile.SEED, valid=True, findings=())
POLICY = PolicyResult(".caws/policy.yaml", valid=True, findings=())
GONE = FileUnreadableError("There is no such file", fix="Check the path.", path="gone.yaml")
FORGED = Finding("spec.x", Severity.MAJOR, HOSTILE, HOSTILE, Place(HOSTILE_PATH, 1, 2), subject=HOSTILE)
HOSTILE_RESULT = ValidationResult(HOSTILE_PATH, None, valid=False, findings=(FORGED,))


def test_the_document_is_what_tools_bind_to() -> None:
    document = validation.to_document([BAD, GOOD, POLICY])
    assert document == {
        "schema_version": 1,
        "results": [
            {
                "path": "a.yaml",
                "profile": "caws-vnext",
                "valid": False,
                "findings": [
                    {
                        "rule": "spec.scope.in.absolute",
                        "severity": "major",
                        "message": "Scope entry '/etc' is absolute",
                        "line": 4,
                        "column": 7,
                        "remedy": "Write it relative to the repository root",
                    },
                    {
                        "rule": "spec.title.short",
                        "severity": "advice",
                        "message": "The title is short",
                        "line": 1,
                        "column": 1,
                        "remedy": "Say what changes",
                    },
                ],
            },
            {"path": "b.yaml", "profile": "caws-2025.10", "valid": True, "findings": []},
            {"path": ".caws/policy.yaml", "profile": None, "valid": True, "findings": []},
        ],
    }


@pytest.mark.parametrize("results", [[], [BAD, GOOD, POLICY], [HOSTILE_RESULT]])
def test_every_document_keeps_to_its_schema_and_to_utf8(results: list[validation.Checked]) -> None:
    document = validation.to_document(results, [GONE])
    schema = resources.files("agent_agency.report").joinpath("schemas/validation.v1.json").read_text("utf-8")
    jsonschema_rs.validate(json.loads(schema), document)
    json.dumps(document, ensure_ascii=False).encode("utf-8")


def test_what_could_be_answered_is_told_beside_what_could_not_be_read() -> None:
    document = validation.to_document([GOOD], [GONE])
    assert [result["path"] for result in document["results"]] == ["b.yaml"]
    assert document["errors"] == [
        {
            "severity": "error",
            "code": "file.unreadable",
            "message": "There is no such file",
            "path": "gone.yaml",
            "line": None,
            "fix": "Check the path.",
        }
    ]


def test_the_text_shows_the_source_and_a_caret() -> None:
    lines = validation.plain_text([BAD, GOOD], {"a.yaml": SOURCE}, [GONE]).splitlines()
    assert lines[:5] == [
        "a.yaml:4:7  major  spec.scope.in.absolute",
        "  Scope entry '/etc' is absolute",
        "  4 |     - /etc",
        "    |       ^",
        "  fix: Write it relative to the repository root",
    ]
    assert "b.yaml  valid  (caws-2025.10)" in lines
    assert "gone.yaml: not read  There is no such file. Check the path." in lines
    assert lines[-1] == "3 files: 1 valid, 1 not valid, 1 not read; 1 finding, 1 advice"


def test_without_the_source_there_is_no_excerpt() -> None:
    assert "^" not in validation.plain_text([BAD], {})


def test_the_same_text_is_printed_and_only_the_console_adds_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = io.StringIO()
    validation.render_text([BAD, GOOD], {"a.yaml": SOURCE}, Console(file=plain, width=80), [GONE])
    assert plain.getvalue() == validation.plain_text([BAD, GOOD], {"a.yaml": SOURCE}, [GONE])
    monkeypatch.delenv("NO_COLOR")
    coloured = io.StringIO()
    console = Console(file=coloured, width=80, force_terminal=True, color_system="standard")
    validation.render_text([BAD], {"a.yaml": SOURCE}, console)
    assert "\x1b[1;31mmajor" in coloured.getvalue()


def test_nothing_to_check_is_said_and_is_no_silence() -> None:
    assert validation.plain_text([], {}) == "No file to check.\n"


def test_hostile_names_and_messages_stay_text() -> None:
    text = validation.plain_text([HOSTILE_RESULT], {HOSTILE_PATH: HOSTILE.encode("utf-8", "surrogateescape")})
    assert all(char.isprintable() or char == "\n" for char in text)
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    named = ValidationResult("::error::x.yaml", None, valid=True, findings=())
    assert not validation.plain_text([named], {}).startswith("::")


@pytest.mark.skipif(
    not SARIF_SCHEMA.is_file(),
    reason="NOT RUN: the official SARIF 2.1.0 schema is absent (../shared/conformance); validity is unproven here",
)
@pytest.mark.parametrize("results", [[], [BAD, GOOD, POLICY], [HOSTILE_RESULT]])
def test_the_sarif_keeps_to_the_official_schema(results: list[validation.Checked]) -> None:
    log = json.loads(json.dumps(validation.to_sarif(results, [GONE])))
    schema = json.loads(SARIF_SCHEMA.read_text("utf-8"))
    jsonschema_rs.validate(schema, log)
    json.dumps(log, ensure_ascii=False).encode("utf-8")


def test_the_sarif_tells_places_and_what_could_not_be_read() -> None:
    run = validation.to_sarif([BAD], [GONE])["runs"][0]
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 4, "startColumn": 7}
    assert run["invocations"][0]["executionSuccessful"] is False
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 1


def test_the_annotations_stand_at_the_lines() -> None:
    assert validation.to_github([BAD, GOOD], [GONE]).splitlines() == [
        "::error file=gone.yaml,title=file.unreadable::There is no such file. Check the path.",
        (
            "::error file=a.yaml,line=4,col=7,title=spec.scope.in.absolute::Scope entry '/etc' is absolute. "
            "Write it relative to the repository root."
        ),
        "::notice file=a.yaml,line=1,col=1,title=spec.title.short::The title is short. Say what changes.",
    ]


def test_the_forms_for_tools_start_without_rich() -> None:
    script = (
        "import sys; from agent_agency.report import validation as v; "
        "v.to_document([]); v.plain_text([], {}); v.to_sarif([]); v.to_github([]); "
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('rich', 'yaml', 'click')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
