"""Credentials never stay in what is kept of a tool's words. Every credential here is made up when the test runs."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import string
import threading
import time
from types import MappingProxyType
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.change.model import AddedLine
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Place, Severity
from agent_agency.gates import credential_places
from agent_agency.gates.credential_places import MOST_STRETCHES, NotLookedThroughError
from agent_agency.gates.redaction import PUT_IN_PLACE, WITHHELD, Redactor
from agent_agency.gates.secret_scanner import open_scanner


def letters(count: int, alphabet: str = string.ascii_letters + string.digits, seed: int = 7) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=count))


def jwt() -> str:
    parts = [json.dumps({"alg": "HS256"}), json.dumps({"sub": letters(12)})]
    encoded = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, letters(43)])


LOWER_HEX = "0123456789abcdef"
CREDENTIALS = {
    "AWS key": "AKIA" + letters(16, string.ascii_uppercase + string.digits),
    "GitHub token": "ghp_" + letters(36),
    "GitLab token": "glpat-" + letters(20),
    "Slack token": "xoxb-" + letters(12, string.digits) + "-" + letters(24, string.ascii_lowercase),
    "Stripe key": "sk_live_" + letters(24),
    "npm token": "//registry.example.org/:_authToken=npm_" + letters(36),
    "JWT": jwt(),
    "SendGrid key": f"SG.{letters(22)}.{letters(43)}",
    "Telegram token": f"123456789:{letters(35)}",
    "Twilio key": "SK" + letters(32, LOWER_HEX),
    "Mailchimp key": letters(32, LOWER_HEX) + "-us11",
    "Artifactory token": " AKC" + letters(14) + " ",
    "IBM key": "ibm_cloud_api_key: " + letters(44),
    "Softlayer key": "softlayer_api_key=" + letters(64, LOWER_HEX),
    "Cloudant key": "cloudant_password=" + letters(24, string.ascii_lowercase),
    "IBM HMAC key": "cos_hmac_secret_access_key: " + letters(48, LOWER_HEX),
    "address with a password": f"postgres://admin:{letters(12)}@db.example.org/app",
    "password in quotes": f'password = "{letters(14)}"',
    "password without quotes": f"db_password: {letters(14)}",
    "random string in quotes": f"x = '{letters(60)}'",
}
NOISE = "tests/unit/test_totals.py::test_the_sum_of_nothing_is_nothing PASSED [ 12%]\n"


@pytest.mark.parametrize("kind", sorted(CREDENTIALS))
def test_what_the_gate_for_secrets_finds_is_taken_out(kind: str) -> None:
    line = CREDENTIALS[kind]
    with open_scanner() as scanner:
        found = {value for _, _, _, value in scanner._in_lines("output.ini", [AddedLine(1, line)], guess=True)}
    assert found, "the detectors know this kind"
    redacted = Redactor().redact(f"{NOISE * 50}{line}\n{NOISE * 50}".encode())
    assert redacted.credentials >= 1
    assert [value for value in found if value.encode() in redacted.data] == []
    assert redacted.data.count(NOISE.encode()) == 100


@pytest.mark.parametrize("kind", sorted(CREDENTIALS))
def test_a_credential_inside_one_long_line_is_taken_out(kind: str) -> None:
    line = CREDENTIALS[kind]
    with open_scanner() as scanner:
        found = {value for _, _, _, value in scanner._in_lines("output.ini", [AddedLine(1, line)], guess=True)}
    text = "some words, " * 9000 + line + " and " + "some words, " * 9000
    data = Redactor().redact(text.encode()).data
    assert [value for value in found if value.encode() in data] == []


@pytest.mark.parametrize("write", [quoteattr, json.dumps, repr], ids=["xml", "json", "python"])
def test_a_password_is_found_in_the_ways_in_which_reports_write_text(write: object) -> None:
    secret = letters(20) + "&<" + letters(4)
    assert callable(write)
    line = f"<failure message={write(f'assert password == {chr(34)}{secret}{chr(34)} in it')}/>"
    data = Redactor().redact(line.encode()).data
    assert secret[:20].encode() not in data


def test_a_private_key_is_taken_out_whole_also_where_it_is_cut() -> None:
    body = "\n".join(letters(64, seed=seed) for seed in range(20))
    begin, end = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
    for text, torn in (
        (f"a\n{begin}\n{body}\n{end}\nb", False),
        (f"a\n{begin}\n{body}", False),
        (f"{body}\n{end}\nb", True),
    ):
        data = Redactor().redact(text.encode(), torn=torn).data.decode()
        assert all(letters(64, seed=seed) not in data for seed in range(20))


@pytest.mark.parametrize("name", ["DEPLOY_TOKEN", "GITHUB_TOKEN", "DB_PASSWORD", "AWS_SECRET_ACCESS_KEY", "SENTRY_DSN"])
def test_values_of_the_arbiters_own_credentials_are_taken_out_in_every_form(name: str) -> None:
    value = 'plain "words" & more/§'
    redactor = Redactor.of({name: value, "LANG": "harmless-language", "PWD": "/home/someone"})
    forms = [
        value,
        json.dumps(value)[1:-1],
        "plain &quot;words&quot; &amp; more/§",
        base64.b64encode(value.encode()).decode(),
    ]
    text = "\n".join([*forms, "harmless-language", "/home/someone"])
    data = redactor.redact(text.encode()).data.decode()
    assert data.split("\n")[-2:] == ["harmless-language", "/home/someone"]
    assert all(form.rstrip("=") not in data for form in forms)


def test_a_value_too_short_to_be_told_from_other_text_is_taken_out_of_its_line_only() -> None:
    data = Redactor().redact(b'password = "ab1"\ncab1n\n').data
    assert data == b'password = "' + PUT_IN_PLACE.encode() + b'"\ncab1n\n'


def test_a_word_behind_a_keyword_is_taken_out_there_and_stays_elsewhere() -> None:
    text = b'"secrets": "passed"\n' + b"test_totals passed\n" * 3
    data = Redactor().redact(text).data
    assert data == b'"secrets": "' + PUT_IN_PLACE.encode() + b'"\n' + b"test_totals passed\n" * 3


def test_credentials_that_a_cut_goes_through_leave_nothing_on_either_side() -> None:
    token = CREDENTIALS["GitHub token"]
    text = f"before {token} after".encode()
    for cut in range(8, 7 + len(token)):
        head = Redactor().redact(text, end=cut).data
        tail = Redactor().redact(text, start=cut).data
        assert head == b"before " + PUT_IN_PLACE.encode()
        assert tail == PUT_IN_PLACE.encode() + b" after"


def test_credentials_among_nul_bytes_are_not_kept() -> None:
    with pytest.raises(NotLookedThroughError):
        Redactor().redact(CREDENTIALS["GitHub token"].encode("utf-16-le"))
    assert Redactor().redact(b"a\0b").data == b"a\0b"


def test_a_text_that_is_full_of_what_resembles_credentials_is_refused() -> None:
    text = "".join(f"password = '{number}'\n" for number in range(MOST_STRETCHES + 1))
    with pytest.raises(NotLookedThroughError):
        Redactor().redact(text.encode())


def test_every_detector_of_an_exact_format_is_known() -> None:
    known = {*credential_places._FAST, *credential_places._CHEAPER, *credential_places._LONG_RUNS}
    with open_scanner() as scanner:
        assert set(scanner.formats) == known


def test_a_detector_that_is_not_known_is_asked_about_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credential_places, "_FAST", frozenset({"SlackDetector"}))
    data = Redactor().redact(f"{NOISE}{CREDENTIALS['GitHub token']}\n{NOISE}".encode()).data
    assert data == f"{NOISE}{PUT_IN_PLACE}\n{NOISE}".encode()


@pytest.mark.parametrize(
    "piece",
    ["//", "eyJ", "sk-" + "a" * 20, "pypi-AgEIcHlwaS5vcmc", "://a:", "xoxb-1-", "-----BEGIN PRIVATE KEY-----", "'a"],
)
def test_text_made_to_keep_detectors_busy_ends_soon(piece: str) -> None:
    text = (piece * (60_000 // len(piece))).encode()
    redactor, begun = Redactor(), time.process_time()
    with contextlib.suppress(NotLookedThroughError):
        redactor.redact(text)
    assert time.process_time() - begun < 20


def test_ordinary_output_stays_as_it_is() -> None:
    text = NOISE * 100 + "".join(f"SF:src/file_{n}.py\nDA:{n},1\nend_of_record\n" for n in range(500))
    assert Redactor().redact(text.encode()).data == text.encode()


@given(st.binary(max_size=400), st.integers(0, 400), st.integers(0, 400))
def test_any_bytes_without_credentials_come_back_as_they_are(data: bytes, start: int, end: int) -> None:
    redacted = Redactor().redact(data, start=start, end=end)
    if not redacted.credentials:
        assert redacted.data == data[start:end]


def test_threads_may_share_a_redactor() -> None:
    redactor = Redactor()
    wrong: list[int] = []
    text = "\n".join(CREDENTIALS.values()).encode()
    expected = redactor.redact(text).data

    def work() -> None:
        wrong.extend(1 for _ in range(5) if redactor.redact(text).data != expected)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_nothing_that_a_gate_tells_holds_a_credential() -> None:
    token = CREDENTIALS["GitHub token"]
    finding = Finding(
        "tests.failed", Severity.MAJOR, f"assert {token}", f"see {token}", Place(f"a/{token}"), subject=token
    )
    facts = MappingProxyType({"argv": [token], "deep": {token: (token, 3)}, "figures": {"total": 1}})
    result = GateResult("tests", GateStatus.FAIL, GateMode.BLOCK, (finding,), f"broke on {token}", facts=facts)
    cleaned = Redactor().clean_result(result)
    assert token not in repr(cleaned)
    assert cleaned.facts["figures"] == {"total": 1}
    assert (cleaned.status, cleaned.findings[0].rule) == (result.status, "tests.failed")


def test_paths_that_git_gave_stay_as_they_are() -> None:
    token = CREDENTIALS["GitHub token"]
    finding = Finding("scope", Severity.MAJOR, f"{token} is outside", "move it", Place(f"a/{token}"))
    result = GateResult("scope_boundary", GateStatus.FAIL, GateMode.BLOCK, (finding,))
    (cleaned,) = Redactor().clean_result(result, paths=False).findings
    assert (cleaned.message, cleaned.place) == (f"{PUT_IN_PLACE} is outside", finding.place)


@given(st.lists(st.text(st.characters(exclude_categories=())), max_size=6), st.integers(0, 6))
def test_texts_of_any_kind_around_a_credential_come_back_as_they_are(texts: list[str], place: int) -> None:
    token = CREDENTIALS["GitHub token"]
    listed = [*texts[:place], token, *texts[place:]]
    result = GateResult("tests", GateStatus.FAIL, GateMode.BLOCK, facts=MappingProxyType({"told": listed}))
    told = Redactor().clean_result(result).facts["told"]
    assert len(told) == len(listed)
    assert all(after in {before, WITHHELD} or token in before for before, after in zip(listed, told, strict=True))
    assert token not in "".join(told)


def test_many_findings_are_looked_through_together() -> None:
    findings = tuple(
        Finding("lint", Severity.MINOR, f"line {n} of test_number_{n} is long", "wrap it", Place(f"src/f{n}.py", n))
        for n in range(5000)
    )
    result = GateResult("lint", GateStatus.FAIL, GateMode.WARN, findings)
    begun = time.process_time()
    assert Redactor().clean_result(result) is result
    assert time.process_time() - begun < 5


def test_a_result_without_credentials_stays_the_very_same() -> None:
    result = GateResult("tests", GateStatus.PASS, GateMode.BLOCK, reason="3 tests passed")
    assert Redactor().clean_result(result) is result


def test_what_cannot_be_looked_through_is_not_told() -> None:
    text = "\n".join(f"password = '{number}'" for number in range(MOST_STRETCHES + 1))
    result = GateResult("tests", GateStatus.FAIL, GateMode.BLOCK, reason=text, facts={"figures": {"total": 1}})
    cleaned = Redactor().clean_result(result)
    assert (cleaned.reason, cleaned.facts["figures"]) == (WITHHELD, {"total": 1})
