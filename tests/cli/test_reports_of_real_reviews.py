"""Reports of reviews that really ran: documents keep to their schemas whatever the files are called."""

from __future__ import annotations

import json
import os
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest

from support.command import agency as fresh_agency
from support.conformance import SARIF_SCHEMA
from support.law import lawful_repo
from support.warm_command import agency

HOSTILE_NAMES = (
    b'a"><script>alert(1)<\\script>.py',
    b"::error::forged.py",
    b"new\nline\t\x1b[31m.py",
    b"raw\xff\xfe.py",
    "right\u202eot\u2066left.py".encode(),
    b"%2e%2e%0a, a:b.py",
    b"| pipe `tick` @someone #1.md",
)


def _schema() -> dict[str, object]:
    text = resources.files("agent_agency.report").joinpath("schemas/ruling.v1.json").read_text("utf-8")
    schema: dict[str, object] = json.loads(text)
    return schema


def test_the_rulings_of_the_example_keep_to_the_schema(tmp_path: Path) -> None:
    done = agency("try", "--json", "--keep", str(tmp_path / "example"), cwd=tmp_path)
    assert done.code == 0, done.err
    validator = jsonschema_rs.Draft202012Validator(_schema(), validate_formats=True)
    rulings = [row["ruling"] for row in json.loads(done.out)["reviews"]]
    assert [ruling["verdict"] for ruling in rulings] == ["approved", "rejected", "rejected", "rejected"]
    for ruling in rulings:
        assert [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(ruling)] == []


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Every form of one review whose files have hostile names, by form."""
    folder = tmp_path_factory.mktemp("hostile")
    repo = lawful_repo(folder / "repo")
    for name in HOSTILE_NAMES:
        (repo.path / os.fsdecode(name)).write_bytes(b"X = 1\n")
    forms = ("text", "json", "sarif", "junit", "markdown", "html", "github")
    also = [part for form in forms for part in ("--also", f"{form}={folder / form}")]
    done = agency("review", "--base", "main", "--json", *also, cwd=repo.path)
    assert done.code == 1, done.err
    return {form: (folder / form).read_bytes() for form in forms}


def test_every_form_is_utf8_and_tells_every_hostile_name_harmlessly(reports: dict[str, bytes]) -> None:
    for form, data in reports.items():
        text = data.decode("utf-8")
        assert "rejected" in text.lower(), form
        assert "\x1b" not in text, form
        assert "\u202e" not in text, form
        if form != "github":
            assert not [line for line in text.split("\n") if line.lstrip().startswith("::")], form


def test_the_json_keeps_to_its_schema_and_names_every_file(reports: dict[str, bytes]) -> None:
    document = json.loads(reports["json"])
    jsonschema_rs.validate(_schema(), document)
    assert len(document["change"]["files_changed"]) == len(HOSTILE_NAMES)


@pytest.mark.skipif(
    not SARIF_SCHEMA.is_file(),
    reason="NOT RUN: the official SARIF 2.1.0 schema is absent (../shared/conformance); validity is unproven here",
)
def test_the_sarif_keeps_to_the_official_schema(reports: dict[str, bytes]) -> None:
    validator = jsonschema_rs.validator_for(json.loads(SARIF_SCHEMA.read_text("utf-8")), validate_formats=True)
    assert [str(error.instance_path) for error in validator.iter_errors(json.loads(reports["sarif"]))] == []


def test_the_junit_can_be_read_back(reports: dict[str, bytes]) -> None:
    suites = ET.fromstring(reports["junit"])  # noqa: S314 - our own output is read back
    assert int(suites.attrib["failures"]) >= 1


def test_each_annotation_is_one_line(reports: dict[str, bytes]) -> None:
    lines = reports["github"].decode("utf-8").splitlines()
    assert len(lines) > len(HOSTILE_NAMES)
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines)


def test_a_shell_without_utf8_gets_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = lawful_repo(tmp_path / "repo")
    repo.write("größe.py", "X = 1\n")
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    done = fresh_agency("review", "--base", "main", "--format", "markdown", cwd=repo.path)
    assert (done.code, "gr" in done.out, "defect" in done.err) == (1, True, False)
