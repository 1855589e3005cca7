"""`leadback operator …`: who may sign in to the console, and the links by which they choose a password."""

from enum import StrEnum
from typing import Annotated

import typer

from leadback.access.operator_model import Role
from leadback.access.operator_queries import find_operator_by_email, list_operators
from leadback.access.operators import add_operator, offer_first_owner, offer_password
from leadback.cli.output import Format, FormatOption, print_json, print_table, say
from leadback.cli.session import Session, command, run
from leadback.console.links import password_link, welcome_link
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.networks.model import COMMAND_LINE

group = typer.Typer(help="Who may sign in to the console.", no_args_is_help=True)

COLUMNS = ("operator_id", "name", "email", "role", "state", "second_factor", "signed_in_at")


class RoleName(StrEnum):
    """A role as one word."""

    OWNER = "owner"
    ADMIN = "admin"
    ACCOUNT_MANAGER = "account-manager"
    REPORTING_ONLY = "reporting-only"


@command(group, "add")
def add(
    *,
    name: Annotated[str, typer.Option(metavar="NAME", help="As colleagues call them.")],
    email: Annotated[str, typer.Option(metavar="ADDRESS", help="With which they sign in.")],
    role: Annotated[RoleName, typer.Option(help="What they are there for.")],
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Let somebody in; prints the link by which they choose a password, once, within a day."""

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            operator_id, token = await add_operator(
                connection,
                network_id,
                name=name,
                email=email,
                role=Role(role.replace("-", " ")),
                by=None,
                actor=COMMAND_LINE,
                now=now(),
            )
        _print_link(password_link(session.settings, network_id, token), format, operator_id=operator_id)

    run(work)


@command(group, "link")
def link(
    *,
    email: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Whose. Default: the first owner's, while there is nobody.")
    ] = None,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """A link to a new password, which takes the second factor away; or the one that makes the first owner."""

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            if email is None:
                token = await offer_first_owner(connection, network_id, now())
                if token is None:
                    raise Refused("There are users already; say whose link: leadback operator link --email ADDRESS")
                _print_link(welcome_link(session.settings, network_id, token), format)
                return
            found = await find_operator_by_email(connection, network_id, email)
            if found is None:
                known = ", ".join(one.email for one in await list_operators(connection, network_id)) or "nobody yet"
                raise Refused(f"There is no user with the address {email!r}. There are: {known}.")
            token = await offer_password(
                connection, network_id, found.operator_id, by=None, actor=COMMAND_LINE, now=now()
            )
        _print_link(password_link(session.settings, network_id, token), format, operator_id=found.operator_id)

    run(work)


@command(group, "list")
def list_(
    *,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Everybody who may sign in, and who no longer may."""

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.snapshot(network_id) as connection:
            found = await list_operators(connection, network_id)
        rows = [
            {
                "operator_id": one.operator_id,
                "name": one.name,
                "email": one.email,
                "role": str(one.role),
                "state": "inactive" if not one.active else "active" if one.password_hash else "invited",
                "second_factor": one.totp_secret is not None,
                "signed_in_at": one.signed_in_at,
            }
            for one in found
        ]
        if format is Format.JSON:
            print_json(rows)
        else:
            print_table(COLUMNS, [[row[column] for column in COLUMNS] for row in rows])

    run(work)


def _print_link(address: str, format: Format, **more: object) -> None:  # noqa: A002 - the name is the option's
    if format is Format.JSON:
        print_json({"link": address, **more})
    else:
        print(address)
        say("Good once, for a day.")
