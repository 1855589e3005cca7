"""Buyer Reporting as a table of an export: totals first, then a row for each buyer and, where asked for, contract."""

from typing import Any, Final

from leadback.kit.tabular import Column, Kind, Row, Table
from leadback.networks.model import Network
from leadback.reports.buyer_reporting_model import (
    BuyerReporting,
    BuyerReportingReport,
    ContractReporting,
    ReportingNumbers,
)

KEY: Final = {
    "row_kind": Kind.TEXT,
    "buyer_id": Kind.COUNT,
    "buyer": Kind.TEXT,
    "buyer_contract_id": Kind.COUNT,
    "buyer_contract": Kind.TEXT,
}
NUMBERS: Final = {
    name: Kind.NUMBER if name.endswith("coverage") else Kind.MOMENT if name == "last_update" else Kind.COUNT
    for name in ReportingNumbers.__struct_fields__
}
OF_BUYER: Final = {
    "lead_statuses": Kind.BOOL,
    "silent": Kind.BOOL,
    "usual_lag_seconds": Kind.COUNT,
    "usual_lag_known": Kind.BOOL,
    "usual_interval_days": Kind.COUNT,
    "silent_after_days": Kind.COUNT,
    "sales_past_lag": Kind.COUNT,
    "sales_at_risk": Kind.COUNT,
    "failed_calls": Kind.COUNT,
    "last_call": Kind.MOMENT,
}


def buyer_reporting_table(
    report: BuyerReportingReport, network: Network, *, contracts: bool
) -> tuple[Table, list[Row]]:
    """The report's columns and rows; what only buyers have is empty for the totals and for contracts."""
    columns = tuple(Column(name, kind) for name, kind in (KEY | NUMBERS | OF_BUYER).items())
    totals = report.totals
    together = {"sales_at_risk": totals.sales_at_risk, "failed_calls": sum(totals.failed_calls.values())}
    rows = [_row(network, {"row_kind": "total"}, totals.numbers, together)]
    for row in report.rows:
        key = {"buyer_id": row.buyer_id, "buyer": row.buyer}
        rows.append(_row(network, {"row_kind": "buyer"} | key, row.numbers, _of_buyer(row)))
        rows += [_contract(network, key, item) for item in row.contracts if contracts]
    return Table("Buyer Reporting", columns), rows


def _contract(network: Network, key: dict[str, Any], contract: ContractReporting) -> Row:
    own = {"buyer_contract_id": contract.buyer_contract_id, "buyer_contract": contract.buyer_contract}
    return _row(network, {"row_kind": "contract"} | key | own, contract.numbers, {})


def _of_buyer(row: BuyerReporting) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in OF_BUYER}
    return values | {"failed_calls": sum(row.failed_calls.values())}


def _row(network: Network, key: dict[str, Any], numbers: ReportingNumbers, own: dict[str, Any]) -> Row:
    values = key | {name: getattr(numbers, name) for name in NUMBERS} | own
    for name in ("last_update", "last_call"):
        if values.get(name) is not None:
            values[name] = network.local(values[name])
    return [values.get(name) for name in (*KEY, *NUMBERS, *OF_BUYER)]
