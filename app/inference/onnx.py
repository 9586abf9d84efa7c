"""ONNX sessions: threads, memory and device chosen for the machine. Alone knows onnxruntime."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy.typing as npt
import onnxruntime  # pyright: ignore[reportMissingTypeStubs]

from app.core.errors import InternalError, Unavailable

Device = Literal["auto", "cpu", "cuda"]
Array = npt.NDArray[Any]

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"

# y = x + x in opset 13: the smallest graph that shows which device a session binds.
_PROBE = bytes.fromhex(
    "08083a390a0e0a01780a01781201792203416464120570726f62655a0f0a0178120a0a0808"
    "0112040a020801620f0a0179120a0a08080112040a02080142040a00100d"
)

_ort: Any = onnxruntime


class DeviceNotBound(Unavailable):
    """The device asked for was not bound; the message says what was."""


class GraphInvalid(Unavailable):
    """onnxruntime cannot load the file."""


class ModelClosed(InternalError):
    """The model was unloaded before this use: a lease was not held."""


class OnnxModel:
    def __init__(self, session: Any, name: str, memory_bytes: int) -> None:
        self._session = session
        self._name = name
        self.memory_bytes = memory_bytes
        self.providers: tuple[str, ...] = tuple(session.get_providers())
        self.inputs: tuple[str, ...] = tuple(each.name for each in session.get_inputs())
        self.outputs: tuple[str, ...] = tuple(each.name for each in session.get_outputs())
        self.shapes: dict[str, list[Any]] = {
            each.name: list(each.shape) for each in session.get_inputs()
        }

    @property
    def device(self) -> str:
        return "cuda" if CUDA in self.providers else "cpu"

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        """All outputs of the graph, in its order. Blocks: belongs in a lane of the executor."""
        session = self._session
        if session is None:
            raise ModelClosed(f"{self._name} is unloaded")
        return session.run(None, dict(feeds))

    def close(self) -> None:
        """Runs under way finish; the memory goes with the last of them."""
        self._session = None


class OnnxRuntime:
    """Opens sessions on one device with `threads` threads each."""

    def __init__(self, device: Device, threads: int) -> None:
        self._device: Device = device
        self._threads = threads
        if device != "cpu" and CUDA in offered_providers():
            _ort.preload_dlls()

    @property
    def has_cuda(self) -> bool:
        return CUDA in choose_providers(self._device, offered_providers())

    def open(
        self, path: Path, *, threads: int | None = None, device: Device | None = None
    ) -> OnnxModel:
        """`threads` and `device` are for models that measured better with their own."""
        if not path.is_file():
            raise GraphInvalid(f"{path.name} is not there")
        session = self._session(str(path), threads or self._threads, device or self._device)
        return OnnxModel(session, path.name, path.stat().st_size)

    def probe(self) -> OnnxModel:
        """Bind a trivial graph; raises where the device asked for cannot be had."""
        return OnnxModel(self._session(_PROBE, 1, self._device), "probe", len(_PROBE))

    def report(self) -> list[tuple[str, str]]:
        """Facts for `./parley doctor`."""
        try:
            bound = ", ".join(self.probe().providers)
        except Unavailable as error:
            bound = f"nothing: {error.message}"
        return [
            ("onnxruntime", str(_ort.__version__)),
            ("providers offered", ", ".join(offered_providers())),
            ("device asked for", self._device),
            ("device bound", bound),
            ("threads per model", str(self._threads)),
        ]

    def _session(self, model: str | bytes, threads: int, device: Device) -> Any:
        providers = choose_providers(device, offered_providers())
        try:
            session = _ort.InferenceSession(model, _options(threads), providers=providers)
        except Exception as error:
            place = model if isinstance(model, str) else "the probe"
            cause = str(error).replace(place, Path(place).name)  # callers are shown no folders
            raise GraphInvalid(f"onnxruntime cannot load {Path(place).name}: {cause}") from error
        require_bound(device, session.get_providers())
        return session


def offered_providers() -> list[str]:
    return list(_ort.get_available_providers())


def choose_providers(device: Device, offered: Sequence[str]) -> list[str]:
    if device == "cuda" and CUDA not in offered:
        raise DeviceNotBound(
            f"ASR_DEVICE is cuda, but this onnxruntime offers only {', '.join(offered)}; "
            "install requirements-gpu.lock"
        )
    return [CUDA, CPU] if device != "cpu" and CUDA in offered else [CPU]


def require_bound(device: Device, bound: Sequence[str]) -> None:
    """onnxruntime falls back to the CPU without an error: only the session tells."""
    if device == "cuda" and CUDA not in bound:
        raise DeviceNotBound(f"ASR_DEVICE is cuda, but only {', '.join(bound)} was bound")


def _options(threads: int) -> Any:
    options = _ort.SessionOptions()
    options.graph_optimization_level = _ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.execution_mode = _ort.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # A spinning pool takes the cores from every other model in the process.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    # Inputs differ in length: an arena would keep the longest one's memory for ever.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    return options
