"""The secret that services of the operator share: who sends it acts for the default organization,
in the name of any user, and never as the operator."""

import hmac
from pathlib import Path
from uuid import UUID, uuid5

from app.core import key_file
from app.core.errors import InvalidInput
from app.core.setting_fields import SettingInvalid
from app.tenancy.domain.organizations import NAME_MAX
from app.tenancy.domain.principals import Principal, TokenInvalid

AUTO = "auto"
VARIABLE = "GATEWAY_INTERNAL_SECRET"
SHORTEST = 32
DEFAULT_USER = "internal"
_NAMESPACE = UUID("5b0a4a0e-7c57-5a3c-8d55-0d6f3f0f3c7e")


class InternalUserInvalid(InvalidInput):
    pass


class InternalSecret:
    def __init__(self, secret: str, org_id: UUID) -> None:
        self._secret = secret.encode()
        self._org_id = org_id

    def authenticate(self, given: str, user_id: str) -> Principal:
        if not hmac.compare_digest(given.encode(), self._secret):
            raise TokenInvalid("Invalid internal secret")
        user_id = user_id or DEFAULT_USER
        if len(user_id) > NAME_MAX or not user_id.isprintable():
            raise InternalUserInvalid(
                f"X-User-Id must have 1 to {NAME_MAX} printable characters", field="X-User-Id"
            )
        return Principal(self._org_id, uuid5(_NAMESPACE, user_id), user_id)


def path_of(data_dir: Path) -> Path:
    return data_dir / "auth" / "internal_secret.txt"


def read(given: str, data_dir: Path) -> str:
    """What was given, or what was made at the first start. Blocks on the disk."""
    if given == AUTO:
        return key_file.load_or_create_keys(path_of(data_dir))[0].hex()
    if len(given) < SHORTEST or not given.isascii() or not given.isprintable():
        raise SettingInvalid(
            f"{VARIABLE} must have at least {SHORTEST} characters that can be typed; "
            f"leave it out and one is made",
            setting=VARIABLE,
        )
    return given
