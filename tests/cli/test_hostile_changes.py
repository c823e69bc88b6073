"""Changes, repositories and surroundings that try to get past the review, as a user meets them."""

from __future__ import annotations

import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.command import Done
from support.command import agency as fresh_agency
from support.git_repo import GitRepo
from support.law import POLICY, WAIVER, lawful_repo
from support.warm_command import agency


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return lawful_repo(tmp_path / "repo")


def review(repo: GitRepo, *more: str, env: dict[str, str] | None = None) -> Done:
    return agency("review", "--base", "main", "--json", *more, cwd=repo.path, env=env)


def freshly_reviewed(repo: GitRepo, env: dict[str, str] | None = None) -> Done:
    """By a Python that starts then and there."""
    return fresh_agency("review", "--base", "main", "--json", cwd=repo.path, env=env)


def rules(done: Done) -> set[str]:
    findings: list[dict[str, Any]] = done.document["findings"]
    return {finding["rule"] for finding in findings if finding["severity"] != "advice"}


class TestSurroundings:
    def test_modules_in_the_reviewed_folder_are_never_imported(self, repo: GitRepo) -> None:
        for name in ("json", "click", "yaml", "tokenize", "configparser", "uuid"):
            repo.write(f"{name}.py", "raise SystemExit(0)\n")
        done = freshly_reviewed(repo)
        assert (done.code, done.document["verdict"]) == (1, "rejected")

    def test_variables_cannot_stand_in_for_options(self, repo: GitRepo) -> None:
        repo.commit("Leave the scope", **{"elsewhere.py": "X = 1\n"})
        env = {"AGENCY_REVIEW_HEAD": "main", "AGENCY_REVIEW_BASE": "work", "AGENCY_REVIEW_SPEC_ID": "NONE-1"}
        done = agency("review", "--json", cwd=repo.path, env=env)
        assert (done.code, done.document["verdict"], done.document["base"]["ref"]) == (1, "rejected", "main")

    def test_a_python_that_reads_file_names_otherwise_does_not_review(self, repo: GitRepo) -> None:
        done = freshly_reviewed(repo, env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
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

    def test_a_repository_inside_that_points_to_the_outer_tree_is_not_entered(self, repo: GitRepo) -> None:
        inner = GitRepo.create(repo.path / "src/inner")
        inner.commit("Inside", **{"a.py": "A = 1\n"})
        inner.git("config", "core.worktree", str(repo.path))
        done = review(repo)
        assert (done.code, rules(done)) == (1, {"scope_boundary.submodule"})

    def test_a_closed_standard_output_is_an_error(self, repo: GitRepo) -> None:
        command = f"{shlex.quote(sys.executable)} -m agent_agency review --base main >&-"
        done = subprocess.run(["sh", "-c", command], cwd=repo.path, capture_output=True, check=False, text=True)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "Standard output is closed" in done.stderr

    @pytest.mark.parametrize("columns", ["0", "1", "-5", "many", "99999999"])
    def test_no_width_of_the_terminal_hides_the_verdict(self, repo: GitRepo, columns: str) -> None:
        done = agency("review", "--base", "main", cwd=repo.path, env={"COLUMNS": columns})
        assert (done.code, "APPROVED" in done.out) == (0, True)

    def test_a_relative_temporary_folder_will_do(self, repo: GitRepo, tmp_path: Path) -> None:
        args = ("review", "--base", "main", "--repo", str(repo.path))
        done = fresh_agency(*args, cwd=tmp_path, env={"TMPDIR": "."})
        assert done.code == 0, done.err


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

    def test_source_code_behind_git_lfs_is_not_let_in_by_its_pointer(self, repo: GitRepo) -> None:
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 99999999\n"
        repo.commit("Store", **{"src/app.js": pointer, "src/film.mp4": pointer})
        done = review(repo, "--head", "work")
        assert rules(done) == {"budget_limit.uncountable"}
        unscanned = [f["path"] for f in done.document["findings"] if f["rule"] == "secrets.not_scanned"]
        assert unscanned == ["src/app.js", "src/film.mp4"]

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


class TestHistory:
    def test_a_crossing_merge_brings_nothing_back_unseen(self, repo: GitRepo) -> None:
        """Measured from the side branch's own commit, the file that the base removed would be no change at all."""
        repo.checkout("main")
        repo.commit("Old code", **{"lib/old.py": "OLD = 1\n"})
        repo.branch("side")
        repo.commit("Innocent", **{"src/totals.py": "TOTAL = 1\n"})
        repo.checkout("main")
        repo.git("rm", "-q", "lib/old.py")
        removed = repo.commit("Remove it")
        repo.git("merge", "-q", "--no-edit", "side")
        repo.checkout("side")
        repo.git("merge", "-q", "-s", "ours", "--no-edit", removed)
        assert review(repo, "--head", "side").code == 2
        repo.git("merge", "-q", "-s", "ours", "--no-edit", "main")
        assert rules(review(repo, "--head", "side")) == {"scope.reject.scope_in_miss"}


class TestIdentity:
    @pytest.mark.parametrize(
        ("approver", "arguments"),
        [
            ("author@example.org", ["--author=Somebody <somebody@example.org>", "-m", "Leave"]),
            ("author@example.org", ["-m", "Leave\n\nCo-authored-by: The Author <Author@Example.org>"]),
            ("author\u200b@example.org (owner)", ["-m", "Leave\n\nCo-authored-by: A <author@example.org>"]),
            ("test author", ["-m", "Leave"]),
        ],
    )
    def test_no_name_on_a_commit_hides_who_approved_their_own(
        self, repo: GitRepo, approver: str, arguments: list[str]
    ) -> None:
        repo.checkout("main")
        repo.commit("Waive", **{".caws/waivers/WV-0001.yaml": self.waiver(approver)})
        repo.branch("next")
        if "--author" not in arguments[0]:
            repo.git("config", "user.email", "bot@example.org")
        repo.write("elsewhere.py", "X = 1\n")
        repo.git("add", "-A")
        repo.git("commit", "-q", *arguments)
        self.refuses(review(repo, "--head", "next"))

    @pytest.mark.parametrize("approver", ["Test Author", "author@example.org"])
    def test_who_has_not_committed_yet_cannot_approve_their_own(self, repo: GitRepo, approver: str) -> None:
        repo.checkout("main")
        repo.commit("Waive", **{".caws/waivers/WV-0001.yaml": self.waiver(approver)})
        repo.branch("next")
        repo.write("elsewhere.py", "X = 1\n")
        self.refuses(review(repo))

    def refuses(self, done: Done) -> None:
        assert (done.code, done.document["verdict"]) == (1, "rejected")
        assert "of their own" in done.document["law"]["waivers_not_in_force"]["WV-0001"]

    def waiver(self, approver: str) -> str:
        now = datetime.now(UTC)
        text = WAIVER.format(
            id="WV-0001",
            gate="scope_boundary",
            approver=approver,
            spec="FEAT-1",
            expires=f"{now + timedelta(days=20):%Y-%m-%dT%H:%M:%SZ}",
        )
        return text.replace("2026-01-01T00:00:00Z", f"{now - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}")


class TestReclassification:
    def test_a_link_in_the_law_does_not_turn_code_into_law(self, repo: GitRepo) -> None:
        repo.write("elsewhere.py", "X = 1\n")
        (repo.path / ".caws/notes").symlink_to("../elsewhere.py")
        repo.commit("Call it law")
        done = review(repo, "--head", "work")
        assert (done.code, done.document["verdict"]) == (1, "rejected")
        assert {"governance_edit.law", "scope.reject.root_not_allowed"} <= rules(done)

    def test_moving_the_law_behind_a_link_is_no_change_of_law_alone(self, repo: GitRepo) -> None:
        (repo.path / ".caws").rename(repo.path / "src/law")
        (repo.path / ".caws").symlink_to("src/law")
        repo.commit("Move the law")
        assert review(repo, "--head", "work").code == 1

    def test_what_a_submodule_brings_was_not_looked_at(self, repo: GitRepo) -> None:
        repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},src/library")
        repo.git("commit", "-q", "-m", "Bring a library")
        done = review(repo, "--head", "work")
        assert (done.code, rules(done)) == (1, {"scope_boundary.submodule"})


class TestLaw:
    @pytest.mark.parametrize("path", [".caws/policy.yml", ".caws/Policy.yaml", ".caws/policy.yml/x", "agency.toml/x"])
    def test_what_only_looks_like_law_in_force_approves_nothing(self, repo: GitRepo, path: str) -> None:
        repo.checkout("main")
        repo.commit("Misplace", **{path: POLICY})
        repo.branch("next")
        repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
        done = review(repo, "--head", "next")
        assert (done.code, rules(done)) == (4, {"law.misplaced"})

    def test_a_folder_in_place_of_the_policy_does_not_bring_back_the_default(self, repo: GitRepo) -> None:
        repo.checkout("main")
        (repo.path / ".caws/policy.yaml").unlink()
        repo.commit("Misplace", **{".caws/policy.yaml/old": POLICY})
        repo.branch("next")
        repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n" * 200})
        assert review(repo, "--head", "next").code == 4
