"""Loads a model with OpenVINO.

Settings of `LoadOptions.extra` that are read: ``folder``, where converted GGUF files are kept from run to run;
``digest``, the file's SHA-256, so that it need not be computed again; and ``prefix_cache`` (true): false computes every
prompt anew, as one who measures wants.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_agency.errors import EngineError
from agent_agency.extras import require
from agent_agency.inference.local.backend import BackendFacts
from agent_agency.inference.local.mute_template import refuse_mute_template
from agent_agency.inference.local.openvino.backend import Lanes, OpenVinoBackend
from agent_agency.inference.local.openvino.block_room import BlockRoom
from agent_agency.inference.local.openvino.blocks import BlockStore
from agent_agency.inference.local.openvino.extension_guard import ExtensionGuard
from agent_agency.inference.local.openvino.faults import NATIVE, no_labels, not_rightly, unsupported
from agent_agency.inference.local.openvino.label_lane import LabelLane
from agent_agency.inference.local.openvino.label_plan import LabelScorer
from agent_agency.inference.local.openvino.loop import Loop
from agent_agency.inference.local.openvino.model_files import ModelFiles, model_files
from agent_agency.inference.local.openvino.model_shape import CachePlan, plan_cache, shape_of
from agent_agency.inference.local.openvino.paged_model import PagedModel
from agent_agency.inference.local.openvino.prompts import Prompts
from agent_agency.inference.local.openvino.quiet import keep_quiet
from agent_agency.inference.local.openvino.text_lane import TextLane
from agent_agency.inference.local.openvino.token_text import TokenBytes
from agent_agency.inference.models.gguf_marks import Marks, read_marks
from agent_agency.inference.models.model_facts import no_template, read_model, refuse_without_template

if TYPE_CHECKING:
    from agent_agency.inference.local.backend import LoadOptions

MOST_CONTEXT = 8192
"""The window where none is asked for: a model's own may be so large that its memory would take the machine's."""
_STEP_TOKENS = 256
"""Of one step of the pipeline; measured: 256, 512 and 1,024 differ by a tenth, and small steps let others in sooner."""
_NOTES = (
    "Of the alternatives to a token it tells none: log-probabilities are those of the chosen tokens, unmasked.",
    "Answers under a schema are compact JSON, without spaces between the members.",
    "The repeat penalty counts the whole prompt and answer, not the last 64 tokens as llama.cpp does.",
)
_NOT_EXACT = "Batching moves log-probabilities slightly; precision 'exact' does not, and is about half as fast."


def load(options: LoadOptions) -> OpenVinoBackend:
    """Load a model and begin to wait for jobs.

    Raises:
        EngineError: the file is no model, is cut off, or is one that OpenVINO does not run
            (``engine.model_unsupported``); it has no chat template (``engine.no_chat_template``); the memory given
            does not hold one request (``engine.bad_settings``).
        MissingExtraError: the libraries are not installed.
    """
    keep_quiet()
    told = read_model(Path(options.path))
    refuse_without_template(told, Path(options.path))
    if told.not_openvino:
        raise not_rightly(options.path, told.not_openvino)
    exact = options.precision == "exact"
    context = options.context_tokens or min(told.context_tokens or MOST_CONTEXT, MOST_CONTEXT)
    files = model_files(options)
    try:
        plan = _plan(files, options, context, exact=exact)
        return _backend(options, files, plan, context, exact=exact)
    except NATIVE as error:
        files.remove_temporary()
        raise unsupported(options.path, error) from None
    except BaseException:
        files.remove_temporary()
        raise


def settings_of(options: LoadOptions, *, exact: bool) -> dict[str, Any]:
    """What the processor plugin is told.

    ``exact`` computes in 32 bits throughout. By default weights of 8 bits meet activations that are rounded to 8 bits
    group by group, and keys and values are kept in 8 bits; then a number depends on its neighbours in a batch.
    """
    settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if options.threads is not None:
        settings["INFERENCE_NUM_THREADS"] = options.threads
    if exact:
        settings |= {
            "INFERENCE_PRECISION_HINT": "f32",
            "KV_CACHE_PRECISION": "f32",
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0,
        }
    return settings


def _plan(files: ModelFiles, options: LoadOptions, context: int, *, exact: bool) -> CachePlan:
    core = require("openvino", extra="local").Core()
    try:
        shape = shape_of(core.read_model(str(files.model)))
    except ValueError as error:
        raise unsupported(options.path, error) from None
    try:
        return plan_cache(shape, options.width, context, options.cache_gb, exact=exact)
    except ValueError as error:
        raise EngineError(
            f"The memory for running requests is too small: {error}",
            fix="Give the engine more memory_gb, or a smaller context.",
            code="engine.bad_settings",
        ) from None


def _backend(options: LoadOptions, files: ModelFiles, plan: CachePlan, context: int, *, exact: bool) -> OpenVinoBackend:
    genai = require("openvino_genai", extra="local")
    tokenizer = genai.Tokenizer(str(files.folder))
    if not tokenizer.chat_template:
        raise no_template(options.path)
    settings = settings_of(options, exact=exact)
    pipeline = genai.ContinuousBatchingPipeline(
        str(files.folder), tokenizer, _scheduler(genai, options, plan), "CPU", **settings
    )

    def open_scorer() -> LabelScorer:
        try:
            model = PagedModel(str(files.model), plan.blocks, settings)
        except (RuntimeError, ValueError) as error:
            raise no_labels(error) from None
        return LabelScorer(model, BlockStore(plan.blocks))

    def wake() -> None:
        loop.wake()

    room = BlockRoom(plan.blocks)
    marks = _marks(Path(options.path), tokenizer)
    words = TokenBytes(tokenizer, marks.spoken)
    text = TextLane(pipeline, words, options.width, ExtensionGuard(plan.blocks), room, wake)
    labels = LabelLane(open_scorer, options.width, wake)
    loop = Loop((labels, text))
    facts = _facts(genai, options, context, plan, exact=exact)
    lanes = Lanes(text, labels, loop)
    prompts = Prompts(tokenizer, context, marks)
    refuse_mute_template(prompts.text, options.path)
    backend = OpenVinoBackend(facts, prompts, lanes, files.remove_temporary, reuse=_reuses(options))
    loop.start()
    return backend


def _marks(path: Path, tokenizer: Any) -> Marks:
    return Marks(TokenBytes(tokenizer).marks()) if path.is_dir() else read_marks(path)


def _reuses(options: LoadOptions) -> bool:
    return options.extra.get("prefix_cache", True) is not False


def _scheduler(genai: Any, options: LoadOptions, plan: CachePlan) -> Any:
    scheduler = genai.SchedulerConfig()
    scheduler.num_kv_blocks = plan.blocks
    scheduler.enable_prefix_caching = _reuses(options)
    scheduler.max_num_batched_tokens = _STEP_TOKENS
    scheduler.max_num_seqs = options.width + 1
    return scheduler


def _facts(genai: Any, options: LoadOptions, context: int, plan: CachePlan, *, exact: bool) -> BackendFacts:
    memory = (
        f"Keys and values take up to {plan.gigabytes:.2f} GiB for text"
        " and as much again once labels are scored, besides the weights of each."
    )
    return BackendFacts(
        engine="openvino",
        version=genai.get_version(),
        precision="exact" if exact else "default",
        context_tokens=context,
        width=options.width,
        schema=True,
        logprobs=0,
        labels=True,
        seed=True,
        notes=(*_NOTES, memory, *(() if exact else (_NOT_EXACT,))),
    )
