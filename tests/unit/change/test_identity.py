from __future__ import annotations

from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from agent_agency.canonical_json import canonical_json
from agent_agency.change.identity import change_digest, change_record
from agent_agency.change.model import FileChange, FileEnd, FileStatus

NAMES = st.binary(min_size=1, max_size=12).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
SIZES = st.none() | st.integers(0, 2**53)
ENDS = st.builds(
    FileEnd,
    path=NAMES,
    mode=st.sampled_from(["100644", "100755", "120000", "160000"]),
    blob=st.sampled_from(["a" * 40, "b" * 40]),
    size=SIZES,
    link_target=st.none() | NAMES,
    lfs_oid=st.none() | st.just("c" * 64),
    lfs_size=SIZES,
)
FILES = st.builds(
    FileChange,
    status=st.sampled_from(FileStatus),
    old=st.none() | ENDS,
    new=ENDS,
    added=st.integers(0, 2**40),
    deleted=st.integers(0, 2**40),
    binary=st.booleans(),
    generated=st.booleans(),
    whitespace_only=st.booleans(),
    no_op=st.booleans(),
    similarity=st.none() | st.integers(0, 100),
)
END = FileEnd("a", "100644", "a" * 40, 1)
FILE = FileChange(FileStatus.MODIFIED, END, END)


@given(st.lists(FILES, max_size=4))
def test_the_record_is_canonical_json(files: list[FileChange]) -> None:
    import json

    record = change_record(files)
    assert record == canonical_json(json.loads(record))


@given(st.lists(FILES, max_size=3), st.lists(FILES, max_size=3))
def test_two_changes_share_a_digest_only_when_all_is_alike(left: list[FileChange], right: list[FileChange]) -> None:
    assert (change_digest(left) == change_digest(right)) == (left == right)


def test_every_measured_field_counts() -> None:
    other = FileEnd("b", "100755", "b" * 40, 2, "t", "c" * 64, 3)
    for field in fields(FileEnd):
        changed = replace(END, **{field.name: getattr(other, field.name)})
        assert change_digest([replace(FILE, new=changed)]) != change_digest([FILE]), field.name
    told = FileChange(FileStatus.RENAMED, None, None, 1, 1, True, True, True, True, 1, 1)
    for field in fields(FileChange):
        changed_file = replace(FILE, **{field.name: getattr(told, field.name)})
        assert change_digest([changed_file]) != change_digest([FILE]), field.name


def test_a_quoted_name_is_not_the_name_that_it_quotes() -> None:
    shown, raw = replace(END, path='"a\\377"'), replace(END, path="a\udcff")
    assert change_digest([replace(FILE, new=shown)]) != change_digest([replace(FILE, new=raw)])
