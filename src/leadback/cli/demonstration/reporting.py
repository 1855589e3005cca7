"""The buyers' calls at their own times, by the way every call goes; the keys for it end with it."""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from ipaddress import ip_network
from typing import Final

import msgspec

from leadback.access.actions import create_key, revoke_key
from leadback.access.model import PresentedKey
from leadback.catalog.queries import read_catalog
from leadback.cli.demonstration.history import History
from leadback.cli.demonstration.model import Call, Sale
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.tokens import digest
from leadback.leads.model import AnswerState, BuyerCaller, Channel, IPAddress, Origin, OutcomeKind, UpdateRequest
from leadback.leads.update import Updates
from leadback.networks.model import COMMAND_LINE
from leadback.parties.queries import list_buyers, list_contracts

CALLS_AT_ONCE: Final = 1_024
"""Two batches: one is put together while the database writes the other."""
ADDRESSES: Final = ip_network("192.0.2.0/24")

Made = tuple[Sale, Call]


class _Reporter(msgspec.Struct, frozen=True):
    """A buyer as it is known to the network."""

    key_id: int
    caller: BuyerCaller
    address: IPAddress
    channel: Channel


class Reporting:
    """Sends calls for every buyer."""

    def __init__(self, database: Database, network_id: int, history: History) -> None:
        self._database = database
        self._network_id = network_id
        self._history = history
        self._reporters: dict[str, _Reporter] = {}
        self._contracts: dict[str, int] = {}
        self._reasons: dict[str, int] = {}

    async def begin(self, began_at: datetime) -> None:
        """Give every buyer a key."""
        network_id = self._network_id
        async with self._database.transaction(network_id) as connection:
            contracts = await list_contracts(connection, network_id)
            self._contracts = {item.name: item.buyer_contract_id for item in contracts}
            catalog = await read_catalog(connection, network_id)
            self._reasons = {item.name: reason_id for reason_id, item in catalog.return_reasons.items()}
            channels = {sale.buyer.name: Channel(sale.buyer.channel) for sale in self._history.sales}
            for buyer in await list_buyers(connection, network_id):
                key_id, key = await create_key(
                    connection, network_id, buyer_id=buyer.buyer_id, actor=COMMAND_LINE, now=began_at
                )
                self._reporters[buyer.name] = _Reporter(
                    key_id=key_id,
                    caller=BuyerCaller(PresentedKey(network_id, digest(key))),
                    address=ADDRESSES[10 + buyer.buyer_id],
                    channel=channels[buyer.name],
                )

    async def send(self, sales: Iterable[Sale], report_progress: Callable[[int], None]) -> None:
        """Every call on these sales, in the order of its time; says how many were sent since it said so last."""
        calls = [(sale, call) for sale in sales for call in self._history.calls[sale.number]]
        calls.sort(key=lambda made: made[1].at)
        updates = Updates(self._database)
        for portion in _portions(calls):
            outcomes = await asyncio.gather(*(updates.submit(self._request(*made)) for made in portion))
            for outcome in outcomes:
                assert outcome.kind is not OutcomeKind.FAULT, outcome
                if outcome.receipt is not None:
                    updates.tell(outcome.receipt, AnswerState.DELIVERED)
            report_progress(len(portion))
        await updates.close()

    async def end(self) -> None:
        """Revoke the keys: nobody has them."""
        async with self._database.transaction(self._network_id) as connection:
            for reporter in self._reporters.values():
                await revoke_key(connection, self._network_id, reporter.key_id, actor=COMMAND_LINE, now=now())

    def _request(self, sale: Sale, call: Call) -> UpdateRequest:
        reporter = self._reporters[sale.buyer.name]
        lead_id = self._history.lead_ids[sale.lead.number]
        contract_id = self._contracts[sale.contract.name]
        reason_id = self._reasons.get(call.return_reason, 0)
        status = sale.buyer.words.get(call.status, call.status)
        return UpdateRequest(
            caller=reporter.caller,
            origin=Origin(
                channel=reporter.channel,
                operation="UpdateLead",
                address=reporter.address,
                request_id=secrets.token_hex(16),
                received_at=call.at,
            ),
            lead_id=lead_id,
            buyer_contract_id=contract_id,
            status=status,
            sub_status=call.sub_status,
            amount=call.amount,
            add_to_existing=call.add_to_existing,
            fields=((call.field, call.value),) if call.field else (),
            return_reason_id=reason_id,
            parameters={
                "lead_id": lead_id,
                "buyer_contract_id": str(contract_id),
                "status": status,
                "sub_status": call.sub_status,
                "amount": "" if call.amount is None else str(call.amount),
                "add_to_existing": "" if call.add_to_existing is None else str(call.add_to_existing).lower(),
                "field_name": call.field,
                "field_value": call.value,
                "return_reason_id": str(reason_id),
            },
        )


def _portions(calls: Iterable[Made]) -> Iterator[list[Made]]:
    """Calls that can be under way at once; one that repeats another comes when that one was answered."""
    portion: list[Made] = []
    last: dict[int, Call] = {}
    for sale, call in calls:
        before = last.get(sale.number)
        if len(portion) == CALLS_AT_ONCE or (before and msgspec.structs.replace(before, at=call.at) == call):
            yield portion
            portion, last = [], {}
        portion.append((sale, call))
        last[sale.number] = call
    if portion:
        yield portion
