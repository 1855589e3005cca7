"""`leadback migrate`: bring the database's schema up to date, or say whether it is."""

import asyncio

import typer

from leadback.cli.output import say
from leadback.cli.session import addresses, command, settings_of_command
from leadback.kit.database import Database
from leadback.kit.fitness import check_database
from leadback.kit.schema import migrate
from leadback.kit.settings import Settings

group = typer.Typer()


@command(group, "migrate")
def migrate_database() -> None:
    """Bring the schema up to date: the embedded database's, or the one LEADBACK_MIGRATION_DATABASE_URL names.

    Without that address a server's schema is only checked; exit code 2 where it is not current.
    """
    settings = settings_of_command()
    with addresses(settings) as found:
        if found.migration_database_url is None:
            asyncio.run(_check(found.database_url, settings))
            say("The schema is current. To change it, LEADBACK_MIGRATION_DATABASE_URL is needed.")
            return
        before, after = migrate(found.migration_database_url)
        asyncio.run(_check(found.database_url, settings))
    say(f"The schema is current ({after})." if before == after else f"The schema went from {before} to {after}.")


async def _check(url: str, settings: Settings) -> None:
    database = Database(url, pool_size=1, application="leadback migrate")
    try:
        await check_database(database, settings)
    finally:
        await database.close()
