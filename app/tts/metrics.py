"""What speaking shows to Prometheus."""

from collections.abc import Iterator

from prometheus_client import Counter, Gauge, Histogram, Metric

_FIRST_SOUND_S = (0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5)
_FACTORS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 3)


class SpeakingMetrics:
    """A collector for `Metrics.add`."""

    def __init__(self) -> None:
        self.first_sound = Histogram(
            "parley_speech_first_sound_seconds",
            "From the text to the first sound of it, without a phrase that was kept",
            buckets=_FIRST_SOUND_S,
            registry=None,
        )
        self.real_time_factor = Histogram(
            "parley_speech_real_time_factor",
            "Time that an utterance took to make, by how long it lasts",
            buckets=_FACTORS,
            registry=None,
        )
        self.characters = Counter(
            "parley_spoken_characters", "Characters of text that were spoken", registry=None
        )
        self.phrases = Counter(
            "parley_phrases", "Short phrases, by whether they were kept", ["found"], registry=None
        )
        self.refusals = Counter(
            "parley_speech_refusals", "Texts refused for want of room", registry=None
        )
        self.speaking = Gauge("parley_speaking", "Voices that speak now", registry=None)

    def collect(self) -> Iterator[Metric]:
        for instrument in (
            self.first_sound,
            self.real_time_factor,
            self.characters,
            self.phrases,
            self.refusals,
            self.speaking,
        ):
            yield from instrument.collect()
