"""The reference pages name everything there is: what is missing from them fails here."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from leadback.buyer_api.model import Operation
from leadback.buyer_api.operations import OPERATIONS
from leadback.buyer_api.reference import reference_page
from leadback.buyer_api.samples import TITLES
from leadback.kit.settings import Settings
from leadback.leads.ingest_rows import COLUMNS, SUB_IDS
from leadback.leads.model import Message

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = DOCS / "reference"
BUYER_API = REFERENCE / "buyer-api.md"


def test_every_setting_is_described() -> None:
    described = set(re.findall(r"^\| `(LEADBACK_\w+)`", (REFERENCE / "settings.md").read_text(), re.MULTILINE))
    names = {f"LEADBACK_{field.name.upper()}" for field in msgspec.structs.fields(Settings)}
    assert described == names | {"LEADBACK_CONFIG"}


def test_every_command_is_described_as_it_describes_itself() -> None:
    """After a change of a command: make docs."""
    generated = subprocess.run(
        [sys.executable, "-m", "typer", "leadback.cli.main", "utils", "docs", "--name", "leadback"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (REFERENCE / "commands.md").read_text().strip() == generated.stdout.strip()


def test_the_buyer_api_is_described_as_it_is() -> None:
    """After a change of it: make docs."""
    assert BUYER_API.read_text() == reference_page()


@pytest.mark.parametrize("message", list(Message))
def test_every_message_is_described(message: Message) -> None:
    assert f"\n| `{message}` | " in BUYER_API.read_text()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_is_described_with_its_parameters(operation: Operation) -> None:
    _, heading, rest = BUYER_API.read_text().partition(f"\n### {operation.name}\n")
    assert heading
    own = rest.partition("\n### ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (?:string|int|decimal|boolean)", own, re.MULTILINE)
    assert rows == [parameter.name for parameter in operation.parameters]


@pytest.mark.parametrize("title", TITLES.values())
def test_every_wire_form_has_a_sample_that_was_answered(title: str) -> None:
    _, heading, rest = BUYER_API.read_text().partition(f"\n### {title}\n")
    assert heading
    request, answer = re.findall(r"```http\n(.*?)```", rest.partition("\n#")[0], re.DOTALL)
    assert request.split(" ")[0] in ("GET", "POST")
    assert answer.startswith("HTTP/1.1 200 OK\n")
    assert "Lead updated" in answer


@pytest.mark.parametrize("column", [name for name in COLUMNS if name not in SUB_IDS])
def test_every_column_of_a_sales_file_is_described(column: str) -> None:
    assert f"`{column}`" in (REFERENCE / "sales-file.md").read_text()


def test_every_link_between_the_pages_leads_somewhere() -> None:
    pages = [*DOCS.rglob("*.md"), *DOCS.parent.glob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
