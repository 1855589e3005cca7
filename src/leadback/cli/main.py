"""The program `leadback`: every command under one name, loaded when it is asked for."""

import importlib
import sys
from typing import Any, Final

import typer
from typer.core import TyperGroup

from leadback.kit.errors import Refused

COMMANDS: Final = {
    "init": "leadback.cli.init",
    "catalog": "leadback.cli.catalog",
    "alias": "leadback.cli.alias",
    "ratio": "leadback.cli.ratio",
    "operator": "leadback.cli.operator",
    "key": "leadback.cli.key",
    "import": "leadback.cli.import_sales",
    "serve": "leadback.cli.serve",
    "report": "leadback.cli.report",
    "lead": "leadback.cli.lead",
    "returns": "leadback.cli.returns",
    "failed-updates": "leadback.cli.failed_updates",
    "undo": "leadback.cli.undo",
    "list": "leadback.cli.listing",
    "network": "leadback.cli.network",
    "vertical": "leadback.cli.vertical",
    "buyer": "leadback.cli.buyer",
    "contract": "leadback.cli.contract",
    "posting-doc": "leadback.cli.posting_doc",
    "check": "leadback.cli.check",
    "migrate": "leadback.cli.migrate",
    "work": "leadback.cli.work",
    "demo": "leadback.cli.demo",
}
"""Every command or group of commands, in the order they are needed, and the module whose `group` holds it.

The one place where modules are imported by name: all at once they take most of a second, and a command needs its own.
"""


class CommandsOnDemand(TyperGroup):
    """The commands of `COMMANDS`, each imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names; `--help` and the reference page ask for each."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command or group of this name, None where there is none."""
        if cmd_name not in COMMANDS:
            # Typer looks here for a name that was meant.
            self.commands = {name: self.get_command(ctx, name) for name in COMMANDS}
            return None
        if cmd_name not in self.commands:
            group = typer.main.get_group(importlib.import_module(COMMANDS[cmd_name]).group)
            group.name = cmd_name
            # A command of its module's name stands by itself.
            self.commands[cmd_name] = group.commands.get(cmd_name, group)
        return self.commands[cmd_name]


app = typer.Typer(
    name="leadback",
    cls=CommandsOnDemand,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def program() -> None:
    """What became of every lead you sold."""


def main() -> None:
    """The entry point."""
    try:
        app()
    except Refused as error:
        print(f"leadback: {error}", file=sys.stderr)
        sys.exit(2)
