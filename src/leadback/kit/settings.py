"""The settings of one process: from `LEADBACK_*` variables over one TOML file, refused when wrong."""

import os
import tomllib
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from leadback.kit.errors import Refused

PREFIX = "LEADBACK_"
CONFIG_VARIABLE = "LEADBACK_CONFIG"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting with its default; the variable of `data_dir` is `LEADBACK_DATA_DIR`, and so on."""

    data_dir: Path = Path("leadback-data")
    """Where the embedded database and its secrets live."""
    database_url: str | None = None
    """A PostgreSQL server (15 or newer) to use in place of the embedded one, as the role `leadback_app`."""
    migration_database_url: str | None = None
    """The same database as the role `leadback_owner`; without it the schema is only checked, never changed."""
    allow_owner_role: bool = False
    """Accept a `database_url` whose role owns the tables or bypasses row-level security."""
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8400
    web_workers: Annotated[int, msgspec.Meta(ge=1, le=64)] = 2
    public_url: str | None = None
    """The address buyers reach us at; default: the address `serve` was started with."""
    network: str | None = None
    """Name or id of the network a command speaks of; needed only where there are several."""
    rate_per_key: Annotated[int, msgspec.Meta(ge=0)] = 100
    """Updates a second for each key (without one, for each address), bursts of ten times that; 0: no limit."""
    lead_guesses_max: Annotated[int, msgspec.Meta(ge=0)] = 20
    """Unknown-lead answers in 10 minutes for one address without a valid key; 0 switches both guess limits off."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks (CIDR) whose X-Forwarded-For is believed; as a variable: separated by commas."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def load_settings(given: Mapping[str, object], environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from what is `given` (None means not given), else the environment, else the file, else the default.

    Raises `Refused` naming the variable that is wrong and what it takes.
    """
    environment = os.environ if environment is None else environment
    values = _from_file(environment.get(CONFIG_VARIABLE)) | _from_environment(environment)
    values |= {name: value for name, value in given.items() if value is not None}
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        # The error names the field last, as `$.port`.
        told, _, field = str(error).rpartition(" - at `$.")
        name = f"{PREFIX}{field.rstrip('`').upper()} is wrong" if told else "A setting is wrong"
        raise Refused(f"{name}: {told or error}. Settings: {_known()}") from error
    for network in settings.trusted_proxies:
        parse_network(network)
    if settings.public_url is not None and not _is_web_address(settings.public_url):
        raise Refused(
            f"LEADBACK_PUBLIC_URL is wrong: {settings.public_url!r} is no address of a web server. It takes one such as"
            " https://leads.example.com, perhaps with a path."
        )
    return settings


def parse_network(text: str) -> IPv4Network | IPv6Network:
    """A network of `trusted_proxies`; raises `Refused` where it is none."""
    try:
        return ip_network(text)
    except ValueError as error:
        raise Refused(
            f"LEADBACK_TRUSTED_PROXIES is wrong: {error}. It takes networks such as 10.0.0.0/8, separated by commas."
        ) from error


def _is_web_address(text: str) -> bool:
    """Whether an address can have paths put behind it."""
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    is_plain = "@" not in parts.netloc and not parts.query and not parts.fragment and text.split() == [text]
    return parts.scheme in ("http", "https") and is_whole and is_plain


def _decode(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str | Path):
        return Path(value)
    raise NotImplementedError


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        text = environment.get(PREFIX + field.name.upper())
        if text is None or text == "":
            continue
        if field.name == "trusted_proxies":
            values[field.name] = [part.strip() for part in text.split(",") if part.strip()]
        else:
            values[field.name] = text
    return values


def _from_file(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"{CONFIG_VARIABLE} names {path}, which cannot be read as TOML: {error}") from error


def _known() -> str:
    return ", ".join(PREFIX + field.name.upper() for field in msgspec.structs.fields(Settings))
