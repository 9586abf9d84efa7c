"""A Pipecat bot for `app.bench.talk`, run by the Python of an environment that has Pipecat: its own
defaults but for the weights, which are those of the house, and a scripted model.

    python talk_pipecat.py WHISPER KOKORO VOICES REPLIES
"""

# pyright: basic, reportMissingImports=false, reportMissingTypeStubs=false

import asyncio
import json
import os
import sys

from aiohttp import web
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSSpeakFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.kokoro.tts import KokoroTTSService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
from pipecat.workers.runner import WorkerRunner

VOICE = "af_heart"
GREETING = "Good morning, what can I do for you?"


class Script(FrameProcessor):
    """In the place of a language model: answers at once, one sentence after the other."""

    def __init__(self, replies: list[str]) -> None:
        super().__init__()
        self._replies = replies
        self._turn = 0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        reply = self._replies[self._turn % len(self._replies)]
        self._turn += 1
        await self.push_frame(LLMFullResponseStartFrame())
        await self.push_frame(LLMTextFrame(reply))
        await self.push_frame(LLMFullResponseEndFrame())


async def talk(connection: SmallWebRTCConnection, arguments: list[str]) -> None:
    whisper, kokoro, voices, replies = arguments
    transport = SmallWebRTCTransport(
        connection, TransportParams(audio_in_enabled=True, audio_out_enabled=True)
    )
    stt = WhisperSTTService(
        device="cpu", compute_type="int8", settings=WhisperSTTService.Settings(model=whisper)
    )
    tts = KokoroTTSService(
        model_path=kokoro,
        voices_path=voices,
        settings=KokoroTTSService.Settings(voice=VOICE),
    )
    aggregators = LLMContextAggregatorPair(
        LLMContext(), user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    script = Script(json.loads(replies))
    stages = [transport.input(), stt, aggregators.user(), script, tts]
    pipeline = Pipeline([*stages, transport.output(), aggregators.assistant()])
    worker = PipelineWorker(pipeline, params=PipelineParams())

    @transport.event_handler("on_client_connected")
    async def _(*_: object) -> None:
        await worker.queue_frame(TTSSpeakFrame(GREETING))

    @transport.event_handler("on_client_disconnected")
    async def _(*_: object) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


async def main(arguments: list[str]) -> None:
    calls: set[asyncio.Task[None]] = set()

    async def offer(request: web.Request) -> web.Response:
        asked = await request.json()
        connection = SmallWebRTCConnection()
        await connection.initialize(sdp=asked["sdp"], type=asked["type"])
        calls.add(asyncio.ensure_future(talk(connection, arguments)))  # noqa: TID251  not ours
        return web.json_response(connection.get_answer())

    app = web.Application()
    app.add_routes([web.post("/offer", offer)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    facts = {"url": f"http://127.0.0.1:{runner.addresses[0][1]}", "process": os.getpid()}
    print(json.dumps(facts), flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
