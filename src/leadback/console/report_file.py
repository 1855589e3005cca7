"""Reports as files to download, written whole before the first byte is sent: what is refused is said on a page."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Sequence
from datetime import date
from typing import BinaryIO, Final

from litestar.response import Stream

from leadback.kit.errors import Refused
from leadback.kit.tabular import Form, Row, Table, write_table

CHUNK_BYTES: Final = 256 * 1024
MEDIA_TYPES: Final = {
    Form.CSV: "text/csv; charset=utf-8",
    Form.JSON: "application/json",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.PARQUET: "application/vnd.apache.parquet",
}
FORMS: Final = {Form.CSV: "CSV", Form.XLSX: "Excel (XLSX)", Form.JSON: "JSON", Form.PARQUET: "Parquet"}
"""What the menu calls them."""


def parse_form(text: str) -> Form:
    """The form of a file; raises `Refused` where there is none of this name."""
    if text not in list(Form):
        raise Refused(f"There is no format {text!r}. There are: {', '.join(Form)}.")
    return Form(text)


async def table_file(
    form: Form, table: Table, batches: AsyncGenerator[Sequence[Row]], name: str, days: Sequence[date]
) -> Stream:
    """A table as a file, never more than a batch of it in memory."""
    # On disk, for a million rows may be asked for; without a name, so that it is gone with its last reader.
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed once it is sent
    try:
        await write_table(form, table, batches, file)
    except BaseException:
        file.close()
        raise
    return _stream(file, form, name, days)


def document_file(content: bytes, name: str, days: Sequence[date]) -> Stream:
    """A document of JSON as a file."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed once it is sent
    file.write(content)
    return _stream(file, Form.JSON, name, days)


def _stream(file: BinaryIO, form: Form, name: str, days: Sequence[date]) -> Stream:
    size = file.tell()
    file.seek(0)
    called = f"{'-'.join([name, *map(str, days)])}.{form}"
    headers = {
        "content-disposition": f'attachment; filename="{called}"',
        "content-length": str(size),
        "cache-control": "no-store",
    }
    return Stream(_chunks(file), media_type=MEDIA_TYPES[form], headers=headers)


async def _chunks(file: BinaryIO) -> AsyncGenerator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk
