"""What is no report: every damage has its code, and nothing here reads as a pass."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.gates.reports.model import MESSAGE_LIMIT, ReportProblem, TestReport, TestStatus
from agent_agency.gates.reports.read import FORMATS, read_report
from support.report_fixtures import FIXTURES, REFUSED, form_of

HALF = "half of it"
JUNIT = "<testsuite {}>{}</testsuite>"
CASE = '<testcase classname="m" name="t"/>'
COBERTURA = '<coverage line-rate="0.5">{}</coverage>'
CLASS = '<class filename="a.py"><lines>{}</lines></class>'
SARIF = '{"version": "2.1.0", "runs": [%s]}'
RUN = '{"tool": {"driver": {"name": "t"}}, %s}'
ELEMENTS = '{"schemaVersion": "2", "files": {"a.js": {"mutants": [%s]}}}'


def code_of(form: str, data: str | bytes, folder: Path) -> str:
    path = folder / "report"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    problem = read_report(form, path)
    assert isinstance(problem, ReportProblem), problem
    assert problem.message
    assert not problem.message.endswith(".")
    return problem.code.removeprefix("report.")


def tests_in(data: str | bytes, folder: Path) -> TestReport:
    path = folder / "report"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    report = read_report("junit", path)
    assert isinstance(report, TestReport), report
    return report


tests_in.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_what_is_not_there_or_no_file_is_no_report(form: str, tmp_path: Path) -> None:
    def code(path: Path) -> str:
        problem = read_report(form, path)
        assert isinstance(problem, ReportProblem)
        return problem.code

    target = tmp_path / "target"
    target.write_bytes(b"[]")
    (tmp_path / "link").symlink_to(target)
    os.mkfifo(tmp_path / "pipe")
    assert code(tmp_path / "none") == "report.missing"
    assert code(tmp_path / "link") == "report.unreadable"
    assert code(tmp_path / "pipe") == "report.unreadable"
    assert code(tmp_path) == "report.unreadable"
    assert code(Path("/dev/zero")) == "report.unreadable"
    assert code(tmp_path / "a\0b") == "report.unreadable"


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_an_empty_or_blank_file_is_no_report(form: str, tmp_path: Path) -> None:
    assert code_of(form, b"", tmp_path) == "empty"
    assert code_of(form, b" \n\n", tmp_path) in {"empty", "truncated", "wrong_shape", "syntax"}


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_a_file_beyond_the_limit_is_not_begun(form: str, tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_bytes(b"x" * 101)
    problem = read_report(form, path, limit=100)
    assert isinstance(problem, ReportProblem)
    assert problem.code == "report.too_large"


def test_an_unknown_format_is_told(tmp_path: Path) -> None:
    problem = read_report("junit5", tmp_path)
    assert isinstance(problem, ReportProblem)
    assert problem.code == "report.format_unknown"


@pytest.mark.parametrize("path", sorted(FIXTURES.iterdir()), ids=lambda path: path.name)
def test_a_report_of_another_format_is_never_taken_for_one(path: Path) -> None:
    true = REFUSED[path.name][0] if path.name in REFUSED else form_of(path)
    allowed = {true, "mypy"} if path.name.startswith("mypy") else {true}
    taken = {form for form in FORMATS if not isinstance(read_report(form, path), ReportProblem)}
    assert taken <= allowed


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("<html/>", "wrong_shape"),
        ('<coverage line-rate="1"/>', "wrong_shape"),
        ("<testcase name='a'/>", "wrong_shape"),
        (JUNIT.format("", "<testcase classname='m'/>"), "wrong_shape"),
        (JUNIT.format("", "<testcase name='a'><faliure/></testcase>"), "wrong_shape"),
        (JUNIT.format("", "<testcase name='a'><testcase name='b'><failure/></testcase></testcase>"), "wrong_shape"),
        (JUNIT.format("", "<properties><testsuite/></properties>"), "wrong_shape"),
        (JUNIT.format("", "<testcase name='a' status='exploded'/>"), "wrong_shape"),
        (JUNIT.format("", "<testcase name='a' name='b'/>"), "syntax"),
        (JUNIT.format("", CASE) + JUNIT.format("", CASE), "syntax"),
        (JUNIT.format("", CASE) + "x", "syntax"),
        (JUNIT.format("tests='-1'", CASE), "number_invalid"),
        (JUNIT.format("failures='NaN'", CASE), "number_invalid"),
        (JUNIT.format("errors='1e3'", CASE), "number_invalid"),
        (JUNIT.format("skipped='\u0661'", CASE), "number_invalid"),
        (JUNIT.format("tests='9999999999999999999'", CASE), "number_invalid"),
        (JUNIT.format("tests='1' failures='1' errors='0'", CASE), "count_mismatch"),
        (JUNIT.format("tests='1' errors='1'", CASE), "count_mismatch"),
        (JUNIT.format("failures='0' errors='0'", "<testcase name='a'><error/></testcase>"), "count_mismatch"),
        (JUNIT.format("tests='3'", ""), "count_mismatch"),
        ("<testsuites failures='1' errors='0'>" + JUNIT.format("", CASE) + "</testsuites>", "count_mismatch"),
        ("<testsuite>" + "<a>" * 200, "too_deep"),
        (JUNIT.format("", "<testcase name='" + "n" * 5000 + "'/>"), "token_too_long"),
        ("<?xml version='1.0' encoding='no-such'?>" + JUNIT.format("", CASE), "syntax"),
        (b"<?xml version='1.0' encoding='utf-8'?><testsuite name='\xff'/>", "syntax"),
        ("<testsuite>", "truncated"),
        ("<testsuite><testcase name='a'", "truncated"),
        ("<testsuite><testcase name='a'><failure><![CDATA[x", "truncated"),
    ],
)
def test_junit_that_proves_nothing(data: str | bytes, code: str, tmp_path: Path) -> None:
    assert code_of("junit", data, tmp_path) == code


BOMB = '<!DOCTYPE testsuite [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {new} "{("&" + old + ";") * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "data",
    [
        BOMB + "]><testsuite name='&i;'/>",
        "<!DOCTYPE testsuite [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><testsuite name='s'>&x;</testsuite>",
        "<!DOCTYPE testsuite [<!ATTLIST testcase status CDATA 'passed'>]><testsuite/>",
        "<!DOCTYPE testsuite SYSTEM 'http://127.0.0.1:1/x.dtd'><testsuite/>",
        "<!DOCTYPE coverage SYSTEM 'x.dtd' [<!ENTITY x 'y'>]><coverage line-rate='1'/>",
    ],
)
@pytest.mark.parametrize("form", ["junit", "cobertura"])
def test_what_defusedxml_forbids_is_forbidden(form: str, data: str, tmp_path: Path) -> None:
    import defusedxml.ElementTree

    with pytest.raises(defusedxml.DefusedXmlException):
        defusedxml.ElementTree.fromstring(data, forbid_dtd=True)
    code = code_of(form, data, tmp_path)
    assert code == "forbidden_xml" or (form == "cobertura" and "[" not in data and code == "wrong_shape")


def test_an_undeclared_entity_never_vanishes(tmp_path: Path) -> None:
    for text in ("a&x;b", "&x;"):
        assert code_of("junit", JUNIT.format(f"name='{text}'", ""), tmp_path) == "syntax"
        declared = f'<!DOCTYPE coverage SYSTEM "c.dtd"><coverage line-rate="1"><class filename="{text}"/></coverage>'
        assert code_of("cobertura", declared, tmp_path) == "syntax"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("<coverage/>", "wrong_shape"),
        ("<testsuite/>", "wrong_shape"),
        ('<coverage line-rate="NaN"/>', "number_invalid"),
        ('<coverage line-rate="-0.1"/>', "number_invalid"),
        ('<coverage line-rate="1.1"/>', "number_invalid"),
        ('<coverage line-rate="1" lines-valid="4" lines-covered="5"/>', "count_mismatch"),
        ('<coverage line-rate="1" lines-valid="4" lines-covered="4"/>', "count_mismatch"),
        (COBERTURA.format('<line number="1" hits="1"/>'), "wrong_shape"),
        (COBERTURA.format("<class/>"), "wrong_shape"),
        (COBERTURA.format(CLASS.format('<line number="0" hits="1"/>')), "number_invalid"),
        (COBERTURA.format(CLASS.format('<line number="1" hits="-1"/>')), "number_invalid"),
        (COBERTURA.format(CLASS.format('<line number="1"/>')), "number_invalid"),
        (COBERTURA.format(CLASS.format('<line hits="1"/>')), "number_invalid"),
        (COBERTURA.format(CLASS.format('<line number="4294967296" hits="1"/>')), "number_invalid"),
        (
            COBERTURA.format(CLASS.format('<line number="1" hits="1" branch="true" condition-coverage="150% (3/2)"/>')),
            "number_invalid",
        ),
        (COBERTURA.format(f'<class filename="{"p" * 5000}"/>'), "token_too_long"),
    ],
)
def test_cobertura_that_proves_nothing(data: str, code: str, tmp_path: Path) -> None:
    assert code_of("cobertura", data, tmp_path) == code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("TN:\n", "wrong_shape"),
        ("# nothing\n", "wrong_shape"),
        ("SF:a.py\nDA:1,1\n", "truncated"),
        ("SF:a.py\nSF:b.py\nend_of_record\n", "syntax"),
        ("end_of_record\n", "syntax"),
        ("DA:1,1\n", "syntax"),
        ("SF:\nend_of_record\n", "syntax"),
        ("SF:a.py\nDB:1,1\nend_of_record\n", "syntax"),
        ("SF:a.py\nhello\nend_of_record\n", "syntax"),
        ("SF:a.py\nDA:1,-1\nend_of_record\n", "number_invalid"),
        ("SF:a.py\nDA:1,NaN\nend_of_record\n", "number_invalid"),
        ("SF:a.py\nDA:0,1\nend_of_record\n", "number_invalid"),
        ("SF:a.py\nDA:9999999999,1\nend_of_record\n", "number_invalid"),
        ("SF:a.py\nDA:1\nend_of_record\n", "number_invalid"),
        ("SF:a.py\nBRDA:1,0,0,x\nend_of_record\n", "number_invalid"),
        ("SF:a.py\nBRDA:1,1\nend_of_record\n", "syntax"),
        ("SF:a.py\nLF:3\nLH:3\nend_of_record\n", "count_mismatch"),
        (f"SF:{'p' * 5000}\nend_of_record\n", "token_too_long"),
    ],
)
def test_lcov_that_proves_nothing(data: str, code: str, tmp_path: Path) -> None:
    assert code_of("lcov", data, tmp_path) == code


def coveragepy(**changes: object) -> str:
    summary = {"covered_lines": 1, "num_statements": 2, "num_branches": 0}
    file = {"executed_lines": [1], "missing_lines": [2], "summary": summary}
    document = {"meta": {"format": 3}, "files": {"a.py": file}, "totals": summary}
    return json.dumps({**document, **changes})


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("[]", "wrong_shape"),
        ("{}", "wrong_shape"),
        ("null", "wrong_shape"),
        (coveragepy(meta={"format": 99}), "version_unsupported"),
        (coveragepy(meta={"format": [3]}), "version_unsupported"),
        (coveragepy(meta={}), "wrong_shape"),
        (coveragepy(files=[]), "wrong_shape"),
        (coveragepy(files={}), "count_mismatch"),
        (coveragepy(totals={"covered_lines": 2, "num_statements": 2}), "count_mismatch"),
        (coveragepy(totals={"covered_lines": -1, "num_statements": 2}), "number_invalid"),
        (coveragepy(totals={"covered_lines": 1.0, "num_statements": 2}), "number_invalid"),
        (coveragepy(totals={"covered_lines": True, "num_statements": 2}), "number_invalid"),
        (coveragepy().replace("[1]", "[1, 2]"), "duplicate"),
        (coveragepy().replace("[1]", "[0]"), "number_invalid"),
        (coveragepy().replace("[1]", "[-1]"), "number_invalid"),
        (coveragepy().replace("[1]", "[1e0]"), "number_invalid"),
        (coveragepy().replace("[1]", "NaN"), "syntax"),
        (coveragepy().replace("[1]", "[1e999]"), "syntax"),
        (coveragepy().replace("[1]", "[" + "9" * 5000 + "]"), "syntax"),
        (coveragepy().replace("missing_lines", "missing"), "wrong_shape"),
        (coveragepy().replace('"files"', '"files": {}, "files"'), "duplicate"),
        (coveragepy().replace('"executed_lines"', '"missing_lines": [], "executed_lines"'), "duplicate"),
        (coveragepy() + "{}", "syntax"),
        (coveragepy()[:-1], "truncated"),
        ("[" * 100_000, "wrong_shape"),
        (coveragepy(meta="@@").replace('"@@"', "[" * 100_000), "too_deep"),
        (coveragepy(meta="\ud800"), "wrong_shape"),
        (coveragepy().encode("utf-16"), "syntax"),
        (b'{"meta": "\xff"}', "syntax"),
    ],
)
def test_coveragepy_that_proves_nothing(data: str | bytes, code: str, tmp_path: Path) -> None:
    assert code_of("coveragepy", data, tmp_path) == code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("{}", "version_unsupported"),
        ('{"version": "2.0.0", "runs": []}', "version_unsupported"),
        (SARIF % "", "nothing_checked"),
        ('{"version": "2.1.0"}', "nothing_checked"),
        (SARIF % "{}", "wrong_shape"),
        (SARIF % (RUN % '"x": 1'), "incomplete"),
        (SARIF % (RUN % '"results": null'), "wrong_shape"),
        (SARIF % (RUN % '"results": [], "invocations": [{"executionSuccessful": false}]'), "tool_failed"),
        (SARIF % (RUN % '"results": [], "invocations": [{"executionSuccessful": "true"}]'), "tool_failed"),
        (SARIF % (RUN % '"results": [], "invocations": [{}]'), "tool_failed"),
        (
            SARIF
            % (
                RUN % '"results": [], "invocations": [{"executionSuccessful": true,'
                ' "toolExecutionNotifications": [{"level": "error", "message": {"text": "crash"}}]}]'
            ),
            "tool_failed",
        ),
        (SARIF % (RUN % '"results": [{"level": "fatal"}]'), "wrong_shape"),
        (SARIF % (RUN % '"results": [{"kind": "passed"}]'), "wrong_shape"),
        (SARIF % (RUN % '"results": [{"baselineState": "gone"}]'), "wrong_shape"),
        (SARIF % (RUN % '"results": ["x"]'), "wrong_shape"),
        (SARIF % (RUN % '"results": [{"properties": {"security-severity": "NaN"}}]'), "number_invalid"),
        (SARIF % (RUN % '"results": [{"properties": {"security-severity": "11"}}]'), "number_invalid"),
    ],
)
def test_sarif_that_proves_nothing(data: str, code: str, tmp_path: Path) -> None:
    assert code_of("sarif", data, tmp_path) == code


@pytest.mark.parametrize(
    ("form", "data", "code"),
    [
        ("mutation-elements", ELEMENTS % '{"id": "1", "status": "Pending"}', "incomplete"),
        ("mutation-elements", ELEMENTS % '{"id": "1", "status": "Dead"}', "wrong_shape"),
        ("mutation-elements", ELEMENTS % '{"status": "Killed"}', "wrong_shape"),
        ("mutation-elements", ELEMENTS % ", ".join(['{"id": "1", "status": "Killed"}'] * 2), "duplicate"),
        ("mutation-elements", '{"schemaVersion": "3", "files": {}}', "version_unsupported"),
        ("mutation-elements", '{"schemaVersion": "2"}', "wrong_shape"),
        ("mutation-elements", '{"schemaVersion": "2", "files": {"a.js": {}}}', "wrong_shape"),
        ("mutmut", '{"exit_code_by_key": {"m__1": null}}', "incomplete"),
        ("mutmut", '{"exit_code_by_key": {"m__1": 2}}', "incomplete"),
        ("mutmut", '{"exit_code_by_key": {"m__1": "0"}}', "wrong_shape"),
        ("mutmut", "{}", "number_invalid"),
        ("mutmut", "    m__1: not checked\n", "incomplete"),
        ("mutmut", "    m__1: fine\n", "wrong_shape"),
        ("mutmut", "    m__1: killed", "truncated"),
        ("mutmut", "    m__1: killed\n    m__1: killed\n", "duplicate"),
        ("mutmut", "all is well\n", "syntax"),
        ("cosmic-ray", '[{"job_id": "1", "mutations": []}, null]\n', "incomplete"),
        ("cosmic-ray", '[{"job_id": "1", "mutations": []}]\n', "wrong_shape"),
        ("cosmic-ray", '[{"job_id": "1", "mutations": []}, {"worker_outcome": "normal"}]\n', "wrong_shape"),
        ("cosmic-ray", "{}", "truncated"),
        ("pytest-json", '{"summary": {"total": 0}, "tests": []}', "wrong_shape"),
        ("pytest-json", '{"exitcode": 0, "summary": {"total": 1, "passed": 1}, "tests": []}', "count_mismatch"),
        ("pytest-json", '{"exitcode": 0, "summary": {"total": 1, "passed": 1}}', "count_mismatch"),
        ("pytest-json", '{"exitcode": 1, "summary": {"total": 0}, "tests": []}', "count_mismatch"),
        (
            "pytest-json",
            '{"exitcode": 0, "summary": {"total": 3, "passed": 1}, "tests": [{"nodeid": "a", "outcome": "passed"}]}',
            "count_mismatch",
        ),
        ("pytest-json", '{"exitcode": 2, "summary": {"total": 0}, "tests": []}', "tool_failed"),
        (
            "pytest-json",
            '{"exitcode": 0, "summary": {"total": 1, "failed": 1}, "tests": [{"nodeid": "a", "outcome": "failed"}]}',
            "count_mismatch",
        ),
        ("istanbul", '{"a.js": {}}', "wrong_shape"),
        ("istanbul", '{"a.js": {"statementMap": {}, "s": {"0": 1}, "branchMap": {}, "b": {}}}', "count_mismatch"),
        ("istanbul", '{"a.js": {"statementMap": {}, "s": {}, "branchMap": {}, "b": {"0": [1]}}}', "count_mismatch"),
        ("axe", "[]", "nothing_checked"),
        ("axe", '{"violations": [], "passes": []}', "nothing_checked"),
        ("axe", '{"passes": [{}]}', "wrong_shape"),
        ("axe", '{"violations": [{"id": "r", "nodes": []}]}', "wrong_shape"),
        ("axe", '{"violations": [{"id": "r", "nodes": [{"impact": "huge"}]}]}', "wrong_shape"),
        ("ruff", "{}", "wrong_shape"),
        ("ruff", "[1]", "wrong_shape"),
        ("eslint", "[]", "nothing_checked"),
        ("eslint", '[{"filePath": "a", "messages": [], "errorCount": 1, "warningCount": 0}]', "count_mismatch"),
        ("eslint", '[{"filePath": "a", "messages": [{"severity": 3}]}]', "wrong_shape"),
        ("mypy", '{"file": "a", "severity": "fatal"}\n', "wrong_shape"),
        ("mypy", "a.py:1: error: text, not JSON\n", "syntax"),
        ("mypy", "<testsuite/>", "nothing_checked"),
        ("pyright", '{"generalDiagnostics": []}', "wrong_shape"),
        (
            "pyright",
            '{"summary": {"filesAnalyzed": 0, "errorCount": 0, "warningCount": 0, "informationCount": 0}}',
            "nothing_checked",
        ),
        (
            "pyright",
            '{"summary": {"filesAnalyzed": 1, "errorCount": 1, "warningCount": 0, "informationCount": 0}}',
            "count_mismatch",
        ),
        ("bandit", '{"errors": [], "metrics": {}, "results": []}', "nothing_checked"),
        ("bandit", '{"errors": [], "metrics": {}}', "wrong_shape"),
        ("bandit", '{"errors": [{"filename": "a.py"}], "metrics": {}, "results": []}', "tool_failed"),
        ("pip-audit", '{"dependencies": []}', "nothing_checked"),
        ("pip-audit", '{"dependencies": [{"name": "a", "skip_reason": "no"}]}', "nothing_checked"),
        ("pip-audit", '{"dependencies": [{"name": "a"}]}', "wrong_shape"),
    ],
)
def test_other_reports_that_prove_nothing(form: str, data: str, code: str, tmp_path: Path) -> None:
    assert code_of(form, data, tmp_path) == code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_junit_is_read_in_the_encoding_that_it_names(encoding: str, tmp_path: Path) -> None:
    name = encoding.removesuffix("-sig")
    data = f'<?xml version="1.0" encoding="{name}"?>' + JUNIT.format("", "<testcase name='é'/>")
    assert tests_in(data.encode(encoding), tmp_path).cases[0].id == "é"


def test_json_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "report").write_bytes(b"\xef\xbb\xbf[]")
    assert not isinstance(read_report("ruff", tmp_path / "report"), ReportProblem)


def test_a_suite_without_cases_says_that_none_was_run(tmp_path: Path) -> None:
    report = tests_in("<testsuites/>", tmp_path)
    assert (report.total, report.ran) == (0, 0)


def test_a_suite_that_failed_as_a_whole_is_an_error(tmp_path: Path) -> None:
    data = JUNIT.format("name='s' tests='1' errors='1'", "<error message='set-up'/>" + CASE)
    assert [case.status.value for case in tests_in(data, tmp_path).failures] == ["error"]


def test_a_failed_status_without_a_failure_element_is_a_failure(tmp_path: Path) -> None:
    report = tests_in(JUNIT.format("", "<testcase name='a' status='Failed'/>"), tmp_path)
    assert report.failed == 1


def test_what_a_test_printed_is_not_taken_for_a_result(tmp_path: Path) -> None:
    printed = "<system-out><![CDATA[</testcase><testcase name='forged'/>]]><failure/></system-out>"
    report = tests_in(JUNIT.format("", f"<testcase name='a'>{printed}</testcase>"), tmp_path)
    assert [case.id for case in report.cases] == ["a"]


def test_texts_are_cut_and_all_failures_kept(tmp_path: Path) -> None:
    case = f"<testcase name='a'><failure>{'x' * 100_000}</failure></testcase>"
    report = tests_in(JUNIT.format("", case * 200), tmp_path)
    assert report.failed == 200
    assert max(len(case.message) for case in report.cases) == MESSAGE_LIMIT


@pytest.mark.parametrize(
    ("form", "head"),
    [("junit", "<testsuite name='"), ("ruff", '[{"code": "'), ("mypy", '{"file": "'), ("lcov", "SF:")],
)
def test_a_token_that_never_ends_is_given_up(form: str, head: str, tmp_path: Path) -> None:
    assert code_of(form, head + "x" * (18 * 2**20), tmp_path) == "token_too_long"


def test_a_hostile_report_cannot_fill_the_memory(tmp_path: Path) -> None:
    """Forty million values, each tiny, in 100 MB: refused before they are built."""
    path = tmp_path / "report"
    path.write_bytes(b'{"files": {"a.py": {"executed_lines": [' + b"[]," * (12 * 2**20))
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from agent_agency.gates.reports.read import read_report\n"
        "print(read_report('coveragepy', Path(sys.argv[1])).code)\n"
        "status = Path('/proc/self/status')\n"  # ru_maxrss counts what the parent held when it forked
        "if status.exists():\n"
        "    print(status.read_text().partition('VmHWM:')[2].split()[0])\n"
        "else:\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    told, peak = done.stdout.split()
    assert told == "report.too_many"
    assert int(peak) < 400 * 1024


@given(st.sampled_from(sorted(FORMATS)), st.binary(max_size=300))
def test_no_bytes_break_a_reader(form: str, data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report"
        path.write_bytes(data)
        read_report(form, path)


WORDS = """
version runs results tool driver name rules invocations level message text locations meta format files totals summary
executed_lines missing_lines statementMap s b branchMap schemaVersion mutants status id tests outcome nodeid exitcode
total violations passes nodes filePath messages severity errorCount warningCount errors metrics dependencies vulns
exit_code_by_key generalDiagnostics filename location code
"""
_KEYS = st.sampled_from(WORDS.split())
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=6),
    max_leaves=20,
)


@given(st.sampled_from(sorted(FORMATS)), st.dictionaries(_KEYS, _JSON, max_size=8) | _JSON)
def test_no_json_of_the_right_words_and_wrong_types_breaks_a_reader(form: str, value: object) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report"
        path.write_bytes(json.dumps(value).encode())
        read_report(form, path)


_OUTCOMES = {
    "passed": "",
    "failed": "<failure message='no'/>",
    "error": "<error>boom</error>",
    "skipped": "<skipped/>",
    "xfailed": "<skipped type='pytest.xfail'/>",
}


@given(st.lists(st.sampled_from(sorted(_OUTCOMES)), max_size=30))
def test_every_outcome_that_is_written_is_read(outcomes: list[str]) -> None:
    import tempfile

    cases = "".join(f"<testcase name='{n}'>{_OUTCOMES[word]}</testcase>" for n, word in enumerate(outcomes))
    failing = sum(word in {"failed", "error"} for word in outcomes)
    data = JUNIT.format(f"name='s' failures='{failing}' errors='0' tests='{len(outcomes)}'", cases)
    with tempfile.TemporaryDirectory() as folder:
        report = tests_in(data, Path(folder))
    assert [case.status for case in report.cases] == [TestStatus(word) for word in outcomes]
    assert report.total == len(outcomes)
    assert report.failed == failing
