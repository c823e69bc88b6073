"""An anchored ledger cannot be shortened, removed or written anew unseen."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent_agency.attestation.principals import Principals
from agent_agency.canonical_json import canonical_json
from agent_agency.errors import GitError, LedgerCorruptError, UsageError
from agent_agency.git import Repository, anchors
from agent_agency.identity import random_id
from agent_agency.ledger.journal import Ledger
from agent_agency.ledger.opening import open_ledger
from agent_agency.ledger.signed_heads import signed_heads_of
from agent_agency.ledger.verify import VerificationReport, verify_ledger
from agent_agency.workflows.anchor import OWN_REFS, anchor_head, refuse_unless_anchors_agree, sign_head
from agent_agency.workflows.check_heads import HeadWitness, anchored_without_a_chain
from support.git_repo import GitRepo
from support.ledgers import TickingClock, forged_lines, make_ledger, tamper
from support.principals import listed, make_principal

ARBITER = make_principal("judge", ["arbiter"])
OTHER = make_principal("forger", ["arbiter"])
CLOCK = TickingClock()


@dataclass(frozen=True)
class Kept:
    """A repository with a ledger."""

    git: GitRepo
    repo: Repository
    ledger: Ledger

    @property
    def chain(self) -> str:
        shelf = self.ledger.shelf()
        assert shelf is not None
        return shelf.chain

    @property
    def ref(self) -> str:
        return f"{OWN_REFS}/{self.chain}"

    def anchor(self, signer: Any = ARBITER.signer) -> Any:
        return anchor_head(self.repo, self.ledger, signer, CLOCK)

    def problems(self, principals: Principals | None = None, **witness: Any) -> list[str]:
        """The codes of what verification finds."""
        known = HeadWitness(self.repo, principals or listed(ARBITER), **witness)
        reports = verify_ledger(self.ledger, known)
        reports += anchored_without_a_chain(self.repo, [report.chain for report in reports])
        return sound_but_for_guards(reports)


def sound_but_for_guards(reports: Iterable[VerificationReport]) -> list[str]:
    """The codes of the problems, but that the tests took the database's own guards away."""
    codes = [problem.code for report in reports for problem in report.problems]
    return [code for code in codes if code != "store.unguarded"]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    git = GitRepo.create(tmp_path / "repo")
    git.commit("start", **{"a.txt": "a\n"})
    with Repository.discover(git.path) as repo:
        yield Kept(git, repo, make_ledger(git.path / ".git" / "agency", 3))


def forget_last(ledger: Ledger, seq: int) -> None:
    """What a careful hand leaves of a chain whose last entries it wants gone."""
    tamper(ledger, "DELETE FROM agency_signed_heads WHERE seq > :seq", seq=seq)
    tamper(ledger, "DELETE FROM agency_entries WHERE seq > :seq", seq=seq)
    query = "UPDATE agency_chains SET seq = :seq, hash = (SELECT hash FROM agency_entries WHERE seq = :seq)"
    tamper(ledger, query, seq=seq)


def write_anew(ledger: Ledger, chain: str, count: int) -> None:
    """A chain of as many entries whose hashes are all right, in place of the one that was there."""
    lines = forged_lines([{"number": number, "ruling_id": "R-forged"} for number in range(count - 1)], chain)
    tamper(ledger, "DELETE FROM agency_signed_heads")
    for line in lines:
        entry = json.loads(line)
        values = {"seq": entry["seq"], "hash": entry["hash"], "kind": entry["kind"], "line": line[:-1]}
        query = "UPDATE agency_entries SET line = :line, hash = :hash, kind = :kind, subject = NULL WHERE seq = :seq"
        tamper(ledger, query, **values)
    tamper(ledger, "UPDATE agency_chains SET hash = :hash", hash=json.loads(lines[-1])["hash"])


def test_an_anchor_holds_the_signed_head_and_verifies(kept: Kept) -> None:
    done = kept.anchor()
    assert (done.seq, done.ref) == (4, kept.ref)
    report = verify_ledger(kept.ledger, HeadWitness(kept.repo, listed(ARBITER)))[0]
    assert report.problems == ()
    assert report.signed is not None
    assert report.anchored is not None
    assert (report.signed.seq, report.anchored.seq) == (4, 4)
    assert "judge, listed as an arbiter" in report.signed.known_by
    assert kept.git.git("log", "-1", "--format=%s", kept.ref) == "Anchor the ledger at entry 4"
    assert kept.git.git("ls-tree", "-r", "--name-only", kept.ref) == "README"
    assert "missing" not in kept.git.git("fsck", "--full")


def test_each_anchor_stands_on_the_one_before_and_the_same_head_is_anchored_once(kept: Kept) -> None:
    kept.anchor()
    kept.anchor()
    kept.ledger.append("note", {"subject": "x"})
    kept.anchor()
    assert kept.git.git("rev-list", "--count", kept.ref) == "2"
    assert [len(head.known_by) > 0 for head in HeadWitness(kept.repo, listed(ARBITER)).anchored(kept.chain)] == [
        True
    ] * 2
    assert kept.problems() == []


def test_nothing_is_anchored_before_the_first_entry(tmp_path: Path) -> None:
    git = GitRepo.create(tmp_path / "repo")
    ledger = make_ledger(git.path / ".git" / "agency")
    with Repository.discover(git.path) as repo:
        assert anchor_head(repo, ledger, ARBITER.signer, CLOCK) is None
    assert git.git("for-each-ref") == ""


def test_a_chain_that_was_shortened_is_told_and_not_appended_to(kept: Kept) -> None:
    kept.anchor()
    forget_last(kept.ledger, 2)
    assert sound_but_for_guards(verify_ledger(kept.ledger)) == [], "the chain alone cannot tell"
    assert kept.problems() == ["tail.missing"]
    with pytest.raises(LedgerCorruptError, match="ends at entry 2 and was anchored at entry 4") as told:
        refuse_unless_anchors_agree(kept.repo, kept.ledger)
    assert told.value.stable_code == "ledger.shorter_than_anchor"


def test_a_chain_that_was_shortened_and_grown_again_is_told(kept: Kept) -> None:
    kept.anchor()
    forget_last(kept.ledger, 2)
    for number in range(5):
        kept.ledger.append("ruling", {"ruling_id": f"R-kinder-{number}"})
    assert "entry.not_the_known" in kept.problems()
    with pytest.raises(LedgerCorruptError, match="written anew"):
        kept.anchor()


def test_a_chain_that_was_written_anew_with_right_hashes_is_told(kept: Kept) -> None:
    kept.anchor()
    write_anew(kept.ledger, kept.chain, 4)
    assert sound_but_for_guards(verify_ledger(kept.ledger)) == [], "the chain alone cannot tell"
    assert "head.contradicted" in kept.problems()
    with pytest.raises(LedgerCorruptError) as told:
        kept.anchor()
    assert told.value.stable_code == "ledger.rewritten_since_anchor"


def test_a_ledger_that_was_removed_altogether_is_told_and_none_begins_in_its_place(kept: Kept) -> None:
    kept.anchor()
    kept.ledger.database.close()
    shutil.rmtree(kept.git.path / ".git" / "agency")
    anew = Kept(kept.git, kept.repo, open_ledger(kept.ledger.folder, CLOCK, lambda: "f" * 32, {}))
    assert anew.problems() == ["ledger.anchored_chain_gone"]
    with pytest.raises(LedgerCorruptError, match="is not this repository's now") as told:
        refuse_unless_anchors_agree(kept.repo, anew.ledger)
    assert told.value.stable_code == "ledger.anchored_chain_gone"
    assert "git update-ref -d refs/agency/ledger/" in told.value.fix
    anew.ledger.append("ruling", {"ruling_id": "R-1"})
    assert anew.problems() == ["ledger.anchored_chain_gone"], "nor once another chain has begun"


def test_a_head_signed_by_nobody_who_counts_is_told(kept: Kept) -> None:
    kept.anchor(OTHER.signer)
    with pytest.raises(LedgerCorruptError, match="does not count"):
        kept.problems()
    assert kept.problems(own=(OTHER.signer.public_key,)) == []
    told = HeadWitness(kept.repo, listed(make_principal("ada", ["approver"])))
    assert "no base lists" in told.anchored(kept.chain)[0].known_by


def test_a_key_that_is_listed_for_something_else_signs_no_head(kept: Kept) -> None:
    kept.anchor()
    with pytest.raises(LedgerCorruptError, match="judge's, who is no arbiter"):
        kept.problems(listed(make_principal("judge", ["requester"])))


def test_a_signed_head_that_was_edited_in_the_database_is_told(kept: Kept) -> None:
    kept.anchor()
    shelf = kept.ledger.shelf()
    assert shelf is not None
    with kept.ledger.database.read() as connection:
        (head,) = signed_heads_of(connection, shelf)
    other = b"A" if head.envelope[-40:-39] != b"A" else b"B"
    for changed in (head.envelope[:-40] + other + head.envelope[-39:], head.envelope + b" ", b"{}", b"\xff"):
        tamper(kept.ledger, "UPDATE agency_signed_heads SET envelope = :envelope", envelope=changed)
        assert kept.problems() == ["head.not_signed"]


@pytest.mark.parametrize("text", ["", "no json", "{}", '{"payload":"e30=","payloadType":"x","signatures":[]}'])
def test_an_anchor_that_holds_no_signed_head_stops_everything(kept: Kept, text: str) -> None:
    anchors.add(kept.repo, kept.ref, None, "Anchor the ledger at entry 4", text.encode(), CLOCK.now())
    with pytest.raises(LedgerCorruptError, match="holds no signed head"):
        refuse_unless_anchors_agree(kept.repo, kept.ledger)
    with pytest.raises(LedgerCorruptError, match="does not count"):
        kept.problems()


def test_an_anchor_under_another_chains_name_is_refused(kept: Kept) -> None:
    kept.anchor()
    kept.git.git("update-ref", f"{OWN_REFS}/{'b' * 32}", kept.ref)
    with pytest.raises(LedgerCorruptError, match="another chain's name"):
        refuse_unless_anchors_agree(kept.repo, kept.ledger)


def test_a_replaced_anchor_commit_deceives_nobody(kept: Kept) -> None:
    kept.anchor()
    forged = kept.git.git("commit-tree", "-m", "Anchor", kept.git.git("mktree", stdin=b""))
    kept.git.git("replace", kept.git.git("rev-parse", kept.ref), forged)
    assert kept.problems() == []


def test_an_older_anchor_contradicts_a_chain_whose_newest_anchor_was_made_to_fit(kept: Kept) -> None:
    kept.anchor()
    write_anew(kept.ledger, kept.chain, 4)
    last = list(kept.ledger.entries())[-1]
    envelope = canonical_json(sign_head(last, "2026-01-31T08:00:00.000Z", ARBITER.signer))
    before = kept.git.git("rev-parse", kept.ref)
    anchors.add(kept.repo, kept.ref, before, "Anchor the ledger at entry 4", envelope, CLOCK.now())
    assert "head.contradicted" in kept.problems()


def test_anchors_of_many_at_once_end_at_the_newest_entry(kept: Kept) -> None:
    def one(number: int) -> None:
        ledger = open_ledger(kept.ledger.folder, TickingClock(), random_id, {})
        with Repository.discover(kept.git.path) as repo:
            for step in range(3):
                ledger.append("note", {"subject": f"{number}.{step}"})
                anchor_head(repo, ledger, ARBITER.signer, CLOCK)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(4)))
    report = verify_ledger(kept.ledger, HeadWitness(kept.repo, listed(ARBITER)))[0]
    assert (report.count, report.anchored and report.anchored.seq, report.problems) == (16, 16, ())


def clone_with_anchors(kept: Kept, tmp_path: Path) -> GitRepo:
    clone = GitRepo(tmp_path / "clone")
    subprocess.run(["git", "clone", "-q", kept.git.path, clone.path], check=True)
    clone.git("fetch", "-q", "origin", f"{OWN_REFS}/*:refs/agency/remotes/origin/*")
    return clone


def test_whoever_fetched_the_anchors_sees_that_they_were_written_anew(kept: Kept, tmp_path: Path) -> None:
    kept.anchor()
    clone = clone_with_anchors(kept, tmp_path)
    kept.git.git("update-ref", "-d", kept.ref)
    write_anew(kept.ledger, kept.chain, 4)
    kept.anchor()
    with pytest.raises(AssertionError, match=r"rejected|non-fast-forward"):
        clone.git("fetch", "origin", f"{OWN_REFS}/*:refs/agency/remotes/origin/*")


def test_an_anchor_that_was_fetched_holds_the_own_chain_too(kept: Kept) -> None:
    kept.anchor()
    kept.git.git("update-ref", f"refs/agency/remotes/origin/{kept.chain}", kept.ref)
    kept.git.git("update-ref", "-d", kept.ref)
    forget_last(kept.ledger, 2)
    assert kept.problems() == ["tail.missing"]
    with pytest.raises(LedgerCorruptError, match="entries are missing"):
        refuse_unless_anchors_agree(kept.repo, kept.ledger)


def test_anchors_of_other_clones_leave_a_new_ledger_alone(kept: Kept, tmp_path: Path) -> None:
    kept.anchor()
    clone = clone_with_anchors(kept, tmp_path)
    ledger = make_ledger(clone.path / ".git" / "agency")
    with Repository.discover(clone.path) as repo:
        assert refuse_unless_anchors_agree(repo, ledger) == ()


def test_a_push_goes_forward_only(kept: Kept, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "hub"], check=True)
    kept.git.git("remote", "add", "hub", str(tmp_path / "hub"))
    kept.anchor()
    anchors.push(kept.repo, "hub", kept.ref)
    first = kept.git.git("rev-parse", kept.ref)
    kept.git.git("update-ref", "-d", kept.ref)
    kept.ledger.append("note", {"subject": "x"})
    kept.anchor()
    with pytest.raises(GitError, match="none of this record's"):
        anchors.push(kept.repo, "hub", kept.ref)
    assert first in kept.git.git("ls-remote", "hub")
    with pytest.raises(GitError, match="no name of a remote"):
        anchors.push(kept.repo, "--receive-pack=/bin/true", kept.ref)


def test_a_chain_without_the_anchor_that_was_asked_for_is_refused(kept: Kept) -> None:
    witness = HeadWitness(kept.repo, listed(ARBITER), spaces=("refs/agency/remotes/origin",), wanted=True)
    with pytest.raises(UsageError, match="holds no anchor"):
        witness.anchored(kept.chain)
