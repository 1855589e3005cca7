"""Sends cases twice, looks at the answer and at the database after each, and tells all that is not as it must be."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Final

import msgspec
from sqlalchemy import text

from leadback.kit.database import Database
from tests.buyer_api.wire import Reply
from tests.corpus.answers import Unfit, read_verdict
from tests.corpus.forms import FORM_TYPE, HOST, encoded, nothing, path_of
from tests.corpus.model import Case, whole
from tests.corpus.world import CANARY_LEAD, REVENUE, Sold
from tests.support.seed import Seeded

ENCODINGS: Final = ("utf-8", "utf-16-le", "utf-16-be")

_SNAPSHOT = text("""
    SELECT 'sale ' || lead_key || ' ' || buyer_contract_id, md5(to_jsonb(sale)::text)
    FROM sale WHERE network_id = :network_id AND lead_key <> :canary
    UNION ALL SELECT 'ledger ' || lead_key || ' ' || lead_update.version, md5(to_jsonb(lead_update)::text)
    FROM lead_update JOIN sale USING (network_id, sale_id) WHERE network_id = :network_id AND lead_key <> :canary
    UNION ALL SELECT 'recent ' || lead_key, md5((to_jsonb(recent_answer) - 'state' - 'expires_at')::text)
    FROM recent_answer JOIN sale USING (network_id, sale_id) WHERE network_id = :network_id AND lead_key <> :canary
    UNION ALL SELECT 'key ' || caller || ' ' || operation || ' ' || key, md5(to_jsonb(idempotency_key)::text)
    FROM idempotency_key WHERE network_id = :network_id
    UNION ALL SELECT 'lead ' || lead_key, md5(to_jsonb(lead)::text) FROM lead WHERE network_id = :network_id
    UNION ALL SELECT 'status', md5(string_agg(status::text, ',' ORDER BY status_id))
    FROM status WHERE network_id = :network_id
    UNION ALL SELECT 'field', md5(string_agg(field::text, ',' ORDER BY field_id))
    FROM field WHERE network_id = :network_id
    UNION ALL SELECT 'buyer_contract', md5(string_agg(buyer_contract::text, ',' ORDER BY buyer_contract_id))
    FROM buyer_contract WHERE network_id = :network_id
    UNION ALL SELECT 'buyer', md5(string_agg(buyer::text, ',' ORDER BY buyer_id))
    FROM buyer WHERE network_id = :network_id
    UNION ALL SELECT 'deltas', count(*)::text FROM lead_status_delta WHERE network_id = :network_id AND :deltas
    UNION ALL SELECT 'field_deltas', count(*)::text FROM field_delta WHERE network_id = :network_id AND :deltas
""")
_SALES = text("""
    SELECT lead_key, sale.buyer_contract_id, status.name AS status, sub_status.name AS sub_status, revenue,
        return_reason_id,
        (SELECT jsonb_object_agg(field.name, value) FROM jsonb_each_text(field_values) AS held (field_id, value)
            JOIN field ON field.network_id = sale.network_id AND field.field_id = held.field_id::int) AS fields
    FROM sale
        LEFT JOIN status ON status.network_id = sale.network_id AND status.status_id = sale.status_id
        LEFT JOIN sub_status ON sub_status.network_id = sale.network_id
            AND sub_status.sub_status_id = sale.sub_status_id
    WHERE sale.network_id = :network_id AND lead_key = ANY(:lead_keys)
    ORDER BY lead_key, sale.buyer_contract_id
""")

BATCH: Final = 30

Snapshot = dict[str, str]
Fault = tuple[str, str]
"""Which case, and what is wrong with it."""
Send = Callable[["Prepared"], Awaitable[Reply]]


class Prepared(msgspec.Struct, frozen=True):
    """A request with everything filled in, ready to be sent."""

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Places(msgspec.Struct, frozen=True):
    """What cases speak of and only a run knows."""

    seeded: Seeded
    canary_file: str
    canary_port: int

    @property
    def values(self) -> Mapping[str, str]:
        """By the names cases call them."""
        key = self.seeded.key
        return {
            "{{key}}": key,
            "{{foreign_key}}": self.seeded.other_key,
            "{{basic_user}}": base64.b64encode(f"{key}:".encode()).decode(),
            "{{basic_password}}": base64.b64encode(f"buyer:{key}".encode()).decode(),
            "{{canary_file}}": self.canary_file,
            "{{canary_port}}": str(self.canary_port),
        }


def sold_in(cases: Iterable[Case]) -> list[Sold]:
    """The leads of some cases."""
    return [Sold(case.lead_id, case.sold) for case in cases]


def prepare(case: Case, values: Mapping[str, str]) -> Prepared:
    """A case's request."""

    def filled(data: bytes) -> bytes:
        if b"{\0{" in data or b"{{" in data:
            for name, value in values.items():
                for encoding in ENCODINGS:
                    data = data.replace(name.encode(encoding), value.encode(encoding))
        return data

    headers = [(name.encode("latin-1"), filled(value.encode("latin-1"))) for name, value in case.headers]
    body = filled(whole(case.body))
    if body or case.method in ("POST", "PUT", "PATCH"):
        headers.append((b"Content-Length", str(len(body)).encode()))
    return Prepared(case.method, filled(whole(case.target)), headers, body)


class Replay:
    """Cases against one network, by whatever way requests are sent."""

    def __init__(self, database: Database, places: Places, send: Send, *, deltas: bool = True) -> None:
        self._database = database
        self._network_id = places.seeded.network_id
        self._values = places.values
        self._send = send
        self._parameters = {"network_id": self._network_id, "canary": CANARY_LEAD, "deltas": deltas}
        good = [HOST, ("Content-Type", FORM_TYPE), ("X-Api-Key", places.seeded.key)]
        form = encoded(nothing(lead_id=CANARY_LEAD))
        self._good = Prepared(
            "POST",
            path_of("UpdateLead").encode(),
            [*((name.encode(), value.encode()) for name, value in good), (b"Content-Length", str(len(form)).encode())],
            form,
        )

    async def run(self, cases: list[Case]) -> list[str]:
        """One line for everything that is not as it must be.

        Cases of a batch are sent at once: each has a lead of its own. What must change nothing has batches of its own,
        after which nothing at all may have changed.
        """
        wrong: list[str] = []
        before = await self._snapshot()
        for batch in _batches(cases):
            for turn in ("first", "second"):
                faults, before = await self._try(batch, before, again=turn == "second")
                wrong += [f"{case_id} ({turn} time): {fault}" for case_id, fault in faults]
        return wrong

    async def _try(self, batch: list[Case], before: Snapshot, *, again: bool) -> tuple[list[Fault], Snapshot]:
        faults = [fault for found in await asyncio.gather(*map(self._ask, batch)) for fault in found]
        good = await self._send(self._good)
        together = f"{batch[0].id} to {batch[-1].id}"
        if b"<message>Lead updated</message>" not in good.body:
            faults.append((together, f"the good request after them got {good.body!r}"))
        after = await self._snapshot()
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        if not batch[0].accepted:
            return [*faults, *((together, f"changed {name}") for name in sorted(changed))], after
        for case in batch:
            own = {name for name in changed if name.split(" ")[1:2] == [case.lead_id.upper()]}
            faults += [(case.id, fault) for fault in _wrong_rows(case, own, again=again)]
            changed -= own
        faults += [(together, f"changed {name}") for name in sorted(changed - {"deltas", "field_deltas"})]
        return [*faults, *await self._wrong_sales(batch)], after

    async def _ask(self, case: Case) -> list[Fault]:
        try:
            kind, message = read_verdict(case, await self._send(prepare(case, self._values)))
        except Unfit as error:
            return [(case.id, f"{case.note}: the answer {error}")]
        except Exception as error:  # noqa: BLE001 - no case's misfortune keeps the others from being looked at
            return [(case.id, f"{case.note}: no answer that can be read: {error!r}")]
        wanted = f"must be {case.expect_class} ({case.expect_message!r})"
        if kind in case.classes and case.expect_message in (None, message):
            return []
        return [(case.id, f"{case.note}: is {kind} ({message!r}), {wanted}")]

    async def _snapshot(self) -> Snapshot:
        async with self._database.transaction(self._network_id) as connection:
            rows = await connection.execute(_SNAPSHOT, self._parameters)
            return {row[0]: row[1] for row in rows}

    async def _wrong_sales(self, batch: list[Case]) -> list[Fault]:
        by_key = {case.lead_id.upper(): case for case in batch}
        async with self._database.transaction(self._network_id) as connection:
            parameters = {"network_id": self._network_id, "lead_keys": list(by_key)}
            sales = [dict(row._mapping) for row in await connection.execute(_SALES, parameters)]
        faults = []
        for sale in sales:
            case, contract = by_key[sale.pop("lead_key")], sale.pop("buyer_contract_id")
            found = {name: value for name, value in sale.items() if value is not None}
            found["revenue"] = f"{sale['revenue']:.4f}"
            wanted = {"revenue": f"{REVENUE}"}
            if case.expect_change.get("contract", contract) == contract:
                wanted |= {name: value for name, value in case.expect_change.items() if name != "contract"}
            if found != wanted:
                faults.append((case.id, f"contract {contract} has {found}, must have {wanted}"))
        return faults


def _batches(cases: list[Case]) -> Iterator[list[Case]]:
    for accepted in (False, True):
        alike = [case for case in cases if case.accepted is accepted]
        for start in range(0, len(alike), BATCH):
            yield alike[start : start + BATCH]


def _wrong_rows(case: Case, changed: set[str], *, again: bool) -> Iterator[str]:
    ledger = {name for name in changed if name.startswith("ledger ")}
    rows = 0 if case.sold == "nobody" else 1
    # A repeat of an add or a return is suppressed, everything else is recorded once more.
    if len(ledger) != rows and not (again and not ledger):
        yield f"wrote {len(ledger)} ledger rows, must write {rows}"
    sales = {name for name in changed if name.startswith("sale ")}
    if len(sales) != len(ledger):
        yield f"changed {sorted(sales)}"
    if others := changed - ledger - sales - {f"recent {case.lead_id.upper()}"}:
        yield f"changed {sorted(others)}"
