"""Two servers on one database, and commands beside them: nothing is lost, doubled, deadlocked or out of date."""

import csv
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import msgspec
import pytest

from tests.support.program import Program

PATH = "/buyers/api/1/leads.asmx/UpdateLead"
TRIES = 5
LEADS = [f"LEAD{number:02}" for number in range(30)]

# Each of many commands is a program of its own.
pytestmark = pytest.mark.timeout(600)

CATALOG = """
[[status]]
name = "Funded"

[[status]]
name = "Contacted"
"""


class Servers(msgspec.Struct, frozen=True):
    """The program, both servers' addresses, and keys of the one buyer."""

    program: Program
    addresses: list[str]
    key: str
    folder: Path
    stop: Callable[[], None]
    """End both, politely."""

    def update(self, server: int, lead_id: str, key: str = "", **given: str) -> str:
        """One call to one of the servers; the body of its answer."""
        empty = {"buyer_contract_id": "0", "status": "", "sub_status": "", "amount": "", "add_to_existing": ""}
        empty |= {"field_name": "", "field_value": "", "return_reason_id": "0", "lead_id": lead_id}
        headers = {"X-Api-Key": key or self.key}
        for _ in range(TRIES):
            answer = httpx.get(self.addresses[server] + PATH, params=empty | given, headers=headers, timeout=30)
            if answer.status_code == 200:
                return answer.text
            # What a buyer does when a busy machine was too slow: the same again, under the same idempotency key.
            assert (answer.status_code, "Something Broken" in answer.text) == (503, True)
        pytest.fail(f"503 for {TRIES} times")

    def revenue(self) -> str:
        """The report's revenue of all sales."""
        report = self.program.json("report", "lead-status", "--from", "2026-01-01", "--to", "2026-01-31")
        revenue: str = report["totals"]["revenue"]
        return revenue


@pytest.fixture(scope="module")
def servers(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("two-servers")
    with ExitStack() as running:
        program.run("init", "--network", "Acme", "--time-zone", "UTC", "--currency", "USD")
        (folder / "catalog.toml").write_text(CATALOG)
        program.run("catalog", "apply", str(folder / "catalog.toml"))
        with (folder / "sales.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow("lead_id sold_at sold_price buyer buyer_contract vertical affiliate campaign".split())
            for lead_id in [*LEADS, "HOT"]:
                writer.writerow([lead_id, "2026-01-15", "0", "Big Lender", "Gold", "Payday", "Northbeam", "Search"])
        program.run("import", "sales", str(folder / "sales.csv"), "--create-missing")
        key = program.json("key", "create", "--buyer", "Big Lender")["key"]
        addresses = [running.enter_context(program.serving("--web-workers", "1")) for _ in range(2)]
        yield Servers(program, addresses, key, folder, running.close)


def test_every_change_beside_them_holds_for_the_next_call(servers: Servers) -> None:
    """One test, because each step needs the one before: calls, switches, and what the report says in the end."""
    sixty_four_threads_add_to_one_sale(servers)
    the_same_keys_in_opposite_order(servers)
    a_revoked_key_is_refused_at_once(servers)
    a_deactivated_status_is_refused_at_once(servers)
    a_switch_off_is_refused_at_once(servers)
    a_stop_leaves_when_and_from_where_keys_were_used(servers)


def sixty_four_threads_add_to_one_sale(servers: Servers) -> None:
    def add(number: int) -> None:
        for turn in range(5):
            parameters = {"amount": "1.25", "add_to_existing": "true", "idempotency_key": f"{number} {turn}"}
            assert "Lead updated" in servers.update(number % 2, "HOT", **parameters)

    with ThreadPoolExecutor(64) as threads:
        list(threads.map(add, range(64)))
    assert servers.revenue() == "400.0000"


def the_same_keys_in_opposite_order(servers: Servers) -> None:
    def add(server: int, lead_id: str) -> str:
        parameters = {"amount": "1", "add_to_existing": "true", "idempotency_key": f"once {lead_id}"}
        return servers.update(server, lead_id, **parameters)

    with ThreadPoolExecutor(32) as threads:
        calls = [
            threads.submit(add, server, lead_id)
            for server, order in ((0, LEADS), (1, LEADS[::-1]), (1, LEADS), (0, LEADS[::-1]))
            for lead_id in order
        ]
        answers = [call.result() for call in calls]
    assert all("Lead updated" in answer for answer in answers)
    assert servers.revenue() == "430.0000"


def a_revoked_key_is_refused_at_once(servers: Servers) -> None:
    created = servers.program.json("key", "create", "--buyer", "Big Lender")
    for server in (0, 1):
        assert "Lead updated" in servers.update(server, "HOT", created["key"], status="Funded")
    listed = servers.program.json("key", "list")
    newest = max(key["api_key_id"] for key in listed)
    servers.program.run("key", "revoke", "--key-id", str(newest))
    for server in (0, 1):
        assert "Invalid API Key" in servers.update(server, "HOT", created["key"], status="Funded")


def a_deactivated_status_is_refused_at_once(servers: Servers) -> None:
    file = servers.folder / "deactivate.toml"
    for active, message in (("false", "Invalid Lead Status"), ("true", "Lead updated")):
        file.write_text(f'[[status]]\nname = "Contacted"\nactive = {active}\n')
        servers.program.run("catalog", "apply", str(file))
        for server in (0, 1):
            assert message in servers.update(server, "HOT", status="Contacted")


def a_switch_off_is_refused_at_once(servers: Servers) -> None:
    for command in (("network", "set"), ("buyer", "set", "--buyer", "Big Lender")):
        for switch, message in (("off", "Lead Statuses Not Enabled"), ("on", "Lead updated")):
            servers.program.run(*command, "--lead-statuses", switch)
            for server in (0, 1):
                assert message in servers.update(server, "HOT", status="Contacted")


def a_stop_leaves_when_and_from_where_keys_were_used(servers: Servers) -> None:
    unused = servers.program.json("key", "create", "--buyer", "Big Lender")["api_key_id"]
    servers.stop()
    listed = {key["api_key_id"]: key for key in servers.program.json("key", "list")}
    assert [number for number, key in listed.items() if key["last_used_at"] is None] == [unused]
    assert {key["last_used_from"] for key in listed.values()} == {"127.0.0.1", None}
