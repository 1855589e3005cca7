"""What a network's name and settings may be."""

import re
from typing import Final

from leadback.kit.errors import Refused
from leadback.kit.names import check_name
from leadback.networks.model import Network

FAILED_UPDATE_DAYS_MAX: Final = 3650
HOST_NAME_LENGTH_MAX: Final = 253
# A key carries its network in at most seven digits.
NETWORK_ID_MAX: Final = 9_999_999

CHOICES: Final = {
    "date_format": ("MDY", "DMY"),
    "terminal_statuses": ("flag", "keep"),
    "return_approval": ("manual", "automatic_credit"),
}

_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_HOST_NAME: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")

# Known to Python and to PostgreSQL, but these mean whatever the machine is set to.
_ZONES_OF_THE_MACHINE: Final = frozenset({"localtime", "Factory", "posixrules"})


def check_new_network(name: str, currency: str) -> None:
    """Raise `Refused` unless a network could be called this and count in this currency."""
    check_name("network's name", name)
    if not _CURRENCY.fullmatch(currency):
        raise Refused(f"The currency {currency!r} is not three capital letters, such as USD or GBP.")


def check_time_zone(time_zone: str, known: frozenset[str]) -> None:
    """Raise `Refused` unless the zone is one of the `known`."""
    if time_zone not in known - _ZONES_OF_THE_MACHINE:
        raise Refused(
            f"The time zone {time_zone!r} is not known; give one such as America/New_York, America/Los_Angeles,"
            " Europe/London or UTC."
        )


def check_settings(network: Network) -> None:
    """Raise `Refused` unless every setting but zone and currency is in its range."""
    check_name("network's name", network.name)
    for setting, choices in CHOICES.items():
        if getattr(network, setting) not in choices:
            raise Refused(f"{setting} {getattr(network, setting)!r} is not one of {', '.join(choices)}.")
    if not 1 <= network.week_start <= 7:
        raise Refused(f"week_start {network.week_start} is not 1 (Monday) to 7 (Sunday).")
    if not 1 <= network.failed_update_days <= FAILED_UPDATE_DAYS_MAX:
        raise Refused(f"failed_update_days {network.failed_update_days} is not 1 to {FAILED_UPDATE_DAYS_MAX}.")
    host_name = network.host_name
    if host_name is not None and (len(host_name) > HOST_NAME_LENGTH_MAX or not _HOST_NAME.fullmatch(host_name)):
        raise Refused(f"The host name {host_name!r} is not one: small letters, digits, '-' and '.', no port.")
