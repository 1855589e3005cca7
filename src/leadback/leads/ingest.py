"""Importing sales: portion by portion, each one transaction, a row that cannot be imported never stopping the rest."""

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeVar

import msgspec
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.clock import now
from leadback.kit.database import Database, lock_configuration, reason, share_configuration, sqlstate
from leadback.kit.errors import Refused
from leadback.leads import ingest_store, return_store
from leadback.leads.configuration import Configuration, read_configuration
from leadback.leads.ingest_create import create_party
from leadback.leads.ingest_model import (
    IngestOptions,
    IngestSummary,
    NewParty,
    RejectedRow,
    Rejection,
    SaleRow,
    SourceRow,
    Verdict,
)
from leadback.leads.ingest_parties import Parties, unknown
from leadback.leads.ingest_portion import write_portion
from leadback.leads.ingest_rows import RowReader
from leadback.leads.ingest_rules import Decisions
from leadback.leads.model import Channel, Origin
from leadback.leads.months import add_months
from leadback.networks.model import Actor
from leadback.networks.queries import read_version
from leadback.parties.model import BuyerContract, Campaign
from leadback.parties.queries import list_affiliates, list_campaigns, list_offers, list_verticals
from leadback.parties.rules import PartyKind

PORTION_ROWS: Final = 1000
CREATED_AT_ONCE_MAX: Final = 50
ATTEMPTS_MAX: Final = 5
SUBJECTS: Final = ("lead_id", "sale_ref", "replaces_sale_ref")
PAUSE_SECONDS: Final = 0.05

# Another import added the same lead or reference first; serialization failure; deadlock; a lock not got in time.
RETRIED: Final = frozenset(["23505", "40001", "40P01", "55P03"])

Given = TypeVar("Given")
Done = TypeVar("Done")


class Knowledge(msgspec.Struct, frozen=True):
    """What rows are judged by, at one version of the network's configuration."""

    configuration: Configuration
    parties: Parties
    reader: RowReader


class _Clear(NamedTuple):
    """A row that names a contract and a campaign."""

    row: SaleRow
    contract: BuyerContract
    campaign: Campaign


class _Lacking(NamedTuple):
    """A row that needs a party which must be created first."""

    row: SaleRow
    party: NewParty


class _Portion(msgspec.Struct, frozen=True):
    verdicts: Counter[Verdict]
    rejected: list[RejectedRow]
    waiting_updates: int


class SalesIngest:
    """One import of sales into a network; `begin` it, `take` its rows in their order, then read its `summary`."""

    def __init__(
        self, database: Database, network_id: int, header: Sequence[str], options: IngestOptions, *, actor: Actor
    ) -> None:
        self.database = database
        self.network_id = network_id
        self.header = header
        self.options = options
        self.actor = actor
        self.request_id = secrets.token_hex(16)
        self._subject_places = [place for place, name in enumerate(header) if name in SUBJECTS]
        self._knowledge: Knowledge | None = None
        self._refused: dict[NewParty, str] = {}
        self._named: dict[str, int] = {}
        self._verdicts: Counter[Verdict] = Counter()
        self._created: Counter[PartyKind] = Counter()
        self._rejected = 0
        self._waiting_updates = 0

    async def begin(self) -> None:
        """Raise `Refused` where the header cannot be imported; see that the ledger has the present month."""
        today = now().date()
        async with self.database.transaction(self.network_id) as connection:
            await add_months(connection, today, today + timedelta(days=1))
            self._knowledge = await self._read(connection)

    def subjects(self, rows: Iterable[SourceRow | RejectedRow]) -> set[str]:
        """The leads and references that rows speak of; portions that share none can be taken at the same time."""
        return {
            row.cells[place].strip().upper()
            for row in rows
            if isinstance(row, SourceRow)
            for place in self._subject_places
            if place < len(row.cells)
        } - {""}

    async def take(self, rows: Sequence[SourceRow]) -> list[RejectedRow]:
        """Import a portion, at best `PORTION_ROWS`, and commit it; the rows that were rejected, in their order.

        Raises `Refused` where the database does not let it; portions taken before stay imported.
        """
        while True:
            done = await _retried(self._portion, rows)
            if isinstance(done, _Portion):
                break
            await _retried(self._create, done)
        self._verdicts += done.verdicts
        self._rejected += len(done.rejected)
        self._waiting_updates += done.waiting_updates
        return done.rejected

    def reject(self, rows: int = 1) -> None:
        """Count rows that could not even be read."""
        self._rejected += rows

    def summary(self) -> IngestSummary:
        """What was done so far."""
        return IngestSummary(
            rows=self._verdicts.total() + self._rejected,
            imported=self._verdicts[Verdict.IMPORTED],
            skipped=self._verdicts[Verdict.SKIPPED],
            corrected=self._verdicts[Verdict.CORRECTED],
            rejected=self._rejected,
            created={str(kind): self._created[kind] for kind in PartyKind if self._created[kind]},
            waiting_updates=self._waiting_updates,
        )

    async def _portion(self, sources: Sequence[SourceRow]) -> "_Portion | list[SaleRow]":
        """One portion in one transaction; instead, the rows whose parties must be created first."""
        async with self.database.transaction(self.network_id) as connection:
            await share_configuration(connection, self.network_id)
            await ingest_store.look_up_by_index(connection)
            knowledge = await self._read(connection)
            received_at = now()
            judged = [self._judge(source, knowledge, received_at) for source in sources]
            lacking = [found.row for found in judged if isinstance(found, _Lacking)]
            if lacking:
                return lacking
            clear = [found for found in judged if isinstance(found, _Clear)]
            decisions = await self._lock(
                connection, knowledge.configuration, [found.row for found in clear], received_at
            )
            verdicts: Counter[Verdict] = Counter()
            rejected = []
            for source, found in zip(sources, judged, strict=True):
                assert not isinstance(found, _Lacking)
                outcome = decisions.decide(*found) if isinstance(found, _Clear) else found
                if isinstance(outcome, Rejection):
                    rejected.append(RejectedRow(source, outcome.reason))
                else:
                    verdicts[outcome] += 1
            decisions.settle()
            waiting = await write_portion(connection, decisions, origin=self._origin(received_at), actor=self.actor)
        self._knowledge = knowledge
        self._named |= decisions.named
        return _Portion(verdicts, rejected, waiting)

    def _judge(self, source: SourceRow, knowledge: Knowledge, received_at: datetime) -> "_Clear | _Lacking | Rejection":
        row = knowledge.reader.read(source, received_at)
        return row if isinstance(row, Rejection) else self._resolve(row, knowledge.parties)

    def _resolve(self, row: SaleRow, parties: Parties) -> "_Clear | _Lacking | Rejection":
        """The row with its contract and campaign; with a party to be created first; or why it can have neither."""
        contract, campaign = parties.contract_of(row.contract), parties.campaign_of(row.campaign)
        if isinstance(contract, BuyerContract) and isinstance(campaign, Campaign):
            return _Clear(row, contract, campaign)
        for found in (contract, campaign):
            if isinstance(found, Rejection):
                return found
        missing = contract if isinstance(contract, NewParty) else campaign
        assert isinstance(missing, NewParty)
        if not self.options.create_missing:
            return unknown(missing)
        refused = self._refused.get(missing)
        return _Lacking(row, missing) if refused is None else Rejection(refused)

    async def _lock(
        self, connection: AsyncConnection, configuration: Configuration, rows: Sequence[SaleRow], received_at: datetime
    ) -> Decisions:
        """Everything stored that the rows concern, locked: leads by key, then sales by id, as every writer does."""
        network_id = self.network_id
        lead_keys = {row.lead_key for row in rows}
        refs = {ref for row in rows for ref in (row.sale_ref, row.replaces_sale_ref) if ref is not None}
        while True:
            leads = await ingest_store.lock_leads(connection, network_id, lead_keys)
            known = {lead.lead_key for lead in leads}
            sales = await ingest_store.lock_lead_sales(connection, network_id, known, refs) if known or refs else []
            # A lead that another import added between the two statements is first seen by a reference of its sale.
            if lead_keys & {imported.sale.lead_key for imported in sales} <= known:
                break
        returned = {imported.sale.sale_id for imported in sales if imported.sale.return_state is not None}
        replaced: set[int] = set()
        decided: set[int] = set()
        if returned:
            replaced = await return_store.find_replaced(connection, network_id, returned)
            decided = await return_store.find_decided(connection, network_id, returned)
        return Decisions(
            configuration,
            leads=leads,
            sales=sales,
            replaced=replaced,
            decided=decided,
            received_at=received_at,
            correct=self.options.correct,
            named={lead_key: self._named[lead_key] for lead_key in lead_keys if lead_key in self._named},
        )

    def _origin(self, received_at: datetime) -> Origin:
        return Origin(
            channel=Channel.FILE,
            operation="import sales",
            address=None,
            request_id=self.request_id,
            received_at=received_at,
        )

    async def _create(self, rows: Sequence[SaleRow]) -> None:
        """Create what these rows lack, at most `CREATED_AT_ONCE_MAX`: meanwhile no update of the network goes on."""
        created: Counter[PartyKind] = Counter()
        async with self.database.transaction(self.network_id) as connection:
            await lock_configuration(connection, self.network_id)
            parties = (await self._read(connection)).parties
            for row in rows:
                while created.total() < CREATED_AT_ONCE_MAX:
                    found = self._resolve(row, parties)
                    if not isinstance(found, _Lacking):
                        break
                    try:
                        async with connection.begin_nested():
                            party_id = await create_party(connection, self.network_id, found.party, self.actor, now())
                    except Refused as error:
                        self._refused[found.party] = str(error).rstrip(".")
                    else:
                        parties.add(found.party, party_id)
                        created[found.party.kind] += 1
        self._created += created

    async def _read(self, connection: AsyncConnection) -> Knowledge:
        """What is known already, unless the network's version moved on."""
        network_id, known = self.network_id, self._knowledge
        if known is not None and known.configuration.version == await read_version(connection, network_id):
            return known
        configuration = await read_configuration(connection, network_id)
        parties = Parties(
            verticals=await list_verticals(connection, network_id),
            offers=await list_offers(connection, network_id),
            affiliates=await list_affiliates(connection, network_id),
            campaigns=await list_campaigns(connection, network_id),
            buyers=configuration.buyers.values(),
            contracts=configuration.contracts.values(),
        )
        return Knowledge(configuration, parties, RowReader(self.header, configuration.network, configuration.catalog))


async def _retried(work: Callable[[Given], Awaitable[Done]], given: Given) -> Done:
    """Work that is a whole transaction, again where only another one stood in its way."""
    attempt = 1
    while True:
        try:
            return await work(given)
        except DBAPIError as error:
            if sqlstate(error) not in RETRIED or attempt == ATTEMPTS_MAX:
                raise Refused(
                    f"The database did not take the rows: {reason(error)}. Import the file again: what is in already is"
                    " skipped."
                ) from error
        pause = PAUSE_SECONDS * 2**attempt
        attempt += 1
        await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - spreads retries, hides nothing
