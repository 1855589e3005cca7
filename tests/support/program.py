"""The program as its users run it: commands, and servers in processes of their own."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import IO, Any

import httpx
import pytest
from typer.testing import CliRunner

import leadback
from leadback.cli.main import app
from tests.kit.embedded_support import DEADLINE_SECONDS, is_alive, wait_for

PROGRAM = (sys.executable, "-P", "-m", "leadback")
READY = re.compile(r"Leadback serves (http://\S+)")
COMMAND_SECONDS_MAX = 300

Done = subprocess.CompletedProcess[str]


class Program:
    """Commands of one data directory (or of one database, by its address)."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)

    @property
    def process_environment(self) -> dict[str, str]:
        """Everything a process of its own needs to be the same program."""
        return clean_environment() | self.environment

    def run(self, *arguments: str, exit_code: int = 0) -> Done:
        """Run a command to its end and check its exit code.

        In this process, which has loaded everything already. A command brings its event loop: where one runs here, it
        gets a thread, in which no command can listen to signals. Commands that serve or work until they are stopped
        need a process: `running`.
        """
        others = {name: None for name in os.environ if name.startswith("LEADBACK_")}
        invoke = partial(
            CliRunner().invoke, app, list(arguments), env={**others, **self.environment}, catch_exceptions=False
        )
        with ThreadPoolExecutor(1) as thread:
            result = thread.submit(invoke).result() if _loop_runs() else copy_context().run(invoke)
        return _checked(Done(arguments, result.exit_code, result.stdout, result.stderr), exit_code)

    def run_apart(self, *arguments: str, exit_code: int = 0) -> Done:
        """The same in a process of its own, from its start to its exit."""
        done = subprocess.run(
            [*PROGRAM, *arguments],
            env=self.process_environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS_MAX,
        )
        return _checked(done, exit_code)

    def json(self, *arguments: str) -> Any:
        """What a command prints as JSON."""
        return json.loads(self.run(*arguments, "--format", "json").stdout)

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[str]:
        """The address of a ready server, ended politely on leaving."""
        with serving(*arguments, environment=self.environment) as running:
            wait_for(lambda: running.answers("/readyz", 200))
            yield running.url
            assert running.stop() == 0


@contextmanager
def fresh_program() -> Iterator[Program]:
    """The program with an empty data directory of its own."""
    directory = Path(tempfile.mkdtemp(prefix="leadback-program-"))
    try:
        yield Program({"LEADBACK_DATA_DIR": str(directory / "data")})
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class Running:
    """One `leadback …` in a process of its own, with what it printed."""

    def __init__(self, process: subprocess.Popen[str], errors: IO[str], port: int) -> None:
        self.process = process
        self.port = port
        self._errors = errors

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def errors(self) -> str:
        """What it printed on standard error until now."""
        return Path(self._errors.name).read_text()

    def client(self) -> httpx.Client:
        """A client of its own connections."""
        return httpx.Client(base_url=self.url, timeout=DEADLINE_SECONDS)

    def get(self, path: str) -> httpx.Response:
        """One request on a connection of its own."""
        with self.client() as client:
            return client.get(path)

    def answers(self, path: str, status: int) -> bool:
        """Whether it answers so now; False where it does not answer at all."""
        try:
            return self.get(path).status_code == status
        except httpx.TransportError:
            return False

    def wait_until_ready(self) -> None:
        """Wait for the line that says where it serves."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = READY.fullmatch(line.strip())
        if found is None:
            self.process.wait(DEADLINE_SECONDS)
            pytest.fail(f"it printed {line!r} and {self.errors}")
        assert found[1] == self.url

    def background_worker(self) -> int | None:
        """Its background worker's process, None where there is none at the moment."""
        found = [pid for pid in self.children() if b"work" in _command(pid)]
        return found[0] if found else None

    def web_workers(self) -> list[int]:
        """Its web workers' processes."""
        return [pid for pid in self.children() if b"serve" in _command(pid)]

    def children(self) -> list[int]:
        """Its live child processes; not the database, which is nobody's child."""
        return [pid for pid in children_of(self.process.pid) if is_alive(pid)]

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_SECONDS)

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait(DEADLINE_SECONDS)


@contextmanager
def running(
    *arguments: object, environment: Mapping[str, str] | None = None, port: int | None = None
) -> Iterator[Running]:
    """`leadback` with these arguments, and `--port` where it serves; stopped at the end if it was not before."""
    port = free_port() if port is None else port
    ports = ("--port", str(port)) if arguments[0] in ("serve", "demo") else ()
    with tempfile.NamedTemporaryFile("w+", suffix=".err") as errors:
        process = subprocess.Popen(
            [*PROGRAM, *map(str, arguments), *ports],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=clean_environment() | dict(environment or {}),
        )
        program = Running(process, errors, port)
        with process:
            workers: list[int] = []
            try:
                yield program
            finally:
                if process.poll() is None:
                    workers = program.children()
                    program.stop()
                wait_for(lambda: not any(is_alive(pid) for pid in workers))


@contextmanager
def serving(
    *arguments: object, environment: Mapping[str, str] | None = None, port: int | None = None
) -> Iterator[Running]:
    """`leadback serve`, ready."""
    with running("serve", *arguments, environment=environment, port=port) as program:
        program.wait_until_ready()
        yield program


def refusal(*arguments: object, environment: Mapping[str, str] | None = None, port: int | None = None) -> str:
    """What `leadback serve` says before it exits with 2 because it cannot."""
    with running("serve", *arguments, environment=environment, port=port) as program:
        printed, _ = program.process.communicate(timeout=DEADLINE_SECONDS)
        assert (program.process.returncode, printed) == (2, "")
        return program.errors


def clean_environment() -> dict[str, str]:
    """Ours without settings of Leadback, and with the package the tests see."""
    source = str(Path(leadback.__file__).parents[1])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LEADBACK_")}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, [source, kept.get("PYTHONPATH")]))}


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def children_of(pid: int) -> list[int]:
    """The child processes of all threads of a process."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in path.read_text().split()]
        except OSError:
            continue
    return found


def _command(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _checked(done: Done, exit_code: int) -> Done:
    assert done.returncode == exit_code, f"{done.args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done
