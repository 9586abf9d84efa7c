"""Speech to text as Deepgram offers it: its clients come over by changing their base URL."""

from app.api.compat.deepgram_errors import error_body
from app.api.compat.deepgram_live import listen_live
from app.api.compat.deepgram_recordings import listen
from app.api.family import Family

FAMILY = Family(
    name="deepgram",
    title="Speech to text in the API of Deepgram",
    description="For the clients of Deepgram: set their base URL to this server's address.",
    prefixes=("/v1/listen",),
    error_body=error_body,
    routes=(listen, listen_live),
)
