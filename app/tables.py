"""Every table there is, for migrations. Import nothing else from here."""

from app.asr import store as asr
from app.core import events, inbox
from app.core.db import Base
from app.core.mail import outbox as mail
from app.tenancy.store import rows as tenancy

STORES = (asr, events, inbox, mail, tenancy)
METADATA = Base.metadata
