"""``[[withheld]]`` in agency.toml: what is read, and what is refused with the place of the mistake."""

from __future__ import annotations

import pytest

from agent_agency.config import Config, read_config
from agent_agency.withheld_settings import WithheldTests

DIGEST = "sha256:" + "ab" * 32
GATE = """\
[[gate]]
name = "tests"
kind = "tests"
argv = ["pytest", "--junitxml=r.xml"]
report = "r.xml"
format = "junit"

[[gate]]
name = "lint"
kind = "lint"
argv = ["ruff"]

"""


def read(table: str) -> Config | list[tuple[str, int | None]]:
    found = read_config((GATE + "[[withheld]]\n" + table).encode(), "agency.toml")
    return found if isinstance(found, Config) else [(finding.message, finding.place.line) for finding in found]


def test_a_declaration_for_one_spec() -> None:
    found = read(f'spec = "FIX-1"\ngate = "tests"\ndigest = "{DIGEST}"\ntests = 4\n')
    assert isinstance(found, Config)
    (item,) = found.withheld
    assert item == WithheldTests("tests", DIGEST, 4, "FIX-1", 13)
    assert [item.binds(spec) for spec in ("FIX-1", "FIX-2", None)] == [True, False, False]


def test_without_a_spec_every_change_is_bound_by_at_least_one_test() -> None:
    found = read(f'gate = "tests"\ndigest = "{DIGEST}"\n')
    assert isinstance(found, Config)
    assert found.withheld[0].tests == 1
    assert found.withheld[0].binds("FIX-9")
    assert found.withheld[0].binds(None)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (f'digest = "{DIGEST}"', "No gate of kind 'tests' is named"),
        (f'gate = "lint"\ndigest = "{DIGEST}"', "'gate' names no gate of kind 'tests'"),
        (f'gate = ["tests"]\ndigest = "{DIGEST}"', "'gate' names no gate of kind 'tests'"),
        ('gate = "tests"', "'digest' is no digest"),
        (f'gate = "tests"\ndigest = "{DIGEST.upper()}"', "'digest' is no digest"),
        (f'gate = "tests"\ndigest = "{DIGEST}"\ntests = 0', "'tests' is no whole number"),
        (f'gate = "tests"\ndigest = "{DIGEST}"\ntests = true', "'tests' is no whole number"),
        (f'gate = "tests"\ndigest = "{DIGEST}"\nspec = ""', "'spec' is no id"),
        (f'gate = "tests"\ndigest = "{DIGEST}"\nfolder = "x"', "is no setting"),
    ],
)
def test_what_is_wrong_is_named_at_its_place(table: str, message: str) -> None:
    found = read(table)
    assert isinstance(found, list)
    assert any(message in told for told, _ in found), found
    assert all(line is not None and line >= 13 for _, line in found)


def test_one_table_is_no_list_of_tables() -> None:
    found = read_config((GATE + '[withheld]\ngate = "tests"\n').encode(), "agency.toml")
    assert isinstance(found, tuple)
    assert "not a list of tables" in found[0].message
