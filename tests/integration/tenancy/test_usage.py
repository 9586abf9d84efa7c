"""The meter on a real database: nothing is counted twice, nothing is lost while it is away."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from app.core.db import Database, DatabaseDown
from app.core.scope import OrgScope
from app.tenancy.domain.principals import Principal
from app.tenancy.domain.usage import Amounts
from app.tenancy.usage import UsageMeter

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def principal_of(scope: OrgScope) -> Principal:
    return Principal(scope.org_id, uuid4(), "ada")


async def total(meter: UsageMeter, database: Database, scope: OrgScope) -> Amounts:
    async with database.transaction(scope) as tx:
        sums = await meter.sums(tx, since=LONG_AGO)
    return sum((each.amounts for each in sums), Amounts())


async def test_replicas_add_to_the_same_minute(
    database: Database, org_a: OrgScope, org_b: OrgScope
) -> None:
    replicas = [UsageMeter(database), UsageMeter(database)]
    principal = principal_of(org_a)
    for meter in replicas:
        meter.add(principal, "/asr", Amounts(requests=1, audio_s=1.5))
        meter.add(principal, "/asr", Amounts(requests=1, characters=7))
        meter.add(principal_of(org_b), "/tts", Amounts(llm_tokens=9))
    for meter in replicas:
        await meter.flush()
        await meter.flush()
    assert await total(replicas[0], database, org_a) == Amounts(4, 3.0, 14, 0)
    assert await total(replicas[0], database, org_b) == Amounts(llm_tokens=18)


async def test_what_cannot_be_written_now_is_written_later(
    database: Database, org_a: OrgScope
) -> None:
    nowhere = Database("postgresql://a:b@127.0.0.1:9/c", pool_size=1)
    meter = UsageMeter(nowhere)
    meter.add(principal_of(org_a), "/asr", Amounts(requests=2))
    with pytest.raises(DatabaseDown):
        await meter.flush()
    meter.add(principal_of(org_a), "/asr", Amounts(requests=3))
    meter._database = database
    await meter.flush()
    assert await total(meter, database, org_a) == Amounts(requests=5)
    await nowhere.close()
