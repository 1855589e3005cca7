"""Making, changing and removing a network's own ratios of the Lead Status report."""

from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.audit.queries import last_subject_id
from leadback.audit.rules import changed, created, deleted
from leadback.catalog import own_ratio_store as store
from leadback.catalog.own_ratio_model import OwnRatio
from leadback.catalog.own_ratio_queries import read_own_ratios
from leadback.catalog.own_ratio_rules import check_ratio, parse_shown_as, parse_term
from leadback.catalog.queries import read_catalog
from leadback.kit.errors import NotThere
from leadback.networks.actions import begin_change, record_change
from leadback.networks.model import Actor


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A ratio as it is written down: its terms as `sales` or `status:5`."""

    label: str
    numerator: str
    denominator: str
    shown_as: str


async def create_own_ratio(
    connection: AsyncConnection, network_id: int, written: Written, *, actor: Actor, now: datetime
) -> int:
    """A new ratio after the last; its id."""
    await begin_change(connection, network_id)
    ratios = await read_own_ratios(connection, network_id)
    # Never one that was removed: addresses and saved views name a ratio by its id.
    own_ratio_id = await last_subject_id(connection, network_id, "own_ratio") + 1
    position = max((ratio.position for ratio in ratios.values()), default=0) + 1
    after = await _checked(connection, network_id, written, own_ratio_id, position, ratios)
    await store.insert_own_ratio(connection, network_id, after)
    entry = created("create own ratio", "own_ratio", own_ratio_id, after)
    await record_change(connection, network_id, entry, actor=actor, now=now)
    return own_ratio_id


async def set_own_ratio(
    connection: AsyncConnection, network_id: int, own_ratio_id: int, written: Written, *, actor: Actor, now: datetime
) -> None:
    """Another label, other terms or another way to show a ratio; its column keeps its place and its address."""
    await begin_change(connection, network_id)
    ratios = await read_own_ratios(connection, network_id)
    before = ratio_there(own_ratio_id, ratios)
    after = await _checked(connection, network_id, written, own_ratio_id, before.position, ratios)
    entry = changed("set own ratio", "own_ratio", own_ratio_id, before, after)
    if entry is not None:
        await store.update_own_ratio(connection, network_id, after)
    await record_change(connection, network_id, entry, actor=actor, now=now)


async def remove_own_ratio(
    connection: AsyncConnection, network_id: int, own_ratio_id: int, *, actor: Actor, now: datetime
) -> OwnRatio:
    """Remove a ratio, as which it was: the numbers it was made of stay."""
    await begin_change(connection, network_id)
    before = ratio_there(own_ratio_id, await read_own_ratios(connection, network_id))
    await store.delete_own_ratio(connection, network_id, own_ratio_id)
    entry = deleted("remove own ratio", "own_ratio", own_ratio_id, before)
    await record_change(connection, network_id, entry, actor=actor, now=now)
    return before


def ratio_there(own_ratio_id: int, ratios: dict[int, OwnRatio]) -> OwnRatio:
    """The ratio of an id; raises `NotThere`."""
    if own_ratio_id not in ratios:
        raise NotThere(f"There is no own ratio with the id {own_ratio_id}.")
    return ratios[own_ratio_id]


async def _checked(
    connection: AsyncConnection,
    network_id: int,
    written: Written,
    own_ratio_id: int,
    position: int,
    ratios: dict[int, OwnRatio],
) -> OwnRatio:
    catalog = await read_catalog(connection, network_id)
    ratio = OwnRatio(
        own_ratio_id=own_ratio_id,
        label=written.label,
        position=position,
        numerator=parse_term("numerator", written.numerator, catalog),
        denominator=parse_term("denominator", written.denominator, catalog),
        shown_as=parse_shown_as(written.shown_as),
    )
    check_ratio(ratio, ratios.values(), catalog)
    return ratio
