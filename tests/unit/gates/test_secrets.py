from __future__ import annotations

from dataclasses import replace

import pytest

from agent_agency.change.model import AddedLine
from agent_agency.facts import GateMode, GateResult, GateStatus, Severity
from agent_agency.gates import secret_material, secrets
from agent_agency.gates.context import GateContext
from agent_agency.gates.secret_material import text_lines
from agent_agency.gates.secrets import MAX_TOLD_PER_FILE, evaluate
from support.gate_context import added, context, deleted, end, modified, renamed, rules, symlink, with_text

PRIVATE = "-----BEGIN RSA " + "PRIVATE KEY-----"
GITHUB = "gh" + "p_" + "a1B2c3D4e5F6a1B2c3D4e5F6a1B2c3D4e5F6"
AWS = "AKI" + "A" + "Q7WERTY2UIOPA5DF"


def run(built: GateContext) -> GateResult:
    return evaluate(built, GateMode.BLOCK)


def binary(data: bytes, path: str = "data.bin") -> GateContext:
    file = replace(added(path, 0, binary=True), new=end(path, size=len(data)))
    return context(file, read_head={path: data}.get)


def test_an_added_credential_fails_with_its_place_and_without_its_value() -> None:
    result = run(with_text("src/a.py", f"x = 1\nkey = '{AWS}'\n"))
    (finding,) = result.findings
    assert (result.status, finding.rule, finding.severity) == (
        GateStatus.FAIL,
        "secrets.aws_access_key",
        Severity.CRITICAL,
    )
    assert (finding.place.path, finding.place.line) == ("src/a.py", 2)
    assert AWS not in repr(result)


def test_a_credential_that_was_there_before_is_not_the_changes() -> None:
    assert run(with_text("src/a.py", f"key = '{AWS}'\ny = 2\n", old=f"key = '{AWS}'\n")).status is GateStatus.PASS


def test_an_allowlist_comment_is_told_to_have_no_force() -> None:
    (finding,) = run(with_text("src/a.py", f"key = '{AWS}'  # pragma: allowlist secret\n")).findings
    assert "allowlist comment beside it has no force" in finding.message


@pytest.mark.parametrize(
    "data",
    [
        f"x\0y\nkey = '{AWS}'\n".encode(),
        f"\0\0\0key = '{AWS}'\0".encode(),
        f"key = '{AWS}'\n".encode("utf-16"),
        f"key = '{AWS}'\n".encode("utf-32"),
        f"key = '{AWS}'\n".encode("utf-16-le"),
        f"key = '{AWS}'\n".encode("utf-16-be"),
        b"\xff\xfe" + f"key = '{AWS}'\n".encode(),
        b"\xff\xfe\0\0" + f"key = '{AWS}'\n".encode(),
        f"key = '{AWS}'\n".encode(),
    ],
)
def test_neither_a_nul_byte_nor_an_encoding_nor_an_attribute_hides_a_credential(data: bytes) -> None:
    assert rules(run(binary(data)).findings) == ["secrets.aws_access_key"]


def test_an_ordinary_binary_file_passes() -> None:
    assert run(binary(bytes(range(256)) * 40)).status is GateStatus.PASS


def test_a_nul_byte_in_a_text_file_does_not_hide_what_is_only_guessed() -> None:
    assert rules(run(binary(b"\0\npassword = 'correct-horse-battery'\n")).findings) == ["secrets.secret_keyword"]
    assert run(binary(bytes(range(128, 256)) + b"\0password = 'correct-horse'\n")).findings == ()


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        (AWS, AWS, GateStatus.PASS),
        (AWS, AWS[:-1] + "0", GateStatus.FAIL),
        (GITHUB, GITHUB, GateStatus.PASS),
        (GITHUB, GITHUB[:-1] + "0", GateStatus.FAIL),
        (PRIVATE, PRIVATE, GateStatus.FAIL),
    ],
)
def test_what_a_binary_file_held_before_is_not_the_changes(before: str, after: str, status: GateStatus) -> None:
    old = f"\0key = '{before}'\n".encode()
    new = f"\0key = '{after}'\nmore\n".encode()
    file = replace(modified("data.bin", 0, binary=True), new=end("data.bin", size=len(new)))
    built = context(file, read_head={"data.bin": new}.get, read_base={"data.bin": old}.get)
    assert run(built).status is status
    assert run(replace(built, read_base=lambda _path: b"\0")).status is GateStatus.FAIL


def test_a_binary_file_too_large_to_look_into_is_told() -> None:
    file = replace(added("big.bin", 0, binary=True), new=end("big.bin", size=50_000_000))
    result = run(context(file))
    assert (result.status, rules(result.findings)) == (GateStatus.PASS, ["secrets.not_scanned"])
    assert result.facts["not_scanned"] == ["big.bin"]


def test_text_that_could_not_be_had_or_only_in_part_fails() -> None:
    for lines in ({}, {"src/a.py": (AddedLine(1, "x"),)}):
        result = run(context(added("src/a.py", 2), added_lines=lines))
        assert (result.status, rules(result.findings)) == (GateStatus.FAIL, ["secrets.not_scanned"])


def test_a_file_with_too_much_text_fails_instead_of_passing_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_material, "MAX_CHARACTERS", 100)
    result = run(with_text("src/a.py", "x = 1\n" * 50))
    assert (result.status, rules(result.findings)) == (GateStatus.FAIL, ["secrets.not_scanned"])


def test_a_change_with_too_many_lines_tells_from_where_on_it_was_not_scanned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "MAX_LINES", 5)
    files = [added("c", 3), added("a", 3), added("b", 1)]
    result = run(context(*files))
    assert (result.status, rules(result.findings)) == (GateStatus.FAIL, ["secrets.not_scanned"])
    assert result.facts["not_scanned"] == ["c"]
    assert result.facts == run(context(*reversed(files))).facts


def test_the_target_of_a_symbolic_link_is_scanned() -> None:
    assert rules(run(context(symlink("link", f"https://user:{AWS}@host"), added_lines={})).findings) == [
        "secrets.aws_access_key",
        "secrets.basic_auth_credentials",
    ]
    unknown = replace(symlink("link", ""), new=end("link", "120000"))
    assert run(context(unknown, added_lines={})).status is GateStatus.FAIL


def test_files_that_add_nothing_are_not_read() -> None:
    files = (deleted("a"), renamed("b", "c"), modified("d", 0, 5), replace(added("e", 0), new=end("e", "160000")))
    assert run(context(*files, added_lines={})).status is GateStatus.PASS


def test_a_flood_of_credentials_is_told_in_short() -> None:
    text = "".join(f"k{n} = 'AKI{'A'}Q7WERTY2UIOP{n:04d}'\n" for n in range(MAX_TOLD_PER_FILE + 30))
    result = run(with_text("src/a.py", text))
    assert len(result.findings) == MAX_TOLD_PER_FILE + 1
    assert any("30 further credentials" in finding.message for finding in result.findings)
    assert result.facts["credentials"] == MAX_TOLD_PER_FILE + 30


def test_the_fingerprint_stays_when_the_line_moves() -> None:
    (first,) = run(with_text("src/a.py", f"key = '{AWS}'\n")).findings
    (moved,) = run(with_text("src/a.py", f"\n\nkey = '{AWS}'\n")).findings
    assert first.fingerprint == moved.fingerprint


def test_lines_of_a_binary_file_keep_their_numbers() -> None:
    assert list(text_lines(b"\0\nsome text here\n\xff\xfeother text")) == [
        AddedLine(2, "some text here"),
        AddedLine(3, "other text"),
    ]
