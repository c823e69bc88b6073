"""Tests made to fail do fail, however they are written, and what is left alone still passes."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.gates.failing_tests import failing_module
from agent_agency.gates.reports.model import TestReport, TestStatus
from agent_agency.gates.reports.read import read_report

EVERY_FORM = '''
"""A module."""
import unittest
from unittest import mock

import pytest
from hypothesis import given, strategies as st


@pytest.fixture
def one():
    yield 1


def test_plain(one):
    """A text that stays."""
    assert one == 1


def test_early_end():
    if True:
        return
    assert False


@pytest.mark.parametrize("value", [1, "a[b]::c"])
def test_many(value):
    for _ in range(3):
        continue
    assert value


@given(st.integers())
def test_property(value):
    assert value == value


@mock.patch("os.getcwd", return_value="x")
def test_patched(getcwd):
    import os

    assert os.getcwd() == "x"


class TestGroup:
    def test_in_class(self):
        with pytest.raises(AssertionError):
            assert False

    class TestInner:
        def test_nested(self):
            assert True


class SumTestCase(unittest.TestCase):
    def test_method(self):
        with self.subTest("a"):
            self.assertEqual(1, 1)

    @unittest.expectedFailure
    def test_expected(self):
        assert False


def swallowing(function):
    def test_wrapped():
        try:
            function()
        except AssertionError:
            pass

    return test_wrapped


@swallowing
def test_wrapped():
    assert True


if True:
    def test_below_a_condition():
        assert True
'''
LEFT_ALONE = {"test_wrapped", "test_below_a_condition", "test_expected"}


@pytest.fixture(scope="module")
def statuses(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, TestStatus], dict[str, TestStatus]]:
    found = []
    for name, source in (("before", EVERY_FORM), ("after", _made_to_fail())):
        folder = tmp_path_factory.mktemp(name)
        (folder / "test_forms.py").write_text(source)
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=report.xml"]
        subprocess.run(argv, cwd=folder, check=False, capture_output=True)
        report = read_report("junit", folder / "report.xml")
        assert isinstance(report, TestReport)
        found.append(dict(report.worst))
    return found[0], found[1]


def _made_to_fail() -> str:
    made = failing_module("test_forms.py", EVERY_FORM.encode())
    assert made is not None
    return made.source


def _function(name: str) -> str:
    return name.rpartition("::")[2].split("[")[0]


def test_every_form_fails_and_no_test_is_lost(
    statuses: tuple[dict[str, TestStatus], dict[str, TestStatus]],
) -> None:
    before, after = statuses
    assert before.keys() == after.keys()
    assert len(before) == 12
    still = {_function(name) for name, status in after.items() if status is TestStatus.PASSED}
    assert still <= LEFT_ALONE
    assert {name for name, status in before.items() if status is TestStatus.FAILED} == set()


def test_what_may_not_fail_is_named_as_left_alone() -> None:
    made = failing_module("pkg/test_forms.py", EVERY_FORM.encode())
    assert made is not None
    assert {name.rpartition(".")[2] for name in made.others} == LEFT_ALONE
    assert "pkg.test_forms.TestGroup.TestInner.test_nested" in made.tests


def test_a_generator_is_left_alone() -> None:
    assert failing_module("test_a.py", b"def test_a():\n    yield 1\n") is None


@pytest.mark.parametrize("source", [b"", b"def test_a(:", b"\xff\xfe", b"x = 1\0", b"(" * 5000, b"def other(): pass\n"])
def test_what_holds_no_test_that_can_be_changed_is_none(source: bytes) -> None:
    assert failing_module("test_a.py", source) is None


@given(st.binary(max_size=200))
def test_no_source_raises(source: bytes) -> None:
    failing_module("test_a.py", b"def test_a():\n    pass\n" + source)
