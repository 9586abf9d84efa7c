"""Files of every format, made by PyAV's encoders, and the signals they are made from."""

import io
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import numpy as np
import pytest

Encode = Callable[..., bytes]


def _encode_audio(
    container: av.container.OutputContainer, stream: av.AudioStream, samples: np.ndarray
) -> None:
    layout = stream.codec_context.layout.name
    fit = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=stream.rate)
    for start in range(0, samples.shape[1], 1_000_000):
        part = np.ascontiguousarray(samples[:, start : start + 1_000_000])
        frame = av.AudioFrame.from_ndarray(part, "fltp", layout)
        frame.rate, frame.pts = stream.rate, start
        for fitted in fit.resample(frame):
            container.mux(stream.encode(fitted))
    for fitted in fit.resample(None):
        container.mux(stream.encode(fitted))
    container.mux(stream.encode(None))


def _encode_pictures(container: av.container.OutputContainer, stream: av.VideoStream) -> None:
    for number in range(10):
        picture = av.VideoFrame.from_ndarray(np.full((96, 64), number * 20, np.uint8), "yuv420p")
        picture.pts, picture.time_base = number, Fraction(1, 10)
        container.mux(stream.encode(picture))
    container.mux(stream.encode(None))


class Unseekable(io.RawIOBase):
    """Bytes as a socket gives them: forward only, in short reads."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        return self._data.read(min(size, 1_000) if size > 0 else 1_000)


@pytest.fixture(scope="session")
def encode() -> Encode:
    def encoded(
        samples: np.ndarray | None,
        rate: int,
        container: str,
        codec: str,
        *,
        options: dict[str, str] | None = None,
        video: str | None = None,
        seekable: bool = True,
    ) -> bytes:
        """`samples` as (n,) or (channels, n); without them, pictures only. Both take `options`."""
        written = io.BytesIO()
        if not seekable:
            written.seekable = lambda: False  # type: ignore[method-assign]
        with av.open(written, "w", format=container, container_options=options or {}) as opened:
            pictures = opened.add_stream(video, rate=10) if video else None
            if pictures:
                pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
            if samples is not None:
                channels = np.atleast_2d(samples)
                layout = "mono" if len(channels) == 1 else "stereo"
                sound = opened.add_stream(codec, rate=rate, layout=layout, options=options or {})
                _encode_audio(opened, sound, channels)
            if pictures:
                _encode_pictures(opened, pictures)
        return written.getvalue()

    return encoded


@pytest.fixture(scope="session")
def files(encode: Encode, speech_like: Callable[[int, float], np.ndarray]) -> dict[str, bytes]:
    """Six seconds in every format."""
    formats = {
        "wav": ("wav", "pcm_s16le"),
        "mp3": ("mp3", "libmp3lame"),
        "flac": ("flac", "flac"),
        "ogg": ("ogg", "libopus"),
        "m4a": ("ipod", "aac"),
        "webm": ("webm", "libopus"),
    }
    sound = speech_like(48_000, 6.0)
    made = {name: encode(sound, 48_000, *how) for name, how in formats.items()}
    fragmented = {"movflags": "frag_keyframe+empty_moov", "frag_duration": "1000000"}
    made["mp4"] = encode(sound, 48_000, "mp4", "aac", options=fragmented)
    return made


@pytest.fixture(autouse=True)
def silent_libav(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """libav never writes to the terminal, whatever it is fed."""
    yield
    assert capfd.readouterr().err == ""


@pytest.fixture(scope="session")
def unseekable() -> type[Unseekable]:
    return Unseekable


@pytest.fixture(scope="session")
def speech_like() -> Callable[[int, float], np.ndarray]:
    """A gliding voice with harmonics and pauses: nothing above 3.4 kHz, nothing periodic."""

    def made(rate: int, seconds: float = 3.0) -> np.ndarray:
        t = np.arange(int(rate * seconds)) / rate
        pitch = 2 * np.pi * np.cumsum(140 + 40 * np.sin(2.1 * t) + 5 * t) / rate
        voice = sum(np.sin(k * pitch) / k for k in range(1, 12))
        syllables = np.clip(np.sin(2 * np.pi * 1.7 * t) + 0.3, 0, 1)
        return (0.15 * voice * syllables).astype(np.float32)

    return made


@pytest.fixture(scope="session")
def raw_wav() -> Callable[..., bytes]:
    """A WAV whose header says whatever the test wants."""

    def made(
        data: bytes = b"\0\0" * 8_000,
        *,
        rate: int = 16_000,
        channels: int = 1,
        bits: int = 16,
        tag: int = 1,
        data_size: int | None = None,
    ) -> bytes:
        size = len(data) if data_size is None else data_size
        align = channels * bits // 8 & 0xFFFF
        form = struct.pack("<HHIIHH", tag, channels, rate, rate * align & 0xFFFFFFFF, align, bits)
        riff = b"RIFF" + struct.pack("<I", min(size + 36, 0xFFFFFFFF)) + b"WAVEfmt "
        return riff + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", size) + data

    return made


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def _words(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


@pytest.fixture(scope="session")
def crafted_mp4() -> Callable[..., bytes]:
    """An MP4 written box by box: any number of samples, and its sound wherever `url` says."""

    def made(samples: int, *, url: bytes | None = None, tracks: int = 1) -> bytes:
        unity = _words(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
        zero = b"\0\0\0\0"
        reference = zero + url + b"\0" if url else b"\0\0\0\1"
        aac = bytes.fromhex(
            "03190001000411401500000000000000000000050212100601 02".replace(" ", "")
        )
        entry = struct.pack(">HHHHI", 2, 16, 0, 0, 44_100 << 16)
        mp4a = _box(b"mp4a", bytes(7), b"\1", bytes(8), entry, _box(b"esds", zero, aac))
        table = _box(
            b"stbl",
            _box(b"stsd", zero, _words(1), mp4a),
            _box(b"stts", zero, _words(1, samples, 1024)),
            _box(b"stsc", zero, _words(1, 1, samples, 1)),
            _box(b"stsz", zero, _words(1, samples)),
            _box(b"stco", zero, _words(1, 40)),
        )
        dref = _box(b"dref", zero, _words(1), _box(b"url ", reference))
        minf = _box(b"minf", _box(b"smhd", zero, _words(0)), _box(b"dinf", dref), table)
        media = _box(
            b"mdia",
            _box(b"mdhd", zero, _words(0, 0, 44_100, 44_100), b"\x55\xc4\0\0"),
            _box(b"hdlr", zero, _words(0), b"soun", bytes(12), b"x\0"),
            minf,
        )
        track_header = (b"\0\0\0\7", _words(0, 0, 1, 0, 1000), bytes(16), unity, _words(0, 0))
        movie_header = (zero, _words(0, 0, 1000, 1000, 0x10000), b"\1\0\0\0", bytes(8), unity)
        moov = _box(
            b"moov",
            _box(b"mvhd", *movie_header, bytes(24), _words(2)),
            _box(b"trak", _box(b"tkhd", *track_header), media) * tracks,
        )
        return _box(b"ftyp", b"isom\0\0\2\0isom") + _box(b"mdat", b"\x21" * 1000) + moov

    return made
