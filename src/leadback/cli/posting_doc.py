"""`leadback posting-doc`: the document for a buyer's developers."""

from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
import typer

from leadback.buyer_api.posting_document import Form, posting_document
from leadback.cli.choices import buyer_of
from leadback.cli.export import opened
from leadback.cli.output import say
from leadback.cli.session import Session, command, run
from leadback.kit.clock import now
from leadback.kit.port import url_of
from leadback.leads.configuration import read_configuration
from leadback.parties.queries import list_verticals

group = typer.Typer()

HTML_SUFFIXES: Final = (".html", ".htm")
OWN_NAMES: Final = ("localhost", "127.0.0.1", "::1")


@command(group, "posting-doc")
def posting_doc(
    *,
    buyer: Annotated[str, typer.Option(metavar="NAME_OR_ID", help="The buyer's name or id.")],
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where the buyer reaches this service, such as https://leads.example.com; also LEADBACK_PUBLIC_URL."
            " Default: the address `leadback serve` would use.",
        ),
    ] = None,
    format: Annotated[  # noqa: A002 - the name is the option's
        Form | None,
        typer.Option(
            "--format",
            help="Markdown, or one HTML file for browsers and printers. Default: as the output file is called, else"
            " markdown.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Default: standard output.")] = None,
) -> None:
    """Everything a buyer's developers need to report, in that buyer's own words.

    Addresses, where the key goes (the document holds none), the exact names of the statuses, sub-statuses, fields and
    return reasons, what each answer means, a test plan upon the buyer's test lead, and programs that run as they stand
    in curl, Python, PHP, JavaScript and C#. Make it anew when the catalog has changed.
    """
    is_html = output is not None and output.suffix.lower() in HTML_SUFFIXES
    form = format or (Form.HTML if is_html else Form.MARKDOWN)

    async def work(session: Session) -> None:
        settings = session.settings
        address = url or settings.public_url or url_of(settings.host, settings.port)
        network_id = await session.network_id()
        async with session.database.snapshot(network_id) as connection:
            configuration = await read_configuration(connection, network_id)
            verticals = await list_verticals(connection, network_id)
        document = posting_document(
            configuration,
            verticals,
            buyer_of(buyer, configuration.buyers.values()).buyer_id,
            msgspec.structs.replace(settings, public_url=address),
            made_at=now(),
            form=form,
        )
        with opened(output) as file:
            file.write(document.encode())
        parts = urlsplit(address)
        if parts.hostname in OWN_NAMES:
            say(f"Note: only this machine reaches {address}. Give the buyer's address: --url or LEADBACK_PUBLIC_URL.")
        elif parts.scheme == "http":
            say(f"Note: keys sent to {address} can be read on their way. Give an address that begins with https.")
        if output is not None:
            say(f"The document is in {output}.")

    run(work)
