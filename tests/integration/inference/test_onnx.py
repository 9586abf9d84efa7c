"""Sessions on the real onnxruntime, and what it says where something is not there."""

from pathlib import Path

import pytest

from app.inference.onnx import (
    CPU,
    CUDA,
    DeviceNotBound,
    GraphInvalid,
    ModelClosed,
    OnnxRuntime,
    choose_providers,
    offered_providers,
    require_bound,
)


def test_the_probe_binds_what_was_asked_for() -> None:
    assert OnnxRuntime("cpu", 1).probe().providers == (CPU,)
    assert OnnxRuntime("cpu", 1).probe().device == "cpu"


@pytest.mark.skipif(CUDA in offered_providers(), reason="this onnxruntime offers CUDA")
def test_cuda_where_there_is_none_is_a_sentence() -> None:
    runtime = OnnxRuntime("cuda", 1)
    with pytest.raises(DeviceNotBound, match=r"offers only .*CPUExecutionProvider.*gpu\.lock"):
        runtime.probe()
    assert dict(runtime.report())["device bound"].startswith("nothing: ASR_DEVICE is cuda")


def test_auto_takes_what_there_is() -> None:
    assert choose_providers("auto", [CPU]) == [CPU]
    assert choose_providers("auto", [CUDA, CPU]) == [CUDA, CPU]
    assert choose_providers("cpu", [CUDA, CPU]) == [CPU]
    assert OnnxRuntime("auto", 1).probe().device in ("cpu", "cuda")


def test_a_silent_fall_back_to_the_cpu_is_noticed() -> None:
    require_bound("auto", [CPU])
    require_bound("cuda", [CUDA, CPU])
    with pytest.raises(DeviceNotBound, match="only CPUExecutionProvider was bound"):
        require_bound("cuda", [CPU])


def test_the_report_says_what_was_bound() -> None:
    report = dict(OnnxRuntime("cpu", 3).report())
    assert report["device asked for"] == "cpu"
    assert report["device bound"] == CPU
    assert report["threads per model"] == "3"


@pytest.mark.parametrize("content", [b"", b"not a graph", b"\x08\x08\x3a\xff\xff\xff\x7f"])
def test_a_file_that_is_no_graph(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(GraphInvalid, match=r"broken\.onnx") as refused:
        OnnxRuntime("cpu", 1).open(path)
    assert str(tmp_path) not in refused.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(GraphInvalid, match=r"absent\.onnx is not there"):
        OnnxRuntime("cpu", 1).open(tmp_path / "absent.onnx")


def test_a_model_that_was_unloaded_says_so() -> None:
    model = OnnxRuntime("cpu", 1).probe()
    model.close()
    with pytest.raises(ModelClosed):
        model.run({})
