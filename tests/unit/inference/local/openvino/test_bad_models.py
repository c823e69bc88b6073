"""Files that are no model, or none for OpenVINO: one sentence each, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.errors import AgencyError
from agent_agency.inference.local.backend import LoadOptions
from agent_agency.inference.local.openvino.load import load


def refused(path: Path, **options: object) -> AgencyError:
    pytest.importorskip("openvino_genai", reason="NOT RUN: the extra 'local' is not installed")
    with pytest.raises(AgencyError) as error:
        load(LoadOptions(str(path), width=2, **options))  # type: ignore[arg-type]
    assert ".cpp" not in error.value.message
    assert "\n" not in error.value.message
    return error.value


def changed(model: Path, folder: Path, old: bytes, new: bytes) -> Path:
    copy = folder / "changed.gguf"
    copy.write_bytes(model.read_bytes().replace(old, new))
    return copy


def test_another_architecture_is_named(nano_model: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    error = refused(changed(nano_model, tmp_path, b"llama", b"gemma"), extra={"folder": str(kept)})
    assert error.stable_code == "engine.model_unsupported"
    assert "gemma" in error.message
    assert "llama.cpp" in error.fix
    assert not list(kept.glob("openvino/*"))


def test_a_model_without_a_chat_template_is_refused(nano_model: Path, tmp_path: Path) -> None:
    error = refused(changed(nano_model, tmp_path, b"tokenizer.chat_template", b"tokenizer.chat_templatX"))
    assert error.stable_code == "engine.no_chat_template"


def test_a_header_that_does_not_fit_its_tensors_is_the_model_s_fault(nano_model: Path, tmp_path: Path) -> None:
    for old, new in ((b"tokenizer.ggml.tokens", b"tokenizer.ggml.tokenX"), (b"blk.3.attn_q", b"blk.7.attn_q")):
        assert refused(changed(nano_model, tmp_path, old, new)).stable_code == "engine.model_unsupported"


def test_a_file_that_is_cut_off_is_refused(nano_model: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(nano_model.read_bytes()[:400_000])
    assert refused(cut).stable_code == "engine.model_truncated"


def test_memory_that_holds_no_request_is_refused(nano_model: Path, conversions: Path) -> None:
    error = refused(nano_model, cache_gb=0.0001, extra={"folder": str(conversions)})
    assert error.stable_code == "engine.bad_settings"


def test_a_folder_that_cannot_be_written_is_named(nano_model: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    error = refused(nano_model, extra={"folder": str(taken)})
    assert (error.stable_code, error.path) == ("engine.cache_folder", str(taken / "openvino"))
