"""What we write is, to the letter, what the official library writes."""

from twilio.twiml.voice_response import Connect, Dial, VoiceResponse

from app.calls.telephony import twiml


def test_a_call_is_connected_to_a_stream() -> None:
    response, connect = VoiceResponse(), Connect()
    stream = connect.stream(url="wss://parley.example/ws/twilio")
    stream.parameter(name="organization", value="1")
    stream.parameter(name="ticket", value='line_<&">')
    response.append(connect)
    parameters = {"organization": "1", "ticket": 'line_<&">'}
    assert twiml.connect("wss://parley.example/ws/twilio", parameters) == _plain(response)


def test_a_call_is_handed_on() -> None:
    response = VoiceResponse()
    dial = Dial("+14155550100", caller_id="+14155550199")
    response.append(dial)
    assert twiml.dial("+14155550100", "+14155550199") == _plain(response)


def test_a_call_is_not_taken() -> None:
    response = VoiceResponse()
    response.reject(reason="busy")
    before, comment, after = twiml.reject("busy", "As many as can be -- 3").partition(
        "<!-- As many as can be - 3 -->"
    )
    assert comment
    assert before + after == _plain(response)


def _plain(response: VoiceResponse) -> str:
    """Elements without content have two spellings in XML."""
    text = str(response)
    return text.replace(" />", "/>").replace("/>", " />")
