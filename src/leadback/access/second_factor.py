"""The second factor: codes of an authenticator (TOTP, RFC 6238), each good once, and recovery codes."""

import base64
import secrets
from datetime import datetime
from typing import Final

import pyotp

from leadback.kit.tokens import digest

STEP_SECONDS: Final = 30
STEPS_ASIDE_MAX: Final = 1
"""How far the clock of a telephone may be off."""
RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 15


def make_secret() -> str:
    """A new secret, as authenticators take it."""
    return pyotp.random_base32()


def enrolment_address(secret: str, email: str) -> str:
    """What the picture for the authenticator says."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Leadback")


def step_of(secret: str, code: str, now: datetime, last_step: int | None) -> int | None:
    """The step a code belongs to; None where it is wrong, too old or used before."""
    code = code.replace(" ", "")
    if not (code.isascii() and code.isdigit()):
        return None
    current = int(now.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    for step in range(current - STEPS_ASIDE_MAX, current + STEPS_ASIDE_MAX + 1):
        if (last_step is None or step > last_step) and secrets.compare_digest(totp.at(step * STEP_SECONDS), code):
            return step
    return None


def make_recovery_codes() -> list[str]:
    """New codes, in groups for people to copy: 120 random bits each."""
    codes = []
    for _ in range(RECOVERY_CODES):
        text = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()
        codes.append("-".join(text[start : start + 6] for start in range(0, len(text), 6)))
    return codes


def recovery_digest(code: str) -> bytes:
    """What is stored of a code; blanks, dashes and case make no difference."""
    return digest(code.replace("-", "").replace(" ", "").lower())
