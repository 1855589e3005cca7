"""`leadback lead correct`: put right what stands of one sale, as an operator."""

import secrets
from typing import Annotated

import typer

from leadback.cli.output import Format, FormatOption, print_json
from leadback.cli.sale_options import BuyerOption, ContractOption, LeadOption, Sales
from leadback.cli.session import Session, run
from leadback.cli.shown import money
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.leads.correct import Correction, correct, read_amount
from leadback.leads.model import Channel, Origin
from leadback.networks.model import COMMAND_LINE


def correct_sale(  # noqa: PLR0913 - an option is an argument
    *,
    sale: Annotated[int | None, typer.Option("--sale", metavar="ID", help="The sale's id.")] = None,
    lead: LeadOption = None,
    contract: ContractOption = None,
    buyer: BuyerOption = None,
    status: Annotated[str, typer.Option(metavar="NAME", help="The status it should have.")] = "",
    sub_status: Annotated[str, typer.Option(metavar="NAME", help="Of that status.")] = "",
    add: Annotated[str, typer.Option(metavar="AMOUNT", help="Add to its revenue; -5 takes away.")] = "",
    overwrite: Annotated[str, typer.Option(metavar="AMOUNT", help="Overwrite its revenue.")] = "",
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A field; an empty value clears it. May be repeated."),
    ] = None,
    version: Annotated[
        int | None,
        typer.Option(metavar="N", help="Only if this is still its version. Default: however it stands."),
    ] = None,
    happened_at: Annotated[str, typer.Option(metavar="MOMENT", help="When it happened. Default: now.")] = "",
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="Kept with the step; the buyer reads it.")] = None,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Correct a sale's status, revenue and fields, all of it or nothing, under the checks of buyers' calls."""
    if add and overwrite:
        raise Refused("Give --add or --overwrite, not both: they say different things of the revenue.")
    correction = Correction(
        version=version,
        status=status,
        sub_status=sub_status,
        amount=read_amount(add or overwrite),
        add_to_existing=bool(add),
        fields=tuple(_field(text) for text in field or ()),
        happened_at=happened_at,
        note=note,
    )

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            wanted = Sales(None if sale is None else [sale], lead, contract, buyer)
            (sale_id,) = await wanted.ids(connection, network_id)
            origin = Origin(
                channel=Channel.CLI,
                operation="correct sale",
                address=None,
                request_id=secrets.token_hex(16),
                received_at=now(),
            )
            done = await correct(connection, network_id, sale_id, correction, actor=COMMAND_LINE, origin=origin)
        after = done.sale
        if format is Format.JSON:
            print_json(
                {"sale_id": sale_id, "version": after.version, "revenue": after.revenue, "flags": list(done.flags)}
            )
        else:
            flagged = f", {', '.join(done.flags)}" if done.flags else ""
            print(f"sale {sale_id}: version {after.version}, revenue {money(after.revenue)}{flagged}")

    run(work)


def _field(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Refused(f"--field is NAME=VALUE, not {text!r}.")
    return name, value
