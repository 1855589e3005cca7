"""Passwords: which are good enough, and what is stored of one."""

import asyncio
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from leadback.kit.errors import Refused

LENGTH_MIN: Final = 15
"""Long enough to need no rule about the kinds of characters (NIST SP 800-63B-4); a few words will do."""
BYTES_MAX: Final = 1024
DIFFERENT_MIN: Final = 6
REST_LENGTH_MIN: Final = 8
"""So much must be left without the words that anybody would try."""
WORD_LENGTH_MIN: Final = 4
"""Shorter ones stand in any text."""
HASHES_AT_ONCE_MAX: Final = 2
"""Each takes 64 MiB."""

SCORE_MIN: Final = 3
"""Of 0 to 4 that zxcvbn gives: over 10^8 guesses by somebody who knows the lists of leaked passwords."""
SCORED_LENGTH_MAX: Final = 72
"""What follows makes nothing easier to guess, and zxcvbn takes no more."""
OWN_WORDS: Final = ("leadback", "password", "passwort")

# RFC 9106, second recommendation: 64 MiB, three passes, four lanes.
_HASHER: Final = PasswordHasher()


def check_password(password: str, words: Iterable[str]) -> None:
    """Raise `Refused` unless a password is long and not easily guessed; `words` are its operator's and network's."""
    if len(password) < LENGTH_MIN:
        raise Refused(
            f"The password has {len(password)} characters; give at least {LENGTH_MIN}. A few words are easiest."
        )
    if len(password.encode()) > BYTES_MAX:
        raise Refused(f"The password is longer than {BYTES_MAX} bytes.")
    rest = password.lower()
    if len(set(rest)) < DIFFERENT_MIN:
        raise Refused("The password repeats a few characters; choose one that is harder to guess.")
    tried_first = {word.lower() for word in (*words, *OWN_WORDS) if len(word) >= WORD_LENGTH_MIN}
    for word in sorted(tried_first, key=len, reverse=True):
        rest = rest.replace(word, "")
    score = zxcvbn(password[:SCORED_LENGTH_MAX], user_inputs=sorted(tried_first))["score"]
    if score < SCORE_MIN or len("".join(rest.split())) < REST_LENGTH_MIN:
        raise Refused("The password is made of what is tried first; choose one that is harder to guess.")


async def hash_password(password: str) -> str:
    """What is stored."""
    return await asyncio.get_running_loop().run_in_executor(_threads(os.getpid()), _HASHER.hash, password)


async def is_password(stored: str | None, password: str) -> bool:
    """Whether it is the password of a stored hash; as slow where there is none."""
    if len(password.encode("utf-8", "replace")) > BYTES_MAX:
        return False
    right = await asyncio.get_running_loop().run_in_executor(_threads(os.getpid()), _verify, stored, password)
    return right and stored is not None


def needs_rehash(stored: str) -> bool:
    """Whether a hash was made with other costs than today's."""
    return _HASHER.check_needs_rehash(stored)


@cache
def _threads(process_id: int) -> ThreadPoolExecutor:
    """Of this process alone: web workers are forked, and a fork has its parent's pool without the threads."""
    return ThreadPoolExecutor(HASHES_AT_ONCE_MAX, f"password-{process_id}")


@cache
def _nobody() -> str:
    """Verified where there is no operator or no password, so that it takes as long."""
    return _HASHER.hash("nobody has this password")


def _verify(stored: str | None, password: str) -> bool:
    try:
        return _HASHER.verify(stored or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
