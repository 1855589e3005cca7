"""`leadback demo`: a believable network through the real write path, then the server."""

import asyncio
import gc
import os
import secrets
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.actions import create_key
from leadback.access.operator_model import Role
from leadback.access.operator_queries import find_operator_by_email
from leadback.access.operators import add_operator, offer_password, take_password
from leadback.cli.demonstration.make import NETWORK, UNFINISHED, make_network
from leadback.cli.demonstration.stories import STORY_LEADS, Story, stories
from leadback.cli.output import say
from leadback.cli.serve import serve
from leadback.cli.session import Session, command, open_session, settings_of_command
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.kit.port import claimed_port
from leadback.kit.schema import migrate
from leadback.kit.settings import PREFIX, Settings
from leadback.leads.queries import last_lead_sold_once
from leadback.leads.sold_queries import are_leads, last_day_sold
from leadback.networks.model import COMMAND_LINE
from leadback.networks.queries import directory, read_network
from leadback.parties.queries import list_buyers

group = typer.Typer()

DATA_DIR: Final = Path("leadback-demo")
GARBAGE_OBJECTS: Final = 100_000
VISITOR: Final = "Demo"
VISITOR_EMAIL: Final = "demo@example.com"
PASSWORD_PARTS: Final = 4
PASSWORD_PART_BYTES: Final = 3


class Shown(msgspec.Struct, frozen=True):
    """What a visitor needs: a key and a lead its buyer bought under one contract, and the way into the console."""

    key: str
    lead_id: str
    buyer: str
    password: str | None
    """Of `VISITOR_EMAIL`; None: somebody has deactivated this owner."""


class Found(msgspec.Struct, frozen=True):
    """The demonstration network, made now or before."""

    network_id: int
    alone: bool
    """Whether there is no other network: commands need not name it."""


@command(group, "demo")
def demo(
    *,
    port: Annotated[int | None, typer.Option(help="Also LEADBACK_PORT. Default: 8400")] = None,
    seed: Annotated[int, typer.Option(help="Another number, other leads; the stories are the same.")] = 1,
    list_stories: Annotated[
        bool,
        typer.Option(
            "--list-stories", help="Say what is planted in the network, and the command that shows it; serve nothing."
        ),
    ] = False,
) -> None:
    """Make a demonstration network (in ./leadback-demo unless told otherwise) and serve it."""
    settings = _settings(port)
    if list_stories:
        print(asyncio.run(_tell_stories(settings, seed)))
        return
    with claimed_port(settings.host, settings.port):
        pass  # a port in use is said before anything is made
    shown = asyncio.run(_prepare(settings, seed))
    address = settings.public_url or f"http://{settings.host}:{settings.port}"
    say(_welcome(settings, address, shown))
    serve(port=port)


def _settings(port: int | None) -> Settings:
    """As on the command line, but a directory of its own: a demonstration does not belong among real data."""
    settings = settings_of_command(port=port)
    if settings.data_dir == Settings().data_dir and settings.database_url is None:
        # `serve` and the commands that are printed find it by the same variable.
        os.environ[f"{PREFIX}DATA_DIR"] = str(DATA_DIR)
        settings = settings_of_command(port=port)
    return settings


async def _prepare(settings: Settings, seed: int) -> Shown:
    async with open_session(settings, migrate=migrate) as session:
        found = await _find_or_make(session, seed)
        return await _show(session.database, found.network_id)


async def _tell_stories(settings: Settings, seed: int) -> str:
    async with open_session(settings, migrate=migrate) as session:
        found = await _find_or_make(session, seed)
        async with session.database.snapshot(found.network_id) as connection:
            if not await are_leads(connection, found.network_id, STORY_LEADS):
                raise Refused(
                    f"The network {NETWORK!r} was made by an older version of leadback, without stories. It is served"
                    f" as it is; to have them, remove the directory {settings.data_dir} or name another (--data-dir)."
                )
            network = await read_network(connection, found.network_id)
            last_day = await last_day_sold(connection, found.network_id)
    where = [] if settings.database_url else [f"{PREFIX}DATA_DIR={shlex.quote(str(settings.data_dir))}"]
    if not found.alone:
        where.append(f"{PREFIX}NETWORK={shlex.quote(NETWORK)}")
    told = stories(last_day, network.zone)
    return "\n\n".join(_tell(number, story, where) for number, story in enumerate(told, 1))


def _tell(number: int, story: Story, where: Sequence[str]) -> str:
    commands = [" ".join([*where, "leadback", command]) for command in story.commands]
    return "\n   ".join([f"{number}. {story.title}", story.text, *commands])


async def _find_or_make(session: Session, seed: int) -> Found:
    async with session.database.outside_networks() as connection:
        named = {name: network_id for network_id, (name, _) in (await directory(connection)).items()}
    if UNFINISHED in named:
        raise Refused(
            "The making of the demonstration network was interrupted. Remove the directory"
            f" {session.settings.data_dir}, or the database, and start again."
        )
    if NETWORK in named:
        return Found(named[NETWORK], alone=len(named) == 1)
    # Thousands of values live at once and none in a circle: looking for circles among them takes time.
    gc.set_threshold(GARBAGE_OBJECTS)
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
    say("Making a network of 30,000 leads with all that became of them. It takes less than a minute, once.")
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        return Found(await make_network(session.database, seed, now(), progress), alone=not named)


async def _show(database: Database, network_id: int) -> Shown:
    """A new key each time: a key is shown once and never again."""
    async with database.transaction(network_id) as connection:
        buyer = next(iter(await list_buyers(connection, network_id)))
        _, key = await create_key(connection, network_id, buyer_id=buyer.buyer_id, actor=COMMAND_LINE, now=now())
        lead_id = await last_lead_sold_once(connection, network_id, buyer.buyer_id)
        password = await _let_visitor_in(connection, network_id)
    return Shown(key, lead_id, buyer.name, password)


async def _let_visitor_in(connection: AsyncConnection, network_id: int) -> str | None:
    """An owner with a new password each time: as a key, it is shown once and kept nowhere."""
    at = now()
    found = await find_operator_by_email(connection, network_id, VISITOR_EMAIL)
    if found is None:
        _, token = await add_operator(
            connection,
            network_id,
            name=VISITOR,
            email=VISITOR_EMAIL,
            role=Role.OWNER,
            by=None,
            actor=COMMAND_LINE,
            now=at,
        )
    elif found.active:
        token = await offer_password(connection, network_id, found.operator_id, by=None, actor=COMMAND_LINE, now=at)
    else:
        return None
    password = "-".join(secrets.token_hex(PASSWORD_PART_BYTES) for _ in range(PASSWORD_PARTS))
    await take_password(connection, network_id, token, password=password, now=at)
    return password


def _welcome(settings: Settings, address: str, shown: Shown) -> str:
    where = "" if settings.database_url else f"LEADBACK_DATA_DIR={settings.data_dir} "
    call = (
        f"{address}/buyers/api/1/leads.asmx/UpdateLead?lead_id={shown.lead_id}&buyer_contract_id=0&status=Contacted"
        "&sub_status=&amount=&add_to_existing=&field_name=&field_value=&return_reason_id=0"
    )
    sign_in = (
        f"\nLook at it in a browser:\n  {address}/\n  {VISITOR_EMAIL}\n  {shown.password}\n" if shown.password else ""
    )
    return (
        f"{sign_in}\nA key of {shown.buyer}: {shown.key}\n\n"
        f"Report a lead as this buyer would:\n  curl -H 'X-Api-Key: {shown.key}' '{call}'\n\n"
        f"See what became of the leads:\n  {where}leadback report lead-status --by affiliate\n\n"
        f"What is planted in it, and how to find it:\n  {where}leadback demo --list-stories\n\n"
        "Ctrl-C ends it; the data stays.\n"
    )
