"""Speaking on the port of the documents, without a token."""

import json
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.scenarios.operator import serving


def said(socket: ClientConnection, text: str) -> bytes:
    socket.send(json.dumps({"type": "speak", "text": text}))
    sound = b""
    while isinstance(message := socket.recv(timeout=60), bytes):
        sound += message
    assert json.loads(message) == {"type": "done"}
    return sound


@pytest.mark.inventory("WH-004", "WH-215", "WH-230", "CF-007")
def test_the_port_speaks_as_the_documents_say(tmp_path: Path) -> None:
    with serving(tmp_path, "--dev-ports") as running:
        voices = httpx.get("http://localhost:8003/voices").json()["voices"]
        assert {"af_heart", "am_adam"} <= voices.keys()
        sample = httpx.get(f"http://localhost:8003{voices['am_adam']['sample']}", timeout=60)
        assert sample.content.startswith(b"RIFF")
        with connect("ws://localhost:8003/stream") as socket:
            socket.send(json.dumps({"type": "config", "voice": "af_heart"}))
            assert 24_000 < len(said(socket, "Hello from Whissle Gateway.")) < 300_000
        assert running.stop() == 0
