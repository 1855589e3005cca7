"""Laying a catalog file over a network's catalog, all or nothing."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.plan import Plan, make_plan
from leadback.catalog.queries import read_catalog
from leadback.catalog.save import check_retype, save_alias, save_item, save_order
from leadback.catalog.vocabulary import Vocabulary
from leadback.networks.actions import begin_change
from leadback.networks.model import Actor
from leadback.parties.actions import create_vertical
from leadback.parties.queries import list_buyers, list_verticals


async def plan_vocabulary(
    connection: AsyncConnection, network_id: int, vocabulary: Vocabulary, *, deactivate_missing: bool
) -> Plan:
    """What applying the file would change now; raises `Refused` for everything applying it would be refused for."""
    await begin_change(connection, network_id)
    plan = make_plan(
        vocabulary,
        await read_catalog(connection, network_id),
        await list_verticals(connection, network_id),
        await list_buyers(connection, network_id),
        deactivate_missing=deactivate_missing,
    )
    for step in plan.steps:
        await check_retype(connection, network_id, step.before, step.after)
    return plan


async def apply_plan(connection: AsyncConnection, network_id: int, plan: Plan, *, actor: Actor, now: datetime) -> None:
    """Make the changes of a plan that was made in this transaction."""
    for vertical in plan.verticals:
        await create_vertical(
            connection, network_id, name=vertical.name, vertical_id=vertical.vertical_id, actor=actor, now=now
        )
    for step in plan.steps:
        await save_item(connection, network_id, step.before, step.after, action=step.action, actor=actor, now=now)
    for order in plan.orders:
        await save_order(connection, network_id, list(order.before), list(order.after), actor=actor, now=now)
    for alias in plan.aliases:
        await save_alias(connection, network_id, alias.before, alias.after, action=alias.action, actor=actor, now=now)
