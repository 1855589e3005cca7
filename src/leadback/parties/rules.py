"""What verticals, offers, affiliates, campaigns, buyers and contracts may be."""

from enum import StrEnum
from ipaddress import ip_network
from typing import Final

from leadback.access.model import IPNetwork
from leadback.kit.errors import Refused
from leadback.parties.model import Buyer, BuyerContract

ID_MAX: Final = 2**31 - 1
RETURN_AGE_DAYS_MAX: Final = 3650
RATE_PER_KEY_MAX: Final = 100_000
KEYLESS_NETWORKS_MAX: Final = 1000
RETRY_GUARDS: Final = ("guard", "off", "strict")


class PartyKind(StrEnum):
    """What can be made, renamed, deactivated and deleted here; the name of its table."""

    VERTICAL = "vertical"
    OFFER = "offer"
    AFFILIATE = "affiliate"
    CAMPAIGN = "campaign"
    BUYER = "buyer"
    BUYER_CONTRACT = "buyer_contract"

    @property
    def spoken(self) -> str:
        """As people say it."""
        return self.value.replace("_", " ")

    @property
    def id_column(self) -> str:
        """The column of its id."""
        return f"{self.value}_id"


def choose_id(what: str, wanted: int | None, largest: int | None) -> int:
    """The id that was given, or the one after the largest there is."""
    if wanted is None:
        if largest == ID_MAX:
            raise Refused(f"The {what} ids have reached {ID_MAX}; give a free id.")
        return (largest or 0) + 1
    if not 1 <= wanted <= ID_MAX:
        raise Refused(f"The {what} id {wanted} is not 1 to {ID_MAX}.")
    return wanted


def parse_network(text: str) -> IPNetwork:
    """A network as people write it: `192.0.2.0/24`, `2001:db8::/32`, or one address."""
    try:
        return ip_network(text.strip())
    except ValueError as error:
        raise Refused(f"{text!r} is not a network: {error}. Give one such as 192.0.2.0/24 or one address.") from error


def check_buyer(buyer: Buyer) -> None:
    """Raise `Refused` unless a buyer's settings agree with each other."""
    if buyer.accept_keyless and not buyer.keyless_networks:
        raise Refused(
            "Updates without a key are accepted only from networks that are named: give at least one allowed network"
            " (--allow-network), such as 192.0.2.0/24."
        )
    if len(buyer.keyless_networks) > KEYLESS_NETWORKS_MAX:
        raise Refused(f"{len(buyer.keyless_networks)} allowed networks; at most {KEYLESS_NETWORKS_MAX} are allowed.")
    if len(set(buyer.keyless_networks)) != len(buyer.keyless_networks):
        raise Refused("An allowed network is given twice.")
    if buyer.rate_per_key is not None and not 0 <= buyer.rate_per_key <= RATE_PER_KEY_MAX:
        raise Refused(f"The rate {buyer.rate_per_key} is not 0 (no limit) to {RATE_PER_KEY_MAX} updates a second.")
    if buyer.retry_guard not in RETRY_GUARDS:
        raise Refused(f"The retry guard {buyer.retry_guard!r} is not one of {', '.join(RETRY_GUARDS)}.")


def check_contract(contract: BuyerContract) -> None:
    """Raise `Refused` unless a contract's settings are in their ranges."""
    if not 0 <= contract.max_return_age_days <= RETURN_AGE_DAYS_MAX:
        raise Refused(f"The return age {contract.max_return_age_days} is not 0 to {RETURN_AGE_DAYS_MAX} days.")
