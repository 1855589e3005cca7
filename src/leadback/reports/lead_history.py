"""What became of one lead: the lead, its sales, and every step of each sale from the ledger."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import STAGES, Catalog
from leadback.catalog.queries import read_catalog
from leadback.kit.errors import Refused
from leadback.leads.model import FieldChange, Flag
from leadback.leads.return_rules import last_return_day
from leadback.parties.model import BuyerContract
from leadback.parties.queries import list_buyers, list_contracts

HISTORY_STEPS_MAX: Final = 1000
"""Of one sale; the latest."""

_LEAD = text("""
    SELECT lead.lead_id, lead.created_at, lead.payout, lead.is_test, lead.data, lead.campaign_id,
        campaign.name AS campaign, campaign.affiliate_id, affiliate.name AS affiliate, campaign.offer_id,
        offer.name AS offer, lead.lead_key,
        ARRAY[lead.sub_id_1, lead.sub_id_2, lead.sub_id_3, lead.sub_id_4, lead.sub_id_5] AS sub_ids
    FROM lead
    LEFT JOIN campaign ON campaign.network_id = :network_id AND campaign.campaign_id = lead.campaign_id
    LEFT JOIN affiliate ON affiliate.network_id = :network_id AND affiliate.affiliate_id = campaign.affiliate_id
    LEFT JOIN offer ON offer.network_id = :network_id AND offer.offer_id = campaign.offer_id
    WHERE lead.network_id = :network_id AND lead.lead_key = :lead_key
""")
_SALES = text("""
    SELECT sale.sale_id, sale.sale_ref, sale.buyer_id, sale.buyer_contract_id, sale.buyer_lead_id, sale.sold_at,
        sale.sold_on, sale.sold_price, sale.revenue, sale.payout_share, sale.sale_type, sale.returnable,
        sale.status_id, sale.sub_status_id, sale.field_values, sale.return_state, sale.return_reason_id,
        sale.returned_at, sale.update_count, sale.updated_at, sale.buyer_updated_at, sale.version,
        original.lead_id AS replaces_lead_id, sale.replaces_sale_id,
        replacement.sale_id AS replaced_by_sale_id, replacement.lead_id AS replaced_by_lead_id
    FROM sale
    LEFT JOIN LATERAL (
        SELECT lead.lead_id FROM sale AS replaced
        JOIN lead ON lead.network_id = :network_id AND lead.lead_key = replaced.lead_key
        WHERE replaced.network_id = :network_id AND replaced.sale_id = sale.replaces_sale_id
    ) AS original ON true
    LEFT JOIN LATERAL (
        SELECT other.sale_id, lead.lead_id FROM sale AS other
        JOIN lead ON lead.network_id = :network_id AND lead.lead_key = other.lead_key
        WHERE other.network_id = :network_id AND other.replaces_sale_id = sale.sale_id
    ) AS replacement ON true
    WHERE sale.network_id = :network_id AND sale.lead_key = :lead_key
        AND (CAST(:buyer_ids AS integer[]) IS NULL OR sale.buyer_id = ANY (CAST(:buyer_ids AS integer[])))
    ORDER BY sale.sold_at, sale.sale_id
""")
_STEPS = text("""
    SELECT version, received_at, happened_at, kind, counts_as_update, actor_kind, actor, channel, operation,
        host(address) AS address, request_id, idempotency_key, flags, status_before, status_after, sub_status_before,
        sub_status_after, stage_reached_before, stage_reached_after, revenue_before, revenue_delta, revenue_after,
        field_changes, return_state_before, return_state_after, return_reason_id_before, return_reason_id_after,
        return_reason_after, sale_changes, note, run_id
    FROM lead_update
    WHERE network_id = :network_id AND sale_id = :sale_id
    ORDER BY version DESC
    LIMIT :steps_max
""")


class HistoryStep(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the ledger, under the names of its time."""

    version: int
    received_at: datetime
    happened_at: datetime
    kind: str
    counts_as_update: bool
    actor_kind: str
    actor: str
    channel: str
    operation: str
    address: str | None
    request_id: str
    idempotency_key: str | None
    run_id: int | None
    status_before: str | None
    status_after: str | None
    sub_status_before: str | None
    sub_status_after: str | None
    stage_reached_before: int
    stage_reached_after: int
    revenue_before: Decimal
    revenue_delta: Decimal
    revenue_after: Decimal
    field_changes: tuple[FieldChange, ...]
    return_state_before: str | None
    return_state_after: str | None
    return_reason_id_before: int | None
    return_reason_before: str | None
    return_reason_id_after: int | None
    return_reason_after: str | None
    sale_changes: dict[str, list[Any]]
    """What an import corrected of the sale itself, or an undo restored, by column."""
    flags: tuple[str, ...]
    possible_duplicate_of: int | None
    """The version this step may repeat, or be repeated by: of such a pair both say so."""
    note: str | None


class StepChange(NamedTuple):
    """One thing a step changed; money as an amount."""

    name: str
    before: str | Decimal | None
    after: str | Decimal | None
    reason: str | None = None
    """For which a lead was returned."""


class SaleHistory(msgspec.Struct, frozen=True, kw_only=True):
    """One sale as it stands, and the steps that led there, oldest first."""

    sale_id: int
    sale_ref: str | None
    buyer_id: int
    buyer: str
    buyer_contract_id: int
    buyer_contract: str
    buyer_lead_id: str | None
    sold_at: datetime
    sold_on: date
    sold_price: Decimal
    revenue: Decimal
    payout_share: Decimal
    sale_type: str
    status: str | None
    sub_status: str | None
    fields: dict[str, str]
    return_state: str | None
    return_reason: str | None
    returned_at: datetime | None
    returnable: bool
    last_return_day: date
    replaces_sale_id: int | None
    replaces_lead_id: str | None
    replaced_by_sale_id: int | None
    replaced_by_lead_id: str | None
    update_count: int
    updated_at: datetime | None
    buyer_updated_at: datetime | None
    version: int
    steps: tuple[HistoryStep, ...]
    steps_left_out: int
    """How many steps older than these there are."""


class LeadHistory(msgspec.Struct, frozen=True, kw_only=True):
    """A lead and what became of it; money in the network's currency."""

    lead_id: str
    created_at: datetime
    payout: Decimal
    is_test: bool
    campaign_id: int | None
    campaign: str | None
    affiliate_id: int | None
    affiliate: str | None
    offer_id: int | None
    offer: str | None
    sub_ids: tuple[str, ...]
    data: dict[str, str]
    sales: tuple[SaleHistory, ...]


async def read_lead_history(
    connection: AsyncConnection,
    network_id: int,
    lead_id: str,
    *,
    buyer_ids: frozenset[int] | None = None,
    steps_max: int = HISTORY_STEPS_MAX,
) -> LeadHistory:
    """A lead's story, of a connection from `Database.snapshot`; raises `Refused` where there is no such lead.

    `buyer_ids`: whose sales there are for whoever asks, None for all; for who sees none of its sales there is no lead.
    """
    seen = None if buyer_ids is None else sorted(buyer_ids)
    values = {"network_id": network_id, "lead_key": lead_id.upper(), "buyer_ids": seen}
    row = (await connection.execute(_LEAD, values)).one_or_none()
    found = [] if row is None else (await connection.execute(_SALES, values)).all()
    if row is None or (buyer_ids is not None and not found):
        raise Refused(f"There is no lead {lead_id!r}.")
    names = await _Names.read(connection, network_id)
    sales = []
    for sale in found:
        wanted = {"network_id": network_id, "sale_id": sale.sale_id, "steps_max": steps_max}
        steps = [dict(step._mapping) for step in await connection.execute(_STEPS, wanted)][::-1]
        sales.append(names.sale(dict(sale._mapping), steps))
    lead = dict(row._mapping)
    del lead["lead_key"]
    return LeadHistory(**(lead | {"sub_ids": tuple(lead["sub_ids"])}), sales=tuple(sales))


def changes_of(step: HistoryStep) -> Iterable[StepChange]:
    """What a step changed, in the order in which people ask."""
    if step.status_before != step.status_after:
        yield StepChange("status", step.status_before, step.status_after)
    if step.sub_status_before != step.sub_status_after:
        yield StepChange("sub-status", step.sub_status_before, step.sub_status_after)
    # With another status comes its stage: only a status that was told late, or taken back, leaves it to be said.
    if step.stage_reached_before != step.stage_reached_after and step.status_before == step.status_after:
        yield StepChange("stage", STAGES[step.stage_reached_before], STAGES[step.stage_reached_after])
    if step.revenue_delta:
        yield StepChange("revenue", step.revenue_before, step.revenue_after)
    for field in step.field_changes:
        if field.before != field.after:
            yield StepChange(field.field, field.before, field.after)
    if step.return_state_before != step.return_state_after:
        yield StepChange("return", step.return_state_before, step.return_state_after, step.return_reason_after)
    elif step.return_reason_id_before != step.return_reason_id_after:
        yield StepChange("reason", step.return_reason_before, step.return_reason_after)
    for name, (before, after) in step.sale_changes.items():
        yield StepChange(name, _plain(before), _plain(after))


def _plain(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


class _Names:
    """What ids are called now."""

    def __init__(self, catalog: Catalog, buyers: Mapping[int, str], contracts: Mapping[int, BuyerContract]) -> None:
        self.catalog = catalog
        self.buyers = buyers
        self.contracts = contracts
        self.reasons = {item.return_reason_id: item.name for item in catalog.return_reasons.values()}

    @classmethod
    async def read(cls, connection: AsyncConnection, network_id: int) -> "_Names":
        return cls(
            await read_catalog(connection, network_id),
            {item.buyer_id: item.name for item in await list_buyers(connection, network_id)},
            {item.buyer_contract_id: item for item in await list_contracts(connection, network_id)},
        )

    def sale(self, row: dict[str, Any], steps: list[dict[str, Any]]) -> SaleHistory:
        """A sale from its row and those of its ledger."""
        contract = self.contracts[row["buyer_contract_id"]]
        status = self.catalog.statuses.get(row.pop("status_id") or 0)
        sub_status = self.catalog.sub_statuses.get(row.pop("sub_status_id") or 0)
        fields = {int(field_id): value for field_id, value in row.pop("field_values").items()}
        reason = self.reasons.get(row.pop("return_reason_id") or 0)
        returnable = row.pop("returnable")
        return SaleHistory(
            **row,
            buyer=self.buyers[row["buyer_id"]],
            buyer_contract=contract.name,
            status=None if status is None else status.name,
            sub_status=None if sub_status is None else sub_status.name,
            fields={self.catalog.fields[field_id].name: value for field_id, value in sorted(fields.items())},
            return_reason=reason,
            returnable=contract.returnable if returnable is None else returnable,
            last_return_day=last_return_day(row["sold_on"], contract),
            steps=tuple(self._steps(steps)),
            steps_left_out=row["version"] - 1 - len(steps),
        )

    def _steps(self, rows: list[dict[str, Any]]) -> list[HistoryStep]:
        # The guard lets a repeat through only while the sale is as the first call left it: the row just before.
        repeats = {row["version"] for row in rows if Flag.POSSIBLE_DUPLICATE in row["flags"]}
        steps = []
        for row in rows:
            version = row["version"]
            pair = version - 1 if version in repeats else version + 1 if version + 1 in repeats else None
            fields = [FieldChange(**change) for change in row["field_changes"]]
            values = row | {"flags": tuple(row["flags"]), "field_changes": tuple(fields)}
            before = self.reasons.get(row["return_reason_id_before"] or 0)
            steps.append(HistoryStep(**values, return_reason_before=before, possible_duplicate_of=pair))
        return steps
