"""Live recognition on the port of the documents, until the operator stops Parley."""

import json
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from app.core.audio.convert import int16_from_float
from app.core.audio.decode import DecodeLimits, decode_audio
from tests.scenarios.operator import serving

SHORT = Path(__file__).parents[1] / "fixtures" / "speech" / "LJ001-0002.ogg"


def say(socket: ClientConnection, silence_s: float) -> None:
    sound = decode_audio(SHORT, sample_rate=16_000, limits=DecodeLimits(1e6, 1e6))
    data = int16_from_float(sound).tobytes() + bytes(2 * round(16_000 * silence_s))
    for start in range(0, len(data), 3200):
        socket.send(data[start : start + 3200])


def final(socket: ClientConnection) -> dict[str, Any]:
    while not (message := json.loads(socket.recv(timeout=60))).get("is_final"):
        pass
    return message


@pytest.mark.inventory("WH-099")
def test_streams_are_heard_without_a_token_until_parley_stops(tmp_path: Path) -> None:
    with serving(tmp_path, "--dev-ports") as running:
        for path in ("stream", "listen"):
            with connect(f"ws://127.0.0.1:8001/{path}") as socket:
                say(socket, silence_s=0)
                socket.send('{"type": "end"}')
                assert "modern" in final(socket)["text"]
                assert json.loads(socket.recv(timeout=60)) == {"type": "end"}
        with connect("ws://127.0.0.1:8001/stream") as socket:
            say(socket, silence_s=0.6)
            assert "modern" in final(socket)["text"]
            say(socket, silence_s=0)
            assert running.stop() == 0
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    socket.recv(timeout=60)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
