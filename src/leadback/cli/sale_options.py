"""The options with which a command names sales: by their ids, or the one of a lead under a contract."""

from typing import Annotated

import msgspec
import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.cli.choices import named
from leadback.cli.shown import moment
from leadback.kit.errors import Refused
from leadback.leads.queries import find_lead_sales
from leadback.networks.queries import read_network
from leadback.parties.queries import list_buyers, list_contracts

SaleOption = Annotated[list[int] | None, typer.Option("--sale", metavar="ID", help="The sale's id; may be repeated.")]
LeadOption = Annotated[str | None, typer.Option("--lead", metavar="LEAD_ID", help="Or its lead, sold once.")]
ContractOption = Annotated[str | None, typer.Option("--contract", metavar="NAME", help="The contract's name.")]
BuyerOption = Annotated[str | None, typer.Option("--buyer", metavar="NAME", help="The buyer's name.")]


class Sales(msgspec.Struct, frozen=True):
    """The sales a command line names."""

    sale_ids: list[int] | None
    lead: str | None
    contract: str | None
    buyer: str | None

    async def ids(self, connection: AsyncConnection, network_id: int) -> list[int]:
        """Their ids; `Refused` where nothing, both ways or no single sale is named."""
        if (self.lead is None) == (not self.sale_ids):
            raise Refused("Give the sales by --sale ID, or one by --lead LEAD_ID.")
        if self.lead is not None:
            return [await self._of_lead(connection, network_id, self.lead)]
        if self.contract is not None or self.buyer is not None:
            raise Refused("--contract and --buyer go with --lead; a sale's id names it already.")
        return self.sale_ids or []

    async def _of_lead(self, connection: AsyncConnection, network_id: int, lead_id: str) -> int:
        contracts = await list_contracts(connection, network_id)
        chosen = None
        if self.buyer is not None or self.contract is not None:
            buyers = await list_buyers(connection, network_id)
            owner_id = None if self.buyer is None else named("buyer", self.buyer, buyers).buyer_id
            chosen = [
                item.buyer_contract_id
                for item in contracts
                if owner_id in (None, item.buyer_id) and self.contract in (None, item.name)
            ]
        found = await find_lead_sales(connection, network_id, lead_id, chosen)
        if len(found) == 1:
            sale_id: int = found[0].sale_id
            return sale_id
        if not found:
            where = "" if chosen is None else " to this contract or buyer"
            raise Refused(f"There is no sale of a lead {lead_id!r}{where}.")
        names = {item.buyer_contract_id: item.name for item in contracts}
        network = await read_network(connection, network_id)
        sales = "; ".join(
            f"--sale {row.sale_id} ({names[row.buyer_contract_id]}, {moment(row.sold_at, network)},"
            f" {row.return_state or 'not returned'})"
            for row in found
        )
        raise Refused(f"The lead {lead_id!r} was sold several times; give one of: {sales}")
