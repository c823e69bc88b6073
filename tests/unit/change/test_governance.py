"""Edits of what governs are seen by name, by link and by section, at both ends of a move."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.change.governance import GovernanceEdit, governance_edits
from agent_agency.change.governance_paths import GovernedPaths
from agent_agency.change.measure import Head, measure
from agent_agency.git import Repository
from support.git_repo import GitRepo

LINES = "".join(f"line {number}\n" for number in range(20))


class Work:
    def __init__(self, git_repo: GitRepo) -> None:
        self.git_repo = git_repo
        self.repo = Repository.discover(git_repo.path)

    def edits(self) -> tuple[GovernanceEdit, ...]:
        return governance_edits(self.repo, measure(self.repo, self.repo.resolve("HEAD"), Head.worktree()))

    def kinds(self) -> set[tuple[str, str]]:
        return {(edit.path, edit.kind) for edit in self.edits()}


@pytest.fixture
def work(git_repo: GitRepo) -> Iterator[Work]:
    found = Work(git_repo)
    yield found
    found.repo.close()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (".caws/specs/FEAT-1.yaml", "law"),
        (".caws/policy.yaml", "law"),
        (".caws/waivers/WV-1.yaml", "law"),
        (".caws/working-spec.yaml", "law"),
        (".caws/conftest.py", "law"),
        (".CAWS/Policy.YAML", "law"),
        (".agency/rules/own.yaml", "law"),
        ("agency.toml", "law"),
        ("Agency.TOML", "law"),
        ("working-spec.yaml", "law"),
        (".github/workflows/ci.yml", "ci"),
        (".GitHub/workflows/ci.yml", "ci"),
        (".github/actions/x/action.yml", "ci"),
        (".gitlab-ci.yml", "ci"),
        (".circleci/config.yml", "ci"),
        ("azure-pipelines.yml", "ci"),
        ("Jenkinsfile", "ci"),
        ("deploy/Jenkinsfile", "ci"),
        (".ci/run", "ci"),
        (".travis.yml", "ci"),
        (".drone.yml", "ci"),
        ("bitbucket-pipelines.yml", "ci"),
        (".buildkite/pipeline.yml", "ci"),
        (".husky/pre-commit", "hooks"),
        (".pre-commit-config.yaml", "hooks"),
        (".githooks/pre-push", "hooks"),
        ("lefthook.yml", "hooks"),
        ("conftest.py", "tests_config"),
        ("tests/deep/conftest.py", "tests_config"),
        ("pytest.ini", "tests_config"),
        ("tox.ini", "tests_config"),
        ("noxfile.py", "tests_config"),
        (".coveragerc", "tests_config"),
        ("web/jest.config.ts", "tests_config"),
        ("vitest.config.mts", "tests_config"),
        ("karma.conf.js", "tests_config"),
        ("playwright.ci.config.ts", "tests_config"),
        ("ruff.toml", "tool_config"),
        (".ruff.toml", "tool_config"),
        ("mypy.ini", "tool_config"),
        (".eslintrc.json", "tool_config"),
        ("eslint.config.mjs", "tool_config"),
        ("tsconfig.build.json", "tool_config"),
        (".gitattributes", "tool_config"),
        ("src/.gitattributes", "tool_config"),
        ("CODEOWNERS", "tool_config"),
        (".github/CODEOWNERS", "tool_config"),
        (".secrets.baseline", "tool_config"),
        (".claude/settings.json", "agent_settings"),
        ("sub/.claude/commands/x.md", "agent_settings"),
        ("CLAUDE.md", "agent_settings"),
        ("AGENTS.md", "agent_settings"),
        ("packages/x/AGENTS.md", "agent_settings"),
        (".cursor/rules/x.mdc", "agent_settings"),
        (".cursorrules", "agent_settings"),
        (".github/copilot-instructions.md", "agent_settings"),
        (".codex/config.toml", "agent_settings"),
        (".gemini/settings.json", "agent_settings"),
        (".aider.conf.yml", "agent_settings"),
        (".windsurfrules", "agent_settings"),
        (".mcp.json", "agent_settings"),
        ("src/app.py", None),
        ("src/agency.toml", None),
        ("README.md", None),
        ("docs/agents.rst", None),
        ("src/conftest.python", None),
        ("src/github/workflows/x.yml", None),
        ("tests/fixtures/.caws/policy.yaml", None),
        ("pyproject.toml", None),
        ("src/myconftest.py", None),
        ("Makefile", None),
        ("policy.yaml", None),
    ],
)
def test_paths_are_known_by_name(path: str, kind: str | None) -> None:
    assert GovernedPaths().kind(path) == kind


@given(st.text(max_size=40))
def test_any_path_has_an_answer(path: str) -> None:
    known = {"law", "ci", "hooks", "tests_config", "tool_config", "agent_settings", None}
    assert GovernedPaths().kind(path) in known


def test_a_change_that_governs_nothing_has_no_edit(work: Work) -> None:
    work.git_repo.commit("base", **{"src/a.py": "a\n"})
    work.git_repo.write("src/a.py", "b\n")
    assert work.edits() == ()


def test_added_edited_and_deleted_law_is_told(work: Work) -> None:
    work.git_repo.commit("base", **{".caws/policy.yaml": "a\n", ".caws/old.yaml": LINES})
    work.git_repo.write(".caws/policy.yaml", "b\n")
    work.git_repo.write("agency.toml", "")
    (work.git_repo.path / ".caws/old.yaml").unlink()
    told = {edit.path: edit.detail for edit in work.edits()}
    assert told == {
        ".caws/policy.yaml": "law of this repository, edited",
        ".caws/old.yaml": "law of this repository, deleted",
        "agency.toml": "law of this repository, added",
    }


def test_a_move_counts_at_both_ends_and_a_copy_at_its_new_one(work: Work) -> None:
    work.git_repo.commit("base", **{".caws/policy.yaml": LINES, "docs/ci.yml": LINES.upper(), "AGENTS.md": LINES[::-1]})
    work.git_repo.git("mv", ".caws/policy.yaml", "policy-old.yaml")
    (work.git_repo.path / ".github/workflows").mkdir(parents=True)
    work.git_repo.git("mv", "docs/ci.yml", ".github/workflows/ci.yml")
    work.git_repo.write("AGENTS.md", LINES[::-1] + "x\n")
    work.git_repo.write("notes.md", LINES[::-1])
    assert work.kinds() == {
        (".caws/policy.yaml", "law"),
        (".github/workflows/ci.yml", "ci"),
        ("AGENTS.md", "agent_settings"),
    }


def test_a_mode_change_of_a_hook_is_an_edit(work: Work) -> None:
    work.git_repo.commit("base", **{".husky/pre-commit": "exit 1\n"})
    (work.git_repo.path / ".husky/pre-commit").chmod(0o755)
    assert work.kinds() == {(".husky/pre-commit", "hooks")}


def test_a_file_behind_a_governed_link_is_governed(work: Work) -> None:
    for link, target in {
        ".caws": "config/caws",
        "AGENTS.md": "docs/rules.md",
        "docs/rules.md": "real/rules.md",
    }.items():
        path = work.git_repo.path / link
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
    work.git_repo.commit(
        "base", **{"config/caws/policy.yaml": "a\n", "docs/real/rules.md": "r\n", "config/other": "o\n"}
    )
    for edited in ("config/caws/policy.yaml", "docs/real/rules.md", "config/other"):
        work.git_repo.write(edited, "edited\n")
    assert work.kinds() == {("config/caws/policy.yaml", "law"), ("docs/real/rules.md", "agent_settings")}


def test_replacing_law_by_a_link_edits_the_law_and_makes_no_law_of_what_it_leads_to(work: Work) -> None:
    work.git_repo.commit("base", **{".caws/policy.yaml": "a\n"})
    (work.git_repo.path / ".caws/policy.yaml").unlink()
    (work.git_repo.path / ".caws/policy.yaml").symlink_to("../lax.yaml")
    work.git_repo.write("lax.yaml", "b\n")
    assert work.kinds() == {(".caws/policy.yaml", "law")}


def test_links_in_a_circle_out_of_the_tree_or_to_nowhere_do_no_harm(work: Work) -> None:
    for link, target in {
        ".caws": ".agency",
        ".agency": ".caws",
        "AGENTS.md": "../../etc",
        "CLAUDE.md": "/etc/passwd",
    }.items():
        (work.git_repo.path / link).symlink_to(target)
    (work.git_repo.path / "agency.toml").symlink_to("nowhere")
    work.git_repo.commit("base")
    work.git_repo.write("src/a.py", "a\n")
    assert work.edits() == ()


BASE_PYPROJECT = """
[project]
name = "x"
dependencies = ["a"]
[tool.ruff]
line-length = 80
[tool.pytest.ini_options]
addopts = "-q"
"""


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (BASE_PYPROJECT, BASE_PYPROJECT.replace('["a"]', '["a", "b"]'), {}),
        (BASE_PYPROJECT, BASE_PYPROJECT.replace("80", "80  # comment"), {}),
        (BASE_PYPROJECT, BASE_PYPROJECT.replace("80", "200"), {"tool_config": "tool.ruff"}),
        (BASE_PYPROJECT, BASE_PYPROJECT.replace("-q", "-q --co"), {"tests_config": "tool.pytest"}),
        (
            BASE_PYPROJECT,
            BASE_PYPROJECT.replace("-q", "").replace("80", "1") + "[tool.mypy]\nstrict = false\n",
            {"tests_config": "tool.pytest", "tool_config": "tool.mypy, tool.ruff"},
        ),
        (BASE_PYPROJECT, "[project]\nname = 'x'\n", {"tests_config": "tool.pytest", "tool_config": "tool.ruff"}),
        (BASE_PYPROJECT, BASE_PYPROJECT + "[tool.ruff]\n", {"tool_config": "does not parse"}),
        (BASE_PYPROJECT, "\0", {"tool_config": "does not parse"}),
        ("not toml", BASE_PYPROJECT, {"tool_config": "does not parse"}),
        (BASE_PYPROJECT, "tool = 3\n", {"tool_config": "does not parse"}),
        (None, BASE_PYPROJECT, {"tests_config": "tool.pytest", "tool_config": "tool.ruff"}),
        (BASE_PYPROJECT, None, {"tests_config": "tool.pytest", "tool_config": "tool.ruff"}),
        (None, "[project]\nname = 'x'\n", {}),
    ],
)
def test_pyproject_governs_by_its_tool_sections(
    work: Work, before: str | None, after: str | None, expected: dict[str, str]
) -> None:
    check_sections(work, "pyproject.toml", before, after, expected)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('{"name": "x", "version": "1"}', '{"name": "x", "version": "2"}', {}),
        ('{"dependencies": {}}', '{"dependencies": {"a": "1"}}', {}),
        ('{"scripts": {"test": "jest"}}', '{"scripts": {"test": "true"}}', {"tool_config": "scripts"}),
        ('{"jest": {"bail": 1}}', '{"jest": {"bail": true}}', {"tests_config": "jest"}),
        ('{"husky": {}}', "{}", {"hooks": "husky"}),
        ("{}", '{"scripts": {}, "scripts": {"test": "true"}}', {"tool_config": "does not parse"}),
        ("{}", "[" * 100_000, {"tool_config": "does not parse"}),
        ("{}", "[]", {"tool_config": "does not parse"}),
    ],
)
def test_package_json_governs_by_its_keys(work: Work, before: str, after: str, expected: dict[str, str]) -> None:
    check_sections(work, "web/package.json", before, after, expected)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("[metadata]\nname=x\n", "[metadata]\nname=y\n[options]\nz=1\n", {}),
        ("[flake8]\nmax=1\n", "[flake8]\nmax=2\n", {"tool_config": "flake8"}),
        ("[flake8]\n", "[flake8]\n[tool:pytest]\naddopts=-x\n", {"tests_config": "tool:pytest"}),
        ("[flake8]\n", "[flake8]\n[flake8]\n", {"tool_config": "does not parse"}),
    ],
)
def test_setup_cfg_governs_by_its_sections(work: Work, before: str, after: str, expected: dict[str, str]) -> None:
    check_sections(work, "setup.cfg", before, after, expected)


def check_sections(work: Work, path: str, before: str | None, after: str | None, expected: dict[str, str]) -> None:
    if before is not None:
        work.git_repo.write(path, before)
    work.git_repo.commit("base")
    if after is not None:
        work.git_repo.write(path, after)
    else:
        (work.git_repo.path / path).unlink()
    edits = work.edits()
    assert {edit.kind for edit in edits} == set(expected)
    assert all(edit.path == path and expected[edit.kind] in edit.detail for edit in edits)
