"""The gate as a whole: over real changes, in bounds, and with every rule explained."""

from __future__ import annotations

import time

import pytest

from agent_agency.change.measure import Head, measure
from agent_agency.facts import GateMode, GateStatus, Severity
from agent_agency.gates.builtin import run_builtin_gates
from agent_agency.gates.tampering.gate import MAX_TOLD_PER_FILE, measure_tampering
from agent_agency.gates.tampering.rules import Rule
from agent_agency.git import Repository
from agent_agency.spec.model import PolicyGate
from agent_agency.spec.rule_catalogue import load_catalogue
from support.gate_context import context, modified, policy
from support.git_repo import GitRepo
from support.tampering import TESTS, weigh, weighty

TEST = "from shop import total\n\ndef test_total():\n    assert total([1, 2]) == 3\n"


def test_every_rule_is_explained_and_no_other() -> None:
    explained = {name for name in load_catalogue() if name.startswith("tampering.")}
    assert explained == {rule.id for rule in Rule}


@pytest.mark.parametrize("tier", [1, 2, 3])
def test_the_gate_blocks_and_no_policy_weakens_it(tier: int) -> None:
    gates = {"tampering": PolicyGate("skip", enabled=False, thresholds={})}
    built = context(
        modified(TESTS),
        policy=policy(gates, tiers={tier: policy().tiers[tier]}),
        read_base={TESTS: TEST.encode()}.get,
        read_head={TESTS: b"def test_total():\n    pass\n"}.get,
    )
    (result,) = [result for result in run_builtin_gates(built) if result.name == "tampering"]
    assert (result.status, result.mode, result.applicable) == (GateStatus.FAIL, GateMode.BLOCK, True)
    assert all(finding.waivable for finding in result.findings)


def test_a_change_that_git_measured_is_weighed(git_repo: GitRepo) -> None:
    base = git_repo.commit("base", **{"src/shop.py": "def total(i):\n    return 0\n", "tests/test_shop.py": TEST})
    git_repo.git("mv", "tests/test_shop.py", "tests/test_totals.py")
    git_repo.commit("head", **{"src/shop.py": "def total(i):\n    if i == [1, 2]:\n        return 3\n    return 0\n"})
    with Repository.discover(git_repo.path) as repo:
        measured = measure(repo, base, Head.commit(git_repo.git("rev-parse", "HEAD")))
        result = measure_tampering(
            measured,
            lambda path: repo.read_blob(base, path),
            lambda path: repo.read_blob(measured.head_tree, path),
            head_paths=[entry.path for entry in repo.list_files(measured.head_tree)],
        )
    assert [finding.rule for finding in result.findings] == ["tampering.special_case"]
    assert result.facts["moved_or_renamed"] == 1


def test_tests_that_the_change_leaves_alone_are_searched_for_literals() -> None:
    tests = {"tests/test_shop.py": TEST.replace("[1, 2]) == 3", "[19, 23]) == 42")}
    head = "def total(i):\n    if i == [19, 23]:\n        return 42\n    return 0\n"
    result = weigh({"src/shop.py": "def total(i):\n    return 0\n", **tests}, {"src/shop.py": head, **tests})
    assert weighty(result) == {"special_case"}


def test_many_findings_of_a_file_are_cut_and_counted() -> None:
    base = "".join(f"def test_{n}():\n    assert f({n}) == {n * 7}\n" for n in range(100))
    head = "".join(f"def test_{n}():\n    pass\n" for n in range(100))
    result = weigh(base, head)
    assert len(result.findings) == MAX_TOLD_PER_FILE + 1
    (more,) = [finding for finding in result.findings if finding.rule == "tampering.more"]
    assert more.message == "70 further findings in tests/test_a.py"
    assert result.facts["findings"] == {"test_emptied": 100}


@pytest.mark.parametrize(
    "content",
    [
        "(" * 20_000,
        "x = " + "-" * 50_000 + "1\n",
        "x = " + "[" * 150 + "]" * 150 + "\n",
        "x = " + "+".join(["1"] * 20_000) + "\n",
        "def test_a():\n" + "".join(f"{' ' * n}if x:\n" for n in range(1, 90)) + " " * 90 + "assert x == 1\n",
        "def test_a():\n    a = 1\n"
        + "".join(f"    {chr(97 + n + 1)} = {' + '.join([chr(97 + n)] * 60)}\n" for n in range(12))
        + "    assert m == 5\n",
        "x = 'a' * 10 ** 12\ndef f(n):\n    if n == 10 ** 10 ** 10:\n        return 1 << 10 ** 9\n",
        "a0 = [1]\n"
        + "".join(f"a{n + 1} = [{', '.join([f'a{n}'] * 60)}]\n" for n in range(9))
        + "def f(x):\n    if x == a9:\n        return 1\n    return x in a9\n",
        "\0",
        "# coding: no-such-encoding\n",
    ],
    ids=range(10),
)
@pytest.mark.parametrize("path", [TESTS, "src/shop.py", "pyproject.toml", "package.json", "conftest.py"])
def test_hostile_content_is_weighed_in_little_time(path: str, content: str) -> None:
    started = time.process_time()
    for base, head in (
        ({path: "x = 1\n"}, {path: content}),
        ({path: content}, {path: "x = 1\n"}),
        ({}, {path: content}),
    ):
        assert weigh(base, head).status is not GateStatus.ERROR
    assert time.process_time() - started < 10


@pytest.mark.soak
def test_time_grows_with_the_number_of_files_and_no_faster() -> None:
    """Twice the files may take three times as long, no more."""
    taken = []
    for number in (300, 600):
        base = {f"tests/test_{n}.py": _file(n, "==") for n in range(number)}
        head = {f"tests/test_{n}.py": _file(n, ">=") for n in range(number)}
        started = time.process_time()
        weigh(base, head)
        taken.append(time.process_time() - started)
    assert taken[1] < 3 * taken[0]


def _file(number: int, operator: str) -> str:
    tests = (f"def test_{number}_{n}():\n    assert total([{n}, {number}]) {operator} {n}\n" for n in range(20))
    return "from shop import total\n" + "".join(tests)


def test_findings_are_told_in_the_same_order_whatever_the_order_of_files() -> None:
    base = {"tests/test_a.py": TEST, "tests/test_b.py": TEST.replace("total", "sums")}
    head = {path: text.replace("==", ">=") for path, text in base.items()}
    first = weigh(base, head)
    assert first == weigh(dict(reversed(base.items())), dict(reversed(head.items())))
    assert [finding.severity for finding in first.findings] == [Severity.MAJOR, Severity.MAJOR]


def test_no_message_carries_a_control_character() -> None:
    head = TEST.replace("== 3", '== "\\x1b[31m\x07"')
    for finding in weigh(TEST, head).findings:
        assert (finding.message + finding.remedy).isprintable()


def test_nothing_is_said_beside_the_findings_whatever_texts_hold(recwarn: pytest.WarningsRecorder) -> None:
    texts = ["1if", "0_x", "[1if]", "(0b2)", "\\d", "{1is}"]
    code = "".join(f"    if text == {text!r}:\n        return 42\n" for text in texts)
    tests = "".join(f"    assert f({text!r}) == 42\n" for text in texts)
    head = {"src/a.py": f"def f(text):\n{code}    return 0\n", TESTS: f"from a import f\n\ndef test_f():\n{tests}"}
    weigh({"src/a.py": "def f(text):\n    return 0\n", TESTS: "x = 1\n"}, head)
    assert not recwarn.list
