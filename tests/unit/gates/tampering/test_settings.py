from __future__ import annotations

import pytest

from support.tampering import one, weigh, weighty

LOWERED = {
    "coverage": (
        "pyproject.toml",
        "[tool.coverage.report]\nfail_under = 90\n",
        "[tool.coverage.report]\nfail_under = 80\n",
    ),
    "coverage gone": ("pyproject.toml", "[tool.coverage.report]\nfail_under = 90\n", "[tool.coverage.report]\n"),
    "coveragerc": (".coveragerc", "[report]\nfail_under = 90\n", "[report]\nfail_under = 89.5\n"),
    "setup.cfg": ("setup.cfg", "[coverage:report]\nfail_under = 90\n", "[coverage:report]\nfail_under = 1\n"),
    "branches off": ("pyproject.toml", "[tool.coverage.run]\nbranch = true\n", "[tool.coverage.run]\nbranch = false\n"),
    "addopts": (
        "pytest.ini",
        "[pytest]\naddopts = --cov-fail-under=90 -q\n",
        "[pytest]\naddopts = --cov-fail-under=10 -q\n",
    ),
    "strict xfail off": ("pytest.ini", "[pytest]\nxfail_strict = true\n", "[pytest]\nxfail_strict = false\n"),
    "mypy strict off": ("pyproject.toml", "[tool.mypy]\nstrict = true\n", "[tool.mypy]\n"),
    "complexity": (".flake8", "[flake8]\nmax-complexity = 10\n", "[flake8]\nmax-complexity = 50\n"),
    "complexity gone": (".flake8", "[flake8]\nmax-complexity = 10\n", "[flake8]\nmax-line-length = 100\n"),
    "pylint": ("pyproject.toml", "[tool.pylint.main]\nfail-under = 9\n", "[tool.pylint.main]\nfail-under = 5\n"),
    "warnings": (
        "pytest.ini",
        "[pytest]\nfilterwarnings = error\n",
        "[pytest]\nfilterwarnings = default::DeprecationWarning\n",
    ),
    "jest": (
        "package.json",
        '{"jest": {"coverageThreshold": {"global": {"branches": 80}}}}',
        '{"jest": {"coverageThreshold": {"global": {"branches": 50}}}}',
    ),
    "jest script": (
        "jest.config.js",
        "module.exports = {coverageThreshold: {global: {branches: 80, lines: 90}}};",
        "module.exports = {coverageThreshold: {global: {branches: 80, lines: 20}}};",
    ),
    "vitest": (
        "vitest.config.ts",
        "export default {test: {coverage: {thresholds: {lines: 90}}}}",
        "export default {test: {coverage: {thresholds: {}}}}",
    ),
    "stryker": ("stryker.conf.json", '{"thresholds": {"break": 70}}', '{"thresholds": {"break": 10}}'),
    "nyc": (".nycrc", '{"check-coverage": true, "lines": 90}', '{"check-coverage": true, "lines": 60}'),
    "tsconfig": (
        "tsconfig.json",
        '{"compilerOptions": {"strict": true}} // x',
        '{"compilerOptions": {"strict": false}}',
    ),
}


@pytest.mark.parametrize(("path", "before", "after"), LOWERED.values(), ids=LOWERED.keys())
def test_a_lowered_threshold_is_told(path: str, before: str, after: str) -> None:
    assert "threshold_lowered" in weighty(weigh({path: before}, {path: after}))
    assert weighty(weigh({path: after}, {path: before})) == set()


NARROWED = {
    "deselected": (
        "pytest.ini",
        "[pytest]\naddopts = -q\n",
        "[pytest]\naddopts = -q --deselect tests/test_a.py::test_x\n",
    ),
    "ignored": ("pytest.ini", "[pytest]\n", "[pytest]\naddopts = --ignore=tests/slow\n"),
    "by keyword": (
        "pyproject.toml",
        "[tool.pytest.ini_options]\n",
        "[tool.pytest.ini_options]\naddopts = \"-k 'not x'\"\n",
    ),
    "by mark": ("setup.cfg", "[tool:pytest]\naddopts = -q\n", "[tool:pytest]\naddopts = -q -m 'not slow'\n"),
    "maxfail": ("pytest.ini", "[pytest]\naddopts = -q\n", "[pytest]\naddopts = -q --maxfail=1\n"),
    "plugin off": ("pytest.ini", "[pytest]\naddopts = -q\n", "[pytest]\naddopts = -q -p no:cov\n"),
    "list of options": (
        "pyproject.toml",
        "[tool.pytest.ini_options]\naddopts = ['-q']\n",
        "[tool.pytest.ini_options]\naddopts = ['-q', '--ignore', 'tests/a']\n",
    ),
    "testpaths": (
        "pyproject.toml",
        "[tool.pytest.ini_options]\ntestpaths = ['tests', 'more']\n",
        "[tool.pytest.ini_options]\ntestpaths = ['tests']\n",
    ),
    "python_files": (
        "pytest.ini",
        "[pytest]\npython_files = test_*.py check_*.py\n",
        "[pytest]\npython_files = test_*.py\n",
    ),
    "norecursedirs": ("pytest.ini", "[pytest]\nnorecursedirs = .git\n", "[pytest]\nnorecursedirs = .git tests\n"),
    "another file that pytest reads first": (
        "pytest.ini",
        "",
        "[pytest]\naddopts = --collect-only\n",
    ),
    "ruff select": ("ruff.toml", "[lint]\nselect = ['E', 'S']\n", "[lint]\nselect = ['E']\n"),
    "mypy ignores": ("mypy.ini", "[mypy]\n", "[mypy]\nignore_errors = True\n"),
    "coverage source": (".coveragerc", "[run]\nsource = a, b\n", "[run]\nsource = a\n"),
}


@pytest.mark.parametrize(("path", "before", "after"), NARROWED.values(), ids=NARROWED.keys())
def test_what_is_no_longer_looked_at_is_told(path: str, before: str, after: str) -> None:
    assert weighty(weigh({path: before} if before else {}, {path: after})) == {"selection_narrowed"}


EXCLUDED = {
    "omit": (
        "pyproject.toml",
        "[tool.coverage.run]\nbranch = true\n",
        "[tool.coverage.run]\nbranch = true\nomit = ['src/a.py']\n",
    ),
    "exclude_lines": (
        ".coveragerc",
        "[report]\n",
        "[report]\nexclude_lines =\n    pragma: no cover\n    def __repr__\n",
    ),
    "exclude_also": ("pyproject.toml", "", "[tool.coverage.report]\nexclude_also = ['if x']\n"),
    "setup.cfg": ("setup.cfg", "[metadata]\nname = a\n", "[metadata]\nname = a\n[coverage:run]\nomit = src/a.py\n"),
    "nyc": (".nycrc.json", "{}", '{"exclude": ["src/a.js"]}'),
    "jest": ("package.json", "{}", '{"jest": {"coveragePathIgnorePatterns": ["src/a.js"]}}'),
}


@pytest.mark.parametrize(("path", "before", "after"), EXCLUDED.values(), ids=EXCLUDED.keys())
def test_a_coverage_exclusion_is_told(path: str, before: str, after: str) -> None:
    assert weighty(weigh({path: before}, {path: after})) == {"coverage_excluded"}


SUPPRESSED = {
    "ruff": ("pyproject.toml", "[tool.ruff.lint]\nignore = ['E1']\n", "[tool.ruff.lint]\nignore = ['E1', 'S101']\n"),
    "ruff per file": (
        "pyproject.toml",
        "[tool.ruff.lint]\nselect = ['E']\n",
        "[tool.ruff.lint]\nselect = ['E']\n[tool.ruff.lint.per-file-ignores]\n'src/a.py' = ['E']\n",
    ),
    "flake8": ("setup.cfg", "[flake8]\nignore = E1\n", "[flake8]\nignore = E1,F401\n"),
    "pylint": (".pylintrc", "[MESSAGES CONTROL]\ndisable=C1\n", "[MESSAGES CONTROL]\ndisable=C1,W1\n"),
    "mypy": ("pyproject.toml", "[tool.mypy]\nstrict = true\n", "[tool.mypy]\nstrict = true\nexclude = ['src/a.py']\n"),
    "bandit": ("pyproject.toml", "[tool.bandit]\n", "[tool.bandit]\nskips = ['B101']\n"),
    "eslint": (".eslintrc.json", '{"rules": {"no-eval": "error"}}', '{"rules": {"no-eval": "off"}}'),
    "warnings": (
        "pytest.ini",
        "[pytest]\nfilterwarnings = error\n",
        "[pytest]\nfilterwarnings =\n  error\n  ignore::UserWarning\n",
    ),
}


@pytest.mark.parametrize(("path", "before", "after"), SUPPRESSED.values(), ids=SUPPRESSED.keys())
def test_a_rule_that_a_tool_no_longer_holds_is_told(path: str, before: str, after: str) -> None:
    assert weighty(weigh({path: before}, {path: after})) == {"suppression_added"}


HONEST = {
    "a dependency": ("pyproject.toml", "[project]\nname = 'a'\n", "[project]\nname = 'a'\ndependencies = ['b']\n"),
    "build excludes": ("pyproject.toml", "[tool.hatch.build]\n", "[tool.hatch.build]\nexclude = ['tests']\n"),
    "line length": ("pyproject.toml", "[tool.ruff]\nline-length = 88\n", "[tool.ruff]\nline-length = 120\n"),
    "a raised floor": (".coveragerc", "[report]\nfail_under = 80\n", "[report]\nfail_under = 85\n"),
    "a first floor": (".coveragerc", "[report]\n", "[report]\nfail_under = 85\n"),
    "a stricter option": ("pytest.ini", "[pytest]\naddopts = -q\n", "[pytest]\naddopts = -q --strict-markers\n"),
    "options in another order": ("pytest.ini", "[pytest]\naddopts = -q -ra\n", "[pytest]\naddopts = -ra -q\n"),
    "more select": ("ruff.toml", "lint.select = ['E']\n", "lint.select = ['E', 'F']\n"),
    "strict instead of its parts": (
        "pyproject.toml",
        "[tool.mypy]\ndisallow_untyped_defs = true\n",
        "[tool.mypy]\nstrict = true\n",
    ),
    "a package without types": (
        "pyproject.toml",
        "[tool.mypy]\nstrict = true\n",
        "[tool.mypy]\nstrict = true\n[[tool.mypy.overrides]]\nmodule = 'lib.*'\nignore_missing_imports = true\n",
    ),
    "paths that are one": (
        ".coveragerc",
        "[paths]\nsource =\n  src\n  .tox/*/site-packages\n",
        "[paths]\nsource =\n  src\n",
    ),
    "package scripts": ("package.json", '{"name": "a"}', '{"name": "a", "version": "2"}'),
    "a new mark": ("pytest.ini", "[pytest]\nmarkers = slow\n", "[pytest]\nmarkers =\n  slow\n  fast\n"),
}


@pytest.mark.parametrize(("path", "before", "after"), HONEST.values(), ids=HONEST.keys())
def test_settings_that_weaken_nothing_are_not_told(path: str, before: str, after: str) -> None:
    assert weighty(weigh({path: before}, {path: after})) == set()


def test_settings_that_move_to_another_file_are_not_lowered() -> None:
    base = {".coveragerc": "[report]\nfail_under = 90\n", "pyproject.toml": "[project]\nname = 'a'\n"}
    head = {"pyproject.toml": "[project]\nname = 'a'\n[tool.coverage.report]\nfail_under = 90\n"}
    assert weighty(weigh(base, head)) == set()


def test_another_linter_takes_the_place_of_one() -> None:
    base = {"setup.cfg": "[flake8]\nselect = E,F\nmax-complexity = 10\n"}
    assert weighty(weigh(base, {"setup.cfg": "", "ruff.toml": "lint.select = ['E', 'F']\n"})) == set()
    assert weighty(weigh(base, {"setup.cfg": ""})) == {"threshold_lowered", "selection_narrowed"}


def test_the_first_paths_of_tests_are_told_where_they_leave_a_test_out() -> None:
    base = {"tests/test_a.py": "def test_a():\n    assert f() == 1\n", "pytest.ini": "[pytest]\n"}
    assert weighty(weigh(base, {**base, "pytest.ini": "[pytest]\ntestpaths = tests\n"})) == set()
    assert weighty(weigh(base, {**base, "pytest.ini": "[pytest]\ntestpaths = unit\n"})) == {"selection_narrowed"}


def test_a_new_file_that_shadows_the_settings_is_seen_through() -> None:
    base = {"pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--strict-markers'\ntestpaths = ['a', 'b']\n"}
    assert weighty(weigh(base, {**base, "pytest.ini": "[pytest]\ntestpaths = a\n"})) == {
        "threshold_lowered",
        "selection_narrowed",
    }


def test_settings_that_do_not_parse_any_more_do_not_pass() -> None:
    base = {"pyproject.toml": "[tool.coverage.report]\nfail_under = 90\n"}
    assert weighty(weigh(base, {"pyproject.toml": "[tool.coverage\n"})) == {"not_read"}


def test_a_finding_on_a_setting_has_both_values_and_the_line() -> None:
    base = {"sub/pyproject.toml": "[tool.coverage.report]\nfail_under = 90\n"}
    finding = one(weigh(base, {"sub/pyproject.toml": "[tool.coverage.report]\n# fail_under\nfail_under = 80\n"}))
    assert finding.message == "coverage: report.fail_under went from 90 to 80"
    assert (finding.place.path, finding.place.line) == ("sub/pyproject.toml", 3)
