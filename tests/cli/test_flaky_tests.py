"""A test that fails and then passes over the same files is told as flaky, counted, and never hidden."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli.test_configured_gates import TESTS, gate, repo_with, review

ASKS = """\
import socket

import pytest


@pytest.mark.parametrize("name", {names!r})
def test_answer(name):
    with socket.create_connection(("127.0.0.1", {port})) as asked:
        assert asked.recv(4) == b"good"
"""


@contextmanager
def answering(answers: Sequence[bytes]) -> Iterator[int]:
    """A server that gives one answer to each connection, the last one for ever; yields its port."""
    left, lock = list(answers), threading.Lock()

    class Answer(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with lock:
                given = left.pop(0) if len(left) > 1 else left[0]
            self.request.sendall(given)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def reviewed(tmp_path: Path, answers: Sequence[bytes], names: Sequence[str] = ("one",)) -> dict[str, Any]:
    with answering(answers) as port:
        repo = repo_with(tmp_path, TESTS + "network = true\n")
        repo.checkout("main")
        repo.commit("Ask", **{"tests/test_ask.py": ASKS.format(names=list(names), port=port)})
        repo.git("branch", "-f", "work", "main")
        repo.checkout("work")
        repo.commit("Change", **{"src/totals.py": "def total(lines):\n    return sum(lines, 0)\n"})
        done = review(repo)
    own = [found for found in done.document["findings"] if found["gate"] == "tests"]
    return {**gate(done), "found": own, "document": done.document}


def test_a_test_that_fails_once_is_flaky_and_does_not_reject(tmp_path: Path) -> None:
    found = reviewed(tmp_path, [b"bad!", b"good"])
    assert (found["status"], found["document"]["verdict"]) == ("pass", "approved")
    assert (found["figures"]["flaky"], found["figures"]["runs"], found["figures"]["failed"]) == (1, 2, 0)
    (advice,) = found["found"]
    assert (advice["rule"], advice["severity"]) == ("gate.tests.flaky_test", "advice")
    assert "test_answer" in advice["message"]


def test_a_test_that_fails_twice_rejects(tmp_path: Path) -> None:
    found = reviewed(tmp_path, [b"bad!"])
    assert (found["status"], found["figures"]["flaky"], found["figures"]["runs"]) == ("fail", 0, 2)
    assert found["document"]["verdict"] == "rejected"


def test_runs_in_which_different_tests_fail_do_not_add_up_to_a_pass(tmp_path: Path) -> None:
    found = reviewed(tmp_path, [b"bad!", b"good", b"good", b"bad!", b"good"], names=("one", "two"))
    assert (found["status"], found["figures"]["flaky"]) == ("fail", 2)
    assert found["document"]["verdict"] == "rejected"


def test_a_second_run_that_passes_is_kept_as_evidence_beside_the_first(tmp_path: Path) -> None:
    found = reviewed(tmp_path, [b"bad!", b"good"])
    assert [(item["part"], item["kind"]) for item in found["evidence"]] == [
        ("head", "report"),
        ("head", "output"),
        ("rerun", "report"),
        ("rerun", "output"),
    ]
