"""The base's tests are run over the head's code: a change cannot pass by weakening tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cli.test_configured_gates import TESTS, gate, repo_with, review
from support.git_repo import GitRepo

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


def test_a_head_that_skips_everything_is_held_to_the_bases_tests(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, TESTS)
    skipped = "import pytest\n\npytest.skip('later', allow_module_level=True)\n\n\ndef test_total():\n    assert True\n"
    repo.commit("Break and skip", **{"src/totals.py": BROKEN, "tests/test_totals.py": skipped})
    done = review(repo)
    assert RULE in {finding["rule"] for finding in done.document["findings"]}
    assert done.document["verdict"] == "rejected"


def test_base_tests_that_do_not_come_to_an_end_over_the_head_fail_it(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, TESTS.replace("timeout_s = 120", "timeout_s = 6"))
    endless = "def total(lines):\n    while lines:\n        pass\n    return 0\n"
    passing = "def test_total():\n    assert 1 + 1 == 2\n"
    repo.commit("Never end", **{"src/totals.py": endless, "tests/test_totals.py": passing})
    done = review(repo)
    figures = gate(done)["facts"]["figures"]
    assert (figures["overlay"], figures["base_tests_still_passing"]) == ("error", 0)
    assert done.document["verdict"] == "rejected"


def test_a_base_whose_own_run_proves_nothing_is_told_as_advice(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, TESTS)
    repo.checkout("main")
    repo.commit("Break the base", **{"tests/test_totals.py": "import nothing_of_the_sort\n"})
    repo.git("branch", "-f", "work", "main")
    repo.checkout("work")
    repo.commit("Mend", **{"tests/test_totals.py": "def test_total():\n    assert 1 + 1 == 2\n"})
    assert "is not known" in gate(review(repo))["reason"]


def test_a_renamed_test_file_counts_at_its_place_of_the_base(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, TESTS)
    repo.git("mv", "tests/test_totals.py", "tests/test_sums.py")
    repo.commit("Rename", **{"src/totals.py": "def total(lines):\n    return sum(lines, 0)\n"})
    found = gate(review(repo))
    figures = found["facts"]["figures"]
    assert (found["status"], figures["base_tests"], figures["base_tests_still_passing"]) == ("pass", 1, 1)


RUNNER = """\
import pathlib
cases = []
for path in sorted(pathlib.Path(".").rglob("*.test.js")):
    for line in path.read_text().splitlines():
        if line.startswith("test("):
            cases.append(f'<testcase classname="{path}" name="{line[6:-3]}"/>')
pathlib.Path("report.xml").write_text(f'<testsuite tests="{len(cases)}">{"".join(cases)}</testsuite>')
"""
OTHER = f"""\
[[gate]]
name = "tests"
kind = "tests"
argv = ["{sys.executable}", "run_tests.py"]
report = "report.xml"
format = "junit"
"""
CASES = {"src/a.test.js": "test('one');\ntest('two');\n", "src/b.test.js": "test('three');\n"}


def other_language(tmp_path: Path) -> GitRepo:
    repo = repo_with(tmp_path, OTHER)
    repo.checkout("main")
    repo.commit("Test", **CASES, **{"run_tests.py": RUNNER})
    repo.git("branch", "-f", "work", "main")
    repo.checkout("work")
    return repo


@pytest.mark.parametrize(
    ("tests", "fewer"),
    [
        ("test('one');\n", True),
        ("test('one');\ntest('two');\ntest('four');\n", False),
    ],
)
def test_fewer_cases_than_at_the_base_fail_a_language_that_is_not_read_here(
    tmp_path: Path, tests: str, *, fewer: bool
) -> None:
    repo = other_language(tmp_path)
    repo.commit("Edit", **{"src/a.test.js": tests})
    done = review(repo)
    assert gate(done)["status"] == ("fail" if fewer else "pass"), done.out
    assert ("gate.tests.fewer_tests" in {found["rule"] for found in done.document["findings"]}) is fewer


def test_a_deleted_file_of_tests_of_another_language_fails_too(tmp_path: Path) -> None:
    repo = other_language(tmp_path)
    repo.git("rm", "-q", "src/b.test.js")
    repo.commit("Delete")
    done = review(repo)
    assert "gate.tests.fewer_tests" in {found["rule"] for found in done.document["findings"]}
    assert done.document["verdict"] == "rejected"
