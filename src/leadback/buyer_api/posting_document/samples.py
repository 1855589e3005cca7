"""The sample programs, and how each language writes the buyer's words."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from leadback.buyer_api.operations import LEADS
from leadback.buyer_api.posting_document.calls import sample_calls
from leadback.buyer_api.posting_document.model import KEY, Example, Program, text


def _program(title: str, file_name: str, language: str, runs: str, needs: str) -> Program:
    return Program(
        name=file_name.partition(".")[0],
        title=title,
        language=language,
        file_name=file_name,
        run=f"{runs} {file_name}",
        needs=text(needs),
        code="",
    )


PROGRAMS: Final = (
    _program("curl, GET", "curl-get.sh", "sh", "sh", "curl"),
    _program("curl, form", "curl-form.sh", "sh", "sh", "curl"),
    _program("curl, JSON", "curl-json.sh", "sh", "sh", "curl"),
    _program("Python, requests", "python-requests.py", "python", "python3", "Python 3, `pip install requests`"),
    _program("Python, zeep", "python-zeep.py", "python", "python3", "Python 3, `pip install zeep`"),
    _program(
        "Python, pycake",
        "python-pycake.py",
        "python",
        "python3",
        "Python 3, `pip install pycake`, which sends no idempotency key",
    ),
    _program("PHP, SoapClient", "php-soap.php", "php", "php", "PHP 7 or newer with its extension soap"),
    _program("PHP, curl", "php-curl.php", "php", "php", "PHP 7 or newer with its extension curl"),
    _program("JavaScript, fetch", "javascript.mjs", "javascript", "node", "Node.js 18 or newer"),
    Program(
        name="csharp",
        title="C#, HttpClient",
        language="csharp",
        file_name="Program.cs",
        run="dotnet run",
        needs=text("a console project of .NET 6 or newer, or of .NET Framework 4.6 or newer with System.Net.Http"),
        code="",
    ),
)
"""Every sample, not yet written: the templates are called as the file is saved."""

# Ends of lines for C#, though not for the others.
_LINE_ENDS: Final = re.compile("[\x85\u2028\u2029]")


def programs_of(address: str, example: Example) -> Iterator[Program]:
    """Every sample, for services at this address."""
    parts = urlsplit(address)
    for program in PROGRAMS:
        code = _ENVIRONMENT.get_template(f"{program.file_name}.jinja").render(
            service=address + LEADS.path,
            host=parts.netloc + parts.path,
            secure=parts.scheme == "https",
            key=KEY,
            lead_id=example.lead_id,
            contract_id=example.contract.buyer_contract_id,
            calls=sample_calls(example, program.name),
        )
        yield msgspec.structs.replace(program, code=code.strip() + "\n")


def in_shell(words: object) -> str:
    """A word of a POSIX shell."""
    return shlex.quote(str(words))


def in_double_quotes(words: object) -> str:
    """A string of JSON, Python, JavaScript and C#: what JSON escapes they all write so, and read the rest as it is."""
    quoted = json.dumps(str(words), ensure_ascii=False)
    return _LINE_ENDS.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


def in_php(words: object) -> str:
    """A string of PHP in single quotes, in which nothing but a backslash and a quote mean anything."""
    return "'" + str(words).replace("\\", "\\\\").replace("'", "\\'") + "'"


def as_object(parameters: Mapping[str, object]) -> str:
    """An object of JSON."""
    return json.dumps(parameters, ensure_ascii=False)


_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("leadback.buyer_api.posting_document", "templates/samples"),
    # Programs are no HTML: each word is quoted as its language has it, by a filter below.
    autoescape=False,  # noqa: S701 - the document's template escapes the whole program
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_ENVIRONMENT.filters |= {"shell": in_shell, "quoted": in_double_quotes, "php": in_php, "object": as_object}
