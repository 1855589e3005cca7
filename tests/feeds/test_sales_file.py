"""Files of sales as they come: dialects, headers, mappings, and the file of what was rejected."""

import csv
from pathlib import Path

import pytest

from leadback.feeds.import_sales import FileImport, import_sales_file
from leadback.feeds.sales_file import SalesFile
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.leads.ingest_model import IngestOptions, RejectedRow, SourceRow
from tests.support.importing import column, read_leads, read_sales
from tests.support.recompute import check_numbers
from tests.support.seed import seed_network

HEADER = "lead_id,sold_at,sold_price,buyer_contract_id,campaign_id"
ROW = "A1,2026-03-10,25,217,5"


def opened(
    path: Path, content: str | bytes, renamed: dict[str, str] | None = None, constants: dict[str, str] | None = None
) -> SalesFile:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return SalesFile(path, renamed=renamed or {}, constants=constants or {})


def put(path: Path, content: str) -> int:
    """Write a file; its size in bytes."""
    return path.write_bytes(content.encode())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sales.csv"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no header"),
        (b"\n\n", "has no header"),
        (b"\xef\xbb\xbf", "has no header"),
        (HEADER.encode("utf-16"), r"is not UTF-8 \(line 1\)"),
        (f"{HEADER}\n{ROW}\nB\xe9,1,2,3,4\n".encode("latin-1"), r"is not UTF-8 \(line 3\)"),
        (f"{HEADER}\n{ROW}\n".encode() + b"\xe2\x82", r"is not UTF-8 \(line 3\)"),
        (b"lead_id,sold_at,lead_id\n", "has the column lead_id twice"),
        (b"lead_id,sold_at,\n", "column 3 has no name"),
        (b'"lead_id\n', "the first line is not CSV"),
        (b'lead_id,"a\x07b"\n', "one that cannot be shown"),
        (b"lead_id," + b"x" * 101, "more than 100 characters"),
    ],
)
def test_it_refuses_a_file_it_cannot_read(path: Path, content: bytes, said: str) -> None:
    with pytest.raises(Refused, match=said):
        opened(path, content)


def test_it_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"sales\.csv cannot be read: No such file"):
        SalesFile(tmp_path / "sales.csv", renamed={}, constants={})
    with pytest.raises(Refused, match="cannot be read: Is a directory"):
        SalesFile(tmp_path, renamed={}, constants={})


@pytest.mark.parametrize(
    ("renamed", "constants", "said"),
    [
        (
            {"price": "sold_price"},
            {},
            r"--map: .* has no column 'price'\. Its columns are lead_id, sold_at, sold_price",
        ),
        ({"sold_at": "sold_price"}, {}, "has the column sold_price twice, counting --map and --set"),
        ({}, {"lead_id": "X"}, "has the column lead_id twice, counting --map and --set"),
    ],
)
def test_it_refuses_a_mapping_that_does_not_fit(
    path: Path, renamed: dict[str, str], constants: dict[str, str], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        opened(path, HEADER, renamed, constants)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_it_reads_what_spreadsheets_write(path: Path, delimiter: str, mark: str, line_end: str) -> None:
    lines = [
        HEADER.replace(",", delimiter),
        delimiter.join(["A1", '"a ""quoted"" , ; \t"', '"two', 'lines"', "217", "5"]).replace(
            f"two{delimiter}", "two\n"
        ),
        "",
        delimiter.join(["A2", "2026-03-10", "25", "217", "5"]),
    ]
    with opened(path, mark + line_end.join(lines)) as file:
        assert file.columns == HEADER.split(",")
        assert list(file.rows()) == [
            SourceRow(2, ["A1", 'a "quoted" , ; \t', "two\nlines", "217", "5"]),
            SourceRow(5, ["A2", "2026-03-10", "25", "217", "5"]),
        ]


def test_the_delimiter_is_the_one_that_gives_our_columns(path: Path) -> None:
    with opened(path, "lead_id;price, net, gross, total;sold_at\n") as file:
        assert file.columns == ["lead_id", "price, net, gross, total", "sold_at"]
    with opened(path, "Kunde;Preis,netto\n", {"Kunde": "buyer"}) as file:
        assert file.columns == ["buyer", "Preis,netto"]


def test_columns_are_renamed_and_every_row_is_given_the_same(path: Path) -> None:
    with opened(path, "Lead, When \nA1,2026\n", {"Lead": "lead_id", "When": "sold_at"}, {"buyer": "Acme"}) as file:
        assert file.columns == ["buyer", "lead_id", "sold_at"]
        (row,) = file.rows()
        assert isinstance(row, SourceRow)
        assert (row.cells, file.original(row)) == (["Acme", "A1", "2026"], ["A1", "2026"])


def test_a_row_that_is_no_csv_is_rejected_and_the_next_is_read(path: Path) -> None:
    content = f'{HEADER}\n"A0"x,1,2,3,4\n{ROW}\nA3,{"x" * 140_000},2,3,4\n{ROW}\n"A9,'
    with opened(path, content) as file:
        rows = list(file.rows())
    assert [row.row.line if isinstance(row, RejectedRow) else row.line for row in rows] == [2, 3, 4, 5, 6]
    reasons = [row.reason for row in rows if isinstance(row, RejectedRow)]
    assert reasons == [
        "The line is not CSV: ',' expected after '\"'",
        "The line is not CSV: field larger than field limit (131072)",
        "The line is not CSV: unexpected end of data",
    ]


async def imported(
    database: Database, network_id: int, path: Path, options: IngestOptions | None = None, **constants: str
) -> FileImport:
    chosen = options or IngestOptions()
    return await import_sales_file(database, network_id, path, chosen, renamed={}, constants=constants)


@pytest.mark.anyio
async def test_rejected_rows_can_be_corrected_and_imported_from_their_file(
    database: Database, network_id: int, path: Path
) -> None:
    await seed_network(database, network_id)
    put(
        path,
        f"\ufeff{HEADER};note\n{ROW};é\nA2;2026-03-10;much;217;5;b\nA3;1\n;;;;;;;\nA5;2026-03-10;1;217;5;e\n".replace(
            ",", ";"
        ),
    )
    done = await imported(database, network_id, path)
    assert done.rejected_path == path.with_name("sales.rejected.csv")
    assert (done.summary.rows, done.summary.imported, done.summary.rejected) == (5, 2, 3)
    content = done.rejected_path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbflead_id;")
    rejected = list(csv.reader(content.decode("utf-8-sig").splitlines(), delimiter=";"))
    width = "The row has {} values, the header 6"
    assert rejected == [
        [*HEADER.split(","), "note", "line", "reason"],
        ["A2", "2026-03-10", "much", "217", "5", "b", "3", "sold_price: 'much' is not an amount such as 1234.50"],
        ["A3", "1", "", "", "", "", "4", width.format(2)],
        ["", "", "", "", "", "", "5", width.format(8), "", ""],
    ]
    corrected = path.with_name("sales.rejected.csv")
    corrected.write_bytes(content.replace(b"much", b"26"))
    done = await imported(database, network_id, corrected)
    assert done.rejected_path == path.with_name("sales.rejected.rejected.csv")
    assert (done.summary.imported, done.summary.rejected) == (1, 2)
    header = done.rejected_path.read_text("utf-8-sig").splitlines()[0]
    assert header == f"{HEADER},note,line,reason".replace(",", ";")
    leads = await read_leads(database, network_id)
    assert column(leads, "data") == [{"note": "é"}, {"note": "b"}, {"note": "e"}]
    await check_numbers(database, network_id)


@pytest.mark.anyio
async def test_what_an_earlier_import_rejected_is_gone_when_nothing_is_rejected(
    database: Database, network_id: int, path: Path
) -> None:
    await seed_network(database, network_id)
    put(path, f"{HEADER}\n{ROW.replace('25', '')}\n")
    assert (await imported(database, network_id, path)).rejected_path is not None
    put(path, f"{HEADER}\n{ROW}\n")
    assert (await imported(database, network_id, path)).rejected_path is None
    assert not path.with_name("sales.rejected.csv").exists()


@pytest.mark.anyio
async def test_a_header_without_rows_imports_nothing(database: Database, network_id: int, path: Path) -> None:
    put(path, HEADER)
    assert (await imported(database, network_id, path)).summary.rows == 0


@pytest.mark.anyio
async def test_a_file_of_many_portions_is_imported_and_its_progress_told(
    database: Database, network_id: int, path: Path
) -> None:
    await seed_network(database, network_id)
    size = put(path, "\n".join([HEADER, *(f"L{number},2026-03-10,{number},217,5" for number in range(2500))]))
    told: list[tuple[int, int]] = []
    done = await import_sales_file(
        database,
        network_id,
        path,
        IngestOptions(),
        renamed={},
        constants={},
        report_progress=lambda position, size: told.append((position, size)),
    )
    assert done.summary.imported == 2500
    assert len(told) == 3 and told[-1] == (size, size)
    assert (await imported(database, network_id, path)).summary.skipped == 2500
    await check_numbers(database, network_id)


@pytest.mark.anyio
async def test_real_leads_are_imported_as_their_file_is(database: Database, network_id: int, olist: Path) -> None:
    """Affiliate is the origin, `NaN` among them; campaign is the landing page, of which each affiliate has its own."""
    source = olist / "marketing_qualified_leads.csv"
    renamed = {
        "mql_id": "lead_id",
        "first_contact_date": "sold_at",
        "landing_page_id": "campaign",
        "origin": "affiliate",
    }
    constants = {"vertical": "Sellers", "buyer": "Olist", "buyer_contract": "Sellers", "sold_price": "0"}
    with SalesFile(source, renamed=renamed, constants=constants) as file:
        assert set(file.columns) == {*renamed.values(), *constants}
    with source.open(encoding="utf-8", newline="") as file_of_leads:
        rows = list(csv.DictReader(file_of_leads))
    pages = {(row["origin"], row["landing_page_id"]) for row in rows}
    done = await import_sales_file(
        database,
        network_id,
        source,
        IngestOptions(create_missing=True),
        renamed=renamed,
        constants=constants,
    )
    assert (done.summary.imported, done.summary.rejected) == (8000, 0)
    assert done.summary.created["affiliate"] == len({row["origin"] for row in rows}) == 11
    assert done.summary.created["campaign"] == len(pages)
    days = {
        sale["lead_key"]: str(sale["sold_on"]) for sale in await read_sales(database, network_id) if sale["campaign_id"]
    }
    assert days == {row["mql_id"].upper(): row["first_contact_date"] for row in rows}


@pytest.mark.anyio
async def test_portions_that_share_leads_keep_the_files_order(database: Database, network_id: int, path: Path) -> None:
    """Small portions: hundreds of them, some under way at once, some about the same leads."""
    await seed_network(database, network_id)

    def row(number: int, contract: int) -> str:
        return f"L{number % 50},2026-03-{10 + number // 50},{number},{contract},5"

    first, second = ([row(number, contract) for number in range(500)] for contract in (217, 218))
    bad = [f"L{number},never,1,217,5" for number in range(40)]
    put(path, "\n".join([HEADER, *first, *second, *bad, *first]))
    done = await import_sales_file(
        database, network_id, path, IngestOptions(), renamed={}, constants={}, portion_rows=3
    )
    assert (done.summary.imported, done.summary.skipped, done.summary.rejected) == (1000, 500, 40)
    assert done.rejected_path is not None
    with SalesFile(done.rejected_path, renamed={}, constants={}) as file:
        assert [row.cells[0] for row in file.rows() if isinstance(row, SourceRow)] == [f"L{n}" for n in range(40)]
    sales = [sale for sale in await read_sales(database, network_id) if sale["buyer_contract_id"] == 217]
    assert {sale["sold_price"] for sale in sales if sale["first_of_lead"]} == set(range(50))
    await check_numbers(database, network_id)
