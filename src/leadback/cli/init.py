"""`leadback init`: a database, and a network in it."""

from typing import Annotated
from zoneinfo import available_timezones

import typer

from leadback.access.operators import offer_first_owner
from leadback.cli.output import Format, FormatOption, print_json, say
from leadback.cli.session import Session, command, run
from leadback.console.links import welcome_link
from leadback.kit.clock import now
from leadback.kit.schema import migrate
from leadback.networks.actions import create_network
from leadback.networks.rules import check_new_network, check_time_zone

group = typer.Typer()


@command(group, "init")
def init(
    *,
    network: Annotated[str, typer.Option(metavar="NAME", help="The network's name, such as your company's.")],
    time_zone: Annotated[
        str, typer.Option(metavar="ZONE", help="In which its days begin and end, such as America/New_York.")
    ],
    currency: Annotated[str, typer.Option(metavar="CODE", help="In which it counts, such as USD; never changes.")],
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Make the database where there is none, and a new network in it."""
    # Looked at first, so that a typing error leaves no empty database behind.
    check_new_network(network, currency)
    check_time_zone(time_zone, frozenset(available_timezones()))

    async def work(session: Session) -> None:
        network_id = await create_network(
            session.database, name=network, time_zone=time_zone, currency=currency, now=now()
        )
        async with session.database.transaction(network_id) as connection:
            token = await offer_first_owner(connection, network_id, now())
        assert token is not None
        link = welcome_link(session.settings, network_id, token)
        if format is Format.JSON:
            told = {"network_id": network_id, "name": network, "time_zone": time_zone, "currency": currency}
            print_json(told | {"owner_link": link})
        say(f"The network {network!r} has the id {network_id}. Next: leadback catalog apply FILE")
        if format is not Format.JSON:
            say(f"Its owner, once `leadback serve` runs and within a day: {link}")

    run(work, migrate=migrate)
