"""Making and changing verticals, offers, affiliates, campaigns, buyers and contracts."""

from datetime import datetime
from typing import cast

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.audit.rules import changed, created, deleted
from leadback.kit.database import sqlstate
from leadback.kit.errors import Refused
from leadback.kit.names import check_name
from leadback.kit.partial import with_settings
from leadback.networks.actions import begin_change, record_change
from leadback.networks.model import Actor
from leadback.parties import store
from leadback.parties.model import Affiliate, Buyer, BuyerContract, Campaign, Offer, Vertical
from leadback.parties.queries import Party, find_by_name, find_party, in_scope, largest_id
from leadback.parties.rules import PartyKind, check_buyer, check_contract, choose_id
from leadback.parties.settings import BuyerSettings, ContractSettings

FOREIGN_KEY_VIOLATION = "23503"

# Whose names must differ: everybody's, or those of one affiliate or buyer.
_OWNERS = {PartyKind.CAMPAIGN: "affiliate_id", PartyKind.BUYER_CONTRACT: "buyer_id"}


async def create_vertical(
    connection: AsyncConnection,
    network_id: int,
    *,
    name: str,
    vertical_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """A new vertical; its id, made where none is given."""
    await begin_change(connection, network_id)
    chosen = await _choose_id(connection, network_id, PartyKind.VERTICAL, vertical_id)
    party = Vertical(vertical_id=chosen, name=name, active=True)
    return await _create(connection, network_id, PartyKind.VERTICAL, party, actor=actor, now=now)


async def create_offer(
    connection: AsyncConnection, network_id: int, *, name: str, offer_id: int | None = None, actor: Actor, now: datetime
) -> int:
    """A new offer; its id, made where none is given."""
    await begin_change(connection, network_id)
    chosen = await _choose_id(connection, network_id, PartyKind.OFFER, offer_id)
    party = Offer(offer_id=chosen, name=name, active=True)
    return await _create(connection, network_id, PartyKind.OFFER, party, actor=actor, now=now)


async def create_affiliate(
    connection: AsyncConnection,
    network_id: int,
    *,
    name: str,
    affiliate_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """A new affiliate; its id, made where none is given."""
    await begin_change(connection, network_id)
    chosen = await _choose_id(connection, network_id, PartyKind.AFFILIATE, affiliate_id)
    party = Affiliate(affiliate_id=chosen, name=name, active=True)
    return await _create(connection, network_id, PartyKind.AFFILIATE, party, actor=actor, now=now)


async def create_campaign(
    connection: AsyncConnection,
    network_id: int,
    *,
    name: str,
    affiliate_id: int,
    offer_id: int | None = None,
    campaign_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """A new campaign of an affiliate; its id, made where none is given."""
    await begin_change(connection, network_id)
    await _must_exist(connection, network_id, PartyKind.AFFILIATE, affiliate_id)
    if offer_id is not None:
        await _must_exist(connection, network_id, PartyKind.OFFER, offer_id)
    chosen = await _choose_id(connection, network_id, PartyKind.CAMPAIGN, campaign_id)
    party = Campaign(campaign_id=chosen, affiliate_id=affiliate_id, offer_id=offer_id, name=name, active=True)
    return await _create(connection, network_id, PartyKind.CAMPAIGN, party, actor=actor, now=now)


async def create_buyer(
    connection: AsyncConnection, network_id: int, *, name: str, buyer_id: int | None = None, actor: Actor, now: datetime
) -> int:
    """A new buyer with the default settings; its id, made where none is given."""
    await begin_change(connection, network_id)
    party = Buyer(
        buyer_id=await _choose_id(connection, network_id, PartyKind.BUYER, buyer_id),
        name=name,
        active=True,
        account_manager_id=None,
        lead_statuses=True,
        accept_keyless=False,
        keyless_until=None,
        keyless_networks=(),
        rate_per_key=None,
        retry_guard="guard",
    )
    return await _create(connection, network_id, PartyKind.BUYER, party, actor=actor, now=now)


async def create_contract(
    connection: AsyncConnection,
    network_id: int,
    *,
    name: str,
    buyer_id: int,
    vertical_id: int,
    buyer_contract_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """A new contract with the default settings; its id, made where none is given.

    Faces call `leads.contracts.open_contract`, which also makes the contract's standing test sale.
    """
    await begin_change(connection, network_id)
    await _must_exist(connection, network_id, PartyKind.BUYER, buyer_id)
    await _must_exist(connection, network_id, PartyKind.VERTICAL, vertical_id)
    party = BuyerContract(
        buyer_contract_id=await _choose_id(connection, network_id, PartyKind.BUYER_CONTRACT, buyer_contract_id),
        buyer_id=buyer_id,
        vertical_id=vertical_id,
        name=name,
        active=True,
        returnable=True,
        max_return_age_days=30,
        priced_on_outcome=False,
        returns_owed=0,
    )
    return await _create(connection, network_id, PartyKind.BUYER_CONTRACT, party, actor=actor, now=now)


async def rename_party(
    connection: AsyncConnection,
    network_id: int,
    kind: PartyKind,
    party_id: int,
    name: str,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Another name; it stays the same party everywhere, in the past too."""
    await begin_change(connection, network_id)
    before = await _must_exist(connection, network_id, kind, party_id)
    after = msgspec.structs.replace(before, name=name)
    await _check_name(connection, network_id, kind, after, party_id)
    await _save(connection, network_id, kind, before, after, action=f"rename {kind.spoken}", actor=actor, now=now)


async def set_party_active(
    connection: AsyncConnection,
    network_id: int,
    kind: PartyKind,
    party_id: int,
    *,
    active: bool,
    actor: Actor,
    now: datetime,
) -> None:
    """Activate or deactivate; reports keep both."""
    await begin_change(connection, network_id)
    before = await _must_exist(connection, network_id, kind, party_id)
    after = msgspec.structs.replace(before, active=active)
    action = f"{'activate' if active else 'deactivate'} {kind.spoken}"
    await _save(connection, network_id, kind, before, after, action=action, actor=actor, now=now)


async def delete_party(
    connection: AsyncConnection, network_id: int, kind: PartyKind, party_id: int, *, actor: Actor, now: datetime
) -> None:
    """Remove what nothing refers to; `Refused` for everything else."""
    await begin_change(connection, network_id)
    before = await _must_exist(connection, network_id, kind, party_id)
    in_use = Refused(f"The {kind.spoken} {before.name!r} is in use; deactivate it instead.")
    scope = {kind.id_column: party_id} if kind in (PartyKind.VERTICAL, PartyKind.BUYER) else {}
    if scope and await in_scope(connection, network_id, **scope):
        raise in_use
    try:
        await store.delete_party(connection, network_id, kind, party_id)
    except IntegrityError as error:
        if sqlstate(error) == FOREIGN_KEY_VIOLATION:
            raise in_use from error
        raise
    await record_change(
        connection, network_id, deleted(f"delete {kind.spoken}", kind, party_id, before), actor=actor, now=now
    )


async def set_buyer(
    connection: AsyncConnection, network_id: int, buyer_id: int, settings: BuyerSettings, *, actor: Actor, now: datetime
) -> None:
    """Change the settings of a buyer that are given."""
    await begin_change(connection, network_id)
    before = cast(Buyer, await _must_exist(connection, network_id, PartyKind.BUYER, buyer_id))
    after = with_settings(before, settings)
    check_buyer(after)
    try:
        await _save(connection, network_id, PartyKind.BUYER, before, after, action="set buyer", actor=actor, now=now)
    except IntegrityError as error:
        if sqlstate(error) == FOREIGN_KEY_VIOLATION:
            raise Refused(f"There is no operator {after.account_manager_id} to manage the account.") from error
        raise


async def set_contract(
    connection: AsyncConnection,
    network_id: int,
    buyer_contract_id: int,
    settings: ContractSettings,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Change the settings of a contract that are given."""
    await begin_change(connection, network_id)
    kind = PartyKind.BUYER_CONTRACT
    before = cast(BuyerContract, await _must_exist(connection, network_id, kind, buyer_contract_id))
    after = with_settings(before, settings)
    check_contract(after)
    await _save(connection, network_id, kind, before, after, action="set buyer contract", actor=actor, now=now)


async def _choose_id(connection: AsyncConnection, network_id: int, kind: PartyKind, wanted: int | None) -> int:
    chosen = choose_id(kind.spoken, wanted, await largest_id(connection, network_id, kind))
    holder = await find_party(connection, network_id, kind, chosen)
    if holder is not None:
        raise Refused(f"The {kind.spoken} id {chosen} is taken by {holder.name!r}.")
    return chosen


async def _create(
    connection: AsyncConnection, network_id: int, kind: PartyKind, party: Party, *, actor: Actor, now: datetime
) -> int:
    party_id: int = getattr(party, kind.id_column)
    await _check_name(connection, network_id, kind, party, party_id)
    await store.insert_party(connection, network_id, kind, msgspec.structs.asdict(party))
    await record_change(
        connection, network_id, created(f"create {kind.spoken}", kind, party_id, party), actor=actor, now=now
    )
    return party_id


async def _save(
    connection: AsyncConnection,
    network_id: int,
    kind: PartyKind,
    before: Party,
    after: Party,
    *,
    action: str,
    actor: Actor,
    now: datetime,
) -> None:
    party_id: int = getattr(before, kind.id_column)
    entry = changed(action, kind, party_id, before, after)
    if entry is None:
        return
    assert entry.after is not None
    await store.update_party(
        connection, network_id, kind, party_id, {name: getattr(after, name) for name in entry.after}
    )
    await record_change(connection, network_id, entry, actor=actor, now=now)


async def _must_exist(connection: AsyncConnection, network_id: int, kind: PartyKind, party_id: int) -> Party:
    party = await find_party(connection, network_id, kind, party_id)
    if party is None:
        raise Refused(f"There is no {kind.spoken} with the id {party_id}.")
    return party


async def _check_name(
    connection: AsyncConnection, network_id: int, kind: PartyKind, party: Party, party_id: int
) -> None:
    check_name(f"{kind.spoken}'s name", party.name)
    owner = _OWNERS.get(kind)
    whose = {} if owner is None else {owner: getattr(party, owner)}
    holder = await find_by_name(connection, network_id, kind, party.name, **whose)
    if holder is not None and getattr(holder, kind.id_column) != party_id:
        raise Refused(
            f"There is a {kind.spoken} {party.name!r} already, with the id {getattr(holder, kind.id_column)}."
        )
