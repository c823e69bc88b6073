from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.arbitration.ruling import Ruling
from agent_agency.facts import Finding, GateMode, GateStatus, Place, Severity
from agent_agency.report import junit
from agent_agency.report.rule_rows import rows_beside_gates
from support import rulings


def _suite(ruling: Ruling) -> ET.Element:
    suites = ET.fromstring(junit.render(ruling).encode("utf-8"))  # noqa: S314 - our own output is read back
    (suite,) = suites.findall("testsuite")
    return suite


def _cases(ruling: Ruling) -> dict[str, ET.Element]:
    return {case.attrib["name"]: case for case in _suite(ruling).findall("testcase")}


def _looks_passed(case: ET.Element) -> bool:
    return not {child.tag for child in case} & {"failure", "error", "skipped"}


@pytest.mark.parametrize("name", list(rulings.every_ruling()))
def test_counts_agree_with_the_cases_and_every_gate_is_a_case(name: str) -> None:
    ruling = rulings.every_ruling()[name]
    suite = _suite(ruling)
    cases = suite.findall("testcase")
    assert len(cases) == len(ruling.gates) + len(rows_beside_gates(ruling)) == int(suite.attrib["tests"])
    assert sum(case.attrib["classname"] == "agency.review" for case in cases) == len(ruling.gates)
    for tag, key in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert sum(case.find(tag) is not None for case in cases) == int(suite.attrib[key])


def test_a_rule_that_no_gate_stands_for_is_a_case_of_its_own() -> None:
    cases = _cases(rulings.argued())
    rollback, verdict = cases["migrations.rollback"].find("failure"), cases["claims.verdict (RUL-7)"].find("error")
    assert rollback is not None
    assert rollback.attrib["message"].startswith("The change migrates data")
    assert "Fix" not in (rollback.text or "")
    assert "of the spec on the base branch." in (rollback.text or "")
    assert verdict is not None
    assert verdict.attrib["message"].endswith("(missing: claims[RUL-7].holds)")
    for name in ("provenance.author_address", "migrations.declared"):
        assert cases[name].find("skipped") is not None


def test_a_waiver_that_only_raised_the_budget_is_told_in_the_output() -> None:
    raised = replace(rulings.waived().waivers[0], covers=(), added_files=1, added_loc=40)
    out = _suite(replace(rulings.approved(), waivers=(raised,))).findtext("system-out") or ""
    assert "waiver WV-0007: adds 1 file and 40 lines" in out


def test_a_weakened_rule_is_told_in_the_output() -> None:
    assert "weakened default rule: quality.deferred_work: disabled" in (
        _suite(rulings.argued()).findtext("system-out") or ""
    )


def test_a_failed_gate_is_a_failure_with_its_findings() -> None:
    failure = _cases(rulings.rejected())["scope_boundary"].find("failure")
    assert failure is not None
    assert failure.text is not None
    assert failure.text.startswith("tools/keys.py: major scope.outside: Renaming")
    assert rulings.SCOPE.remedy in failure.text


@pytest.mark.parametrize("status", [GateStatus.NOT_RUN, GateStatus.ERROR])
def test_a_blocking_gate_without_a_result_is_an_error_and_never_looks_passed(status: GateStatus) -> None:
    ruling = replace(rulings.approved(), gates=(rulings.a_gate("mutation", status, reason="no report"),))
    error = _cases(ruling)["mutation"].find("error")
    assert error is not None
    assert error.attrib == {"type": str(status), "message": "no report"}


@pytest.mark.parametrize("status", list(GateStatus))
@pytest.mark.parametrize("mode", list(GateMode))
def test_only_a_passed_gate_looks_passed(status: GateStatus, mode: GateMode) -> None:
    gate = rulings.a_gate("g", status, mode=mode)
    case = _cases(replace(rulings.approved(), gates=(gate,)))["g"]
    assert _looks_passed(case) == (status is GateStatus.PASS and mode is not GateMode.SKIP)


def test_a_waived_and_a_left_out_gate_are_skipped_and_say_why() -> None:
    waived = _cases(rulings.waived())["scope_boundary"].find("skipped")
    left_out = _cases(rulings.approved())["god_object"].find("skipped")
    assert waived is not None
    assert left_out is not None
    assert waived.attrib["message"].startswith("waived by WV-0007")
    assert left_out.attrib["message"].startswith("left out")


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_gives_xml_that_can_be_read_back(text: str) -> None:
    finding = Finding("r", Severity.MAJOR, text, text, Place(text or None))
    gate = rulings.a_gate(text or "g", GateStatus.FAIL, finding, reason=text)
    ruling = rulings.a_ruling(
        rulings.rejected().decision.verdict,
        rulings.rejected().decision.caws_verdict,
        1,
        [text],
        gates=(gate,),
        outcomes=(),
    )
    assert len(_suite(ruling).findall("testcase")) == 1
    said = replace(rulings.hostile().outcomes[0], message=text, remedy=text, subject=text, gate="", facts={})
    assert len(_suite(replace(ruling, outcomes=(said,))).findall("testcase")) == 2


def test_no_line_of_the_document_is_an_order_to_a_ci_runner() -> None:
    lines = junit.render(rulings.hostile()).split("\n")
    assert not any(line.lstrip().startswith("::") for line in lines)
