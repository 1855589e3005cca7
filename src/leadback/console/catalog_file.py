"""Setup > Lead Statuses > Import and Export: the whole vocabulary as one file, tried before it is applied."""

import base64
from typing import Annotated, Any, Final

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency as Given
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect, Template

from leadback.access.operator_model import Permission
from leadback.access.operators import actor_of
from leadback.catalog.apply import apply_plan, plan_vocabulary
from leadback.catalog.export import export_vocabulary
from leadback.catalog.queries import read_catalog
from leadback.catalog.rules import CatalogKind
from leadback.catalog.vocabulary import FILE_BYTES_MAX, read_vocabulary, write_vocabulary
from leadback.console.catalog_list import LISTS
from leadback.console.session import AnyRequest, Seen, Sessions, go, page
from leadback.console.sign_in import Form, text_of
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.parties.queries import list_buyers, list_verticals

IMPORT_PATH: Final = "/setup/lead-statuses/import"
FILE_NAME: Final = "lead-statuses.toml"

Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]


@get("/setup/lead-statuses/export")
async def export_catalog(sessions: Given[Sessions], seen: Given[Seen]) -> Response[str]:
    """Everything with its ids, as the import reads it."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    async with sessions.database.snapshot(seen.network_id) as connection:
        vocabulary = export_vocabulary(
            await read_catalog(connection, seen.network_id),
            await list_verticals(connection, seen.network_id),
            await list_buyers(connection, seen.network_id),
        )
    return Response(
        write_vocabulary(vocabulary),
        media_type="application/toml; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{FILE_NAME}"', "cache-control": "no-store"},
    )


@get(IMPORT_PATH)
async def import_page(request: AnyRequest, seen: Given[Seen]) -> Template:
    """The form for a file."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    return page(request, seen, "catalog_file.html")


@post(IMPORT_PATH)
async def try_import(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], data: Upload) -> Template:
    """What the file would change, before anything is changed."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    deactivate_missing = text_of(data, "deactivate_missing") == "on"
    context: dict[str, Any] = {"deactivate_missing": deactivate_missing}
    try:
        content = await _content(data.get("file"))
        # As a change of configuration, so that it is tried against what is in force now; it writes nothing.
        async with sessions.database.transaction(seen.network_id) as connection:
            plan = await plan_vocabulary(
                connection, seen.network_id, read_vocabulary(content), deactivate_missing=deactivate_missing
            )
    except Refused as error:
        return page(request, seen, "catalog_file.html", status_code=422, error=str(error), **context)
    context |= {"tried": True, "lines": plan.lines, "notes": plan.notes}
    return page(request, seen, "catalog_file.html", content=base64.b64encode(content).decode(), **context)


@post(f"{IMPORT_PATH}/apply")
async def apply_import(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], data: Form
) -> Template | Redirect:
    """Apply what was shown, all or nothing; not where the catalog has changed since."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    deactivate_missing = text_of(data, "deactivate_missing") == "on"
    try:
        vocabulary = read_vocabulary(_sent_back(text_of(data, "content")))
        async with sessions.database.transaction(seen.network_id) as connection:
            plan = await plan_vocabulary(connection, seen.network_id, vocabulary, deactivate_missing=deactivate_missing)
            if "\n".join(plan.lines) != text_of(data, "lines").replace("\r\n", "\n"):
                raise Refused("The catalog was changed by somebody else meanwhile; nothing was applied. Try it again.")
            await apply_plan(connection, seen.network_id, plan, actor=actor_of(seen.viewer), now=now())
    except Refused as error:
        return page(request, seen, "catalog_file.html", status_code=422, error=str(error))
    changes = "1 change was" if len(plan.lines) == 1 else f"{len(plan.lines)} changes were"
    return go(LISTS[CatalogKind.STATUS], f"{changes} applied.")


async def _content(file: object) -> bytes:
    if not isinstance(file, UploadFile) or not file.filename:
        raise Refused("Choose a file.")
    content = await file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise Refused(f"The file is too large: at most {FILE_BYTES_MAX} bytes are read.")
    return content


def _sent_back(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Refused("The file did not come back as it was sent; choose it again.") from error
