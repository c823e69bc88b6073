"""``[judges]`` of ``agency.toml``: which judges a review asks, and which may block."""

from agent_agency.config import Config, read_config
from agent_agency.facts import Finding
from agent_agency.judge_settings import JudgesAsked


def _read(text: str) -> Config | tuple[Finding, ...]:
    return read_config(text.encode(), "agency.toml")


def test_without_the_table_no_judge_is_asked() -> None:
    assert _read("") == Config()
    assert JudgesAsked().names == ()


def test_judges_are_asked_once_each_in_a_fixed_order() -> None:
    config = _read('[judges]\nadvise = ["rubric", "safety", "safety"]\nblock = ["safety", "relevance"]\n')
    assert isinstance(config, Config)
    assert config.judges == JudgesAsked(("rubric", "safety"), ("safety", "relevance"))
    assert config.judges.names == ("relevance", "safety", "rubric")


def test_what_is_no_judge_or_no_list_is_told_with_its_line() -> None:
    found = _read('[judges]\nadvise = ["saftey"]\nblock = "safety"\nblocks = []\n')
    assert isinstance(found, tuple)
    assert [(one.rule, one.place.line) for one in found] == [
        ("config.wrong_value", 2),
        ("config.wrong_value", 3),
        ("config.unknown_key", 4),
    ]
    assert "saftey" in found[0].message
    assert "relevance, faithfulness, minimality, safety, rubric" in found[0].remedy


def test_no_gate_takes_the_name_under_which_a_judge_is_listed() -> None:
    found = _read('[[gate]]\nname = "judge_safety"\nkind = "tests"\ncommand = ["true"]\n')
    assert isinstance(found, tuple)
    assert found[0].rule == "config.gate_name"
