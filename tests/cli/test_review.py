"""The main job, as a user runs it, on real repositories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.command import Done
from support.git_repo import GitRepo
from support.law import POLICY, WAIVER, lawful_repo, spec
from support.ledgers import entries_of
from support.warm_command import agency


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return lawful_repo(tmp_path / "repo")


def review(repo: GitRepo, *more: str, head: str = "work") -> Done:
    return agency("review", "--base", "main", "--head", head, "--json", *more, cwd=repo.path)


def rules(document: dict[str, Any], *, above_advice: bool = True) -> set[str]:
    return {f["rule"] for f in document["findings"] if not above_advice or f["severity"] != "advice"}


def gate(document: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [gate for gate in document["gates"] if gate["name"] == name]
    return dict(found)


def test_a_change_inside_its_spec_is_approved(repo: GitRepo) -> None:
    repo.write("src/totals.py", "def total(lines):\n    return round(sum(lines), 2)\n")
    repo.commit("Round totals")
    done = review(repo)
    assert done.code == 0, done.out + done.err
    document = done.document
    assert (document["verdict"], document["caws_verdict"]) == ("approved", "pass")
    assert document["spec"]["id"] == "FEAT-1"
    assert document["spec"]["chosen_by"] == "only_active"
    assert {gate["status"] for gate in document["gates"] if gate["applicable"]} == {"pass"}
    assert document["base"]["commit"] == document["base"]["merge_base"] == repo.git("rev-parse", "main")
    assert document["head"]["commit"] == repo.git("rev-parse", "work")


def test_leaving_the_scope_by_a_rename_is_rejected_and_names_both_ends(repo: GitRepo) -> None:
    (repo.path / "lib").mkdir()
    repo.git("mv", "src/money.py", "lib/money.py")
    repo.commit("Move money")
    done = review(repo)
    assert done.code == 1
    assert (done.document["verdict"], done.document["caws_verdict"]) == ("rejected", "waiver-required")
    assert gate(done.document, "scope_boundary")["status"] == "fail"
    text = json.dumps(done.document["findings"])
    assert "lib/money.py" in text
    assert "src/money.py" in text
    assert done.document["change"]["files"] == 1


def test_deletions_count_against_the_budget(repo: GitRepo) -> None:
    repo.checkout("main")
    repo.write("src/big.py", "".join(f"A{n} = {n}\n" for n in range(200)))
    repo.commit("Add a big file")
    repo.branch("delete")
    repo.git("rm", "-q", "src/big.py")
    repo.commit("Delete it")
    done = review(repo, head="delete")
    assert done.code == 1
    assert gate(done.document, "budget_limit")["status"] == "fail"
    assert done.document["budget"]["used_loc"] == 200


def test_a_change_that_edits_the_policy_that_binds_it_fails_beyond_any_waiver(repo: GitRepo) -> None:
    repo.write(".caws/policy.yaml", POLICY.replace("max_loc: 150", "max_loc: 99999"))
    repo.write("src/totals.py", "TOTAL = 1\n" * 140)
    repo.commit("Make room")
    done = review(repo)
    assert (done.code, done.document["verdict"], done.document["caws_verdict"]) == (1, "rejected", "fail")
    assert done.document["budget"]["max_loc"] == 150
    assert {edit["kind"] for edit in done.document["change"]["governance"]} == {"law"}


def test_a_change_of_the_law_alone_waits_for_a_person(repo: GitRepo) -> None:
    repo.write(".caws/specs/FEAT-2.yaml", spec("FEAT-2", "draft"))
    repo.commit("Propose a spec")
    done = review(repo)
    assert (done.code, done.document["verdict"]) == (4, "conditional")


def test_a_change_of_the_law_alone_that_proposes_broken_law_is_rejected(repo: GitRepo) -> None:
    repo.write(".caws/specs/FEAT-2.yaml", "id: nonsense\n")
    repo.commit("Propose a broken spec")
    done = review(repo)
    assert (done.code, done.document["verdict"]) == (1, "rejected")
    assert gate(done.document, "proposed_law")["status"] == "fail"


def test_without_law_at_the_base_the_verdict_is_conditional_with_the_commands_to_adopt_one(git_repo: GitRepo) -> None:
    git_repo.commit("Start", **{"app.py": "A = 1\n"})
    git_repo.branch("work")
    git_repo.commit("Change", **{"app.py": "A = 2\n"})
    done = review(git_repo)
    assert (done.code, done.document["verdict"]) == (1, "conditional")
    (condition,) = [c for c in done.document["conditions"] if c["id"] == "law_not_in_force"]
    assert "agency init" in condition["remedy"]


def test_adopting_a_first_law_waits_for_a_person(git_repo: GitRepo) -> None:
    git_repo.commit("Start", **{"src/app.py": "A = 1\n"})
    git_repo.branch("work")
    assert agency("init", cwd=git_repo.path).code == 0
    git_repo.commit("Adopt law")
    done = review(git_repo)
    assert (done.code, done.document["verdict"]) == (4, "conditional")
    assert "law_not_in_force" in {c["id"] for c in done.document["conditions"]}
    git_repo.checkout("main")
    git_repo.git("merge", "-q", "--ff-only", "work")
    git_repo.branch("next")
    git_repo.commit("Change", **{"src/app.py": "A = 2\n"})
    assert review(git_repo, head="next").document["verdict"] == "approved"


def test_plain_review_covers_untracked_files_and_leaves_git_status_alone(repo: GitRepo) -> None:
    repo.write("src/new.py", "NEW = 1\n")
    repo.write("elsewhere.py", "X = 1\n")
    repo.write("src/totals.py", "def total(lines):\n    return 0\n")
    repo.git("add", "src/totals.py")
    before = repo.git("status", "--porcelain=v2")
    done = agency("review", "--json", cwd=repo.path / "src")
    assert done.code == 1
    assert {file["path"] for file in done.document["change"]["files_changed"]} == {
        "src/new.py",
        "elsewhere.py",
        "src/totals.py",
    }
    assert done.document["head"]["kind"] == "worktree"
    assert repo.git("status", "--porcelain=v2") == before
    staged = agency("review", "--staged", "--json", cwd=repo.path)
    assert [file["path"] for file in staged.document["change"]["files_changed"]] == ["src/totals.py"]
    assert repo.git("status", "--porcelain=v2") == before


def test_the_law_is_the_tip_of_the_base_and_the_change_starts_at_the_merge_base(repo: GitRepo) -> None:
    repo.commit("Change", **{"src/totals.py": "def total(lines):\n    return 1\n"})
    repo.checkout("main")
    repo.write(".caws/policy.yaml", POLICY.replace("max_files: 8, max_loc: 150", "max_files: 8, max_loc: 101"))
    repo.write("src/others.py", "OTHERS = 1\n" * 100)
    repo.commit("Tighten the policy; work of others")
    done = review(repo)
    assert done.document["budget"]["max_loc"] == 101
    assert [file["path"] for file in done.document["change"]["files_changed"]] == ["src/totals.py"]
    assert done.document["base"]["commit"] != done.document["base"]["merge_base"]


def test_criss_cross_merges_are_refused_and_the_remedy_works(repo: GitRepo) -> None:
    repo.commit("Work", **{"src/totals.py": "TOTAL = 1\n"})
    repo.checkout("main")
    repo.commit("Main", **{"src/others.py": "OTHERS = 1\n"})
    ends = {name: repo.git("rev-parse", name) for name in ("main", "work")}
    repo.git("merge", "-q", "--no-edit", ends["work"])
    repo.checkout("work")
    repo.git("merge", "-q", "--no-edit", ends["main"])
    repo.commit("More", **{"src/totals.py": "TOTAL = 2\n"})
    refused = review(repo)
    assert (refused.code, refused.document["error"]["code"]) == (2, "git.several_merge_bases")
    assert "(git merge main)" in refused.document["error"]["fix"]
    repo.git("merge", "-q", "--no-edit", "main")
    document = review(repo).document
    assert [file["path"] for file in document["change"]["files_changed"]] == ["src/totals.py"]


class TestWhichSpecGoverns:
    @pytest.fixture
    def two(self, tmp_path: Path) -> GitRepo:
        repo = lawful_repo(tmp_path / "repo", specs=("FEAT-1", "FEAT-2"))
        repo.commit("Change", **{"src/totals.py": "TOTAL = 0\n"})
        return repo

    def test_two_active_specs_and_no_word_which_is_an_error_that_names_both(self, two: GitRepo) -> None:
        done = review(two)
        assert done.code == 2
        assert done.document["error"]["code"] == "spec.selection"
        assert "FEAT-1" in done.document["error"]["fix"]
        assert "FEAT-2" in done.document["error"]["fix"]

    def test_an_option_decides(self, two: GitRepo) -> None:
        document = review(two, "--spec", "FEAT-2").document
        assert (document["spec"]["id"], document["spec"]["chosen_by"]) == ("FEAT-2", "option")

    def test_an_unknown_option_is_an_error_with_the_candidates(self, two: GitRepo) -> None:
        done = review(two, "--spec", "FEAT-9")
        assert done.code == 2
        assert "FEAT-1" in done.document["error"]["fix"]

    def test_a_trailer_decides(self, two: GitRepo) -> None:
        two.commit("More\n\nCAWS-Spec: FEAT-2", **{"src/totals.py": "TOTAL = 2\n"})
        document = review(two).document
        assert (document["spec"]["id"], document["spec"]["chosen_by"]) == ("FEAT-2", "trailer")

    def test_two_trailers_that_differ_are_an_error(self, two: GitRepo) -> None:
        two.commit("More\n\nCAWS-Spec: FEAT-2", **{"src/totals.py": "TOTAL = 2\n"})
        two.commit("More\n\nCAWS-Spec: FEAT-1", **{"src/totals.py": "TOTAL = 3\n"})
        assert review(two).code == 2

    def test_the_branch_name_decides(self, two: GitRepo) -> None:
        two.git("branch", "-m", "work", "agent/feat-2-rounding")
        document = review(two, head="agent/feat-2-rounding").document
        assert (document["spec"]["id"], document["spec"]["chosen_by"]) == ("FEAT-2", "branch")


class TestWaivers:
    def waive(self, repo: GitRepo, text: str) -> None:
        repo.checkout("main")
        repo.write(".caws/waivers/WV-0001.yaml", text)
        repo.commit("Grant a waiver")
        repo.checkout("work")

    def waiver(self, *, approver: str = "owner@example.org", gate: str = "scope_boundary", days: int = 20) -> str:
        from datetime import UTC, datetime, timedelta

        now = datetime.now(UTC)
        text = WAIVER.format(
            id="WV-0001",
            gate=gate,
            approver=approver,
            spec="FEAT-1",
            expires=f"{now + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}",
        )
        return text.replace("2026-01-01T00:00:00Z", f"{now - timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}")

    def outside(self, repo: GitRepo) -> None:
        repo.commit("Leave the scope", **{"elsewhere.py": "X = 1\n"})

    def test_a_waiver_in_force_turns_the_rejection_into_waived_and_stays_visible(self, repo: GitRepo) -> None:
        self.outside(repo)
        assert review(repo).code == 1
        self.waive(repo, self.waiver())
        done = review(repo)
        assert (done.code, done.document["verdict"], done.document["caws_verdict"]) == (0, "waived", "pass")
        assert [waiver["id"] for waiver in done.document["waivers"]] == ["WV-0001"]
        (finding,) = [f for f in done.document["findings"] if f["gate"] == "scope_boundary"]
        assert finding["waived_by"] == "WV-0001"
        assert gate(done.document, "scope_boundary")["status"] == "fail"

    @pytest.mark.parametrize(
        ("change", "reason"),
        [({"approver": "author@example.org"}, "author"), ({"days": -1}, "expired"), ({"days": 300}, "")],
    )
    def test_a_waiver_not_in_force_covers_nothing_and_says_why(
        self, repo: GitRepo, change: dict[str, Any], reason: str
    ) -> None:
        self.outside(repo)
        self.waive(repo, self.waiver(**change))
        done = review(repo)
        assert (done.code, done.document["verdict"]) == (1, "rejected")
        assert reason in json.dumps(done.document)

    def test_a_waiver_inside_the_change_has_no_force(self, repo: GitRepo) -> None:
        self.outside(repo)
        repo.commit("Waive myself", **{".caws/waivers/WV-0001.yaml": self.waiver()})
        assert review(repo).document["verdict"] == "rejected"

    def test_a_delta_raises_the_budget_and_the_change_that_needed_it_is_waived(self, repo: GitRepo) -> None:
        repo.commit("Grow", **{"src/big.py": "A = 1\n" * 170})
        assert review(repo).document["verdict"] == "rejected"
        self.waive(repo, self.waiver(gate="budget_limit") + "delta: { max_files: 0, max_loc: 50 }\n")
        done = review(repo)
        assert (done.code, done.document["verdict"]) == (0, "waived")
        assert done.document["budget"]["max_loc"] == 200
        assert done.document["waivers"][0]["added_loc"] == 50

    def test_uses_of_a_bounded_waiver_run_out(self, repo: GitRepo) -> None:
        self.outside(repo)
        self.waive(repo, self.waiver() + "constraints: { max_uses: 1 }\n")
        assert review(repo).document["verdict"] == "waived"
        assert review(repo).document["verdict"] == "waived"
        repo.commit("More", **{"elsewhere.py": "X = 2\n"})
        assert review(repo).document["verdict"] == "rejected"


class TestTheRecord:
    def test_the_same_inputs_give_the_same_ruling_and_it_is_recorded_once(self, repo: GitRepo) -> None:
        repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
        first, second = review(repo).document, review(repo).document
        assert first["ruling_id"] == second["ruling_id"]
        assert second["ledger"] == first["ledger"]
        repo.commit("Change", **{"src/totals.py": "TOTAL = 2\n"})
        third = review(repo).document
        assert third["ruling_id"] != first["ruling_id"]
        assert third["ledger"]["seq"] == first["ledger"]["seq"] + 1
        assert agency("ledger", "verify", cwd=repo.path).code == 0

    def test_all_worktrees_share_one_ledger(self, repo: GitRepo, tmp_path: Path) -> None:
        repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
        first = review(repo).document
        repo.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
        second = agency("review", "--base", "main", "--head", "work", "--json", cwd=tmp_path / "linked").document
        assert second["ledger"] == first["ledger"]

    def test_reviews_of_other_changes_at_the_same_time_are_all_recorded(self, repo: GitRepo) -> None:
        from concurrent.futures import ThreadPoolExecutor

        heads = [repo.commit(f"Change {n}", **{"src/totals.py": f"TOTAL = {n}\n"}) for n in range(1, 7)]
        with ThreadPoolExecutor(6) as pool:
            done = list(pool.map(lambda head: review(repo, head=head), heads))
        assert [one.code for one in done] == [0] * 6
        assert len({one.document["ledger"]["seq"] for one in done}) == 6
        assert agency("ledger", "verify", cwd=repo.path).code == 0

    def test_the_same_review_at_the_same_time_is_recorded_once(self, repo: GitRepo) -> None:
        from concurrent.futures import ThreadPoolExecutor

        repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
        with ThreadPoolExecutor(6) as pool:
            done = list(pool.map(lambda _: review(repo), range(6)))
        assert [one.code for one in done] == [0] * 6
        assert len({one.document["ledger"]["seq"] for one in done}) == 1
        assert agency("ledger", "verify", cwd=repo.path).code == 0

    def test_the_evidence_behind_a_ruling_is_its_whole_document(self, repo: GitRepo) -> None:
        from agent_agency.evidence import EvidenceStore

        repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
        document = review(repo).document
        body = entries_of(repo.path)[-1].body
        stored = json.loads(EvidenceStore(repo.path / ".git/agency/evidence").get(body["document"]))
        del document["ledger"], document["on_appeal"]  # what comes after the ruling is no part of it
        assert stored == document

    def test_a_ruling_that_cannot_be_recorded_is_shown_and_exits_2(self, repo: GitRepo) -> None:
        repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
        (repo.path / ".git" / "agency").write_text("in the way")
        done = review(repo)
        assert done.code == 2
        assert done.document["verdict"] == "approved"
        assert done.document["ledger"] is None
        assert "recorded" in done.err


class TestFailClosed:
    def test_a_policy_that_cannot_be_read_approves_nothing_and_waits_for_a_person(self, repo: GitRepo) -> None:
        repo.checkout("main")
        repo.commit("Break the policy", **{".caws/policy.yaml": "version: 1\nrisk_tiers: [\n"})
        repo.branch("next")
        repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
        done = review(repo, head="next")
        assert (done.code, done.document["verdict"]) == (4, "conditional")
        assert gate(done.document, "law")["status"] == "error"

    def test_settings_that_cannot_be_read_approve_nothing(self, tmp_path: Path) -> None:
        repo = lawful_repo(tmp_path / "repo", config="[law]\nwaiver_max_dais = 3\n")
        repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
        done = review(repo)
        assert done.document["verdict"] == "conditional"
        assert "waiver_max_days" in json.dumps(done.document)

    def test_a_policy_that_is_a_symlink_is_no_law(self, repo: GitRepo) -> None:
        repo.checkout("main")
        (repo.path / ".caws/policy.yaml").rename(repo.path / "lax.yaml")
        (repo.path / ".caws/policy.yaml").symlink_to("../lax.yaml")
        repo.commit("Link the policy")
        repo.branch("next")
        repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
        assert review(repo, head="next").document["verdict"] == "conditional"

    def test_a_gate_of_the_projects_own_that_did_not_run_is_conditional(self, tmp_path: Path) -> None:
        config = '[[gate]]\nname = "unit-tests"\nkind = "tests"\nargv = ["no-such-program"]\n'
        repo = lawful_repo(tmp_path / "repo", config=config)
        repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
        done = review(repo)
        assert done.document["verdict"] == "conditional"
        assert gate(done.document, "unit-tests")["status"] == "not_run"

    def test_an_invalid_governing_spec_is_rejected_with_its_findings(self, repo: GitRepo) -> None:
        repo.checkout("main")
        repo.commit("Break the spec", **{".caws/specs/FEAT-1.yaml": spec().replace("risk_tier: 3", "risk_tier: 9")})
        repo.branch("next")
        repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
        done = review(repo, head="next")
        assert (done.code, done.document["verdict"]) == (1, "rejected")
        assert gate(done.document, "spec_completeness")["status"] == "fail"


class TestCannotRun:
    def test_outside_a_repository(self, tmp_path: Path) -> None:
        done = agency("review", cwd=tmp_path)
        assert done.code == 2
        assert done.err.count("\n") == 1
        assert "Traceback" not in done.err

    def test_an_unknown_revision(self, repo: GitRepo) -> None:
        done = review(repo, head="nowhere")
        assert done.code == 2
        assert done.document["error"]["code"] == "git.unknown_revision"

    def test_a_missing_object_fails_closed(self, repo: GitRepo) -> None:
        repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
        blob = repo.git("rev-parse", "work:src/totals.py")
        (repo.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
        done = review(repo)
        assert done.code == 2
        assert not (repo.path / ".git/agency/agency.db").exists()

    def test_an_unwritable_output_file(self, repo: GitRepo) -> None:
        review(repo)  # makes the arbiter's key, which is told once
        done = agency("review", "--base", "main", "--out", "nowhere/ruling.txt", cwd=repo.path)
        assert done.code == 2
        assert done.err.count("\n") == 1


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "markdown", "html", "github"])
def test_every_form_can_be_written_to_a_file(repo: GitRepo, form: str) -> None:
    repo.commit("Leave", **{"elsewhere.py": "X = 1\n"})
    done = agency("review", "--base", "main", "--format", form, "--out", "ruling.out", cwd=repo.path)
    assert done.code == 1, done.err
    assert "elsewhere.py" in (repo.path / "ruling.out").read_text(encoding="utf-8")
    assert done.out == ""
