"""Every table there is, for migrations. Import nothing else from here."""

from app.asr import store as asr
from app.calls.agents import store as agents
from app.calls.customers import store as customers
from app.calls.sessions import store as calls
from app.calls.telephony import store as telephony
from app.core import events, inbox
from app.core.db import Base
from app.core.mail import outbox as mail
from app.llm.store import dialogues
from app.llm.store import tools as llm_tools
from app.llm.store import usage as llm_usage
from app.tenancy.store import rows as tenancy
from app.tts import store as tts

STORES = (
    agents,
    asr,
    calls,
    customers,
    dialogues,
    events,
    inbox,
    llm_tools,
    llm_usage,
    mail,
    telephony,
    tenancy,
    tts,
)
METADATA = Base.metadata
