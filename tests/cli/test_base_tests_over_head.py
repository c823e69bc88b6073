"""The base's tests are run over the head's code: a change cannot pass by weakening tests."""

from __future__ import annotations

from pathlib import Path

from cli.test_configured_gates import TESTS, gate, repo_with, review

BROKEN = "def total(lines):\n    return 0\n"
WEAKENED = "def test_total():\n    assert True\n"
RULE = "gate.tests.base_test_broken"


def test_a_weakened_test_does_not_hide_broken_code(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, TESTS)
    repo.commit("Break and weaken", **{"src/totals.py": BROKEN, "tests/test_totals.py": WEAKENED})
    done = review(repo)
    figures = gate(done)["facts"]["figures"]
    assert (figures["failed"], figures["base_tests"], figures["base_tests_still_passing"]) == (0, 1, 0)
    (found,) = [finding for finding in done.document["findings"] if finding["rule"] == RULE]
    assert "test_total" in found["message"]
    assert "-- tests/test_totals.py" in found["remedy"]
    assert done.document["verdict"] == "rejected"


def test_a_deleted_test_is_restored_and_an_added_conftest_has_no_say(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, TESTS)
    repo.git("rm", "-q", "tests/test_totals.py")
    skipping = "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef skipped():\n    pytest.skip('no')\n"
    repo.commit(
        "Break and replace",
        **{
            "src/totals.py": BROKEN,
            "tests/conftest.py": skipping,
            "tests/test_x.py": WEAKENED + "\n\ndef test_y():\n    pass\n",
        },
    )
    done = review(repo)
    assert gate(done)["status"] in {"fail", "not_run"}
    assert done.document["verdict"] != "approved"


def test_honest_work_on_tests_passes_with_the_base_tests_counted(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, TESTS)
    more = "from src.totals import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n\n\n"
    repo.commit("Add a test", **{"tests/test_totals.py": f"{more}def test_none():\n    assert total([]) == 0\n"})
    found = gate(review(repo))
    figures = found["facts"]["figures"]
    assert found["status"] == "pass"
    assert (figures["overlay"], figures["base_tests"], figures["base_tests_still_passing"]) == ("run", 1, 1)
