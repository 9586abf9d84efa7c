"""What Twilio is to do with a call, in its language. Pure."""

from collections.abc import Mapping
from typing import Literal
from xml.etree import ElementTree as Xml

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def connect(url: str, parameters: Mapping[str, str]) -> str:
    """The sound of the call goes both ways over a WebSocket. When that closes, the call is over."""
    response = Xml.Element("Response")
    stream = Xml.SubElement(Xml.SubElement(response, "Connect"), "Stream", url=url)
    for name, value in parameters.items():
        Xml.SubElement(stream, "Parameter", name=name, value=value)
    return _written(response)


def dial(number: str, caller_id: str) -> str:
    response = Xml.Element("Response")
    Xml.SubElement(response, "Dial", callerId=caller_id).text = number
    return _written(response)


def reject(reason: Literal["busy", "rejected"], why: str) -> str:
    """Not answered, and not charged. `why` is for whoever looks into the log of Twilio."""
    response = Xml.Element("Response")
    response.append(Xml.Comment(f" {why.replace('--', '-')} "))
    Xml.SubElement(response, "Reject", reason=reason)
    return _written(response)


def _written(response: Xml.Element) -> str:
    return _DECLARATION + Xml.tostring(response, encoding="unicode")
