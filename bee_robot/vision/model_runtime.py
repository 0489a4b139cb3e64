"""Networks of this package: models/<name>.onnx with its card models/<name>.json, run by ONNX Runtime.

A card is a JSON object with name, version, sha256 (of the .onnx file), input (what the network wants: scale, normalisation),
outputs, training_data (each with its licence), licence and scores. A model file that is not the one its card describes is refused:
numbers from it would carry a false provenance.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnxruntime

MODELS_FOLDER = Path(__file__).parent / "models"
PROVIDERS = ("TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider")
CARD_TEXTS = ("name", "version", "sha256", "licence")
CARD_ENTRIES = (*CARD_TEXTS, "input", "outputs", "training_data", "scores")
ERRORS_ONLY = 3  # ONNX Runtime's log severity


class ModelError(Exception):
    """A network cannot be used: what is wrong, where, what to do, in one line."""


class RuntimeMissingError(ModelError):
    """ONNX Runtime is not installed for this Python."""


class ModelFileError(ModelError):
    """A model or its card is missing, damaged, or not what the card describes."""


@dataclass(frozen=True)
class Model:
    """A network that is ready to run. provider: what computes it, as ONNX Runtime reports it after loading."""

    name: str
    version: str
    provider: str
    card: Mapping[str, Any]
    _session: onnxruntime.InferenceSession

    def run(self, **inputs: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Outputs by name for inputs by name, float32, shapes as the card says.

        Raises ValueError for inputs that the network does not have or whose shape it refuses.
        """
        wanted = {given.name for given in self._session.get_inputs()}
        if set(inputs) != wanted:
            raise ValueError(
                f"model {self.name} takes {', '.join(sorted(wanted))}; got {', '.join(sorted(inputs))}"
            )
        names = [output.name for output in self._session.get_outputs()]
        arrays = {name: np.ascontiguousarray(value, np.float32) for name, value in inputs.items()}
        try:
            results = self._session.run(names, arrays)
        except _refusals(_runtime()) as error:
            raise ValueError(f"model {self.name}: {error}") from None
        return {name: np.asarray(result, np.float32) for name, result in zip(names, results)}


@functools.cache
def load_model(name: str, *, threads: int = 1, folder: Path = MODELS_FOLDER) -> Model:
    """The network `name`, loaded once for each number of threads (threads inside one operation, CPU).

    TensorRT, CUDA, CPU in this order, each where this machine has it. Raises RuntimeMissingError, ModelFileError.
    """
    runtime = _runtime()
    card, path = _card(folder, name), folder / f"{name}.onnx"
    data = _model_bytes(path, card)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS_ONLY
    present = runtime.get_available_providers()
    providers = [(provider, _options(provider)) for provider in PROVIDERS if provider in present]
    try:
        session = runtime.InferenceSession(data, options, providers=providers)
    except _refusals(runtime) as error:
        raise ModelFileError(
            f"{path}: ONNX Runtime {runtime.__version__} cannot load it ({error}); install the pinned onnxruntime"
        ) from None
    return Model(str(card["name"]), str(card["version"]), _plain(session.get_providers()[0]), card, session)


def _options(provider: str) -> dict[str, str]:
    """TensorRT builds an engine for a network, which takes minutes on a Jetson: it is kept for the next start."""
    if provider != "TensorrtExecutionProvider":
        return {}
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "bee_robot" / "tensorrt"
    return {
        "trt_engine_cache_enable": "1",
        "trt_timing_cache_enable": "1",
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_path": str(folder),
    }


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise RuntimeMissingError(
            f"networks need ONNX Runtime, which this Python cannot import ({error}); install the extra: "
            "pip install 'bee_robot[onnxruntime]', or run 'make setup'"
        ) from None
    return onnxruntime


def _refusals(runtime: Any) -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises for a model or an input that it does not take; it has no common base class."""
    state = runtime.capi.onnxruntime_pybind11_state
    names = "Fail InvalidArgument InvalidGraph InvalidProtobuf NotImplemented RuntimeException"
    return tuple(getattr(state, name) for name in names.split())


def _card(folder: Path, name: str) -> Mapping[str, Any]:
    path = folder / f"{name}.json"
    remedy = "install bee_robot again, or train the model with tools/train"
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelFileError(
            f"{path}: the model's card cannot be read ({error.strerror}); {remedy}"
        ) from None
    except ValueError as error:
        raise ModelFileError(f"{path}: the model's card is no JSON ({error}); {remedy}") from None
    missing = [entry for entry in CARD_ENTRIES if not isinstance(card, dict) or entry not in card]
    if missing:
        raise ModelFileError(f"{path}: the model's card lacks {', '.join(missing)}; {remedy}")
    wrong = [entry for entry in CARD_TEXTS if not isinstance(card[entry], str)]
    if wrong or card["name"] != name:
        raise ModelFileError(
            f"{path}: the card is not one of model '{name}' ({', '.join(wrong) or card['name']}); {remedy}"
        )
    return dict(card)


def _model_bytes(path: Path, card: Mapping[str, Any]) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelFileError(
            f"{path}: the model cannot be read ({error.strerror}); install bee_robot again"
        ) from None
    if hashlib.sha256(data).hexdigest() != card["sha256"]:
        raise ModelFileError(
            f"{path}: this is not the file that its card describes (sha256 differs); "
            "install bee_robot again, or write the card anew with tools/train"
        )
    return data


def _plain(provider: str) -> str:
    """ "CPU", "CUDA" or "TensorRT" for the names that ONNX Runtime gives them."""
    return provider.removesuffix("ExecutionProvider").replace("Tensorrt", "TensorRT")
