"""The example that the document of the session family gives for browsers, in a real browser."""

from base64 import b64encode
from collections.abc import AsyncGenerator
from pathlib import Path
from string import Template

import httpx
import pytest

from app.calls.sessions import admission
from tests.api.voice_talk import HERE, created, silence, speech
from tests.api.wired import Wired, wired
from tests.browser.window import window

EXAMPLE = Template("""
const sessionId = "$session_id";
const ws = new WebSocket(`ws://127.0.0.1:7030/stream/$${sessionId}`);

// Connect
ws.onopen = () => {
  console.log("Connected to Pipecat");
};

// Handle messages
ws.onmessage = (event) => {
  const message = JSON.parse(event.data);
  
  switch (message.type) {
    case "partial_transcript":
      console.log("Interim:", message.text);
      break;
    case "transcript":
      console.log("Final:", message.text);
      break;
    case "audio_response":
      const audioData = atob(message.data);
      playAudio(audioData);
      break;
    case "status":
      console.log("Status:", message.status);
      break;
  }
};

// Send audio
async function sendAudio(audioBuffer) {
  const base64 = btoa(String.fromCharCode(...audioBuffer));
  ws.send(JSON.stringify({
    type: "audio",
    data: base64,
  }));
}

// Interrupt
function interrupt() {
  ws.send(JSON.stringify({
    type: "interrupt",
  }));
}
""")  # noqa: W293 - word for word
"""But for the session, which is one that there is."""

OURS = """
let played = 0;
function playAudio(data) {
  played += data.length / 32000;
}
async function say(base64) {
  const sound = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
  for (let at = 0; at < sound.length; at += 1024) {
    await sendAudio(sound.subarray(at, at + 1024));
    await new Promise((resolve) => setTimeout(resolve, 32));
  }
}
"""
"""What the example leaves to whoever takes it."""


@pytest.fixture
async def parley(
    own_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Wired]:
    monkeypatch.setattr(admission, "MOST_LAG_S", 60)
    own = {"PARLEY_DEV_PORTS": "true", "VARIANT": "en-tiny"}
    async with wired(own_database_url, tmp_path, **own) as parley:
        yield parley


@pytest.mark.inventory("SO-047")
async def test_the_example_for_browsers_runs_unchanged(parley: Wired, chromium: str) -> None:
    async with httpx.AsyncClient(base_url=HERE, timeout=30) as client:
        session_id = await created(client)
    sound = b64encode(silence(0.5) + speech() + silence(1.5)).decode()
    async with window(chromium) as opened:
        page, logged = opened.page, list[str]()
        page.on("console", lambda line: logged.append(line.text))
        await page.add_script_tag(content=OURS)
        await page.add_script_tag(content=EXAMPLE.substitute(session_id=session_id))
        await page.wait_for_function("played > 0.5")
        await page.evaluate("interrupt()")
        await page.evaluate("sound => { played = 0; return say(sound); }", sound)
        await page.wait_for_function("played > 0.5")
        assert not opened.complaints
    assert logged[0] == "Connected to Pipecat"
    assert {"Status: listening", "Status: processing", "Status: responding"} <= {*logged}
    assert any(line.startswith("Interim: ") for line in logged)
    assert any(line.startswith("Final: ") and "modern" in line.lower() for line in logged)
