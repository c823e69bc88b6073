from __future__ import annotations

import subprocess
import sys

import pytest

SCAN = """
import sys
from agent_agency.change.model import AddedLine
from agent_agency.gates.secret_scanner import open_scanner
with open_scanner() as scanner:
    found = scanner.scan("src/a.py", [AddedLine(1, "key = 'AKI" + "AQ7WERTY2UIOPA5DF'")])
assert found.hits, found
print(sorted({"requests", "urllib3", "http.client", "ssl"} & set(sys.modules)))
"""


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_scanning_for_credentials_loads_no_http_client() -> None:
    assert _run(SCAN) == "[]"


def test_a_client_that_somebody_else_uses_stays_as_it_is() -> None:
    assert _run("import requests\n" + SCAN + "\nassert sys.modules['requests'] is requests and requests.get")


def test_the_client_can_be_loaded_afterwards() -> None:
    assert _run(SCAN + "\nimport requests\nprint(requests.get.__name__)").splitlines()[-1] == "get"


def test_a_name_of_the_stand_in_cannot_be_called() -> None:
    from agent_agency.gates.no_http_client import NoClient

    client = NoClient("requests")
    with pytest.raises(TypeError):
        client.get("https://example.org")
    with pytest.raises(AttributeError):
        _ = client.__version__
