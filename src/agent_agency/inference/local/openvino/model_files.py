"""A model as OpenVINO reads it: a folder as it is, or a GGUF file turned into a folder once and kept."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_agency.errors import EngineError
from agent_agency.extras import require
from agent_agency.inference.local.openvino.faults import NATIVE, unsupported
from agent_agency.inference.local.private_folder import PrivateFolder

if TYPE_CHECKING:
    from agent_agency.inference.local.backend import LoadOptions

MODEL = "openvino_model.xml"
_CONVERTED = "openvino"
_LINK = "model.gguf"
_TEMPORARY = "agency-openvino-"
_MADE = (MODEL, "openvino_tokenizer.xml", "openvino_detokenizer.xml")


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Where a model lies.

    Args:
        folder: with ``openvino_model.xml``, its weights and its tokenizer.
        temporary: to be removed when the model is let go of; ``None`` where nothing is.
    """

    folder: Path
    temporary: PrivateFolder | None = None

    @property
    def model(self) -> Path:
        """The graph."""
        return self.folder / MODEL

    def remove_temporary(self) -> None:
        """Remove what was made for this run alone."""
        if self.temporary is not None:
            self.temporary.remove()


def model_files(options: LoadOptions) -> ModelFiles:
    """Find a model's files, converting a GGUF file where that was not done before.

    ``options.extra`` may name a ``folder`` in which converted models are kept from run to run, and the file's
    ``digest``, which else is computed; without a folder a conversion lasts as long as the model is loaded.

    Raises:
        EngineError: the file cannot be converted (``engine.model_unsupported``), or there is no room for it
            (``engine.cache_folder``).
    """
    path = Path(options.path)
    if path.is_dir():
        return ModelFiles(path)
    kept = options.extra.get("folder")
    if kept is None:
        try:
            temporary = PrivateFolder((Path(tempfile.gettempdir()),), _TEMPORARY)
        except OSError as error:
            raise _not_kept(Path(error.filename or tempfile.gettempdir()), error.strerror or str(error)) from None
        try:
            _convert(path, temporary.path)
        except BaseException:
            temporary.remove()
            raise
        return ModelFiles(temporary.path, temporary)
    folder = Path(str(kept)) / _CONVERTED / _name(path, options.extra.get("digest"))
    if not (folder / MODEL).exists():
        _convert_beside(path, folder)
    return ModelFiles(folder)


def _name(path: Path, digest: object) -> str:
    """A conversion's name: of which file, made by which version."""
    if not isinstance(digest, str):
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    version: str = require("openvino_genai", extra="local").get_version()
    return f"{digest.removeprefix('sha256:')[:32]}-{version}"


def _convert_beside(path: Path, folder: Path) -> None:
    """Convert into a folder of its own, and give it its name when it is whole; another process may be faster."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="making-", ignore_cleanup_errors=True) as making:
            made = Path(making) / "model"
            made.mkdir()
            _convert(path, made)
            (made / _LINK).unlink()
            if not folder.exists():
                made.rename(folder)
    except OSError as error:
        if (folder / MODEL).exists():
            return
        raise _not_kept(folder.parent, error.strerror or str(error)) from None


def _convert(path: Path, folder: Path) -> None:
    """Have GenAI read a GGUF file; beside the file, here a link to it, it writes what it made of it."""
    genai = require("openvino_genai", extra="local")
    link = folder / _LINK
    link.symlink_to(path.resolve())
    try:
        genai.ContinuousBatchingPipeline(str(link), _smallest(genai), "CPU", {"enable_save_ov_model": True})
        genai.Tokenizer(str(link), enable_save_ov_model=True)
    except NATIVE as error:
        _refuse_full_disk(folder, path)
        raise unsupported(str(path), error) from None
    if not all((folder / name).exists() for name in _MADE):
        _refuse_full_disk(folder, path)
        raise unsupported(str(path), RuntimeError("it was read, and nothing was made of it"))


def _smallest(genai: Any) -> Any:
    scheduler = genai.SchedulerConfig()
    scheduler.num_kv_blocks = 1
    return scheduler


def _refuse_full_disk(folder: Path, path: Path) -> None:
    if shutil.disk_usage(folder).free < path.stat().st_size:
        raise _not_kept(folder, "there is no room for the model once more")


def _not_kept(folder: Path, problem: str) -> EngineError:
    return EngineError(
        f"The converted model cannot be kept: {problem}",
        fix="Make room on the disk, or set TMPDIR to a folder that has some.",
        path=str(folder),
        code="engine.cache_folder",
    )
