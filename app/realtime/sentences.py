"""What a reply is before it is sound: thoughts become sentences, and some need no thought."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from app.core.aio import Channel, ChannelClosed
from app.core.errors import AppError
from app.realtime.conversation import Act
from app.tts.text.splitting import Splitter


def spoken_sentences(text: str) -> list[str]:
    """In which a text is given to the mouth."""
    splitter = Splitter()
    return [*splitter.feed(text), *splitter.finish()]


async def cut(
    pieces: AsyncGenerator[str | Act, None], sentences: Channel[str]
) -> Act | AppError | None:
    """What is thought, into sentences. What goes wrong is an outcome too: what was thought
    before is still to be said whole."""
    splitter = Splitter()
    act: Act | None = None
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                if not isinstance(piece, str):
                    act = piece
                    continue
                for sentence in splitter.feed(piece):
                    await sentences.send(sentence)
        for sentence in splitter.finish():
            await sentences.send(sentence)
    except AppError as error:
        return error
    finally:
        sentences.close()
    return act


async def fill(filler: str, after_s: float, sentences: Channel[str]) -> None:
    """Unless it is cancelled before."""
    await asyncio.sleep(after_s)
    if filler:
        with suppress(ChannelClosed):
            sentences.try_send(filler)


async def text_of(text: str) -> AsyncGenerator[str | Act, None]:
    yield text


async def farewell(text: str, act: Act) -> AsyncGenerator[str | Act, None]:
    if text:
        yield text
    yield act
