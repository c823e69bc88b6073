from __future__ import annotations

import logging
import subprocess
import sys
import time
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.change.model import AddedLine
from agent_agency.gates.secret_scanner import OVERLAP, WINDOW, Certainty, Hit, Scan, open_scanner

LETTERS = "QWERTYUIOPASDFGHJKLZXCVBNM0123456789"
AWS = "AKI" + "A" + "Q7WERTY2UIOPA5DF"
GITHUB = "gh" + "p_" + "a1B2c3D4e5F6a1B2c3D4e5F6a1B2c3D4e5F6"
STRIPE = "sk_" + "live_" + "a1B2c3D4e5F6a1B2c3D4e5F6"
SLACK = "xo" + "xb-" + "123456789012-123456789012-a1B2c3D4e5F6"
PRIVATE = "-----BEGIN RSA " + "PRIVATE KEY-----"
RANDOM = "kJ8+fQ2z" + "Lx0Pw7Rt" + "Vb5Nm3Yc" + "Hd9Ga4Se"


def scan(text: str, path: str = "src/a.py") -> Scan:
    with open_scanner() as scanner:
        return scanner.scan(path, [AddedLine(number, line) for number, line in enumerate(text.split("\n"), 1)])


def kinds(text: str, path: str = "src/a.py") -> list[str]:
    return [hit.kind for hit in scan(text, path).hits]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (AWS, "AWS Access Key"),
        (GITHUB, "GitHub Token"),
        (STRIPE, "Stripe Access Key"),
        (SLACK, "Slack Token"),
        (PRIVATE, "Private Key"),
        ("https://user:" + "hunter2@host/x", "Basic Auth Credentials"),
    ],
)
@pytest.mark.parametrize("line", ["k = '{}'", "# {}", "f({})", "KEY={}", "x = load('{}')[0]"])
def test_a_credential_of_a_known_format_is_found_however_it_is_written(value: str, kind: str, line: str) -> None:
    assert kind in kinds(line.format(value))


@pytest.mark.parametrize("comment", ["# pragma: allowlist secret", "# pragma: whitelist secret"])
def test_no_comment_of_the_judged_party_silences_a_finding(comment: str) -> None:
    assert kinds(f"key = '{AWS}'  {comment}") == ["AWS Access Key"]
    assert kinds(f"# pragma: allowlist nextline secret\nkey = '{AWS}'") == ["AWS Access Key"]


@pytest.mark.parametrize(
    "path", ["package-lock.json", "a.lock", "swagger-ui.py", "a.svg", "a.css", ".secrets.baseline"]
)
def test_no_file_name_silences_a_credential_of_a_known_format(path: str) -> None:
    assert kinds(f"key = '{AWS}'", path) == ["AWS Access Key"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("password = 'correct-horse-battery'", "a.py"),
        ("password: correct-horse-battery", "a.yaml"),
        ("DB_PASSWORD=correct-horse-battery", ".env"),
        ("DB_PASSWORD=correct-horse-battery", "deploy/.env.production"),
        ("DB_PASSWORD=correct-horse-battery", "prod.env"),
        ('api_key := "correct-horse-battery"', "a.go"),
    ],
)
def test_a_value_under_a_name_for_credentials_is_found(text: str, path: str) -> None:
    assert [hit.certainty for hit in scan(text, path).hits] == [Certainty.KEYWORD]


@pytest.mark.parametrize(
    "text",
    [
        "password = get_password()",
        "password = os.environ['PASSWORD']",
        "password = '${PASSWORD}'",
        "password: {{ vault }}",
        "password = '********'",
        "def check_password(password: str) -> bool:",
        "connect('192.0.2.7', '8.8.8.8')",
        "https://user:${PASSWORD}@host/x",
        "version = '1.2.3.4'",
        "x = 'just a sentence of words'",
    ],
)
def test_what_is_no_credential_is_left_alone(text: str) -> None:
    assert kinds(text) == []


def test_a_random_string_is_told_by_its_entropy() -> None:
    assert [hit.certainty for hit in scan(f"x = '{RANDOM}'").hits] == [Certainty.ENTROPY]


def test_digests_are_counted_and_not_reported() -> None:
    digest = "9f86d081884c7d65" * 4
    result = scan(f"a = '{digest}'\nb = 'sha512-{RANDOM}=='\nc = '{digest[:40]}'")
    assert (result.hits, result.digest_like) == ([], 3)


@pytest.mark.parametrize("path", ["yarn.lock", "web/package-lock.json", "Cargo.lock", "uv.lock"])
def test_entropy_says_nothing_in_lock_files(path: str) -> None:
    assert kinds(f"x = '{RANDOM}'", path) == []


def test_one_value_is_told_once_by_the_surest_detector() -> None:
    assert kinds(f"secret_key = '{AWS}'\nagain = '{AWS}'") == ["AWS Access Key"]


def test_two_credentials_of_one_kind_are_two_hits() -> None:
    others = [GITHUB[:-1] + end for end in "789"]
    assert len(scan(f"a = '{others[0]}'\nb = '{others[1]}' + '{others[2]}'").hits) == 3
    assert [hit.line for hit in scan(f"{PRIVATE}\nx\n{PRIVATE}").hits] == [1, 3]


def test_a_hit_does_not_hold_the_value() -> None:
    (hit,) = scan(f"key = '{AWS}'").hits
    assert AWS not in repr(hit)
    assert hit == Hit(1, "AWS Access Key", Certainty.FORMAT, hit.digest)
    (elsewhere,) = scan(f"key = '{AWS}'", "src/b.py").hits
    assert elsewhere.digest != hit.digest


@given(st.integers(0, 6 * WINDOW), st.integers(0, 6 * WINDOW))
def test_a_credential_is_found_wherever_it_stands_in_a_long_line(before: int, after: int) -> None:
    assert kinds(" " * before + AWS + " " * after) == ["AWS Access Key"]


def test_windows_of_a_long_line_overlap_by_more_than_any_token_of_fixed_length() -> None:
    line = "a " * WINDOW + GITHUB + " b" * WINDOW
    assert all(kinds(line[shift:]) == ["GitHub Token"] for shift in range(0, OVERLAP, 97))


@pytest.mark.parametrize(
    "unit", ["secret=", "password='", "//", "eyJ", "sk-", "://a:", "aws key ", "'a", "\"'", "ibm_cloud_iam_key=", "\0"]
)
def test_no_line_makes_the_scan_grow_faster_than_the_line(unit: str) -> None:
    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        start = time.process_time()
        scan(text)
        return time.process_time() - start

    seconds(1000)
    short, long = seconds(4 * WINDOW), seconds(16 * WINDOW)
    assert long < 8 * short + 0.5


@given(st.text(max_size=200))
def test_no_content_breaks_the_scanner(text: str) -> None:
    scan(text + "\udcff password='\udcfe\udcfd\udcfc'")


def test_the_scan_says_the_same_every_time() -> None:
    text = f"k = '{AWS}' + '{GITHUB}' + '{STRIPE}' + '{RANDOM}'\npassword = 'correct-horse-battery'"
    assert scan(text) == scan(text)
    assert len(scan(text).hits) == 5


def test_the_library_is_left_as_it_was() -> None:
    from detect_secrets.settings import get_settings

    before = get_settings().json()
    shown = warnings.showwarning
    scan("x = 1")
    assert get_settings().json() == before
    assert warnings.showwarning is shown


def test_a_first_import_of_the_library_does_not_redirect_warnings() -> None:
    code = (
        "import warnings; shown = warnings.showwarning\n"
        "from agent_agency.gates.secret_scanner import open_scanner\n"
        "with open_scanner(): pass\n"
        "assert warnings.showwarning is shown\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert logging.getLogger("py.warnings").handlers == []
