"""Who is calling: every place where a key may stand is read, and two different keys are none."""

import base64
import binascii
from collections.abc import Iterable, Sequence

from leadback.access.model import PresentedKey
from leadback.kit.tokens import digest, key_network
from leadback.leads.model import BuyerCaller


def presented_keys(
    authorizations: Sequence[bytes], key_headers: Iterable[bytes], parameters: Iterable[str]
) -> set[str]:
    """Every different key a call carries; none at all is what makes a call keyless, so a wrong one counts too."""
    keys = {value.decode("latin-1") for value in key_headers}
    keys.update(parameters)
    for value in authorizations:
        keys.add(_authorization_key(value))
    keys.discard("")
    return keys


def keyed_caller(keys: set[str]) -> BuyerCaller | None:
    """The caller of the one key presented; None where there are several, or its form is wrong."""
    if len(keys) != 1:
        return None
    (key,) = keys
    network_id = key_network(key)
    return None if network_id is None else BuyerCaller(PresentedKey(network_id, digest(key)))


def _authorization_key(value: bytes) -> str:
    """The key in an `Authorization` header; some text that is no key where none can be found in it."""
    scheme, _, credentials = value.decode("latin-1").partition(" ")
    credentials = credentials.strip(" ")
    match scheme.lower():
        case "bearer":
            return credentials
        case "basic":
            return _basic_key(credentials)
        case _:
            return "Authorization " + value.decode("latin-1")


def _basic_key(credentials: str) -> str:
    """The user name or the password, whichever is a key; together they are none."""
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode("latin-1").partition(":")
    except (binascii.Error, ValueError):
        return "Basic " + credentials
    keys = {part for part in (user, password) if key_network(part) is not None}
    return keys.pop() if len(keys) == 1 else user + password
