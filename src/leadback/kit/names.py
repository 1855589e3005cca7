"""What a name that people give may look like."""

import re
from typing import Final

from leadback.kit.errors import Refused

NAME_LENGTH_MAX: Final = 100

# What XML 1.0 calls Char, without tab and line ends: a name stands in XML answers, column heads and lines of a list.
_FORBIDDEN: Final = re.compile("[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Nobody sees them, so two names would look the same and be none the other's; the joiners of emoji and scripts stay.
_INVISIBLE: Final = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def check_name(what: str, name: str, *, length_max: int = NAME_LENGTH_MAX) -> None:
    """Raise `Refused` unless a name is 1 to `length_max` characters that can be shown, with no blank at either end."""
    if not name:
        raise Refused(f"The {what} is empty; give 1 to {length_max} characters.")
    if len(name) > length_max:
        raise Refused(f"The {what} has {len(name)} characters; at most {length_max} are allowed.")
    if _FORBIDDEN.search(name):
        raise Refused(
            f"The {what} {name!a} has a control character or one that XML forbids; give characters that can be shown."
        )
    if _INVISIBLE.search(name):
        raise Refused(
            f"The {what} {name!a} has a character that is not seen or turns the writing round; give it without."
        )
    if name != name.strip():
        raise Refused(f"The {what} {name!r} begins or ends with a blank; give it without.")
