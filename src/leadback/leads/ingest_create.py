"""Creating a party that rows name and that does not exist, keeping the id they give."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.leads.contracts import open_contract
from leadback.leads.ingest_model import NewParty
from leadback.networks.model import Actor
from leadback.parties.actions import create_affiliate, create_buyer, create_campaign, create_offer, create_vertical
from leadback.parties.rules import PartyKind


async def create_party(connection: AsyncConnection, network_id: int, new: NewParty, actor: Actor, now: datetime) -> int:
    """The new party's id; `Refused` where its name or id cannot be."""
    name, party_id = new.name, new.party_id
    match new.kind:
        case PartyKind.VERTICAL:
            return await create_vertical(connection, network_id, name=name, vertical_id=party_id, actor=actor, now=now)
        case PartyKind.OFFER:
            return await create_offer(connection, network_id, name=name, offer_id=party_id, actor=actor, now=now)
        case PartyKind.AFFILIATE:
            return await create_affiliate(
                connection, network_id, name=name, affiliate_id=party_id, actor=actor, now=now
            )
        case PartyKind.BUYER:
            return await create_buyer(connection, network_id, name=name, buyer_id=party_id, actor=actor, now=now)
        case PartyKind.CAMPAIGN:
            assert new.affiliate_id is not None
            return await create_campaign(
                connection,
                network_id,
                name=name,
                affiliate_id=new.affiliate_id,
                offer_id=new.offer_id,
                campaign_id=party_id,
                actor=actor,
                now=now,
            )
        case PartyKind.BUYER_CONTRACT:
            assert new.buyer_id is not None and new.vertical_id is not None
            return await open_contract(
                connection,
                network_id,
                name=name,
                buyer_id=new.buyer_id,
                vertical_id=new.vertical_id,
                buyer_contract_id=party_id,
                actor=actor,
                now=now,
            )
