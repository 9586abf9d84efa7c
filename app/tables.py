"""Every table there is, for migrations. Import nothing else from here."""

from app.asr import store as asr
from app.core import events, inbox
from app.core.db import Base
from app.core.mail import outbox as mail
from app.llm.store import dialogues
from app.llm.store import tools as llm_tools
from app.llm.store import usage as llm_usage
from app.tenancy.store import rows as tenancy
from app.tts import store as tts

STORES = (asr, dialogues, events, inbox, llm_tools, llm_usage, mail, tenancy, tts)
METADATA = Base.metadata
