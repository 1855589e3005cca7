"""What a row of sales means for what is stored: decisions on values alone, in the order of the rows."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from leadback.leads.configuration import Configuration
from leadback.leads.ingest_differences import (
    Changes,
    compare_lead,
    compare_sale,
    contradicts,
    differs,
    text_of,
    wrong_replacement,
)
from leadback.leads.ingest_model import ImportedSale, Lead, Rejection, SaleRow, Verdict
from leadback.leads.ingest_named import changes_among, columns_named
from leadback.leads.ingest_reported import Reading, changes_of_report, read_report, without_return
from leadback.leads.ingest_rows import SUB_IDS, shown
from leadback.leads.ingest_shares import payout_shares
from leadback.leads.model import Change, ReturnState, Sale, SaleType, Updated
from leadback.parties.model import BuyerContract, Campaign

# A sale that is not stored yet counts as younger than every stored one.
NEW_SALE_ID: Final = 2**62

_ZERO: Final = Decimal("0.0000")


class LeadWork:
    """One lead while a portion is decided: as it is stored, if it is, and as it will be."""

    def __init__(self, stored: Lead | None, lead: Lead) -> None:
        self.stored = stored
        self.lead = lead
        self.sales: list[SaleWork] = []
        self.shares_due = False


class SaleWork:
    """One sale while a portion is decided, and the ledger rows it will get."""

    def __init__(self, stored: ImportedSale | None, imported: ImportedSale) -> None:
        self.stored = stored
        self.imported = imported
        self.entries: list[tuple[Change, Changes]] = []

    @property
    def sale(self) -> Sale:
        """The sale as it will be."""
        return self.imported.sale


class Decisions:
    """The leads and sales that a portion's rows concern, and what its rows make of them."""

    def __init__(
        self,
        configuration: Configuration,
        *,
        leads: Iterable[Lead],
        sales: Iterable[ImportedSale],
        replaced: Iterable[int],
        decided: Iterable[int],
        received_at: datetime,
        correct: bool,
        named: Mapping[str, int],
    ) -> None:
        """`sales`: all of `leads`, and those that rows name by sale_ref; `replaced`: what has a replacement; `decided`:
        whose return an operator has decided.

        `named`: by lead key the columns of the lead that rows of this import have named, as `columns_named` tells them.
        """
        self.configuration = configuration
        self.received_at = received_at
        self.correct = correct
        self.named = dict(named)
        self.leads = {lead.lead_key: LeadWork(lead, lead) for lead in leads}
        self.works = [SaleWork(imported, imported) for imported in sales]
        self.replaced_before = frozenset(replaced)
        self.replaced = set(replaced)
        self._decided = frozenset(decided)
        self._by_ref: dict[str, SaleWork] = {}
        self._new_sales = 0
        for work in self.works:
            imported = work.imported
            if imported.sale_ref is not None:
                self._by_ref[imported.sale_ref] = work
            if imported.sale.lead_key in self.leads:
                self.leads[imported.sale.lead_key].sales.append(work)

    def decide(self, row: SaleRow, contract: BuyerContract, campaign: Campaign) -> Verdict | Rejection:
        """One row: nothing of it is applied unless all of it can be."""
        lead = self.leads.get(row.lead_key)
        if lead is not None and lead.lead.campaign_id is None:
            return Rejection(f"{lead.lead.lead_id} is the standing test lead of a contract")
        found = self._recognise(row, contract, lead)
        if isinstance(found, Rejection):
            return found
        lead_changes = {} if lead is None else compare_lead(lead.lead, row, campaign)
        named = self.named.get(row.lead_key, 0)
        contradicted = changes_among(named, lead_changes)
        if contradicted:
            return contradicts(contradicted)
        if found is not None:
            assert lead is not None
            verdict = self._import_again(row, contract, lead, found, lead_changes)
        elif lead_changes and not self.correct:
            return differs("the lead as it is known", lead_changes)
        else:
            verdict = self._add(row, contract, campaign, lead, lead_changes)
        # Without corrections nothing of a lead changes, and there is nothing to remember.
        if self.correct and not isinstance(verdict, Rejection):
            self.named[row.lead_key] = named | columns_named(row)
        return verdict

    def settle(self) -> None:
        """Once every row is decided: which sale is its lead's first, and each sale's share of the payout."""
        for lead in self.leads.values():
            if not lead.shares_due:
                continue
            in_order = sorted(lead.sales, key=lambda work: (work.sale.sold_at, work.sale.sale_id))
            shares = payout_shares(lead.lead.payout, [work.sale.sold_price for work in in_order])
            for place, (work, share) in enumerate(zip(in_order, shares, strict=True)):
                if work.sale.payout_share != share or work.sale.first_of_lead != (place == 0):
                    _put(work, {"payout_share": share, "first_of_lead": place == 0})

    def _recognise(self, row: SaleRow, contract: BuyerContract, lead: LeadWork | None) -> SaleWork | Rejection | None:
        """The sale a row speaks of: by its reference, else by lead, contract and moment; None: a new one."""
        contract_id = contract.buyer_contract_id
        by_ref = None if row.sale_ref is None else self._by_ref.get(row.sale_ref)
        if by_ref is not None:
            sale = by_ref.sale
            if (sale.lead_key, sale.buyer_contract_id) == (row.lead_key, contract_id):
                return by_ref
            return Rejection(
                f"sale_ref {shown(str(row.sale_ref))} is the sale of lead {sale.lead_id} to contract"
                f" {sale.buyer_contract_id}; what was sold to whom cannot be corrected"
            )
        same = [
            work
            for work in (lead.sales if lead is not None else ())
            if (work.sale.buyer_contract_id, work.sale.sold_at) == (contract_id, row.sold_at)
            and (row.sale_ref is None or work.imported.sale_ref is None)
        ]
        if len(same) > 1:
            return Rejection("There are several sales of this lead to this contract at this moment; give sale_ref")
        return same[0] if same else None

    def _add(
        self,
        row: SaleRow,
        contract: BuyerContract,
        campaign: Campaign,
        lead: LeadWork | None,
        lead_changes: Changes,
    ) -> Verdict | Rejection:
        sale_type = row.sale_type or (SaleType.REPLACEMENT if row.replaces_sale_ref else SaleType.EXCLUSIVE)
        price = row.sold_price
        if price is None and (contract.priced_on_outcome or sale_type == SaleType.REPLACEMENT):
            price = _ZERO
        if price is None:
            return Rejection("sold_price is blank, and the contract is not priced on outcome")
        wrong = wrong_replacement(sale_type, price, row.replaces_sale_ref)
        if wrong is not None:
            return wrong
        original = None if row.replaces_sale_ref is None else self._original(row.replaces_sale_ref, contract)
        if isinstance(original, Rejection):
            return original
        report = None if row.reported is None else read_report(row.reported, contract, self.configuration)
        if isinstance(report, Rejection):
            return report
        if lead is None:
            lead = self.leads[row.lead_key] = LeadWork(None, _new_lead(row, campaign))
        elif lead_changes:
            self._correct_lead(lead, lead_changes)
        _keep_data(lead, row)
        work = SaleWork(None, self._new_sale(row, contract, lead.lead, price, sale_type, original))
        lead.sales.append(work)
        self.works.append(work)
        lead.shares_due = True
        if row.sale_ref is not None:
            self._by_ref[row.sale_ref] = work
        if original is not None:
            self.replaced.add(original.sale.sale_id)
        if report is not None:
            self._enter(work, changes_of_report(report, work.sale), {})
        return Verdict.IMPORTED

    def _original(self, sale_ref: str, contract: BuyerContract) -> SaleWork | Rejection:
        """The sale that a new one replaces, at no price: given back, to be replaced, and not replaced yet."""
        original = self._by_ref.get(sale_ref)
        if original is None:
            return Rejection(f"replaces_sale_ref: there is no sale {shown(sale_ref)}")
        if original.sale.buyer_id != contract.buyer_id:
            return Rejection(f"replaces_sale_ref: {shown(sale_ref)} was sold to another buyer")
        if original.sale.return_state != ReturnState.REPLACED:
            state = original.sale.return_state or "not returned"
            return Rejection(f"replaces_sale_ref: {shown(sale_ref)} is not to be replaced, it is {state}")
        if original.sale.sale_id in self.replaced:
            return Rejection(f"replaces_sale_ref: {shown(sale_ref)} has been replaced already")
        return original

    def _new_sale(
        self,
        row: SaleRow,
        contract: BuyerContract,
        lead: Lead,
        price: Decimal,
        sale_type: str,
        original: SaleWork | None,
    ) -> ImportedSale:
        self._new_sales += 1
        sale = Sale(
            sale_id=NEW_SALE_ID + self._new_sales,
            lead_key=lead.lead_key,
            lead_id=lead.lead_id,
            buyer_id=contract.buyer_id,
            buyer_contract_id=contract.buyer_contract_id,
            campaign_id=lead.campaign_id,
            is_test=lead.is_test,
            sold_at=row.sold_at,
            # PostgreSQL alone says which day this is; until it has, any.
            sold_on=row.sold_at.date(),
            sold_price=price,
            revenue=price,
            payout_share=_ZERO,
            first_of_lead=False,
            sale_type=sale_type,
            returnable=row.returnable,
            status_id=None,
            sub_status_id=None,
            status_happened_at=None,
            stage_reached=0,
            field_values={},
            return_state=None,
            return_reason_id=None,
            returned_at=None,
            updated=Updated.NO,
            update_count=0,
            updated_at=None,
            buyer_updated_first_at=None,
            buyer_updated_at=None,
            version=1,
            ledger_hash=b"",
        )
        return ImportedSale(
            sale=sale,
            sale_ref=row.sale_ref,
            buyer_lead_id=row.buyer_lead_id,
            replaces_sale_id=None if original is None else original.sale.sale_id,
        )

    def _import_again(
        self,
        row: SaleRow,
        contract: BuyerContract,
        lead: LeadWork,
        work: SaleWork,
        lead_changes: Changes,
    ) -> Verdict | Rejection:
        original = None if row.replaces_sale_ref is None else self._by_ref.get(row.replaces_sale_ref)
        if row.replaces_sale_ref is not None and (
            original is None or original.sale.sale_id != work.imported.replaces_sale_id
        ):
            return Rejection("replaces_sale_ref differs from what is stored, which cannot be corrected")
        changes = compare_sale(work.imported, row)
        report = Reading()
        # What a buyer or an operator has reported since is theirs.
        if row.reported is not None and work.sale.updated == Updated.NO:
            read = read_report(row.reported, contract, self.configuration)
            if isinstance(read, Rejection):
                return read
            decided = work.sale.sale_id in self._decided
            report = changes_of_report(without_return(read) if decided else read, work.sale)
        if not (changes or lead_changes or report):
            return Verdict.SKIPPED
        if not self.correct:
            return differs(
                "the sale as it was imported", lead_changes | changes | {name: [] for name in report.columns}
            )
        price, sale_type = row.sold_price, row.sale_type or work.sale.sale_type
        wrong = wrong_replacement(
            sale_type, work.sale.sold_price if price is None else price, work.imported.replaces_sale_id
        )
        if wrong is not None:
            return wrong
        self._correct_sale(lead, work, changes, lead_changes, report)
        return Verdict.CORRECTED

    def _correct_sale(
        self,
        lead: LeadWork,
        work: SaleWork,
        changes: Changes,
        lead_changes: Changes,
        report: Reading,
    ) -> None:
        self._change_lead(lead, lead_changes)
        before = work.imported
        work.imported = msgspec.structs.replace(
            before, **{name: change[1] for name, change in changes.items() if name in ("sale_ref", "buyer_lead_id")}
        )
        if work.imported.sale_ref is not None:
            self._by_ref[work.imported.sale_ref] = work
        values = {name: change[1] for name, change in changes.items() if name not in ("sale_ref", "buyer_lead_id")}
        if "sold_price" in values or "sold_at" in values:
            lead.shares_due = True
        # Revenue follows the price until somebody has reported one; an update that names none leaves it following.
        follows = "sold_price" in values and not before.sale.revenue_set
        state = {"revenue": values["sold_price"]} if follows else {}
        _put(work, values)
        self._enter(work, report, lead_changes | changes, state)

    def _correct_lead(self, lead: LeadWork, changes: Changes) -> None:
        """A correction of the lead by a row that adds a sale: kept in the ledger of the lead's first sale."""
        self._change_lead(lead, changes)
        if lead.sales:
            first = min(lead.sales, key=lambda work: (work.sale.sold_at, work.sale.sale_id))
            self._enter(first, Reading(), changes)

    def _change_lead(self, lead: LeadWork, changes: Changes) -> None:
        if not changes:
            return
        values = {name: change[1] for name, change in changes.items()}
        sub_ids = tuple(values.get(name, old) for name, old in zip(SUB_IDS, lead.lead.sub_ids, strict=True))
        lead.lead = msgspec.structs.replace(
            lead.lead,
            campaign_id=values.get("campaign_id", lead.lead.campaign_id),
            sub_ids=sub_ids,
            payout=values.get("payout", lead.lead.payout),
            is_test=values.get("is_test", lead.lead.is_test),
            created_at=values.get("lead_at", lead.lead.created_at),
        )
        lead.shares_due = True
        for work in lead.sales:
            _put(work, {"campaign_id": lead.lead.campaign_id, "is_test": lead.lead.is_test})

    def _enter(
        self,
        work: SaleWork,
        report: Reading,
        sale_changes: Changes,
        state: dict[str, Any] | None = None,
    ) -> None:
        """One row of the ledger, which does not make the sale updated.

        What a file reports held at some time since the sale. Said to have happened when the lead was sold, it never
        stands in the way of what the buyer reports of its own time.
        """
        before = work.sale
        sold_at = min(before.sold_at, self.received_at)
        values = report.values | (state or {})
        if "status_id" in values:
            values["status_happened_at"] = sold_at
        if "return_state" in values:
            values["returned_at"] = self.received_at
        after = msgspec.structs.replace(before, **values, version=before.version + 1)
        change = Change(
            before=before,
            after=after,
            kind="import",
            counts_as_update=False,
            happened_at=sold_at if report else self.received_at,
            flags=(),
            field_changes=report.field_changes,
        )
        work.entries.append((change, {name: [text_of(value) for value in pair] for name, pair in sale_changes.items()}))
        work.imported = msgspec.structs.replace(work.imported, sale=after)


def _put(work: SaleWork, values: dict[str, Any]) -> None:
    if values:
        work.imported = msgspec.structs.replace(work.imported, sale=msgspec.structs.replace(work.sale, **values))


def _new_lead(row: SaleRow, campaign: Campaign) -> Lead:
    return Lead(
        lead_key=row.lead_key,
        lead_id=row.lead_id,
        campaign_id=campaign.campaign_id,
        sub_ids=row.sub_ids,
        created_at=row.lead_at or row.sold_at,
        payout=_ZERO if row.payout is None else row.payout,
        is_test=bool(row.is_test),
        data={},
    )


def _keep_data(lead: LeadWork, row: SaleRow) -> None:
    """Other columns are kept with the lead, each as the first row brought it; they are never compared."""
    if row.data and not row.data.keys() <= lead.lead.data.keys():
        lead.lead = msgspec.structs.replace(lead.lead, data=row.data | lead.lead.data)
