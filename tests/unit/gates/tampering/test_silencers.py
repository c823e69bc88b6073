from __future__ import annotations

import pytest

from support.tampering import one, weigh, weighty

CODE = "def f(x):\n    return x\n"


@pytest.mark.parametrize(
    ("path", "line", "rule"),
    [
        ("src/a.py", "import os  # noqa", "suppression_added"),
        ("src/a.py", "import os  # noqa: F401", "suppression_added"),
        ("src/a.py", "import os  #noqa:F401", "suppression_added"),
        ("src/a.py", "# ruff: noqa", "suppression_added"),
        ("src/a.py", "# flake8: noqa", "suppression_added"),
        ("src/a.py", "x = y  # type: ignore", "suppression_added"),
        ("src/a.py", "x = y  # type: ignore[attr-defined]", "suppression_added"),
        ("src/a.py", "# mypy: ignore-errors", "suppression_added"),
        ("src/a.py", "# mypy: disable-error-code=attr-defined", "suppression_added"),
        ("src/a.py", "x = y  # pyright: ignore", "suppression_added"),
        ("src/a.py", "eval(x)  # nosec", "suppression_added"),
        ("src/a.py", "eval(x)  # nosec B307", "suppression_added"),
        ("src/a.py", "# pylint: disable=eval-used", "suppression_added"),
        ("src/a.py", "# pylint: skip-file", "suppression_added"),
        ("src/a.py", "eval(x)  # nosemgrep", "suppression_added"),
        ("src/a.py", "if x:  # pragma: no cover\n    pass", "coverage_excluded"),
        ("src/a.py", "if x:  # pragma:no branch\n    pass", "coverage_excluded"),
        ("src/a.py", "x = 1  # pragma: no mutate", "coverage_excluded"),
        ("src/a.js", "// eslint-disable-next-line no-eval\neval(x)", "suppression_added"),
        ("src/a.js", "/* eslint-disable */", "suppression_added"),
        ("src/a.ts", "// @ts-ignore\nf(1)", "suppression_added"),
        ("src/a.ts", "// @ts-expect-error\nf(1)", "suppression_added"),
        ("src/a.ts", "// @ts-nocheck", "suppression_added"),
        ("src/a.ts", "/* istanbul ignore next */\nf(1)", "coverage_excluded"),
        ("src/a.ts", "// Stryker disable all\nf(1)", "coverage_excluded"),
        ("src/a.go", "package a\n//nolint:errcheck\nfunc f() {}", "suppression_added"),
        ("src/a.rs", "#[allow(dead_code)]\nfn f() {}", "suppression_added"),
        ("src/a.rs", "#![allow(warnings)]", "suppression_added"),
        ("src/A.java", '@SuppressWarnings("unchecked")\nclass A {}', "suppression_added"),
        ("src/A.kt", '@Suppress("UNCHECKED_CAST")\nclass A', "suppression_added"),
        ("src/a.sh", "# shellcheck disable=SC2086\necho $x", "suppression_added"),
        ("src/a.rb", "x = 1 # rubocop:disable Style/Foo", "suppression_added"),
    ],
)
def test_a_comment_that_switches_a_tool_off_is_told(path: str, line: str, rule: str) -> None:
    assert weighty(weigh({path: "\n"}, {path: f"\n{line}\n"})) == {rule}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("src/a.py", "x = '# noqa'"),
        ("src/a.py", '"""Use # noqa to silence."""'),
        ("src/a.py", "# the type: ignore-list is elsewhere" if False else "# a plain comment"),
        ("src/a.py", "ignore = 1  # ignored types"),
        ("src/a.js", "const s = '// eslint-disable';"),
        ("docs/a.md", "Write `# noqa` where needed, or `// eslint-disable`."),
        ("src/a.rs", 'let s = "#[allow(dead_code)]";'),
    ],
)
def test_text_that_switches_nothing_off_is_not_told(path: str, line: str) -> None:
    assert weighty(weigh({path: "\n"}, {path: f"\n{line}\n"})) == set()


def test_a_marker_that_moves_with_its_line_is_not_new() -> None:
    line = "import os  # noqa: F401\n"
    assert weighty(weigh({"src/a.py": line + CODE}, {"src/a.py": CODE, "src/b.py": line})) == set()
    assert weighty(weigh({"src/a.py": line + CODE}, {"src/a.py": CODE + line})) == set()


def test_a_marker_made_narrower_is_not_told_and_one_made_broader_is() -> None:
    bare, coded, more = ("import os  # noqa\n", "import os  # noqa: F401\n", "import os  # noqa: F401, E402\n")
    assert weighty(weigh({"src/a.py": bare}, {"src/a.py": coded})) == set()
    assert weighty(weigh({"src/a.py": more}, {"src/a.py": coded})) == set()
    assert weighty(weigh({"src/a.py": coded}, {"src/a.py": bare})) == {"suppression_added"}
    assert weighty(weigh({"src/a.py": coded}, {"src/a.py": more})) == {"suppression_added"}


def test_a_second_one_beside_an_old_one_is_told_with_its_line() -> None:
    old = "import os  # noqa: F401\n"
    finding = one(weigh({"src/a.py": old}, {"src/a.py": old + "import sys  # noqa: F401\n"}))
    assert finding.message == "'noqa: F401' is added in src/a.py and switches a check off"
    assert finding.remedy == "Mend what the check tells and take 'noqa: F401' out"


def test_a_marker_taken_out_is_fine() -> None:
    assert weighty(weigh({"src/a.py": "import os  # noqa\n"}, {"src/a.py": "import os\n"})) == set()
