"""What of a recording's text will stay, told while the rest is heard."""

from collections.abc import Callable, Iterable

from app.asr.domain import Segment, TranscriptionRequest
from app.asr.marking import Marking
from app.asr.utterances import SpokenWord, make_segments, unmarked_languages
from app.inference.executor import Executor, Lane

TellSegment = Callable[[Segment], None]


class TextSoFar:
    """Of requests that do not ask who speaks."""

    def __init__(
        self,
        executor: Executor,
        marking: Marking,
        request: TranscriptionRequest,
        tell: TellSegment,
    ) -> None:
        self._executor = executor
        self._marking = marking
        self._request = request
        self._tell = tell
        self._open: list[SpokenWord] = []
        """Words of the last segment, which may go on."""

    async def add(self, words: Iterable[SpokenWord]) -> None:
        self._open += words
        unmarked = unmarked_languages(self._open, None, self._request)
        async with self._marking.lend(Lane.BATCH, unmarked) as punctuate:
            segments = await self._executor.run(
                Lane.BATCH, make_segments, self._open, None, self._request, punctuate
            )
        if len(segments) < 2:
            return
        last = segments[-1]
        self._open = [each for each in self._open if each.word.start_s >= last.start_s]
        for segment in segments[:-1]:
            self._tell(segment)
