"""`leadback network …`: the network's settings."""

from typing import Annotated

import msgspec
import typer

from leadback.cli.choices import NONE
from leadback.cli.output import Format, FormatOption, Switch, is_on, print_json, print_table, say
from leadback.cli.session import Session, command, run
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.kit.partial import given, or_unset
from leadback.leads.zone import change_time_zone
from leadback.networks.actions import set_network
from leadback.networks.model import COMMAND_LINE
from leadback.networks.queries import read_network
from leadback.networks.settings import NetworkSettings

group = typer.Typer(help="The network's settings.", no_args_is_help=True)


@command(group, "show")
def show(
    *,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Every setting of the network."""

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            settings = msgspec.structs.asdict(await read_network(connection, network_id))
        if format is Format.JSON:
            print_json(settings)
        else:
            print_table(("setting", "value"), [(name, told(value)) for name, value in settings.items()])

    run(work)


def told(value: object) -> object:
    """A setting's value in a table."""
    return ("on" if value else "off") if isinstance(value, bool) else value


ReRunOption = Annotated[
    Switch | None,
    typer.Option(
        help="Updates that came before their sale run when it is imported; never what they add to the revenue."
    ),
]
SecondFactorOption = Annotated[
    Switch | None, typer.Option(help="Owners and admins get into the console with a second factor only.")
]


@command(group, "set")
def set_(  # noqa: PLR0913 - an option is an argument
    *,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    host_name: Annotated[
        str | None, typer.Option(help="The host name at which buyers reach this network alone, or none.")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Sales move to the days they were sold on in this zone.")
    ] = None,
    week_start: Annotated[int | None, typer.Option(help="1 (Monday) to 7 (Sunday).")] = None,
    date_format: Annotated[str | None, typer.Option(help="How dates with slashes are read: MDY or DMY.")] = None,
    lead_statuses: Annotated[
        Switch | None, typer.Option(help="Off: every update fails and the report is hidden; nothing is deleted.")
    ] = None,
    terminal_statuses: Annotated[
        str | None, typer.Option(help="Leaving a terminal status: flag (accepted, flagged) or keep (it stays).")
    ] = None,
    return_approval: Annotated[str | None, typer.Option(help="manual or automatic_credit.")] = None,
    credit_sets_revenue_to_zero: Annotated[
        Switch | None, typer.Option(help="When a return is credited, by an operator or automatically.")
    ] = None,
    return_to_affiliate: Annotated[
        Switch | None, typer.Option(help="A buyer's return is one to the affiliate too. Kept; not in force yet.")
    ] = None,
    rerun_waiting_updates: ReRunOption = None,
    failed_update_days: Annotated[int | None, typer.Option(help="How long failed updates are kept.")] = None,
    second_factor_required: SecondFactorOption = None,
) -> None:
    """Change the settings that are given."""
    settings = NetworkSettings(
        name=or_unset(name),
        host_name=None if host_name == NONE else or_unset(host_name),
        week_start=or_unset(week_start),
        date_format=or_unset(date_format),
        lead_statuses=or_unset(is_on(lead_statuses)),
        terminal_statuses=or_unset(terminal_statuses),
        return_approval=or_unset(return_approval),
        credit_sets_revenue_to_zero=or_unset(is_on(credit_sets_revenue_to_zero)),
        return_to_affiliate=or_unset(is_on(return_to_affiliate)),
        rerun_waiting_updates=or_unset(is_on(rerun_waiting_updates)),
        failed_update_days=or_unset(failed_update_days),
        second_factor_required=or_unset(is_on(second_factor_required)),
    )
    if not given(settings) and time_zone is None:
        raise Refused("Nothing to set was given; `leadback network set --help` lists the settings.")

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            if given(settings):
                await set_network(connection, network_id, settings, actor=COMMAND_LINE, now=now())
            if time_zone is not None:
                moved = await change_time_zone(connection, network_id, time_zone, actor=COMMAND_LINE, now=now())
                say(f"{moved} sales belong to another day in {time_zone}.")
        say("The network is set.")

    run(work)
