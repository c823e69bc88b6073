"""The small projects that the tools run over to write the fixtures of the report readers; path to text."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PYTHON: Mapping[str, str] = MappingProxyType(
    {
        "pyproject.toml": """\
[project]
name = "tally"
version = "1"

[tool.mutmut]
source_paths = ["src/"]
pytest_add_cli_args_test_selection = ["tests/test_money.py"]

[tool.pytest.ini_options]
pythonpath = ["src"]
""",
        "cosmic-ray.toml": """\
[cosmic-ray]
module-path = "src/tally/money.py"
timeout = 10.0
excluded-modules = []
test-command = "python -m pytest -x -q tests/test_money.py"

[cosmic-ray.distributor]
name = "local"
""",
        "src/tally/__init__.py": "",
        "src/tally/money.py": """\
def fee(amount: int) -> int:
    if amount > 100:
        return amount * 2
    return amount


def unused(value: int) -> int:
    return value - 3
""",
        "src/tally/careless.py": """\
import hashlib
import os
import subprocess


def run(name: str) -> int:
    subprocess.call(name, shell=True)  # nosec
    return subprocess.call("echo " + name, shell=True)


def digest(data: bytes) -> str:
    count: int = "none"
    return hashlib.md5(data).hexdigest()
""",
        "clean/fine.py": '"""Nothing to complain about."""\n\nANSWER: int = 42\n',
        "broken/test_broken.py": "import does_not_exist\n",
        "broken/half.py": "def half(\n",
        "tests/test_money.py": """\
from tally.money import fee


def test_a_large_amount_is_doubled() -> None:
    assert fee(200) == 400
""",
        "tests/test_outcomes.py": """\
import unittest

import pytest


@pytest.fixture
def bad_teardown():
    yield
    raise RuntimeError("teardown")


@pytest.fixture
def bad_setup():
    raise RuntimeError("setup")


def test_fails():
    assert 1 == 2, "<one> & \\x1b[31m two"


def test_teardown_breaks(bad_teardown):
    pass


def test_fails_and_teardown_breaks(bad_teardown):
    assert False


def test_setup_breaks(bad_setup):
    pass


@pytest.mark.skip(reason="not today")
def test_skipped():
    pass


@pytest.mark.xfail(reason="known")
def test_expected_to_fail():
    assert False


@pytest.mark.xfail
def test_passes_unexpectedly():
    pass


@pytest.mark.xfail(strict=True)
def test_passes_against_a_strict_expectation():
    pass


@pytest.mark.parametrize("value", [1, "é/x", "a b"])
def test_with(value):
    pass


class TestGroup:
    def test_inside(self):
        pass


class Old(unittest.TestCase):
    def test_parts(self):
        for part in range(3):
            with self.subTest(part=part):
                self.assertNotEqual(part, 1)
""",
        "speed/conftest.py": """\
def pytest_benchmark_update_machine_info(config, machine_info):
    machine_info.clear()  # which machine it was is nobody's concern
""",
        "speed/test_speed.py": """\
import pytest

from tally.money import fee


def test_fee(benchmark):
    benchmark.pedantic(fee, args=(1,), rounds=5, iterations=10)


@pytest.mark.parametrize("size", [10, 1000])
def test_sort(benchmark, size):
    benchmark.pedantic(sorted, args=(list(range(size)),), rounds=5)
""",
        "speed/test_other.py": """\
def test_fee(benchmark):
    benchmark.pedantic(sum, args=([1, 2],), rounds=3)
""",
    }
)

JAVASCRIPT: Mapping[str, str] = MappingProxyType(
    {
        "package.json": '{"name": "tally", "private": true, "jest": {"testMatch": ["**/*.test.js"]}}\n',
        "src/money.js": """\
function fee(amount) {
  if (amount > 100) { return amount * 2; }
  return amount > 50 ? amount + 1 : amount;
}

function unused(value) {
  return value - 3;
}

module.exports = { fee, unused };
""",
        "src/careless.js": """\
var forgotten = 1;
// eslint-disable-next-line no-undef
silenced();
if (undefinedName == 2) { debugger; }
""",
        "src/half.js": "function half( {\n",
        "money.test.js": """\
const { fee } = require("./src/money");

describe("fee", () => {
  test("doubles a large amount", () => { expect(fee(200)).toBe(400); });
  test("fails", () => { expect(fee(60)).toBe(0); });
  test.skip("is skipped", () => {});
  test.todo("is to do");
  test("throws <&>", () => { throw new Error("broken \\u001b[31m"); });
});
""",
        "stryker.test.js": """\
const { fee } = require("./src/money");

test("a large amount is doubled", () => { expect(fee(200)).toBe(400); });
""",
        "stryker.config.json": """\
{
  "testRunner": "command",
  "commandRunner": { "command": "npx jest stryker.test.js" },
  "mutate": ["src/money.js"],
  "reporters": ["json"],
  "concurrency": 2
}
""",
        "eslint.config.js": """\
module.exports = [{
  languageOptions: { sourceType: "script" },
  rules: { "no-undef": "error", "no-unused-vars": "warn", "no-debugger": "error", eqeqeq: "warn" },
}];
""",
        "vitest.config.mjs": """\
export default { test: { include: ["other/*.vitest.mjs"] } };
""",
        "other/money.vitest.mjs": """\
import { describe, expect, test } from "vitest";

describe("fee", () => {
  test("passes", () => { expect(1).toBe(1); });
  test("fails", () => { expect(1).toBe(2); });
  test.skip("is skipped", () => {});
});
""",
        "other/money.mocha.js": """\
const assert = require("assert");

describe("fee", () => {
  it("passes", () => {});
  it("fails", () => { assert.strictEqual(1, 2); });
  it("is pending");
  describe("inside", () => { it("passes too", () => {}); });
});
""",
        "other/axe.js": """\
const { JSDOM } = require("jsdom");

const page = "<html><body><img src='a.png'><input type='text'><a href='#'></a><p>text</p></body></html>";
const { window } = new JSDOM(page, { runScripts: "outside-only" });
window.eval(require("axe-core").source);
window.axe.run(window.document.body, { rules: { "color-contrast": { enabled: false } } }).then((found) => {
  found.inapplicable = [];
  process.stdout.write(JSON.stringify([found], null, 1));
});
""",
    }
)

C: Mapping[str, str] = MappingProxyType(
    {
        "money.c": """\
#include <stdio.h>

static int fee(int amount) {
    if (amount > 100) {
        return amount * 2;
    }
    return amount;
}

static int unused(int value) {
    return value - 3;
}

int main(int count, char **names) {
    (void)names;
    return count > 5 ? unused(count) : fee(200) - 400;
}
""",
    }
)
