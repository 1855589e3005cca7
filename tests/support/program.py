"""The program as its users run it: commands, and a server with its own data directory."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

READY_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60


class Program:
    """Commands of one data directory (or of one database, by its address)."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LEADBACK_")}
        self.environment = kept | dict(environment)

    def run(self, *arguments: str, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command to its end and check its exit code."""
        done = subprocess.run(
            [sys.executable, "-m", "leadback", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == exit_code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments: str) -> Any:
        """What a command prints as JSON."""
        return json.loads(self.run(*arguments, "--format", "json").stdout)

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[str]:
        """The address of a ready server, ended politely on leaving."""
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        server = subprocess.Popen(
            [sys.executable, "-m", "leadback", "serve", "--port", str(port), *arguments], env=self.environment
        )
        try:
            wait_until_ready(address, server)
            yield address
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                assert server.wait(STOP_SECONDS_MAX) == 0
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
                raise


@contextmanager
def fresh_program() -> Iterator[Program]:
    """The program with an empty data directory of its own."""
    directory = Path(tempfile.mkdtemp(prefix="leadback-program-"))
    try:
        yield Program({"LEADBACK_DATA_DIR": str(directory / "data")})
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def wait_until_ready(address: str, server: "subprocess.Popen[Any]") -> None:
    """Wait until `/readyz` says so; fail where the server ends first."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        assert server.poll() is None, f"the server ended with {server.returncode}"
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("the server was not ready in time")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
