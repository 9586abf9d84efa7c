"""Learns onnx_models/kokoro/norms.npz: what the norms of Kokoro's voice measure, from its timbre.

    PYTHONPATH=. python onnx_models/recipes/kokoro_norms.py FOLDER DICTIONARIES OUT

FOLDER has the published graph and voices as `./parley models pull` fetched them, DICTIONARIES is
the folder of `misaki-en`. Every voice says a few sentences, and the published graph tells what its
norms measured. Some twenty minutes on one core.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from app.tts.engines.kokoro.convert import PUBLISHED, ROW, ROWS
from app.tts.engines.kokoro.norms import NORMS, STYLE, Norm
from app.tts.engines.kokoro.spelling import spell
from app.tts.text.languages import LANGUAGES
from app.tts.text.reading import TextReader

EACH = 6
"""Sentences of a voice."""
RANK = 64
RIDGE = 0.03
EPSILON = 1e-5
SENTENCES = """
Yes. / Okay, sure. / Thank you. / One moment, please. / Hello! How can I help you today?
Could you repeat that? / Let me check that for you. / Your order has shipped. / Absolutely.
Good morning, this is the clinic. / What time works best for you? / Great, you are all set!
I'm sorry to hear that; let me see what I can do. / Is there anything else?
Please hold the line while I look up your account. / Right, so what happened next?
The meeting has been moved to Thursday at three. / My favourite colour is blue, what about yours?
The doctor will see you on Tuesday at half past three, if that suits you.
It was a bright cold day in April, and the clocks were striking thirteen.
We have received your payment, and a receipt was sent to your mail address this morning.
Would you like me to book the earlier flight, or do you prefer to travel in the evening?
Turn left at the next crossing, then follow the road for two kilometres until you see the old mill.
He laughed, shook his head, and walked away without another word.
The temperature tomorrow will be around thirty degrees, with a light breeze from the west.
"""


def main(folder: Path, dictionaries: Path, out: Path) -> None:
    session = _session(folder / PUBLISHED)
    reader = TextReader(dictionaries)
    texts = [text.strip() for text in SENTENCES.replace("\n", "/").split("/") if text.strip()]
    spoken = [
        spelled.tokens
        for text in texts
        for sentence in reader.read(text, LANGUAGES["en-us"])
        for spelled in spell(sentence.words)
    ]
    timbres, measured = [], []
    for number, path in enumerate(sorted(folder.glob("*.bin"))):
        pack = np.fromfile(path, np.float32).reshape(ROWS, ROW)
        for turn in range(EACH):
            tokens = spoken[(7 * number + 5 * turn) % len(spoken)]
            style = pack[len(tokens)][None]
            timbres.append(style[0, :STYLE])
            measured.append(_measured(session, tokens, style))
    np.savez(out, **_fitted(np.array(timbres, np.float64), np.array(measured, np.float64)))


def _session(path: Path) -> onnxruntime.InferenceSession:
    model = onnx.load(str(path))
    for norm in NORMS:
        for kind in ("ReduceMean", "ReduceMean_2"):
            name = f"/decoder/decoder/generator/{_place(norm)}/{kind}_output_0"
            if all(output.name != name for output in model.graph.output):
                model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _place(norm: Norm) -> str:
    """Three blocks begin with a norm of the same sound: the published graph measures it once."""
    kind, _, number = norm.block.partition(".")
    if kind == "resblocks" and norm.place.endswith("adain1.0"):
        return f"{kind}.{3 * (int(number) // 3)}/adain1.0"
    return norm.place


def _measured(
    session: onnxruntime.InferenceSession, tokens: list[int], style: np.ndarray
) -> np.ndarray:
    """Means, then deviations, of all channels."""
    names = [output.name for output in session.get_outputs()]
    values = session.run(
        None,
        {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": style,
            "speed": np.ones(1, np.float32),
        },
    )
    found = dict(zip(names, (np.asarray(value).ravel() for value in values), strict=True))
    places = [f"/decoder/decoder/generator/{_place(norm)}" for norm in NORMS]
    means = [found[f"{place}/ReduceMean_output_0"] for place in places]
    variances = [found[f"{place}/ReduceMean_2_output_0"] for place in places]
    return np.stack([np.concatenate(means), np.sqrt(np.concatenate(variances) + EPSILON)])


def _fitted(timbres: np.ndarray, measured: np.ndarray) -> dict[str, np.ndarray]:
    """Ridge regression, with means in units of the usual deviation."""
    means, deviations = measured[:, 0], measured[:, 1]
    unit = np.maximum(deviations.mean(axis=0), 1e-3)
    targets = np.concatenate([means / unit, np.log(deviations)], axis=1)
    usual, middle = targets.mean(axis=0), timbres.mean(axis=0)
    spread = (timbres.std(axis=0) + 1e-6) * np.sqrt(STYLE)
    inputs = (timbres - middle) / spread
    kernel = inputs @ inputs.T + RIDGE * np.eye(len(inputs))
    table = inputs.T @ np.linalg.solve(kernel, targets - usual)
    left, strengths, right = np.linalg.svd(table, full_matrices=False)
    units = np.concatenate([unit, np.ones_like(unit)])
    return {
        "timbre": middle.astype(np.float32),
        "narrow": (left[:, :RANK] * strengths[:RANK] / spread[:, None]).astype(np.float32),
        "wide": (right[:RANK] * units).astype(np.float16),
        "usual": (usual * units).astype(np.float32),
    }


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
