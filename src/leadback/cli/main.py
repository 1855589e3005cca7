"""The program `leadback`: every command group under one name."""

import sys

import typer

from leadback.cli import (
    alias,
    buyer,
    catalog,
    contract,
    failed_updates,
    import_sales,
    init,
    key,
    lead,
    listing,
    migrate,
    network,
    report,
    returns,
    vertical,
)
from leadback.cli.demo import demo
from leadback.cli.serve import serve
from leadback.cli.session import command
from leadback.cli.undo import undo
from leadback.cli.work import work
from leadback.kit.errors import Refused

app = typer.Typer(
    name="leadback",
    help="What became of every lead you sold.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

# In the order they are needed; without a name a group's commands stand beside the others.
app.add_typer(init.group)
app.add_typer(catalog.group, name="catalog")
app.add_typer(alias.group, name="alias")
app.add_typer(key.group, name="key")
app.add_typer(import_sales.group, name="import")
command(app, "serve")(serve)
app.add_typer(report.group, name="report")
app.add_typer(lead.group, name="lead")
app.add_typer(returns.group, name="returns")
app.add_typer(failed_updates.group, name="failed-updates")
command(app, "undo")(undo)
app.add_typer(listing.group, name="list")
app.add_typer(network.group, name="network")
app.add_typer(vertical.group, name="vertical")
app.add_typer(buyer.group, name="buyer")
app.add_typer(contract.group, name="contract")
app.add_typer(migrate.group)
command(app, "work")(work)
command(app, "demo")(demo)


def main() -> None:
    """The entry point."""
    try:
        app()
    except Refused as error:
        print(f"leadback: {error}", file=sys.stderr)
        sys.exit(2)
