"""One number is one number: on the page, in each file, in the command's answers, and worked out slowly by hand."""

import csv
import io
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import httpx
import openpyxl
import pytest
from pyarrow import parquet

from leadback.buyer_api.application import BuyerApi
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.settings import Settings
from leadback.leads.update import Updates
from leadback.networks.actions import create_network
from tests.buyer_api.buyer import Buyer
from tests.buyer_api.calls import CHANNELS
from tests.console.browsing import signed_in
from tests.console.report_table import Line, lines_of, read_page
from tests.support.deeds import (
    CAMPAIGNS,
    CONTRACTS,
    FIELDS,
    REASONS,
    STATUSES,
    Answer,
    Corrected,
    Decided,
    Deed,
    Question,
    Said,
    Sale,
    Standing,
    do,
    draw_deed,
    draw_sales,
    slow_answer,
    stand,
)
from tests.support.program import Program

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

PATH = "/reports/lead-status"
INACTIVE = ("Old", "Gone")
"""Statuses that are switched off after they were used; the second has no sale left on the days that are looked at."""
SALES_COLUMNS = "sale_ref lead_id sold_at sold_price payout buyer buyer_contract buyer_contract_id vertical \
affiliate campaign offer sub_id_1 sale_type is_test status sub_status".split()
RATIO_STEP = Fraction(1, 10_000)
"""Files have ratios to four decimals."""
RATIOS = {
    "ratio:coverage": ("updated_by_buyer", "sales"),
    "ratio:contact": ("reached:contacted", "sales"),
    "ratio:qualified": ("reached:qualified", "sales"),
    "ratio:conversion": ("reached:converted", "sales"),
    "ratio:funded": ("reached:funded", "sales"),
    "ratio:margin": ("margin", "revenue"),
}
SHARES = ("status:", "sub_status:", "no_status", "reached:")
QUESTIONS = [
    Question(by=("campaign",)),
    Question(by=("buyer", "day")),
    Question(by=("affiliate",), show_changes=True),
    Question(by=("campaign",), show_sub_status=True),
    Question(by=("buyer_contract", "month"), show_changes=True, show_sub_status=True),
    Question(by=("day",), filters=(("buyer", "Acme"), ("buyer", "Zenith"), ("sub_id_1", "fb1"))),
    Question(by=("vertical",), filters=(("status", "Old"), ("status", "Funded"), ("updated", "yes"))),
    Question(by=("sale_type", "offer")),
]


@dataclass
class Network:
    """A network that is driven from outside alone, and the list of what was done to it."""

    database: Database
    network_id: int
    program: Program
    zone: ZoneInfo
    folder: Path
    deeds: list[Deed] = field(default_factory=list)
    buyers: dict[str, Buyer] = field(default_factory=dict)

    def begin(self, api: BuyerApi, sales: Sequence[Sale]) -> None:
        """The catalog, the sales, and a key for every buyer."""
        self._apply_catalog(list(STATUSES))
        self._import(sales, "--create-missing")
        self.deeds += sales
        for contract, (buyer, _, _) in CONTRACTS.items():
            self.program.run("contract", "set", "--contract", contract, "--max-return-age-days", "3650")
            if buyer not in self.buyers:
                key = self.program.json("key", "create", "--buyer", buyer)["key"]
                self.buyers[buyer] = Buyer(self.database, api, self.network_id, key)

    def deactivate(self, names: Sequence[str]) -> None:
        """No new update may name them."""
        self._apply_catalog([name for name in STATUSES if name not in names], "--deactivate-missing")

    async def live(self, dice: random.Random, steps: int, *, corrects: bool) -> None:
        """Random deeds, each by the door it comes through."""
        sales = stand(self.deeds)
        for _ in range(steps):
            deed = draw_deed(dice, sales, corrects=corrects)
            await self._do(dice, sales[deed.sale_ref], deed)
            do(sales, deed)
            self.deeds.append(deed)

    async def _do(self, dice: random.Random, standing: Standing, deed: Deed) -> None:
        sale = standing.sale
        addressed = ("--lead", sale.lead_id, "--contract", sale.contract, "--buyer", CONTRACTS[sale.contract][0])
        match deed:
            case Said() if deed.by_buyer:
                given = {
                    "lead_id": sale.lead_id,
                    "buyer_contract_id": str(CONTRACTS[sale.contract][2]),
                    "status": deed.status,
                    "sub_status": deed.sub_status,
                    "amount": "" if deed.amount is None else str(deed.amount),
                    "add_to_existing": str(deed.adds).lower(),
                    "field_name": deed.field_name,
                    "field_value": deed.field_value,
                    "return_reason_id": str(deed.reason),
                }
                told = await self.buyers[CONTRACTS[sale.contract][0]].told(dice.choice(CHANNELS), **given)
                assert told == "Lead updated", deed
            case Said():
                self._correct(addressed, deed)
            case Decided():
                decision = {"credited": "credit", "replaced": "replace", "rejected": "reject"}[deed.state]
                note = ("--note", "It rings.") if decision == "reject" else ()
                self.program.run("returns", decision, *addressed, *note)
            case Corrected():
                self._import([sale], "--correct", changes=_corrected(standing, deed))

    def _correct(self, addressed: Sequence[str], deed: Said) -> None:
        arguments = [f"--{name}={value}" for name, value in _named(deed)]
        self.program.run("lead", "correct", *addressed, *arguments)

    def _import(self, sales: Iterable[Sale], *options: str, changes: dict[str, str] | None = None) -> None:
        path = self.folder / "sales.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, SALES_COLUMNS)
            writer.writeheader()
            for sale in sales:
                writer.writerow(_row(sale, self.zone) | (changes or {}))
        self.program.run("import", "sales", str(path), *options)

    def _apply_catalog(self, statuses: Sequence[str], *options: str) -> None:
        stages = ("none", "contacted", "qualified", "converted", "funded")
        items = []
        for name in statuses:
            stage, sub_statuses = STATUSES[name]
            listed = json.dumps(sub_statuses)
            items.append(f'[[status]]\nname = "{name}"\nstage = "{stages[stage]}"\nsub_statuses = {listed}\n')
        for name, summary in FIELDS.items():
            items.append(f'[[field]]\nlabel = "{name}"\nname = "{name}"\ntype = "Number"\nsummary = "{summary}"\n')
        for number, name in REASONS.items():
            items.append(f'[[return_reason]]\nid = {number}\nname = "{name}"\n')
        path = self.folder / "catalog.toml"
        path.write_text("\n".join(items), encoding="utf-8")
        self.program.run("catalog", "apply", str(path), *options)


def _row(sale: Sale, zone: ZoneInfo) -> dict[str, str]:
    """As a sales file has it; every other moment in the network's own time, where that can be told apart."""
    buyer, vertical, number = CONTRACTS[sale.contract]
    affiliate, offer = CAMPAIGNS[sale.campaign]
    local = sale.sold_at.astimezone(zone).replace(tzinfo=None)
    is_told = local.replace(tzinfo=zone).astimezone(UTC) == sale.sold_at
    return {
        "sale_ref": sale.sale_ref,
        "lead_id": sale.lead_id,
        "sold_at": local.isoformat() if is_told and number % 2 else sale.sold_at.isoformat(),
        "sold_price": str(sale.sold_price),
        "payout": str(sale.payout),
        "buyer": buyer,
        "buyer_contract": sale.contract,
        "buyer_contract_id": str(number),
        "vertical": vertical,
        "affiliate": affiliate,
        "campaign": sale.campaign,
        "offer": offer,
        "sub_id_1": sale.sub_id_1,
        "sale_type": sale.sale_type,
        "is_test": str(sale.is_test).lower(),
        "status": sale.status,
        "sub_status": sale.sub_status,
    }


def _corrected(standing: Standing, deed: Corrected) -> dict[str, str]:
    return {
        "sold_at": (deed.sold_at or standing.sold_at).isoformat(),
        "sold_price": str(standing.sold_price if deed.sold_price is None else deed.sold_price),
        "payout": str(standing.payout if deed.payout is None else deed.payout),
        "status": "",
        "sub_status": "",
    }


def _named(deed: Said) -> Iterable[tuple[str, str]]:
    if deed.status:
        yield "status", deed.status
    if deed.sub_status:
        yield "sub-status", deed.sub_status
    if deed.amount is not None:
        yield "add" if deed.adds else "overwrite", str(deed.amount)
    if deed.field_name:
        yield "field", f"{deed.field_name}={deed.field_value}"


@pytest.mark.parametrize(
    ("time_zone", "change", "seed"),
    # One puts its clocks forward by an hour, the other back by half of one.
    [("America/New_York", date(2026, 3, 8), 1), ("Australia/Lord_Howe", date(2026, 4, 5), 2)],
)
async def test_every_number_is_the_same_wherever_it_is_read(
    database: Database,
    database_url: str,
    migration_database_url: str,
    tmp_path: Path,
    time_zone: str,
    change: date,
    seed: int,
) -> None:
    name = f"equal numbers {time_zone} {now()}"
    network_id = await create_network(database, name=name, time_zone=time_zone, currency="USD", now=now())
    addresses = {"LEADBACK_DATABASE_URL": database_url, "LEADBACK_MIGRATION_DATABASE_URL": migration_database_url}
    program = Program(addresses | {"LEADBACK_NETWORK": str(network_id)})
    network = Network(database, network_id, program, ZoneInfo(time_zone), tmp_path)
    dice = random.Random(seed)
    updates = Updates(database)
    network.begin(BuyerApi(updates, Settings()), draw_sales(dice, network.zone, change, 45))
    await network.live(dice, 90, corrects=False)
    moment, done = now(), len(network.deeds)
    await network.live(dice, 60, corrects=True)
    await updates.close()
    network.deactivate(INACTIVE)
    days = (change - timedelta(days=9), change + timedelta(days=9))
    check_that_the_zone_matters(network, change)
    async with signed_in(database, network_id) as client:
        for question in QUESTIONS:
            wanted = answer(network, network.deeds, question, days)
            assert wanted.rows, question
            await check_everywhere(network, client, question, days, wanted)
        for question in QUESTIONS[1:4]:
            wanted = answer(network, network.deeds[:done], question, days)
            await check_everywhere(network, client, question, days, wanted, as_of=moment)
            assert wanted != answer(network, network.deeds, question, days)


def answer(network: Network, deeds: Sequence[Deed], question: Question, days: tuple[date, date]) -> Answer:
    active = [status for status in STATUSES if status not in INACTIVE]
    return slow_answer(deeds, question, network.zone, days, active)


def check_that_the_zone_matters(network: Network, change: date) -> None:
    """Some sales are of another day in UTC, and some if the clocks had not been changed."""
    moments = [standing.sold_at for standing in stand(network.deeds).values()]
    offset = datetime(change.year, change.month, change.day, tzinfo=network.zone).utcoffset()
    assert offset is not None
    local = [moment.astimezone(network.zone).date() for moment in moments]
    assert local != [moment.date() for moment in moments]
    late = [(moment, day) for moment, day in zip(moments, local, strict=True) if day > change]
    assert [day for _, day in late] != [(moment + offset).date() for moment, _ in late]


async def check_everywhere(
    network: Network,
    client: httpx.AsyncClient,
    question: Question,
    days: tuple[date, date],
    wanted: Answer,
    as_of: datetime | None = None,
) -> None:
    """The page, the four files it gives, and what the command prints; what it writes as well, once for each network."""
    asked = [("from", days[0].isoformat()), ("to", days[1].isoformat()), *(("by", name) for name in question.by)]
    asked += [("filter", f"{name}={value}") for name, value in question.filters]
    asked += [("changes", "on")] * question.show_changes + [("sub", "on")] * question.show_sub_status
    asked += [] if as_of is None else [("as_of", as_of.isoformat())]
    asked += [("column", name) for name in columns_on_page(wanted)]
    page = await client.get(f"{PATH}?{urlencode(asked)}")
    assert page.status_code == 200, page.text
    check_page(lines_of(read_page(page)), wanted, question)
    for form in ("json", "csv", "xlsx", "parquet"):
        exported = await client.get(f"{PATH}/export?{urlencode([*asked, ('format', form)])}")
        assert exported.status_code == 200, exported.text
        check_rows(read_rows(form, exported.content), wanted, question)
    command = ["report", "lead-status", f"--from={days[0]}", f"--to={days[1]}", f"--by={','.join(question.by)}"]
    command += [f"--filter={name}={value}" for name, value in question.filters]
    command += ["--show-changes"] * question.show_changes + ["--show-sub-status"] * question.show_sub_status
    command += [] if as_of is None else [f"--as-of={as_of.isoformat()}"]
    for form in ("json", "csv"):
        printed = network.program.run(*command, "--format", form).stdout
        check_rows(read_rows(form, printed.encode()), wanted, question)
    for form in ("xlsx", "parquet") if question == QUESTIONS[3] and as_of is None else ():
        path = network.folder / f"report.{form}"
        network.program.run_apart(*command, "--output", str(path))
        check_rows(read_rows(form, path.read_bytes()), wanted, question)


def columns_on_page(wanted: Answer) -> list[str]:
    """Every column that can be asked for, by its name in the address."""
    names = [name.rpartition(":")[0] if name.startswith("field:") else name for name in wanted.totals]
    return list(dict.fromkeys([*names, *RATIOS, "ratio:returned", "ratio:revenue_per_sale"]))


def check_page(lines: Sequence[Line], wanted: Answer, question: Question) -> None:
    """Every cell of every row, and the totals; the page rounds amounts to cents."""
    assert [line.name for line in lines[:1]] == ["Total"]
    assert len(lines) == 1 + len(wanted.rows)
    for line, (key, numbers) in zip(lines, [((), wanted.totals), *wanted.rows], strict=True):
        assert all(name in line.name for name in key), (line.name, key)
        for column, value in numbers.items():
            name = column.rpartition(":")[0] if column.startswith("field:") else column
            if column.startswith("sub_status:") and not _is_shown(column, wanted, question):
                continue
            if column == "field:income:count":
                continue
            cell = line.cells[name]
            assert is_about(cell.text, value), (question, line.name, column, cell.text, value)
            if column.startswith(SHARES) and cell.share:
                assert is_about(cell.share, _ratio(value, numbers["sales"])), (line.name, column, cell.share)
        for name, (part, whole) in RATIOS.items():
            exact = _ratio(numbers[part], numbers[whole])
            assert is_about(line.cells[name].text, exact), (line.name, name, line.cells[name].text, exact)
        returned = Decimal(numbers["returns:credited"] or 0) + Decimal(numbers["returns:replaced"] or 0)
        assert is_about(line.cells["ratio:returned"].text, _ratio(returned, numbers["sales"]))
        each = line.cells["ratio:revenue_per_sale"].text
        assert is_about(each, Fraction(numbers["revenue"] or 0) / Fraction(numbers["sales"] or 0)), (line.name, each)


def check_rows(found: list[dict[str, Any]], wanted: Answer, question: Question) -> None:
    """Every number of every row of a file, totals first; a column that is not known here does no harm."""
    assert len(found) == 1 + len(wanted.rows)
    for row, (key, numbers) in zip(found, [((), wanted.totals), *wanted.rows], strict=True):
        assert [row[name] or "" for name in question.by][: len(key)] == list(key)
        for column, value in numbers.items():
            if column.startswith("sub_status:") and not _is_shown(column, wanted, question):
                continue
            assert _as_number(row[column]) == value, (question, key, column)
        for name, (part, whole) in RATIOS.items():
            found_ratio, exact = _as_number(row[name]), _ratio(numbers[part], numbers[whole])
            assert (found_ratio is None) == (exact is None), (question, key, name)
            if found_ratio is not None and exact is not None:
                assert abs(Fraction(found_ratio) - exact) <= RATIO_STEP / 2, (question, key, name)
    statuses = [name.removeprefix("status:") for name in found[0] if name.startswith("status:")]
    assert statuses == wanted.statuses
    assert ("leads" in wanted.totals) or _as_number(found[0].get("leads")) is None


def read_rows(form: str, content: bytes) -> list[dict[str, Any]]:
    """A file's rows by the names of its columns, as another library reads them."""
    match form:
        case "json":
            document = json.loads(content)
            if "by" not in document:  # of chosen columns it is a table, as the other files are
                return list(document["rows"])
            return [flat(row) for row in (dict.fromkeys(document["by"]) | document["totals"], *document["rows"])]
        case "csv":
            return list(csv.DictReader(io.StringIO(content.decode())))
        case "xlsx":
            names, *rows = openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)
            return [dict(zip(names, row, strict=True)) for row in rows]
        case _:
            return list(parquet.read_table(io.BytesIO(content)).to_pylist())


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the JSON document by the names of a file's columns; a sub-status it has no sales of is not in it."""
    found = {name: value for name, value in row.items() if not isinstance(value, dict)}
    for status, count in row["statuses"].items():
        found[f"status:{status}"] = count["sales"]
        for sub_status in STATUSES[status][1]:
            found[f"sub_status:{status}/{sub_status}"] = count["sub_statuses"].get(sub_status, 0)
    for name, summary in row["fields"].items():
        found |= {f"field:{name}:{kind}": value for kind, value in summary.items()}
    for part in ("returns", "reached"):
        found |= {f"{part}:{name}": value for name, value in row[part].items()}
    return found | {f"ratio:{name}": value for name, value in row["ratios"].items()}


def is_about(text: str, value: Decimal | Fraction | int | None) -> bool:
    """Whether a cell's text is the number, rounded to the digits that it shows; `–` is none."""
    if value is None or text == "–":
        return text == "–" and value is None
    plain = text.replace(",", "").replace("\N{MINUS SIGN}", "-")
    shown = Decimal(plain.removesuffix("%"))
    places = -int(shown.as_tuple().exponent)
    exact = Fraction(value) * (100 if text.endswith("%") else 1)
    return abs(Fraction(shown) - exact) <= Fraction(1, 2 * 10**places)


def _is_shown(column: str, wanted: Answer, question: Question) -> bool:
    """Sub-statuses have columns where they are asked for, and only those that some sale has."""
    return question.show_sub_status and wanted.totals[column] != 0


def _ratio(part: Decimal | int | None, whole: Decimal | int | None) -> Fraction | None:
    return Fraction(part or 0) / Fraction(whole) if whole else None


def _as_number(value: Any) -> Decimal | None:
    return None if value in (None, "") else Decimal(str(value))
