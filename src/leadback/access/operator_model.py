"""Operators, what each role may do, and who is looking, as values."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from leadback.kit.errors import Refused


class Role(StrEnum):
    """What an operator is there for."""

    OWNER = "owner"
    ADMIN = "admin"
    ACCOUNT_MANAGER = "account manager"
    REPORTING_ONLY = "reporting only"


class Permission(StrEnum):
    """What can be allowed."""

    VIEW = "look at leads and reports"
    CHANGE_LEADS = "update, correct and return leads"
    DECIDE_RETURNS = "decide returns"
    MANAGE_BUYERS = "change buyers and their keys and aliases"
    CHANGE_SETUP = "change the setup"
    MANAGE_OPERATORS = "manage users"


ROLES: Final[dict[Role, frozenset[Permission]]] = {
    Role.OWNER: frozenset(Permission),
    Role.ADMIN: frozenset(Permission),
    Role.ACCOUNT_MANAGER: frozenset(
        {Permission.VIEW, Permission.CHANGE_LEADS, Permission.DECIDE_RETURNS, Permission.MANAGE_BUYERS}
    ),
    Role.REPORTING_ONLY: frozenset({Permission.VIEW}),
}
"""An account manager sees and changes what belongs to its own buyers alone."""


SECOND_FACTOR_ROLES: Final = (Role.OWNER, Role.ADMIN)
"""Who needs a second factor in a network that requires one: those who can let others in."""


class ForbiddenError(Refused):
    """The operator's role does not allow it; nothing was changed."""


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """A person who works for the network."""

    operator_id: int
    name: str
    email: str
    """In lower case."""
    role: Role
    active: bool
    password_hash: str | None
    totp_secret: str | None
    totp_step: int | None
    signed_in_at: datetime | None


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Who is looking: every use case and every query of the console is given one."""

    network_id: int
    operator_id: int
    name: str
    email: str
    role: Role
    buyer_ids: frozenset[int] | None
    """The buyers it may see; None: all of them."""

    def may(self, permission: Permission) -> bool:
        """Whether its role allows something."""
        return permission in ROLES[self.role]

    def require(self, permission: Permission) -> None:
        """Raise `ForbiddenError` unless its role allows it."""
        if not self.may(permission):
            raise ForbiddenError(f"Your role ({self.role}) does not allow to {permission}.")

    def sees_buyer(self, buyer_id: int) -> bool:
        """Whether a buyer is one of its own."""
        return self.buyer_ids is None or buyer_id in self.buyer_ids

    def require_buyer(self, buyer_id: int) -> None:
        """Raise `ForbiddenError` unless the buyer is one of its own: in the words for one that is not there."""
        if not self.sees_buyer(buyer_id):
            raise ForbiddenError(f"There is no buyer with the id {buyer_id}.")


class OperatorSession(msgspec.Struct, frozen=True, kw_only=True):
    """One browser that is signed in, as its operator sees it in a list."""

    digest: bytes
    operator_id: int
    created_at: datetime
    seen_at: datetime
    address: str | None
    user_agent: str
    awaits_code: bool
