"""Files that point at other files or addresses: nothing but the file itself is ever opened."""

import contextlib
import io
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from app.core.audio.decode import DecodeLimits, decode_audio
from app.core.audio.errors import AudioEmpty, AudioUnreadable
from app.core.errors import AppError

Made = Callable[..., Any]
LIMITS = DecodeLimits(max_duration_s=60, deadline_s=60)


@pytest.fixture
def web() -> Iterator[tuple[str, list[bytes]]]:
    """A loopback server: its address, and whatever anybody asked it for."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = server.accept()
                    with client:
                        client.settimeout(5)
                        asked.append(client.recv(1_000))
                        client.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/secret.wav", asked
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _playlists(target: str) -> dict[str, bytes]:
    hls = f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{target}\n#EXT-X-ENDLIST\n"
    dash = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT5S"><Period><AdaptationSet mimeType="audio/wav">'
        f"<Representation id='1' bandwidth='1'><BaseURL>{target}</BaseURL></Representation>"
        "</AdaptationSet></Period></MPD>"
    )
    sdp = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    return {
        "ffconcat": f"ffconcat version 1.0\nfile '{target}'\n".encode(),
        "hls": hls.encode(),
        "dash": dash.encode(),
        "sdp": (sdp + "m=audio 5004 RTP/AVP 0\r\n").encode(),
        "rtsp redirect": f"rtsptext\r\n{target}\r\n".encode(),
        "smil": f'<smil><body><audio src="{target}"/></body></smil>'.encode(),
        "asx": f'<asx version="3.0"><entry><ref href="{target}"/></entry></asx>'.encode(),
        "pls": f"[playlist]\nFile1={target}\n".encode(),
        "imf": f"<AssetMap><Path>{target}</Path></AssetMap>".encode(),
    }


def _refused(data: bytes, path: Path, unseekable: Made) -> None:
    path.write_bytes(data)
    for source in (path, io.BytesIO(data), unseekable(data)):
        with pytest.raises((AudioUnreadable, AudioEmpty)):
            decode_audio(source, limits=LIMITS)


@pytest.mark.parametrize("kind", _playlists(""))
def test_no_file_can_make_us_open_another(
    kind: str, tmp_path: Path, raw_wav: Made, unseekable: Made
) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(raw_wav(b"\0\x40" * 16_000))
    for target in ("secret.wav", str(secret), f"file://{secret}", f"file:{secret}"):
        _refused(_playlists(target)[kind], tmp_path / f"evil.{kind}", unseekable)


@pytest.mark.parametrize("kind", _playlists(""))
def test_no_file_can_make_us_call_an_address(
    kind: str, tmp_path: Path, web: tuple[str, list[bytes]], unseekable: Made
) -> None:
    url, asked = web
    _refused(_playlists(url)[kind], tmp_path / f"evil.{kind}", unseekable)
    assert asked == []


def test_an_mp4_whose_sound_is_elsewhere(
    tmp_path: Path, web: tuple[str, list[bytes]], crafted_mp4: Made, raw_wav: Made, unseekable: Made
) -> None:
    url, asked = web
    secret = tmp_path / "secret.wav"
    secret.write_bytes(raw_wav(b"\0\x40" * 16_000))
    for target in (url, f"file://{secret}", str(secret)):
        path = tmp_path / "elsewhere.mp4"
        path.write_bytes(crafted_mp4(40, url=target.encode()))
        with contextlib.suppress(AppError):
            assert np.abs(decode_audio(path, limits=LIMITS)).max() == 0
    assert asked == []


def test_those_references_are_followed_without_the_guard(tmp_path: Path, raw_wav: Made) -> None:
    """Otherwise the tests above would prove nothing."""
    (tmp_path / "secret.wav").write_bytes(raw_wav(b"\0\x40" * 16_000))
    path = tmp_path / "evil.ffconcat"
    path.write_bytes(_playlists("secret.wav")["ffconcat"])
    with av.open(str(path)) as followed:
        assert sum(frame.samples for frame in followed.decode(audio=0)) == 16_000


@pytest.mark.parametrize("name", ["http://127.0.0.1:1/x.wav", "concat:a|b", "pipe:0", "data:x"])
def test_a_path_is_a_path_and_never_an_address(name: str) -> None:
    with pytest.raises(FileNotFoundError):
        decode_audio(Path(name), limits=LIMITS)
