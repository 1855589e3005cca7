"""The clients that nobody here wrote, each started by a script that tells it what to call and prints its answers."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from tests.conftest import skip_or_fail

HERE = Path(__file__).parent
CLIENT_SECONDS_MAX = 30

Call = tuple[str, dict[str, Any]]


class Client(msgspec.Struct, frozen=True):
    """How a client is started, how it is seen to be there, and where it comes from."""

    name: str
    command: tuple[str, ...]
    probe: tuple[str, ...]
    source: str

    def __str__(self) -> str:
        """The name that a test bears."""
        return self.name

    def answers(self, calls: Sequence[Call], **told: Any) -> list[Any]:
        """What the client understood of the answer to each call."""
        done = self.run(json.dumps({**told, "calls": calls}))
        answers: list[Any] = json.loads(done.stdout)
        return answers

    def run(self, told: str = "", arguments: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """The client from start to end, without complaints; skips or fails the test where there is none."""
        if not _is_there(self.probe):
            skip_or_fail(f"{self.name} is not on this machine ({self.source})")
        done = subprocess.run(
            [*self.command, *arguments],
            input=told,
            capture_output=True,
            check=False,
            encoding="utf-8",
            env=_environment(),
            timeout=CLIENT_SECONDS_MAX,
        )
        assert (done.returncode, done.stderr) == (0, ""), f"{self.name}: {done.stderr}{done.stdout}"
        return done


@cache
def _is_there(probe: tuple[str, ...]) -> bool:
    return (
        shutil.which(probe[0]) is not None and subprocess.run(probe, capture_output=True, check=False).returncode == 0
    )


def _environment() -> dict[str, str]:
    """This machine's proxy, if it has one, is none for addresses of this machine."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


def _python(name: str) -> Client:
    command = (sys.executable, "-P", "-W", "error", str(HERE / "python" / f"{name}_client.py"))
    return Client(name, command, (sys.executable, "-c", f"import {name}"), "requirements/dev.lock")


def _php(name: str, script: str, extension: str) -> Client:
    probe = ("php", "-r", f'exit(extension_loaded("{extension}") ? 0 : 1);')
    return Client(name, ("php", str(HERE / "php" / script)), probe, "Debian: php-cli php-soap php-xml")


PYCAKE = _python("pycake")
ZEEP = _python("zeep")
PHP_SOAP = _php("PHP SoapClient", "soap_client.php", "soap")
PHP_SIMPLEXML = _php("PHP SimpleXML", "simplexml_client.php", "simplexml")
NODE_SOAP = Client(
    "npm soap",
    ("node", str(HERE / "node" / "soap_client.js")),
    ("node", "--eval", f"require({json.dumps(str(HERE / 'node' / 'node_modules' / 'soap'))})"),
    "Node.js with npm, then make test",
)
SOAP_LITE = Client(
    "Perl SOAP::Lite",
    ("perl", str(HERE / "perl" / "soap_client.pl")),
    ("perl", "-MSOAP::Lite", "-e", "1"),
    "Debian: libsoap-lite-perl",
)
CURL = Client("curl", ("curl", "--disable", "--silent", "--show-error"), ("curl", "--version"), "Debian: curl")
