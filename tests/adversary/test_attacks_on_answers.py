"""What the judged party tries so that the next review answers with a ruling of an appeal that nobody heard rightly."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adversary.harness import Attack, Defence, Scene, check, names
from agent_agency.arbitration.appeals.model import Appeal, AppealedRuling, Court
from agent_agency.attestation.principals import PRINCIPALS_PATH
from agent_agency.workflows.answer_on_appeal import SourcesAtBase, _Walk
from agent_agency.workflows.appeal_sources import AppealSources
from support.appeals import Town, make_town
from support.forged_appeals import ruling_of_others
from support.principals import make_principal, principals_toml

ANSWER = "workflows.answer_on_appeal"


def approved(town: Town, base: str = "main") -> bool:
    """Whether the next review of the same inputs lets the rejected change pass."""
    return town.review(base).decision.exit_code == 0


def moves_the_base(scene: Scene) -> bool:
    """Be heard by a reviewer whom only one's own clone lists, where the review reads the true base."""
    town = make_town(scene.folder / "town")
    base, ruling = town.git.git("rev-parse", "main"), town.ruling
    town.people["mallory"] = make_principal("mallory", ["reviewer"])
    town.git.checkout("main")
    town.git.write(PRINCIPALS_PATH, principals_toml([*town.people.values()]))
    town.git.commit("List myself")
    town.git.checkout("work")
    town.vote(town.file(ruling.ruling_id, [town.false_positive(ruling)]), "mallory")
    return approved(town, base)


def hides_the_author(scene: Scene) -> bool:
    """Have a ruling of the same id heard that names somebody else as the author."""
    town = make_town(scene.folder / "town")
    ruling = town.ruling
    ruling_of_others(town)
    town.vote(town.file(ruling.ruling_id, [town.false_positive(ruling)], by="judge9"), "judge1")
    return approved(town)


def court_of_the_branch(sources: SourcesAtBase, root: AppealedRuling, commit: str | None) -> Court | None:
    return AppealSources.court(sources, root, commit)


def any_case(walk: _Walk, appeal: Appeal) -> bool:  # noqa: ARG001 - as the product's
    return True


ATTACKS = (
    Attack("move one's own base", moves_the_base, Defence(f"{ANSWER}:SourcesAtBase.court", court_of_the_branch)),
    Attack("hide who wrote the change", hides_the_author, Defence(f"{ANSWER}:_Walk._is_measured", any_case)),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=names(ATTACKS))
def test_it_fails_and_succeeds_without_its_defence(attack: Attack, make_scene: Callable[[str], Scene]) -> None:
    check(attack, make_scene)
