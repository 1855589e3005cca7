"""A served network that two buyers report to: one was given a key, the other moved over from CAKE as it was."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from tests.support.program import Program

SERVICE = "/buyers/api/1/leads.asmx"
NAMESPACE = "http://cakemarketing.com/buyers/api/1/"
LEADS = 150
SOLD_PRICE = "25.0000"
CONTRACT, KEYLESS_CONTRACT = 217, 300
REASONS = [{"return_reason_id": 3, "return_reason_name": "Invalid phone"}]
REASONS += [{"return_reason_id": 8, "return_reason_name": "Naïve <wrong> & 'rude' lead"}]

CATALOG = f"""
[[status]]
name = "Funded"
sub_statuses = ["Full Payment", "Crédit & Co"]

[[status]]
name = "Contacted"

[[field]]
label = "Loan amount"
name = "loan_amount"
type = "Number"

[[return_reason]]
id = {REASONS[0]["return_reason_id"]}
name = "{REASONS[0]["return_reason_name"]}"

[[return_reason]]
id = {REASONS[1]["return_reason_id"]}
name = "{REASONS[1]["return_reason_name"]}"
"""


class Market:
    """Where it is served, the key of the one buyer, and a lead for each who asks."""

    def __init__(self, program: Program, url: str, key: str) -> None:
        self.program = program
        self.url = url
        self.key = key
        self._numbers = count()

    @property
    def host(self) -> str:
        """Host name and port."""
        return self.url.removeprefix("http://")

    @property
    def service(self) -> str:
        """Where CAKE's buyers call."""
        return self.url + SERVICE

    def new_lead(self) -> str:
        """A lead of the buyer that has a key, sold yesterday for 25 and not reported on."""
        return f"K{next(self._numbers):04}"

    def new_keyless_lead(self) -> str:
        """The same of the buyer that has none."""
        return f"F{next(self._numbers):04}"

    def sale(self, lead_id: str) -> dict[str, Any]:
        """The lead's one sale, with its history."""
        (sale,) = self.program.json("lead", "show", lead_id)["sales"]
        found: dict[str, Any] = sale
        return found

    def effects(self, lead_id: str) -> list[tuple[str, str]]:
        """Channel and difference in revenue of each call that was applied to the lead."""
        return [(step["channel"], step["revenue_delta"]) for step in self.sale(lead_id)["steps"]]


@contextmanager
def open_market(program: Program, folder: Path) -> Iterator[Market]:
    """Everything made by commands, and the server started."""
    program.run("init", "--network", "Acme", "--time-zone", "UTC", "--currency", "USD")
    (folder / "catalog.toml").write_text(CATALOG, encoding="utf-8")
    program.run("catalog", "apply", str(folder / "catalog.toml"))
    _write_sales(folder / "sales.csv")
    program.run("import", "sales", str(folder / "sales.csv"), "--create-missing")
    program.run("buyer", "set", "--buyer", "Old Timer", "--accept-keyless", "on", "--allow-network", "127.0.0.0/8")
    key = program.json("key", "create", "--buyer", "Best Buyer")["key"]
    with program.serving("--web-workers", "1") as url:
        yield Market(program, url, key)


def _write_sales(path: Path) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    columns = "lead_id sold_at sold_price buyer buyer_contract buyer_contract_id vertical affiliate campaign"
    traffic = ["Payday", "Northbeam", "Search"]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns.split())
        for number in range(LEADS):
            sold = [yesterday, SOLD_PRICE]
            writer.writerow([f"K{number:04}", *sold, "Best Buyer", "Gold", CONTRACT, *traffic])
            writer.writerow([f"F{number:04}", *sold, "Old Timer", "Silver", KEYLESS_CONTRACT, *traffic])
