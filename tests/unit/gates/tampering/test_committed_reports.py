from __future__ import annotations

import pytest

from support.tampering import weigh, weighty


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("report.xml", '<?xml version="1.0"?>\n<testsuites><testsuite name="a"/></testsuites>\n'),
        ("out/TEST-a.xml", "<testsuite tests='1'></testsuite>\n"),
        ("junit.xml", "<testsuites/>\n"),
        ("coverage.xml", "<coverage line-rate='1'></coverage>\n"),
        (".coverage", "SQLite format 3\n"),
        (".coverage.host.1", "SQLite format 3\n"),
        ("lcov.info", "TN:\nSF:a.c\nend_of_record\n"),
        ("coverage.json", '{"meta": {}}\n'),
        ("scan.sarif", '{"version": "2.1.0"}\n'),
        ("result.json", '{"$schema": "https://json.schemastore.org/sarif-2.1.0.json"}\n'),
        ("htmlcov/index.html", "<html>\n"),
        ("mutation.json", "{}\n"),
        ("test-results.xml", "<testsuites>\n"),
    ],
)
def test_a_report_that_a_change_brings_along_is_told(path: str, content: str) -> None:
    assert weighty(weigh({}, {path: content})) == {"report_committed"}


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("pom.xml", "<project></project>\n"),
        (".coveragerc", "[run]\nbranch = true\n"),
        ("package.json", '{"name": "coverage"}\n'),
        ("src/coverage.py", "x = 1\n"),
        ("tests/fixtures/junit.xml", "<testsuites/>\n"),
        ("docs/report.xml", "<testsuites/>\n"),
        ("data.json", '{"meta": 1}\n'),
    ],
)
def test_other_files_and_material_of_tests_are_not_told(path: str, content: str) -> None:
    assert weighty(weigh({}, {path: content})) == set()


def test_a_report_taken_out_is_fine() -> None:
    assert weighty(weigh({"junit.xml": "<testsuites/>\n"}, {})) == set()
