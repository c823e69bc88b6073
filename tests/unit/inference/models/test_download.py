from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from agent_agency.errors import AgencyError, EngineError, FileUnwritableError
from agent_agency.inference.models.alone import alone
from agent_agency.inference.models.download import Bounds, Download
from agent_agency.inference.models.library import INCOMING, keep_download
from agent_agency.inference.models.source import Remote
from support.file_server import Conduct, FileServer, serving_file
from support.test_models import nano_model


@pytest.fixture(scope="module")
def model() -> bytes:
    return nano_model().read_bytes()


def _fetched(server: FileServer, folder: Path, wanted: str | None = None, **settings: object) -> tuple[Path, str]:
    fetch = Download({}, bounds=Bounds(idle_s=0.3), **settings)  # type: ignore[arg-type]
    return keep_download(Remote(f"{server.url}/a/nano.gguf", "nano.gguf"), wanted, folder, fetch)


def _code(server: FileServer, folder: Path, wanted: str | None = None, **settings: object) -> str:
    with pytest.raises(AgencyError) as caught:
        _fetched(server, folder, wanted, **settings)
    assert caught.value.fix
    return caught.value.stable_code


def _fix(server: FileServer, folder: Path) -> str:
    with pytest.raises(AgencyError) as caught:
        _fetched(server, folder)
    return caught.value.fix


def _left(folder: Path) -> list[str]:
    return sorted(one.suffix for one in folder.rglob("*") if one.is_file())


def test_a_file_is_kept_under_its_digest(model: bytes, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with serving_file(Conduct(model)) as server:
        path, digest = _fetched(server, tmp_path, told=lambda done, whole: told.append((done, whole)))
    assert path == tmp_path / hashlib.sha256(model).hexdigest() / "nano.gguf"
    assert (path.read_bytes(), digest) == (model, f"sha256:{path.parent.name}")
    assert told[-1] == (len(model), len(model))
    assert _left(tmp_path) == [".gguf"]


def test_a_download_that_breaks_off_goes_on_where_it_ended(model: bytes, tmp_path: Path) -> None:
    with serving_file(Conduct(model, breaks=2, break_after=300_000)) as server:
        path, _ = _fetched(server, tmp_path)
    assert path.read_bytes() == model
    assert [one.get("range") for one in server.asked] == [None, "bytes=300000-", "bytes=600000-"]


def test_what_broke_off_again_and_again_is_gone_on_with_by_the_same_command(model: bytes, tmp_path: Path) -> None:
    with serving_file(Conduct(model, breaks=99, break_after=1000)) as server:
        assert _code(server, tmp_path) == "engine.incomplete"
        assert len(server.asked) == 5
        server.conduct.breaks = 0
        path, _ = _fetched(server, tmp_path)
        assert server.asked[-1]["range"] == "bytes=5000-"
    assert path.read_bytes() == model
    assert not list((tmp_path / INCOMING).iterdir())


@pytest.mark.parametrize("change", [{"etag": '"two"'}, {"ranges": False}])
def test_a_file_that_changed_in_between_is_fetched_from_its_beginning(
    model: bytes, tmp_path: Path, change: dict[str, object]
) -> None:
    with serving_file(Conduct(model, silent_after=50_000)) as server:
        assert _code(server, tmp_path) == "engine.timeout"
        server.conduct.silent_after = None
        for key, value in change.items():
            setattr(server.conduct, key, value)
        path, _ = _fetched(server, tmp_path)
    assert path.read_bytes() == model


@pytest.mark.parametrize(
    ("conduct", "code"),
    [
        (Conduct(b"<!DOCTYPE html><p>Please log in", kind="text/html"), "engine.not_a_model"),
        (Conduct(b"\n<html>"), "engine.not_a_model"),
        (Conduct(b"GG"), "engine.not_a_model"),
        (Conduct(b""), "engine.not_a_model"),
        (Conduct(b"GGUF" + bytes(100)), "engine.model_invalid"),
        (Conduct(b"gone", status=404), "engine.not_found"),
        (Conduct(b"no", status=500), "engine.server_failed"),
        (Conduct(b"GGUF", token="t"), "engine.refused"),  # noqa: S106 - a token of no server
    ],
)
def test_what_is_no_model_is_left_nowhere(conduct: Conduct, code: str, tmp_path: Path) -> None:
    with serving_file(conduct) as server:
        assert _code(server, tmp_path) == code
    assert _left(tmp_path) == []


@pytest.mark.parametrize("length", [True, False])
def test_a_model_that_was_cut_at_its_source_is_left_nowhere(model: bytes, tmp_path: Path, length: bool) -> None:
    with serving_file(Conduct(model[:-100_000], length=length)) as server:
        assert _code(server, tmp_path) == "engine.model_truncated"
    assert _left(tmp_path) == []


def test_a_length_that_is_not_true_is_noticed(model: bytes, tmp_path: Path) -> None:
    with serving_file(Conduct(model, lie=5000)) as server:
        assert _code(server, tmp_path) == "engine.incomplete"


def test_size_disk_and_digest_are_held_against_what_may_be(model: bytes, tmp_path: Path) -> None:
    with serving_file(Conduct(model)) as server:
        fetch = Download({}, bounds=Bounds(max_bytes=1_000_000))
        for length in (True, False):
            server.conduct.length = length
            with pytest.raises(EngineError) as caught:
                keep_download(Remote(f"{server.url}/n.gguf", "n.gguf"), None, tmp_path, fetch)
            assert caught.value.stable_code == "engine.too_large"
        server.conduct.length = True
        with pytest.raises(FileUnwritableError, match="free"):
            _fetched(server, tmp_path, free=lambda _: 1_000_000)
        assert _code(server, tmp_path, f"sha256:{'0' * 64}") == "engine.wrong_digest"
    assert _left(tmp_path) == []


def test_a_redirection_is_followed_without_the_token(model: bytes, tmp_path: Path) -> None:
    with serving_file(Conduct(model)) as store, serving_file(Conduct(b"", redirect=f"{store.url}/x?sig=1")) as hub:
        source = Remote(f"{hub.url}/nano.gguf", "nano.gguf", "HF_TOKEN")
        path, _ = keep_download(source, None, tmp_path, Download({"HF_TOKEN": "hf_secret"}))
        assert path.read_bytes() == model
        assert hub.asked[0]["authorization"] == "Bearer hf_secret"
        assert "authorization" not in store.asked[0]


@pytest.mark.parametrize("target", ["/again", "ftp://h/x", "http://user@h/x", "http://[::1/x", "http://h:99999/x", ""])
def test_a_redirection_to_nowhere_is_refused(target: str, tmp_path: Path) -> None:
    with serving_file(Conduct(b"", redirect=target)) as server:
        assert _code(server, tmp_path) == "engine.redirected"


def test_what_comes_in_the_clear_from_elsewhere_needs_its_digest(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        keep_download(Remote("http://models.invalid/n.gguf", "n.gguf"), None, tmp_path, Download({}))
    assert caught.value.stable_code == "engine.download_in_clear"


def test_an_address_where_nothing_listens_is_told(tmp_path: Path) -> None:
    with serving_file(Conduct(b"")) as server:
        pass
    assert _code(server, tmp_path) == "engine.unreachable"
    assert _code(server, tmp_path, proxy=server.url) == "engine.unreachable"
    for proxy in ("nonsense", "socks5://127.0.0.1:9"):
        assert _code(server, tmp_path, proxy=proxy) == "engine.bad_url"
    assert _left(tmp_path) == []


def test_what_to_do_is_said_of_the_download_and_not_of_an_engine(model: bytes, tmp_path: Path) -> None:
    expected = {
        (("breaks", 99), ("break_after", 1000)): "Run the same command again; it goes on where it ended.",
        (("status", 404),): "Check the URL, or the hub's owner, repository, path and revision.",
        (("status", 503),): "Wait, then run the same command again.",
        (("token", "t"),): "HF_TOKEN",
    }
    for conduct, fix in expected.items():
        with serving_file(Conduct(model, **dict(conduct))) as server:  # type: ignore[arg-type]
            assert fix in _fix(server, tmp_path)


def test_another_part_than_was_asked_for_is_refused_and_the_next_time_begins_anew(model: bytes, tmp_path: Path) -> None:
    with serving_file(Conduct(model, breaks=1, break_after=300_000, beside=7)) as server:
        assert _code(server, tmp_path) == "engine.wrong_part"
        assert _left(tmp_path) == []
        path, _ = _fetched(server, tmp_path)
    assert path.read_bytes() == model


def test_nobody_else_writes_to_a_file_until_it_lies_in_its_place(model: bytes, tmp_path: Path) -> None:
    incoming: list[Path] = []

    def fetch(source: Remote, wanted: str | None, into: Path) -> str:
        """What is fetched is whole; its digest is still being worked out when another process comes."""
        digest = download(source, wanted, into)
        incoming.append(into)
        with pytest.raises(EngineError) as caught, alone(into):
            pass
        assert caught.value.stable_code == "engine.busy"
        return digest

    download = Download({}, bounds=Bounds(idle_s=0.3))
    with serving_file(Conduct(model)) as server:
        path, _ = keep_download(Remote(f"{server.url}/nano.gguf", "nano.gguf"), None, tmp_path, fetch)
    assert path.read_bytes() == model
    assert not incoming[0].exists()
    with alone(incoming[0]):
        pass
    assert _left(tmp_path) == [".gguf"]
