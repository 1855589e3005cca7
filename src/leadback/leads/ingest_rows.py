"""The columns of a sales file, and one row's texts converted to values."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter
from typing import Final
from zoneinfo import ZoneInfo

from leadback.catalog.model import Catalog
from leadback.kit.columns import MONEY_MAX
from leadback.kit.errors import Refused
from leadback.leads.ingest_model import CampaignNames, ContractNames, Rejection, Reported, SaleRow, SourceRow
from leadback.leads.model import ReturnState, SaleType
from leadback.networks.model import Network

TEXT_LENGTH_MAX: Final = 255
DATA_LENGTH_MAX: Final = 4000
AMOUNT_LENGTH_MAX: Final = 32
COLUMNS_MAX: Final = 500
AMOUNTS_REMEMBERED_MAX: Final = 1 << 16
SHOWN_LENGTH_MAX: Final = 60
AHEAD_MAX: Final = timedelta(days=1)
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)

SUB_IDS: Final = ("sub_id_1", "sub_id_2", "sub_id_3", "sub_id_4", "sub_id_5")
_PLAIN: Final = (
    "lead_id", "sold_at", "sold_price", "payout", "buyer_lead_id", "lead_at", "sale_ref", "sale_type", "returnable",
    "is_test", "currency", "replaces_sale_ref",
)  # fmt: skip
_REPORTED: Final = ("status", "sub_status", "return_reason", "return_reason_id", "return_state")
# In this order a row's cells are taken, whatever order the file has.
COLUMNS: Final = (*ContractNames._fields, *CampaignNames._fields, *SUB_IDS, *_REPORTED, *_PLAIN)
FIELD_PREFIX: Final = "field_"
NEEDED: Final = (
    ("lead_id",), ("sold_at",), ("sold_price",),
    ("buyer_contract", "buyer_contract_id"), ("campaign", "campaign_id"),
)  # fmt: skip

_CAMPAIGN: Final = len(ContractNames._fields)
_SUB_IDS: Final = _CAMPAIGN + len(CampaignNames._fields)
_STATUS: Final = _SUB_IDS + len(SUB_IDS)
_REST: Final = _STATUS + len(_REPORTED)

_LEAD_ID = re.compile(r"[A-Za-z0-9_-]{1,50}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_AMOUNT = re.compile(r"([+-]?)[$£]?((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.[0-9]{1,4})?|\.[0-9]{1,4})")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BOOLS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_STEP: Final = Decimal("0.0001")


class RowReader:
    """Reads the rows of one file: its columns found once, each row converted by them."""

    def __init__(self, header: Sequence[str], network: Network, catalog: Catalog) -> None:
        """Raises `Refused` where a needed column is missing or a `field_…` column names no active field."""
        check_header(header, catalog)
        self.network = network
        self._zone = network.zone
        self.width = len(header)
        places = {name: place for place, name in enumerate(header)}
        # An absent column is found at the end, where `read` puts a blank.
        self._take = itemgetter(*(places.get(name, self.width) for name in COLUMNS))
        self._fields = [(name.removeprefix(FIELD_PREFIX), place) for name, place in places.items() if _is_field(name)]
        self._data = [(name, place) for name, place in places.items() if name not in COLUMNS and not _is_field(name)]

    def read(self, source: SourceRow, now: datetime) -> SaleRow | Rejection:
        """The row's values, or the first thing that is wrong with its texts."""
        cells = source.cells
        if len(cells) != self.width:
            return Rejection(f"The row has {len(cells)} values, the header {self.width}")
        joined = "".join(cells)
        if not joined.isprintable() and _FORBIDDEN.search(joined):
            return Rejection("A value contains a control character or one that XML forbids")
        taken = tuple(map(str.strip, self._take([*cells, ""])))
        if len(max(cells, key=len)) > TEXT_LENGTH_MAX:
            too_long = self._too_long(cells, taken)
            if too_long is not None:
                return too_long
        try:
            return self._convert(cells, taken, now)
        except ValueError as error:
            return Rejection(str(error))

    def _convert(self, cells: list[str], taken: tuple[str, ...], now: datetime) -> SaleRow:
        (
            lead_id, sold_at, sold_price, payout, buyer_lead_id, lead_at, sale_ref, sale_type, returnable,
            is_test, currency, replaces_sale_ref,
        ) = taken[_REST:]  # fmt: skip
        if not _LEAD_ID.fullmatch(lead_id):
            raise ValueError(f"lead_id: {shown(lead_id)} is not 1 to 50 letters, digits, hyphens and underscores")
        if not sold_at:
            raise ValueError("sold_at is blank")
        if currency and currency.upper() != self.network.currency:
            raise ValueError(f"currency: {shown(currency)} is not the network's currency {self.network.currency}")
        if sale_type and sale_type not in _SALE_TYPES:
            raise ValueError(f"sale_type: {shown(sale_type)} is none of {', '.join(_SALE_TYPES)}")
        fields = tuple((name, cells[place]) for name, place in self._fields if cells[place])
        reported = None
        if fields or any(taken[_STATUS:_REST]):
            reported = _reported(taken[_STATUS:_REST], fields)
        return SaleRow(
            lead_id=lead_id,
            lead_key=lead_id.upper(),
            sold_at=_moment("sold_at", sold_at, self._zone, now),
            sold_price=_money("sold_price", sold_price) if sold_price else None,
            payout=_money("payout", payout) if payout else None,
            contract=ContractNames._make(taken[:_CAMPAIGN]),
            campaign=CampaignNames._make(taken[_CAMPAIGN:_SUB_IDS]),
            sub_ids=taken[_SUB_IDS:_STATUS],
            buyer_lead_id=buyer_lead_id or None,
            lead_at=_moment("lead_at", lead_at, self._zone, now) if lead_at else None,
            sale_ref=sale_ref or None,
            sale_type=sale_type or None,
            returnable=_boolean("returnable", returnable) if returnable else None,
            is_test=_boolean("is_test", is_test) if is_test else None,
            reported=reported,
            replaces_sale_ref=replaces_sale_ref or None,
            data={name: cells[place] for name, place in self._data if cells[place]},
        )

    def _too_long(self, cells: list[str], taken: tuple[str, ...]) -> Rejection | None:
        for name, text in zip(COLUMNS, taken, strict=True):
            if len(text) > TEXT_LENGTH_MAX:
                return Rejection(f"{name} has {len(text)} characters; at most {TEXT_LENGTH_MAX} are allowed")
        # A field's length is for its data type to judge.
        for name, place in self._data:
            if len(cells[place]) > DATA_LENGTH_MAX:
                return Rejection(f"{name} has {len(cells[place])} characters; at most {DATA_LENGTH_MAX} are allowed")
        return None


def check_header(header: Sequence[str], catalog: Catalog) -> None:
    """Raise `Refused` unless every needed column is there, once, and every `field_…` column names an active field."""
    if len(header) > COLUMNS_MAX:
        raise Refused(f"The file has {len(header)} columns; at most {COLUMNS_MAX} are allowed.")
    missing = [" or ".join(names) for names in NEEDED if not set(names).intersection(header)]
    if missing:
        raise Refused(
            f"The file lacks {', '.join(missing)}. Its columns are {', '.join(header)}; ours are {', '.join(COLUMNS)}"
            f" and {FIELD_PREFIX}<name of a field>. Rename columns with --map THEIRS=OURS, or give every row the same"
            " value with --set OURS=VALUE."
        )
    for name in header:
        if _is_field(name) and name.removeprefix(FIELD_PREFIX) not in catalog.field_by_name:
            known = ", ".join(sorted(catalog.field_by_name)) or "none"
            raise Refused(f"The column {name} names no active field; the active fields are: {known}.")


def parse_moment(text: str, zone: ZoneInfo) -> datetime:
    """A moment in UTC from ISO 8601; `ValueError` says what is wrong.

    Without an offset the zone's local time is meant: the first of an ambiguous hour, never one that the clock skips. A
    bare date is its midnight.
    """
    if not _MOMENT.fullmatch(text):
        raise ValueError(f"{shown(text)} is not a date or time such as 2026-03-31 or 2026-03-31T14:05:00-05:00")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{shown(text)} is not a date or time: {error}") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
        # Where the clock is put forward the later offset is the larger: the time between does not exist.
        if (moment.utcoffset() or timedelta()) < (moment.replace(fold=1).utcoffset() or timedelta()):
            raise ValueError(f"{shown(text)} does not exist in {zone.key}: the clock skips it")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{shown(text)} is out of range") from error


@lru_cache(maxsize=AMOUNTS_REMEMBERED_MAX)
def parse_money(text: str) -> Decimal:
    """An amount of zero or more with four decimals; `ValueError` says what is wrong.

    As in updates, and a leading `$` or `£` is accepted: prices come from spreadsheets.
    """
    match = _AMOUNT.fullmatch(text) if len(text) <= AMOUNT_LENGTH_MAX else None
    if match is None:
        raise ValueError(f"{shown(text)} is not an amount such as 1234.50")
    amount = Decimal(match[2].replace(",", "")).quantize(_STEP)
    if match[1] == "-" and amount:
        raise ValueError(f"{shown(text)} is negative")
    if amount > MONEY_MAX:
        raise ValueError(f"{shown(text)} is more than {MONEY_MAX}")
    return amount


def shown(text: str) -> str:
    """A value as a reason quotes it."""
    return repr(text if len(text) <= SHOWN_LENGTH_MAX else text[:SHOWN_LENGTH_MAX] + "…")


def _moment(column: str, text: str, zone: ZoneInfo, now: datetime) -> datetime:
    try:
        moment = parse_moment(text, zone)
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from error
    if moment > now + AHEAD_MAX:
        raise ValueError(f"{column}: {shown(text)} is in the future")
    if moment < EARLIEST:
        raise ValueError(f"{column}: {shown(text)} is before {EARLIEST.year}")
    return moment


def _money(column: str, text: str) -> Decimal:
    try:
        return parse_money(text)
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from error


def _boolean(column: str, text: str) -> bool:
    value = _BOOLS.get(text.lower())
    if value is None:
        raise ValueError(f"{column}: {shown(text)} is none of true, false, yes, no, 1, 0")
    return value


def _reported(taken: tuple[str, ...], fields: tuple[tuple[str, str], ...]) -> Reported:
    status, sub_status, return_reason, return_reason_id, return_state = taken
    if sub_status and not status:
        raise ValueError(f"sub_status {shown(sub_status)} is given without a status")
    if return_state and return_state not in _RETURN_STATES:
        raise ValueError(f"return_state: {shown(return_state)} is none of {', '.join(_RETURN_STATES)}")
    if return_state and not (return_reason or return_reason_id):
        raise ValueError(f"return_state {shown(return_state)} is given without a return_reason")
    return Reported(
        status=status,
        sub_status=sub_status,
        fields=fields,
        return_reason=return_reason,
        return_reason_id=return_reason_id,
        return_state=return_state,
    )


def _is_field(name: str) -> bool:
    return name.startswith(FIELD_PREFIX)


_SALE_TYPES: Final = tuple(str(item) for item in SaleType)
_RETURN_STATES: Final = tuple(str(item) for item in ReturnState)
