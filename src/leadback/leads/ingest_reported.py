"""What a row says was reported before the import: status, fields and return, read and compared."""

from typing import Any

import msgspec

from leadback.catalog.field_values import canonical_value
from leadback.catalog.model import Field, ReturnReason, Status, SubStatus
from leadback.leads.configuration import Configuration
from leadback.leads.ingest_model import Rejection, Reported
from leadback.leads.ingest_rows import shown
from leadback.leads.model import FieldChange, ReturnState, Sale
from leadback.parties.model import BuyerContract


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A row's report in terms of the catalog; None where nothing is said."""

    status: Status | None
    sub_status: SubStatus | None
    fields: tuple[tuple[Field, str], ...]
    """Each value in the one text form of its data type."""
    return_reason: ReturnReason | None
    return_state: str | None


class Reading(msgspec.Struct, frozen=True):
    """What a report changes of a sale: new values, and the fields among them for the ledger."""

    values: dict[str, Any] = {}
    field_changes: tuple[FieldChange, ...] = ()
    columns: tuple[str, ...] = ()
    """The file's columns that differ."""

    def __bool__(self) -> bool:
        return bool(self.columns)


def read_report(reported: Reported, contract: BuyerContract, configuration: Configuration) -> Report | Rejection:
    """The report in terms of the catalog, of which nothing is ever created here."""
    catalog = configuration.catalog
    try:
        status = sub_status = None
        if reported.status:
            status = catalog.status_by_name.get(reported.status)
            if status is None:
                raise ValueError(f"status: no active status is called {shown(reported.status)}")
        if reported.sub_status:
            assert status is not None
            sub_status = catalog.sub_status_by_name.get((status.status_id, reported.sub_status))
            if sub_status is None:
                raise ValueError(
                    f"sub_status: no active sub-status of {shown(status.name)} is called {shown(reported.sub_status)}"
                )
        reason = _return_reason(reported, configuration)
        return Report(
            status=status,
            sub_status=sub_status,
            fields=tuple(_field(name, text, contract, configuration) for name, text in reported.fields),
            return_reason=reason,
            return_state=None if reason is None else reported.return_state or str(ReturnState.SUBMITTED),
        )
    except ValueError as error:
        return Rejection(str(error))


def without_return(report: Report) -> Report:
    """What is left of a report where its return is no longer the file's to tell."""
    return msgspec.structs.replace(report, return_reason=None, return_state=None)


def changes_of_report(report: Report, sale: Sale) -> Reading:
    """What differs from the sale; what the report does not mention stays."""
    values: dict[str, Any] = {}
    columns: list[str] = []
    status, sub_status = report.status, report.sub_status
    if status is not None and status.status_id != sale.status_id:
        columns.append("status")
        # Nothing has been reported yet, so the furthest stage is that of the right status, not of the wrong one.
        values |= {"status_id": status.status_id, "stage_reached": status.stage, "sub_status_id": None}
    if sub_status is not None and sub_status.sub_status_id != sale.sub_status_id:
        columns.append("sub_status")
    if sub_status is not None and columns:
        values |= {"status_id": sub_status.status_id, "sub_status_id": sub_status.sub_status_id}
    field_changes = tuple(
        FieldChange(field.field_id, field.name, sale.field_values.get(field.field_id), value)
        for field, value in report.fields
        if sale.field_values.get(field.field_id) != value
    )
    if field_changes:
        columns += [f"field_{change.field}" for change in field_changes]
        values["field_values"] = sale.field_values | {change.field_id: change.after for change in field_changes}
    if report.return_reason is not None:
        if report.return_reason.return_reason_id != sale.return_reason_id:
            columns.append("return_reason")
        if report.return_state != sale.return_state:
            columns.append("return_state")
        if "return_reason" in columns or "return_state" in columns:
            values |= {
                "return_reason_id": report.return_reason.return_reason_id,
                "return_state": report.return_state,
            }
    return Reading(values, field_changes, tuple(columns))


def _return_reason(reported: Reported, configuration: Configuration) -> ReturnReason | None:
    if not (reported.return_reason or reported.return_reason_id):
        return None
    for reason in configuration.catalog.return_reasons.values():
        if (
            reason.active
            and reported.return_reason in ("", reason.name)
            and reported.return_reason_id in ("", str(reason.return_reason_id))
        ):
            return reason
    given = " ".join(
        f"{column} {shown(text)}"
        for column, text in (("return_reason", reported.return_reason), ("return_reason_id", reported.return_reason_id))
        if text
    )
    raise ValueError(f"There is no active return reason with {given}")


def _field(name: str, text: str, contract: BuyerContract, configuration: Configuration) -> tuple[Field, str]:
    field = configuration.catalog.field_by_name.get(name)
    if (
        field is None
        or (field.vertical_ids and contract.vertical_id not in field.vertical_ids)
        or (field.buyer_ids and contract.buyer_id not in field.buyer_ids)
    ):
        raise ValueError(f"field_{name}: no active field of this vertical and buyer is called {shown(name)}")
    value = canonical_value(field, text, configuration.network.date_format)
    if value is None:
        raise ValueError(f"field_{name}: {shown(text)} is not a {field.data_type} of this field")
    return field, value
