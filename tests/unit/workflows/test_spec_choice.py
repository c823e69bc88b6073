from __future__ import annotations

import pytest

from agent_agency.errors import SpecSelectionError
from agent_agency.spec.model import ValidationResult
from agent_agency.workflows.spec_choice import choose_spec
from agent_agency.workflows.spec_on_file import SpecOnFile


def on_file(spec_id: str | None, lifecycle: str = "active") -> SpecOnFile:
    path = f".caws/specs/{spec_id}.yaml"
    result = ValidationResult(path, None, valid=False, findings=())
    return SpecOnFile(path, spec_id, lifecycle, "sha256:0", result)


def chosen(
    specs: list[SpecOnFile], *, option: str | None = None, trailers: tuple[str, ...] = (), branch: str = ""
) -> str:
    choice = choose_spec(specs, option=option, trailers=trailers, branch=branch)
    return f"{choice.spec.id} by {choice.chosen_by}"


A, B, DRAFT = on_file("FEAT-1"), on_file("FEAT-12"), on_file("FEAT-3", "draft")


def test_option_before_trailer_before_branch_before_the_only_active() -> None:
    assert chosen([A, B], option="FEAT-1", trailers=("FEAT-12",), branch="FEAT-12") == "FEAT-1 by option"
    assert chosen([A, B], trailers=("FEAT-1", " FEAT-1 "), branch="FEAT-12") == "FEAT-1 by trailer"
    assert chosen([A, B], branch="agent/feat-12") == "FEAT-12 by branch"
    assert chosen([A, DRAFT]) == "FEAT-1 by only_active"


def test_an_id_in_a_branch_name_counts_as_a_whole_word_only() -> None:
    assert chosen([A, B], branch="FEAT-12-more") == "FEAT-12 by branch"
    with pytest.raises(SpecSelectionError):
        chosen([A, B], branch="XFEAT-1")


def test_a_longer_id_hides_the_shorter_one_inside_it() -> None:
    longer = on_file("API-FEAT-1")
    assert chosen([A, longer], branch="api-feat-1") == "API-FEAT-1 by branch"


@pytest.mark.parametrize(
    ("specs", "option", "trailers", "branch"),
    [
        ([], None, (), ""),
        ([DRAFT], None, (), ""),
        ([A, B], None, (), "main"),
        ([A, B], "FEAT-9", (), ""),
        ([A], None, ("FEAT-9",), ""),
        ([A, B], None, ("FEAT-1", "FEAT-12"), ""),
        ([A, B], None, (), "FEAT-1-and-FEAT-12"),
        ([A, on_file("FEAT-1")], "FEAT-1", (), ""),
        ([on_file(None), on_file(None)], None, (), ""),
    ],
)
def test_none_or_several_is_an_error_with_a_next_step(
    specs: list[SpecOnFile], option: str | None, trailers: tuple[str, ...], branch: str
) -> None:
    with pytest.raises(SpecSelectionError) as caught:
        choose_spec(specs, option=option, trailers=trailers, branch=branch)
    assert "--spec" in caught.value.fix or "agency init" in caught.value.fix
