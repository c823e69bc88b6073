"""Damaged and doctored reports: no exception ever, and never fewer failures than the untouched bytes tell of."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from agent_agency.gates.reports.model import ReportProblem
from agent_agency.gates.reports.read import FORMATS, read_report
from support.report_documents import MAKERS, Document, badness
from support.report_fixtures import FIXTURES, REFUSED, form_of

# These have no mark for their end, so a file cut behind a whole line or record is a shorter whole file.
WITHOUT_END = {"lcov", "mutmut", "cosmic-ray", "mypy"}
COVERAGE = {"lcov", "cobertura", "coveragepy", "istanbul"}
TOKENS = (
    b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b",", b":", b"<", b">", b"/>", b"</", b"<!--", b"-->", b"<![CDATA[",
    b"]]>", b"&", b"&x;", b"&#0;", b"<!DOCTYPE a>", b"<?xml?>", b"\0", b"\xff", b"\xef\xbb\xbf", b"\n", b"-1", b"NaN",
    b"1e999", b"99999999999999999999", b"null", b"true", b"0", b"1", b"end_of_record\n", b"DA:1,1\n", b"\xed\xa0\x80",
    b"passed", b"Killed", b"<skipped/>", b"[" * 200, b"<a>" * 200,
)  # fmt: skip


def edit(data: bytes, chance: Random) -> tuple[bytes, int, int]:
    """One edit in one place: the edited bytes, and from where to where the old ones were touched."""
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice((0, 1, 1, 2, 5, 20, 60)))
    kind = chance.randrange(4)
    if kind == 0:
        new = b""
        end = max(end, min(len(data), start + 1))
    elif kind == 1:
        new = bytes(chance.randrange(256) for _ in range(chance.randint(1, 4)))
    elif kind == 2:
        new = chance.choice(TOKENS)
    else:
        source = chance.randrange(len(data) + 1)
        new = data[source : source + chance.randint(1, 60)]
    return data[:start] + new + data[end:], start, end


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def check_one_edit(document: Document, chance: Random, folder: Path) -> None:
    data, start, end = edit(document.data, chance)
    report = read_report(document.form, write(folder / "report", data))
    if isinstance(report, ReportProblem):
        return
    left, touched = document.untouched(start, end)
    # An edited line number can fall on another line of the same file, which then counts with it.
    excuse = touched if document.form in COVERAGE else 0
    assert badness(report) >= left - excuse, (document.form, document.data, data)


def check_cut(form: str, data: bytes, cut: int, folder: Path) -> None:
    report = read_report(form, write(folder / "report", data[:cut]))
    if form in WITHOUT_END:
        whole_lines = data[:cut].rstrip(b" ").endswith((b"\n", b"end_of_record"))
        assert isinstance(report, ReportProblem) or whole_lines, (form, data, cut)
    else:
        assert isinstance(report, ReportProblem) or not data[cut:].strip(), (form, data, cut)


def check_any_edits(form: str, data: bytes, chance: Random, folder: Path) -> None:
    for _ in range(chance.randint(1, 5)):
        data, _, _ = edit(data, chance)
    read_report(form, write(folder / "report", data))


def test_every_format_has_a_maker() -> None:
    assert MAKERS.keys() == FORMATS.keys()


@pytest.mark.parametrize("form", sorted(MAKERS))
def test_an_untouched_report_tells_of_all_its_failures(form: str, tmp_path: Path) -> None:
    for seed in range(20):
        document = MAKERS[form](Random(seed))
        report = read_report(form, write(tmp_path / "report", document.data))
        assert not isinstance(report, ReportProblem), report
        assert badness(report) == sum(piece.bad for piece in document.pieces)


@pytest.mark.parametrize("form", sorted(MAKERS))
def test_one_edit_hides_no_failure_elsewhere(form: str, tmp_path: Path) -> None:
    chance = Random(f"edit {form}")
    for _ in range(80):
        check_one_edit(MAKERS[form](chance), chance, tmp_path)


@pytest.mark.parametrize("form", sorted(MAKERS))
def test_a_report_cut_off_anywhere_is_no_report(form: str, tmp_path: Path) -> None:
    data = MAKERS[form](Random(form)).data
    for cut in range(len(data)):
        check_cut(form, data, cut, tmp_path)


@pytest.mark.parametrize("path", sorted(FIXTURES.iterdir()), ids=lambda path: path.name)
def test_a_real_report_cut_off_anywhere_or_edited_is_no_surprise(path: Path, tmp_path: Path) -> None:
    form = REFUSED[path.name][0] if path.name in REFUSED else form_of(path)
    data = path.read_bytes()
    chance = Random(path.name)
    for _ in range(12):
        check_cut(form, data, chance.randrange(len(data)), tmp_path)
        check_any_edits(form, data, chance, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100))
def test_a_hundred_thousand_mutated_files(seed: int, tmp_path: Path) -> None:
    chance = Random(seed)
    forms = sorted(MAKERS)
    paths = sorted(path for path in FIXTURES.iterdir() if path.name not in REFUSED)
    for _ in range(500):
        check_one_edit(MAKERS[chance.choice(forms)](chance), chance, tmp_path)
    for _ in range(250):
        path = chance.choice(paths)
        data = path.read_bytes()
        check_any_edits(form_of(path), data, chance, tmp_path)
        check_cut(form_of(path), data, chance.randrange(len(data)), tmp_path)
