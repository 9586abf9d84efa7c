"""What can be wrong with sound that somebody sent."""

from app.core.errors import InvalidInput, TooLarge, Unprocessable, UnsupportedMedia


class AudioUnreadable(UnsupportedMedia):
    """Not one of the accepted formats, or damaged beyond any sound."""

    code = "audio_unreadable"


class NoAudioTrack(UnsupportedMedia):
    """A file that can be read and holds pictures only."""

    code = "no_audio_track"


class AudioEmpty(InvalidInput):
    """No bytes, or a well-formed file without one sample."""

    code = "audio_empty"


class AudioOutOfRange(Unprocessable):
    """A sample rate or a number of channels that no recording has."""

    code = "audio_out_of_range"


class AudioTooLong(TooLarge):
    """Lasts longer than the caller accepts."""

    code = "audio_too_long"


class AudioTooSlow(Unprocessable):
    """Takes longer to decode than the caller is ready to spend."""

    code = "audio_too_slow"
