"""Which user somebody is whom a provider vouches for: linked, taken over or new."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.core.clock import utc_now
from app.core.db import Database
from app.core.scope import OrgScope, UserScope
from app.tenancy.domain.keys import NewApiKey
from app.tenancy.domain.oidc import EmailUnproven
from app.tenancy.domain.principals import SessionInvalid, TokenInvalid
from app.tenancy.domain.users import CredentialsWrong, SignUpClosed
from app.tenancy.store.rows import EmailVerificationRow, InvitationRow, UserRow
from tests.integration.tenancy.identified import DEVICE, PASSWORD, World, person, world_of
from tests.integration.tenancy.opened import NEW_KEY, opened


@pytest.fixture
async def world(database: Database, app_url: str) -> AsyncGenerator[World]:
    async with opened(database, app_url, NEW_KEY) as tenancy:
        yield world_of(tenancy)


async def test_a_newcomer_gets_an_account_and_an_organization(world: World) -> None:
    ada = person()
    tokens = await world.identities.sign_in(ada, DEVICE)
    signed_in = await world.sessions.authenticate(tokens.access)
    kept = await world.kept(signed_in.user_id)
    assert (kept.email, kept.name, kept.auth_provider) == (ada.email, "Ada", "google")
    assert kept.password_hash is None
    assert signed_in.is_verified
    principal = signed_in.principal()
    told = await world.told(principal.org_id)
    assert {"UserSignedUp", "OAuthLinked", "UserLoggedIn"} <= set(told)


async def test_who_comes_again_is_the_same_whatever_the_address_is_by_then(world: World) -> None:
    ada = person()
    first = await world.identities.get_or_make_user(ada, DEVICE)
    renamed = person("another@bank.example", verified=False, subject=ada.subject)
    assert (await world.identities.get_or_make_user(renamed, DEVICE)).user_id == first.user_id
    elsewhere = person(None, provider="https://sso.example", subject=ada.subject)
    assert (await world.identities.get_or_make_user(elsewhere, DEVICE)).user_id != first.user_id


async def test_a_verified_account_of_the_address_is_linked_and_keeps_its_password(
    world: World,
) -> None:
    ada = person()
    assert ada.email is not None
    session = await world.signed_up(ada.email)
    owner = await world.sessions.authenticate(session.access)
    async with world.tenancy.database.transaction(UserScope(owner.user_id)) as tx:
        row = await tx.session.scalar(select(UserRow).where(UserRow.id == owner.user_id))
        assert row is not None
        row.email_verified_at = utc_now()
    linked = await world.identities.get_or_make_user(
        person(ada.email.upper(), subject=ada.subject), DEVICE
    )
    assert linked.user_id == owner.user_id
    assert await world.users.log_in(ada.email, PASSWORD, DEVICE)
    assert await world.sessions.refresh(session.refresh, DEVICE)


async def test_who_registered_somebody_elses_address_is_shut_out_when_its_owner_comes(
    world: World,
) -> None:
    ada = person()
    assert ada.email is not None
    strangers = await world.signed_up(ada.email)
    stranger = await world.sessions.authenticate(strangers.access)
    home = stranger.principal().org_id
    in_home = world.in_home(stranger.user_id, home)
    async with world.tenancy.database.transaction(in_home) as tx:
        new = NewApiKey(in_home.actor, "back door", expires_at=None)
        _, key = await world.tenancy.api_keys.create(tx, new)
    assert await world.tenancy.api_keys.authenticate(key)

    tokens = await world.identities.sign_in(ada, DEVICE)

    owner = await world.sessions.authenticate(tokens.access)
    assert (owner.user_id, owner.is_verified) == (stranger.user_id, True)
    with pytest.raises(CredentialsWrong):
        await world.users.log_in(ada.email, PASSWORD, DEVICE)
    with pytest.raises(SessionInvalid):
        await world.sessions.authenticate(strangers.access)
    with pytest.raises(SessionInvalid):
        await world.sessions.refresh(strangers.refresh, DEVICE)
    with pytest.raises(TokenInvalid):
        await world.tenancy.api_keys.authenticate(key)
    async with world.tenancy.database.transaction(UserScope(owner.user_id)) as tx:
        proofs = (await tx.session.scalars(select(EmailVerificationRow))).all()
    assert proofs
    assert all(proof.used_at for proof in proofs)


@pytest.mark.parametrize("is_known", [True, False])
async def test_an_address_that_the_provider_did_not_verify_proves_nothing(
    world: World, is_known: bool
) -> None:
    mallory = person(verified=False)
    assert mallory.email is not None
    if is_known:
        await world.signed_up(mallory.email)
    with pytest.raises(EmailUnproven):
        await world.identities.sign_in(mallory, DEVICE)
    assert await world.links(mallory.subject) == []


@pytest.mark.parametrize(
    "email", ["no address", "a@b\0.example", "a\r\nb@c.example", "@", "a" * 254]
)
async def test_what_is_no_address_is_refused(world: World, email: str) -> None:
    with pytest.raises(TokenInvalid):
        await world.identities.sign_in(person(email), DEVICE)


async def test_where_sign_up_is_closed_only_known_users_come_in(world: World) -> None:
    ada = person()
    known = await world.identities.get_or_make_user(ada, DEVICE)
    world.admit("closed")
    assert (await world.identities.get_or_make_user(ada, DEVICE)).user_id == known.user_id
    for stranger in (person(), person(None)):
        with pytest.raises(SignUpClosed):
            await world.identities.sign_in(stranger, DEVICE)


async def test_where_only_the_invited_sign_up_an_invitation_is_needed(
    world: World, org_a: OrgScope
) -> None:
    ada = person()
    world.admit("invited")
    assert ada.email is not None
    for uninvited in (ada, person(None)):
        with pytest.raises(SignUpClosed):
            await world.identities.sign_in(uninvited, DEVICE)
    async with world.tenancy.database.transaction(org_a) as tx:
        tx.session.add(
            InvitationRow(
                id=uuid4(),
                email=ada.email,
                role="member",
                token_hash=uuid4().bytes,
                created_at=utc_now(),
                expires_at=utc_now() + timedelta(days=1),
            )
        )
    assert await world.identities.sign_in(ada, DEVICE)


async def test_somebody_without_an_address_can_come_where_sign_up_is_open(world: World) -> None:
    nobody = person(None, provider="https://sso.example")
    account = await world.identities.get_or_make_user(nobody, DEVICE)
    kept = await world.kept(account.user_id)
    assert (kept.email, kept.auth_provider, kept.email_verified_at) == (None, "oidc", None)
    assert account.home is not None


async def test_two_first_requests_at_once_make_one_user(world: World) -> None:
    for newcomer in (person(), person(None)):
        made = await asyncio.gather(
            *(world.identities.get_or_make_user(newcomer, DEVICE) for _ in range(6))
        )
        assert len({account.user_id for account in made}) == 1
        assert len(await world.links(newcomer.subject)) == 1


async def test_two_subjects_with_one_address_are_both_linked_to_its_user(world: World) -> None:
    """As of a person with the same verified address at Google and at the company's provider."""
    google, company = person(), person(provider="https://sso.example")
    company = person(google.email, provider="https://sso.example", subject=company.subject)
    first = await world.identities.get_or_make_user(google, DEVICE)
    second = await world.identities.get_or_make_user(company, DEVICE)
    assert first.user_id == second.user_id
