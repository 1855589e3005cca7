"""The programs of a posting document: each is taken out of the document, given a key and run as it stands."""

import asyncio
import csv
import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from markdown_it import MarkdownIt

from leadback.buyer_api.posting_document.calls import plan_of
from leadback.buyer_api.posting_document.model import Check, Program
from leadback.buyer_api.posting_document.samples import PROGRAMS
from leadback.buyer_api.posting_document.words import example_of, words_of
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.settings import Settings
from leadback.leads.configuration import read_configuration
from leadback.networks.actions import create_network
from leadback.parties.queries import list_verticals
from tests.conftest import skip_or_fail
from tests.support.program import Program as Commands
from tests.support.server import Addresses

pytestmark = pytest.mark.xdist_group("posting samples")

PLACEHOLDER = "YOUR-API-KEY"
SECONDS_MAX = 60

# What some language, table or encoding would take for something else.
STATUS = r"""É"'&amp;<b> | `id` $(id) ${HOME} %41+ \n ?> */ {} {{ 1 }} 🎉"""
SUB_STATUS = "Voll \u2028 'bezahlt' \\"
VALUE = "a|b \"c\" & 'd' \u2028 \\"
REASON = "Naïve <wrong> & 'rude' \"lead\" 📞"


def _quoted(words: str) -> str:
    """A string of TOML, and of JSON."""
    return json.dumps(words, ensure_ascii=False)


CATALOG = f"""
[[status]]
name = {_quoted(STATUS)}
sub_statuses = [{_quoted(SUB_STATUS)}]

[[field]]
label = "A | label"
name = "grade"
type = "List"
values = [{_quoted(VALUE)}]

[[return_reason]]
name = {_quoted(REASON)}
"""

C_SHARP = (
    "mcs -codepage:utf8 -r:System.Net.Http.dll -r:System.Xml.dll -r:System.Xml.Linq.dll -out:program.exe Program.cs"
    " && mono program.exe"
)
"""In place of `dotnet run`."""

# How to see that what runs a language is there, and what brings it.
RUNTIMES = {
    "sh": ("curl --version", "curl"),
    "python": ("python3 -c 'import pycake, requests, zeep'", "requirements/dev.lock"),
    "php": (
        """php -r 'exit(extension_loaded("soap") && extension_loaded("curl") ? 0 : 1);'""",
        "php-cli php-soap php-curl",
    ),
    "javascript": ("node -e 'process.exit(typeof fetch === \"function\" ? 0 : 1)'", "nodejs, 18 or newer"),
    "csharp": ("mcs --version", "mono-mcs libmono-system-net-http4.0-cil libmono-system-xml-linq4.0-cil"),
}
CHANNELS = {"curl-get": "get", "curl-form": "form", "python-zeep": "soap11", "php-soap": "soap11", "csharp": "form"}
"""Of all others: json."""

_numbers = count(1)


class Market(msgspec.Struct, frozen=True):
    """A network that is served, with a real sale in its report."""

    commands: Commands
    database_url: str
    network_id: int
    url: str

    def report(self) -> Any:
        """The whole Lead Status report."""
        return self.commands.json("report", "lead-status")


class Developer(msgspec.Struct, frozen=True):
    """Somebody who got a document and a key, and knows nothing else."""

    market: Market
    buyer: str
    contract_id: int
    key: str

    def document(self, form: str = "markdown") -> str:
        """What the network sent."""
        return self.market.commands.run(
            "posting-doc", "--buyer", self.buyer, "--url", self.market.url, "--format", form
        ).stdout

    def sale(self) -> Any:
        """What became of the test lead."""
        (sale,) = self.market.commands.json("lead", "show", f"TEST{self.contract_id}")["sales"]
        return sale


@pytest.fixture(scope="module")
def market(addresses: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """Served until the last of these tests."""
    folder = tmp_path_factory.mktemp("market")
    network_id = asyncio.run(_network(addresses.app))
    environment = {
        "LEADBACK_DATABASE_URL": addresses.app,
        "LEADBACK_MIGRATION_DATABASE_URL": addresses.owner,
        "LEADBACK_NETWORK": str(network_id),
    }
    commands = Commands(environment)
    (folder / "catalog.toml").write_text(CATALOG, encoding="utf-8")
    commands.run("catalog", "apply", str(folder / "catalog.toml"))
    with (folder / "sales.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow("lead_id sold_at sold_price buyer buyer_contract vertical affiliate campaign".split())
        writer.writerow(
            ["L1", now().date() - timedelta(days=1), "25", "Other", "Gold", "Payday", "Northbeam", "Search"]
        )
    commands.run("import", "sales", str(folder / "sales.csv"), "--create-missing")
    with commands.serving("--web-workers", "1") as url:
        yield Market(commands, addresses.app, network_id, url)


@pytest.fixture
def developer(market: Market) -> Developer:
    """One of a buyer of its own."""
    buyer = f'O\'Neill & "Söhne" <Loans> | 🎉 {next(_numbers)}'
    market.commands.run("buyer", "create", "--name", buyer)
    contract = market.commands.json(
        "contract", "create", "--name", "Gold | é", "--buyer", buyer, "--vertical", "Payday"
    )
    key = market.commands.json("key", "create", "--buyer", buyer)["key"]
    return Developer(market, buyer, contract["buyer_contract_id"], key)


@pytest.mark.parametrize("name", [program.name for program in PROGRAMS])
def test_a_program_runs_as_it_stands(developer: Developer, name: str, tmp_path: Path) -> None:
    before = developer.market.report()
    program = _programs(developer.document())[name]
    printed = _run(program, developer.key, tmp_path)
    assert printed.count("Lead updated") == 3
    assert printed.count("Lead returned") == 1
    assert any(
        reason in printed
        for reason in (REASON, html.escape(REASON, quote=False), json.dumps(REASON, ensure_ascii=False))
    )
    sale = developer.sale()
    assert (sale["status"], sale["sub_status"], sale["fields"]) == (STATUS, SUB_STATUS, {"grade": VALUE})
    assert (sale["revenue"], sale["return_state"], sale["return_reason"]) == ("25.5000", "submitted", REASON)
    channel = CHANNELS.get(name, "json")
    operations = ["UpdateLead", "UpdateLead", "UpdateLead", "Return"]
    assert [(step["channel"], step["operation"]) for step in sale["steps"]] == [(channel, each) for each in operations]
    assert developer.market.report() == before


def test_a_program_that_runs_twice_adds_its_revenue_once(developer: Developer, tmp_path: Path) -> None:
    program = _programs(developer.document())["python-requests"]
    for _ in range(2):
        assert _run(program, developer.key, tmp_path).count("Lead updated") == 3
    assert developer.sale()["revenue"] == "25.5000"


@pytest.mark.parametrize("name", [program.name for program in PROGRAMS if program.language != "sh"])
def test_a_program_says_what_is_wrong(developer: Developer, name: str, tmp_path: Path) -> None:
    program = _programs(developer.document())[name]
    with pytest.raises(subprocess.CalledProcessError) as caught:
        _run(program, "lbk_1_wrong", tmp_path)
    assert "Invalid API Key" in str(caught.value.stderr) + str(caught.value.stdout)
    assert developer.sale()["steps"] == []


def test_both_forms_hold_the_same_programs(developer: Developer) -> None:
    shown = re.findall(r'<code class="language-(\w+)">(.*?)</code></pre>', developer.document("html"), re.DOTALL)
    unmarked = [(language, html.unescape(re.sub("</?mark>", "", code))) for language, code in shown]
    assert unmarked == [(program.language, program.code) for program in _programs(developer.document()).values()]


def test_the_test_plan_is_true_however_often_it_is_gone_through(developer: Developer) -> None:
    before = developer.market.report()
    plan = asyncio.run(_plan(developer))
    assert [check.answer for check in plan if not check.call.changes and check.call.operation == "UpdateLead"]
    with httpx.Client(base_url=developer.market.url) as client:
        for _ in range(2):
            for check in plan:
                answer = client.post(
                    f"/buyers/api/1/leads.asmx/{check.call.operation}",
                    data=check.call.parameters,
                    headers={"X-Api-Key": developer.key},
                )
                if check.answer:
                    assert f">{check.answer}<" in answer.text or answer.text == f"{check.answer}\r\n", check
                else:
                    assert "<success>true</success>" in answer.text
                assert (answer.status_code == 500) == check.answer.startswith("Missing")
                if "Idempotent-Replayed" in str(check.expected):
                    assert answer.headers["Idempotent-Replayed"] == "true"
    assert developer.market.report() == before


def _programs(document: str) -> dict[str, Program]:
    """By a reader of Markdown that is not ours: each program, with the file name and the command told before it."""
    found = {}
    told: list[str] = []
    for token in MarkdownIt("commonmark").parse(document):
        if token.type == "inline":
            told = [child.content for child in token.children or () if child.type == "code_inline"]
        elif token.type == "fence":
            *_, file_name, run = told
            (known,) = [program for program in PROGRAMS if program.file_name == file_name]
            found[known.name] = msgspec.structs.replace(known, language=token.info, run=run, code=token.content)
    assert list(found) == [program.name for program in PROGRAMS]
    return found


def _run(program: Program, key: str, folder: Path) -> str:
    """What the program prints, with nothing changed but the key."""
    probe, source = RUNTIMES[program.language]
    if subprocess.run(["sh", "-c", probe], capture_output=True, check=False, env=_environment(folder)).returncode:
        skip_or_fail(f"{program.language} cannot be run on this machine ({source})")
    assert PLACEHOLDER in program.code
    assert "lbk_" not in program.code
    (folder / program.file_name).write_text(program.code.replace(PLACEHOLDER, key), encoding="utf-8")
    done = subprocess.run(
        ["sh", "-c", C_SHARP if program.language == "csharp" else program.run],
        cwd=folder,
        env=_environment(folder),
        capture_output=True,
        check=True,
        encoding="utf-8",
        timeout=SECONDS_MAX,
    )
    assert done.stderr == ""
    return done.stdout


def _environment(folder: Path) -> dict[str, str]:
    """This interpreter for `python3`, no proxy between programs of this machine, nobody's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    # PHP keeps a description for a day, though the next server has the same port by chance.
    (folder / "php.ini").write_text("soap.wsdl_cache_enabled = 0\n")
    path = os.pathsep.join([str(Path(sys.executable).parent), kept["PATH"]])
    return kept | {"PATH": path, "HOME": str(folder), "LC_ALL": "C.UTF-8", "PHP_INI_SCAN_DIR": f":{folder}"}


async def _network(database_url: str) -> int:
    database = Database(database_url)
    try:
        name = f"posting {os.getpid()}"
        return await create_network(database, name=name, time_zone="UTC", currency="USD", now=now())
    finally:
        await database.close()


async def _plan(developer: Developer) -> list[Check]:
    """The plan of the developer's document, as values."""
    market = developer.market
    database = Database(market.database_url)
    try:
        async with database.snapshot(market.network_id) as connection:
            configuration = await read_configuration(connection, market.network_id)
            verticals = await list_verticals(connection, market.network_id)
    finally:
        await database.close()
    buyer_id = configuration.contracts[developer.contract_id].buyer_id
    words = words_of(configuration, verticals, buyer_id, Settings(public_url=market.url), now())
    return list(plan_of(example_of(words)))
