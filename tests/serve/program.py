"""The program as an operator runs it, in processes of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import httpx
import pytest

import leadback
from tests.kit.embedded_support import DEADLINE_SECONDS, ask, is_alive, live_servers, wait_for
from tests.support.server import Addresses

PROGRAM = (sys.executable, "-P", "-m", "leadback")
READY = re.compile(r"Leadback serves (http://\S+)")


class Program:
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
        return [pid for pid in children(self.process.pid) if is_alive(pid)]

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
) -> Iterator[Program]:
    """`leadback` with these arguments, and `--port` where it serves; stopped at the end if it was not before."""
    port = free_port() if port is None else port
    ports = ("--port", str(port)) if "serve" in arguments else ()
    with tempfile.NamedTemporaryFile("w+", suffix=".err") as errors:
        process = subprocess.Popen(
            [*PROGRAM, *map(str, arguments), *ports],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=clean_environment() | dict(environment or {}),
        )
        program = Program(process, errors, port)
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
) -> Iterator[Program]:
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


def newest_job_worker(addresses: Addresses) -> int:
    """The number of the worker that came to the job queue last; each takes a higher one."""
    number: int = ask(addresses.owner, "SELECT coalesce(max(id), 0) FROM jobs.procrastinate_workers")[0]
    return number


def stop_database(data_dir: Path) -> None:
    """Stop the PostgreSQL of a data directory behind the back of whoever uses it."""
    (pid,) = live_servers(data_dir)
    os.kill(pid, signal.SIGINT)
    wait_for(lambda: not is_alive(pid))


def kill_database(data_dir: Path) -> int:
    """End the PostgreSQL of a data directory as a power cut would, all its processes at once; which it was."""
    (postmaster,) = live_servers(data_dir)
    # Stopped first, so that it cannot replace or tidy up what is killed before it.
    os.kill(postmaster, signal.SIGSTOP)
    for pid in [*children(postmaster), postmaster]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return postmaster


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


def children(pid: int) -> list[int]:
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
