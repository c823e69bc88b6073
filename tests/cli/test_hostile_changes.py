"""Changes, repositories and surroundings that try to get past the review, as a user meets them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.command import Done, agency
from support.git_repo import GitRepo
from support.law import POLICY, lawful_repo


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return lawful_repo(tmp_path / "repo")


def review(repo: GitRepo, *more: str, env: dict[str, str] | None = None) -> Done:
    return agency("review", "--base", "main", "--json", *more, cwd=repo.path, env=env)


def rules(done: Done) -> set[str]:
    findings: list[dict[str, Any]] = done.document["findings"]
    return {finding["rule"] for finding in findings if finding["severity"] != "advice"}


class TestSurroundings:
    def test_modules_in_the_reviewed_folder_are_never_imported(self, repo: GitRepo) -> None:
        for name in ("json", "click", "yaml", "tokenize", "configparser", "uuid"):
            repo.write(f"{name}.py", "raise SystemExit(0)\n")
        done = review(repo)
        assert (done.code, done.document["verdict"]) == (1, "rejected")

    def test_variables_cannot_stand_in_for_options(self, repo: GitRepo) -> None:
        repo.commit("Leave the scope", **{"elsewhere.py": "X = 1\n"})
        env = {"AGENCY_REVIEW_HEAD": "main", "AGENCY_REVIEW_BASE": "work", "AGENCY_REVIEW_SPEC_ID": "NONE-1"}
        done = agency("review", "--json", cwd=repo.path, env=env)
        assert (done.code, done.document["verdict"], done.document["base"]["ref"]) == (1, "rejected", "main")

    def test_a_python_that_reads_file_names_otherwise_does_not_review(self, repo: GitRepo) -> None:
        done = review(repo, env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
        assert done.code == 2
        assert done.document["error"]["code"] == "system.not_utf8"
        assert "PYTHONUTF8=1" in done.document["error"]["fix"]

    def test_an_error_is_exit_2_with_a_traceback_too(self, repo: GitRepo) -> None:
        done = review(repo, "--head", "nowhere", env={"AGENCY_TRACEBACK": "1"})
        assert done.code == 2
        assert "Traceback" in done.err

    def test_a_file_in_the_git_folder_cannot_pass_for_the_base_branch(self, repo: GitRepo) -> None:
        repo.branch("lax")
        lax = repo.commit("Lax law", **{".caws/policy.yaml": POLICY.replace("150", "99999")})
        repo.checkout("work")
        repo.commit("Grow", **{"src/totals.py": "A = 1\n" * 400})
        repo.write(".git/main", f"{lax}\n")
        assert review(repo, "--head", "work").code == 2
        assert agency("review", "--json", cwd=repo.path).code == 2


class TestHiddenLines:
    @pytest.mark.parametrize(
        "content",
        [
            b"/* \0 */\n" + b"let a = 1\n" * 200,
            ("let a = 1\n" * 200).encode("utf-16"),
            b"let a = 1\r" * 200,
            "let a = 1\u2028".encode() * 200,
        ],
    )
    def test_no_byte_in_a_text_takes_its_lines_out_of_the_budget(self, repo: GitRepo, content: bytes) -> None:
        repo.commit("Hide lines", **{"src/app.js": content})
        done = review(repo, "--head", "work")
        assert done.code == 1
        assert "budget_limit.lines" in rules(done)
        assert done.document["budget"]["used_loc"] >= 200

    def test_source_code_padded_with_noise_is_no_binary(self, repo: GitRepo) -> None:
        repo.commit("Pad", **{"src/app.js": bytes(range(256)) * 40 + b"let a = 1\n" * 200})
        assert rules(review(repo, "--head", "work")) == {"budget_limit.uncountable"}

    def test_a_real_binary_counts_as_a_file(self, repo: GitRepo) -> None:
        repo.commit("Draw", **{"src/logo.png": b"\x89PNG\r\n\x1a\n\0" + bytes(range(256)) * 40})
        done = review(repo, "--head", "work")
        assert (done.document["verdict"], done.document["budget"]["used_loc"]) == ("approved", 0)

    def test_marks_of_an_old_base_take_nothing_out_of_the_budget(self, tmp_path: Path) -> None:
        repo = lawful_repo(tmp_path / "marked", config="[law]\nexclude_generated = true\n")
        repo.checkout("main")
        repo.commit("Lax marks", **{".gitattributes": "src/** linguist-generated\n"})
        repo.branch("old")
        repo.checkout("main")
        repo.commit("Take them back", **{".gitattributes": ""})
        repo.checkout("old")
        repo.commit("Grow", **{"src/big.py": "A = 1\n" * 400})
        assert rules(review(repo, "--head", "old")) == {"budget_limit.lines"}
