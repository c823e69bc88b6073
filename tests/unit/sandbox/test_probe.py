"""The level found by trying."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.sandbox import landlock, probe
from agent_agency.sandbox.bubblewrap import find_bubblewrap
from agent_agency.sandbox.model import Isolation
from support.sandboxes import need


def test_the_best_level_that_holds_is_taken() -> None:
    report = probe.probe()
    assert all(report.probes[name] for name in probe.NEEDED[report.isolation])
    if report.isolation is Isolation.NAMESPACES:
        assert (report.reason, report.gaps) == ("", probe.gaps_of(report.probes))
    else:
        assert str(Isolation.NAMESPACES) in report.reason


def test_without_isolation_the_probes_say_that_nothing_is_kept_apart() -> None:
    held = probe.try_level(Isolation.NONE)
    open_to_all = {"elsewhere_unwritable", "secret_hidden", "loopback_denied", "datagrams_denied"}
    open_to_all |= {"services_hidden", "host_signals_denied"}
    assert {name for name in open_to_all if held[name]} == set()
    assert len(probe.gaps_of(held)) >= len(open_to_all)
    assert held["nothing_survives"]
    assert held["checkout_writable"]


def test_landlock_is_told_to_show_the_machines_processes() -> None:
    need(Isolation.LANDLOCK)
    held = probe.try_level(Isolation.LANDLOCK)
    assert all(held[name] for name in probe.NEEDED[Isolation.LANDLOCK])
    assert not held["host_processes_hidden"]
    assert "processes of this machine can be seen" in probe.gaps_of(held)


def test_a_bubblewrap_that_does_not_work_is_passed_over_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ubuntu's restriction of user name spaces, and most containers, let bubblewrap fail when it is run."""
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2; exit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setattr("agent_agency.sandbox.bubblewrap._PLACES", str(tmp_path))
    assert find_bubblewrap() == str(tmp_path / "bwrap")
    report = probe.probe()
    assert report.isolation is (Isolation.LANDLOCK if landlock.abi() else Isolation.NONE)
    assert "namespaces: not held: checkout_writable" in report.reason
