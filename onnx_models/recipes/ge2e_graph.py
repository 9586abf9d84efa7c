"""Writes onnx_models/ge2e/encoder.onnx: the graph of the GE2E speaker encoder, without weights.

The graph names ranges of `weights.bin`, which app/asr/engines/ge2e_recipe.py cuts out of the file
of the publisher, as its external data.

    pip install onnx && python onnx_models/recipes/ge2e_graph.py
"""

from pathlib import Path

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper, save

GRAPH = Path(__file__).parents[1] / "ge2e" / "encoder.onnx"
WEIGHTS = "weights.bin"
MELS, HIDDEN, LAYERS = 40, 256, 3

LINEAR_BIAS_START = 0
LINEAR_WEIGHT_START = LINEAR_BIAS_START + 4 * HIDDEN
LSTM_START = LINEAR_WEIGHT_START + 4 * HIDDEN * HIDDEN

LSTM_OFFSETS = {
    "weight_ih_l0": 0,
    "weight_hh_l0": 40960,
    "weight_ih_l1": 303104,
    "weight_hh_l1": 565248,
    "weight_ih_l2": 827392,
    "weight_hh_l2": 1089536,
    "bias_ih_l0": 1351680,
    "bias_hh_l0": 1352704,
    "bias_ih_l1": 1353728,
    "bias_hh_l1": 1354752,
    "bias_ih_l2": 1355776,
    "bias_hh_l2": 1356800,
}
"""Floats from the start of the storage that all layers share."""


def external(name: str, shape: tuple[int, ...], start: int) -> TensorProto:
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
    tensor.data_location = TensorProto.EXTERNAL
    length = 4 * int(np.prod(shape))
    for key, value in (("location", WEIGHTS), ("offset", start), ("length", length)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def lstm_weight(name: str, shape: tuple[int, ...]) -> TensorProto:
    return external(name, shape, LSTM_START + 4 * LSTM_OFFSETS[name])


def constant(name: str, values: list[int]) -> TensorProto:
    return numpy_helper.from_array(np.array(values, np.int64), name)


def layer_weights(layer: int) -> list[TensorProto]:
    inputs = HIDDEN if layer else MELS
    return [
        lstm_weight(f"weight_ih_l{layer}", (4 * HIDDEN, inputs)),
        lstm_weight(f"weight_hh_l{layer}", (4 * HIDDEN, HIDDEN)),
        lstm_weight(f"bias_ih_l{layer}", (4 * HIDDEN,)),
        lstm_weight(f"bias_hh_l{layer}", (4 * HIDDEN,)),
    ]


def layer_nodes(layer: int) -> list[NodeProto]:
    names = [f"{part}_l{layer}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    parts = [f"{name}_g" for name in names]
    lstm_inputs = [f"below{layer}", f"w{layer}", f"r{layer}", f"b{layer}"]
    lstm_outputs = [f"all{layer}", f"last{layer}"]
    return [
        *(
            helper.make_node("Gather", [name, "gates"], [part], axis=0)
            for name, part in zip(names, parts, strict=True)
        ),
        helper.make_node("Unsqueeze", [parts[0], "first"], [f"w{layer}"]),
        helper.make_node("Unsqueeze", [parts[1], "first"], [f"r{layer}"]),
        helper.make_node("Concat", parts[2:], [f"biases{layer}"], axis=0),
        helper.make_node("Unsqueeze", [f"biases{layer}", "first"], [f"b{layer}"]),
        helper.make_node("LSTM", lstm_inputs, lstm_outputs, hidden_size=HIDDEN),
        helper.make_node("Squeeze", [f"all{layer}", "second"], [f"below{layer + 1}"]),
    ]


def main() -> None:
    # The file has its gates in the order input, forget, cell, output; ONNX has i, o, f, c.
    rows = np.arange(4 * HIDDEN).reshape(4, HIDDEN)[[0, 3, 1, 2]].ravel()
    weights = [
        constant("gates", rows.tolist()),
        constant("first", [0]),
        constant("second", [1]),
        external("linear.weight", (HIDDEN, HIDDEN), LINEAR_WEIGHT_START),
        external("linear.bias", (HIDDEN,), LINEAR_BIAS_START),
        *(weight for layer in range(LAYERS) for weight in layer_weights(layer)),
    ]
    nodes = [
        helper.make_node("Transpose", ["mels"], ["below0"], perm=[1, 0, 2]),
        *(node for layer in range(LAYERS) for node in layer_nodes(layer)),
        helper.make_node("Squeeze", [f"last{LAYERS - 1}", "first"], ["hidden"]),
        helper.make_node("Gemm", ["hidden", "linear.weight", "linear.bias"], ["linear"], transB=1),
        helper.make_node("Relu", ["linear"], ["raw"]),
        helper.make_node("LpNormalization", ["raw"], ["embeddings"], axis=1, p=2),
    ]
    mels = helper.make_tensor_value_info("mels", TensorProto.FLOAT, ["windows", "frames", MELS])
    embeddings = helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["windows", HIDDEN])
    graph = helper.make_graph(nodes, "ge2e", [mels], [embeddings], weights)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="parley"
    )
    save(model, GRAPH)


if __name__ == "__main__":
    main()
