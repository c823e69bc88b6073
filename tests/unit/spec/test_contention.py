from agent_agency.spec.contention import Claim, ClaimingSpec, Contention, Worktree, find_contention

SPECS = [ClaimingSpec("A-1", "active", ("src/**",)), ClaimingSpec("B-1", "closed", ("src/**",))]


def test_every_claim_is_named_with_the_entry_that_makes_it() -> None:
    specs = [*SPECS, ClaimingSpec("C-1", "active", ("docs", "src/app"))]
    worktrees = [Worktree("one", "main", "A-1"), Worktree("two", "main", "C-1"), Worktree("three", "main", "B-1")]

    assert find_contention("src/app/x.py", worktrees, specs, "main") == Contention(
        "claimed", (Claim("one", "A-1", "src/**"), Claim("two", "C-1", "src/app"))
    )


def test_a_worktree_that_is_gone_or_on_another_branch_does_not_contend() -> None:
    worktrees = [Worktree("one", "main", "A-1", "/gone"), Worktree("two", "dev", "A-1")]

    assert find_contention("src/x", worktrees, SPECS, "main", lambda tree: tree.path != "/gone").status == "clear"


def test_one_worktree_that_cannot_be_judged_makes_the_answer_undetermined() -> None:
    worktrees = [Worktree("one", "main", "A-1"), Worktree("two", "main", "")]

    assert find_contention("src/x", worktrees, SPECS, "main") == Contention("undetermined", (), "missing-specId", "two")
