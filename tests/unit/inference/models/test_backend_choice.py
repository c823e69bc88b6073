from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent_agency.errors import AgencyError, EngineError
from agent_agency.inference.bench.winner import Choice
from agent_agency.inference.engine_settings import EngineSettings
from agent_agency.inference.models.backend_choice import Machine, choose_backend
from agent_agency.inference.models.digests import Digests
from agent_agency.inference.models.local_engine import local_model
from agent_agency.inference.models.model_facts import ModelFacts, read_model
from agent_agency.inference.pool.machine_memory import budget_of
from support.test_models import nano_model

BOTH = Machine("x86_64", lambda _: True)
NO_OPENVINO = Machine("x86_64", lambda module: module == "xllamacpp")
ARM = Machine("aarch64", lambda _: True)
NOTHING = Machine("x86_64", lambda _: False)
AUTO = EngineSettings("a", "local", path="m.gguf")
MEASURED = Choice("llama.cpp", "default", 6, "measured: 9 requests/s")


def _facts() -> ModelFacts:
    return read_model(nano_model())


@pytest.mark.parametrize(
    ("machine", "changes", "engine", "width"),
    [
        (BOTH, {}, "openvino", 16),
        (NO_OPENVINO, {}, "llama.cpp", 8),
        (ARM, {}, "llama.cpp", 8),
        (BOTH, {"not_openvino": "it reads no weights in IQ2_XS"}, "llama.cpp", 8),
        (BOTH, {"format": "openvino", "architecture": "gemma3"}, "openvino", 16),
    ],
)
def test_the_default_is_the_quickest_that_can_read_the_model(
    machine: Machine, changes: dict[str, str], engine: str, width: int
) -> None:
    found = choose_backend(AUTO, replace(_facts(), **changes), None, machine)  # type: ignore[arg-type]
    assert (found.engine, found.width) == (engine, width)


def test_what_was_measured_goes_before_the_default_and_a_person_before_both() -> None:
    found = choose_backend(AUTO, _facts(), MEASURED, BOTH)
    assert (found.engine, found.width, found.why) == ("llama.cpp", 6, MEASURED.why)
    asked = replace(AUTO, engine="openvino", width=3)
    assert choose_backend(asked, _facts(), MEASURED, BOTH).width == 3
    assert choose_backend(replace(AUTO, width=2), _facts(), MEASURED, BOTH).width == 2
    gone = Machine("x86_64", lambda module: module == "openvino_genai")
    assert choose_backend(AUTO, _facts(), MEASURED, gone).engine == "openvino"


def test_a_model_that_openvino_would_run_wrongly_goes_to_the_other_engine_whatever_was_measured() -> None:
    wrong = replace(_facts(), not_openvino="it leaves out the tensor 'rope_freqs.weight'")
    measured = Choice("openvino", "default", 16, "measured: 9 requests/s")
    found = choose_backend(AUTO, wrong, measured, BOTH)
    assert found.engine == "llama.cpp"
    assert found.why.endswith("cannot run the model: it leaves out the tensor 'rope_freqs.weight'")
    with pytest.raises(EngineError, match=r"rope_freqs\.weight"):
        choose_backend(replace(AUTO, engine="openvino"), wrong, None, BOTH)


@pytest.mark.parametrize(
    ("engine", "changes", "machine", "code"),
    [
        ("openvino", {"not_openvino": "it reads no weights in IQ2_XS"}, BOTH, "engine.unsupported_model"),
        ("llama.cpp", {"format": "openvino"}, BOTH, "engine.unsupported_model"),
        ("openvino", {}, NO_OPENVINO, "usage.extra_missing"),
        ("auto", {}, NOTHING, "usage.extra_missing"),
    ],
)
def test_what_cannot_be_run_is_refused_with_a_next_step(
    engine: str, changes: dict[str, str], machine: Machine, code: str
) -> None:
    with pytest.raises(AgencyError) as caught:
        choose_backend(replace(AUTO, engine=engine), replace(_facts(), **changes), None, machine)  # type: ignore[arg-type]
    assert caught.value.stable_code == code


def test_the_settings_of_a_model_become_how_it_is_run(tmp_path: Path) -> None:
    environment = {"AGENCY_ENGINES": str(tmp_path / "engines.toml"), "XDG_CACHE_HOME": str(tmp_path)}
    settings = replace(AUTO, path=str(nano_model()), engine="llama.cpp", width=5, context=2048, memory_gb=2.0)
    model = local_model(settings, environment)
    assert (model.engine, model.width, model.context, model.memory_bytes) == ("llama.cpp", 5, 2048, 2 * 1024**3)
    unbounded = local_model(replace(settings, memory_gb=None), environment)
    assert unbounded.memory_bytes == budget_of(None)
    assert (model.digest, model.quantisation) == (Digests(None).of(nano_model()), "Q8_0")
    with pytest.raises(EngineError) as caught:
        local_model(replace(settings, digest=f"sha256:{'0' * 64}"), environment)
    assert caught.value.stable_code == "engine.model_changed"
    with pytest.raises(EngineError) as caught:
        local_model(replace(settings, context=100_000), environment)
    assert caught.value.stable_code == "engine.bad_settings"
