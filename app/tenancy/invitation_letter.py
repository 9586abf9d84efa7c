"""The words of an invitation. The only letter that carries what users chose: names, and no more."""

from app.tenancy.domain.members import Member
from app.tenancy.domain.principals import Role
from app.tenancy.letters import Words

_AS = {Role.ADMIN: "as an admin", Role.MEMBER: "as a member", Role.OWNER: "as an owner"}


def invitation_words(
    organization: str, inviter: Member, role: Role, *, link: str, until: str
) -> Words:
    who = f"{inviter.name} ({inviter.email})" if inviter.name else inviter.email
    return Words(
        f"Join {_harmless(organization)} on Parley",
        link,
        (
            f"{who} invites you to join {organization} on Parley {_AS[role]}:",
            f"The link works once and until {until}, for whoever signs in with this address.",
            "If you do not know what this is about, do nothing.",
        ),
    )


def _harmless(name: str) -> str:
    """A subject must not begin what mail programs decode."""
    return name.replace("=?", "= ?")
