"""8,000 real leads and the 842 deals they became: the report says to the last digit what the files say."""

import csv
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.program import Program

CATALOG = """
[[status]]
name = "Won"
meaning = "positive"
stage = "funded"
terminal = true
sub_statuses = [{segments}]

[[field]]
label = "Declared monthly revenue"
name = "declared_monthly_revenue"
type = "Number"
summary = "sum"
"""
CALLERS = 16
PATH = "/buyers/api/1/leads.asmx/UpdateLead"

pytestmark = pytest.mark.timeout(600)


def test_the_report_by_affiliate_says_what_the_files_say(program: Program, olist: Path, tmp_path: Path) -> None:
    deals = rows_of(olist / "closed_deals.csv")
    segments = sorted({deal["business_segment"] for deal in deals} - {""})
    catalog = tmp_path / "catalog.toml"
    catalog.write_text(CATALOG.replace("{segments}", ", ".join(json.dumps(name) for name in segments)))
    write_sales(rows_of(olist / "marketing_qualified_leads.csv"), tmp_path / "sales.csv")
    program.run("init", "--network", "Olist", "--time-zone", "UTC", "--currency", "USD")
    program.run("catalog", "apply", str(catalog))
    imported = program.json("import", "sales", str(tmp_path / "sales.csv"), "--create-missing")
    assert imported["imported"] == 8000
    key = program.json("key", "create", "--buyer", "Olist Sellers")["key"]
    (contract,) = program.json("list", "contracts")
    assert contract["name"] == "Sellers"
    with program.serving() as address:
        for _ in range(2):
            answers = send(address, key, deals)
            assert all("<message>Lead updated</message>" in answer for answer in answers)
            check_report(program, olist)
    check_report(program, olist)


def check_report(program: Program, olist: Path) -> None:
    """Both ranges, every affiliate and the totals."""
    for dates, expected in json.loads((olist / "expected_by_origin.json").read_text()).items():
        start, _, end = dates.partition("..")
        report = program.json("report", "lead-status", "--from", start, "--to", end, "--by", "affiliate")
        assert (report["from"], report["to"], report["by"]) == (start, end, ["affiliate"])
        assert {row["affiliate"]: told(row) for row in report["rows"]} == expected
        assert report["totals"]["sales"] == sum(row["sales"] for row in expected.values())
        for row in [*report["rows"], report["totals"]]:
            won = row["statuses"]["Won"]
            assert won["sales"] == sum(won["sub_statuses"].values()) == row["updated"] == row["reached"]["funded"]
            assert won["sales"] + row["no_status"] == row["sales"] == row["leads"]


def told(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the report in the form of the expected numbers."""
    return {
        "declared_monthly_revenue": row["fields"]["declared_monthly_revenue"]["sum"] or "0.0000",
        "sales": row["sales"],
        "won": row["statuses"]["Won"]["sales"],
    }


def send(address: str, key: str, deals: list[dict[str, str]]) -> list[str]:
    """One UpdateLead for each deal, under an idempotency key of its own."""
    with httpx.Client(base_url=address, timeout=30) as client, ThreadPoolExecutor(CALLERS) as callers:
        return list(callers.map(lambda deal: send_one(client, key, deal), deals))


def send_one(client: httpx.Client, key: str, deal: dict[str, str]) -> str:
    """A deal as its buyer would report it."""
    parameters = {
        "lead_id": deal["mql_id"],
        "buyer_contract_id": "0",
        "status": "Won",
        "sub_status": deal["business_segment"],
        "amount": "",
        "add_to_existing": "",
        "field_name": "declared_monthly_revenue",
        "field_value": deal["declared_monthly_revenue"],
        "return_reason_id": "0",
    }
    headers = {"Idempotency-Key": f"deal {deal['mql_id']}", "X-Api-Key": key}
    answer = client.get(PATH, params=parameters, headers=headers)
    while answer.status_code == 429:  # faster than the network lets a key be
        time.sleep(int(answer.headers["Retry-After"]))
        answer = client.get(PATH, params=parameters, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def write_sales(leads: list[dict[str, str]], path: Path) -> None:
    """The leads as sales: every one sold on the day of its first contact."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                "lead_id",
                "sold_at",
                "sold_price",
                "payout",
                "buyer",
                "buyer_contract",
                "vertical",
                "affiliate",
                "campaign",
            ]
        )
        for lead in leads:
            campaign = f"{lead['origin']} {lead['landing_page_id']}"
            sold = [lead["mql_id"], lead["first_contact_date"], "0", "0", "Olist Sellers", "Sellers", "Sellers"]
            writer.writerow([*sold, lead["origin"], campaign])


def rows_of(path: Path) -> list[dict[str, str]]:
    """A CSV file's rows."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
