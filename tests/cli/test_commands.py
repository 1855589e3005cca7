"""The program's commands: all of them there, none loaded that was not asked for."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import typer

import leadback.cli
from leadback.cli.main import COMMANDS
from tests.support.program import Program

# What serving, working and migrating alone need: together they take longer to load than most commands run.
HEAVY = {"alembic", "granian", "litestar", "procrastinate"}
NEED_THEM = {"init", "serve", "migrate", "work", "demo"}

LOADED = """
import sys
from typer.main import get_command
from leadback.cli.main import app
program = get_command(app)
for name in sys.argv[1:]:
    assert program.get_command(None, name).name == name
print(*{name.partition(".")[0] for name in sys.modules})
"""


def test_a_command_that_is_not_there_is_answered_with_one_that_is() -> None:
    done = Program({}).run_apart("contarct", exit_code=2)
    assert "No such command 'contarct'. Did you mean 'contract'" in done.stderr


def test_every_group_of_commands_has_its_name() -> None:
    names = [f"leadback.cli.{path.stem}" for path in Path(*leadback.cli.__path__).glob("*.py")]
    groups = [name for name in names if isinstance(getattr(import_module(name), "group", None), typer.Typer)]
    assert sorted(groups) == sorted(COMMANDS.values())


def test_a_command_loads_nothing_that_only_servers_need() -> None:
    names = [name for name in COMMANDS if name not in NEED_THEM]
    done = subprocess.run([sys.executable, "-c", LOADED, *names], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "sqlalchemy" in loaded
    assert HEAVY & loaded == set()
