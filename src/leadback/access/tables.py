"""The tables of operators and of buyers' API keys."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, CIDR, INET

from leadback.kit.columns import ExactText, metadata, network_column, one_of

operator = Table(
    "operator",
    metadata,
    network_column(),
    Column("operator_id", Integer, primary_key=True, autoincrement=False),
    Column("name", ExactText, nullable=False),
    Column("email", ExactText, nullable=False),
    Column("role", ExactText, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    # Null until the operator chose one by a link.
    Column("password_hash", ExactText),
    # Null: no second factor. The step is that of the last code used, so that none is used twice.
    Column("totp_secret", ExactText),
    Column("totp_step", BigInteger),
    Column("signed_in_at", DateTime(timezone=True)),
    UniqueConstraint("network_id", "email"),
    ForeignKeyConstraint(["network_id"], ["network.network_id"]),
    one_of("role", "owner", "admin", "account manager", "reporting only"),
)

recovery_code = Table(
    "recovery_code",
    metadata,
    network_column(),
    Column("operator_id", Integer, primary_key=True, autoincrement=False),
    # As of keys only a digest: a code has 120 random bits.
    Column("digest", LargeBinary, primary_key=True),
    ForeignKeyConstraint(["network_id", "operator_id"], ["operator.network_id", "operator.operator_id"]),
)

operator_session = Table(
    "operator_session",
    metadata,
    network_column(),
    Column("digest", LargeBinary, primary_key=True),
    Column("operator_id", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    # The password was right, the code of the second factor is still to come: the session opens nothing else.
    Column("awaits_code", Boolean, nullable=False),
    Column("address", INET),
    Column("user_agent", ExactText, nullable=False),
    ForeignKeyConstraint(["network_id", "operator_id"], ["operator.network_id", "operator.operator_id"]),
    Index("ix_operator_session_operator", "network_id", "operator_id"),
)

operator_link = Table(
    "operator_link",
    metadata,
    network_column(),
    Column("digest", LargeBinary, primary_key=True),
    Column("purpose", ExactText, nullable=False),
    # Null: the link makes the first owner.
    Column("operator_id", Integer),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(["network_id", "operator_id"], ["operator.network_id", "operator.operator_id"]),
    one_of("purpose", "first owner", "password"),
)

sign_in_limit = Table(
    "sign_in_limit",
    metadata,
    network_column(),
    Column("name", ExactText, primary_key=True),
    # When the attempts made so far are worked off, at the rate that is allowed.
    Column("free_at", DateTime(timezone=True), nullable=False),
)

saved_view = Table(
    "saved_view",
    metadata,
    network_column(),
    Column("saved_view_id", Integer, primary_key=True, autoincrement=False),
    Column("operator_id", Integer, nullable=False),
    Column("page", ExactText, nullable=False),
    Column("name", ExactText, nullable=False),
    # The question as the page's address has it.
    Column("query", ExactText, nullable=False),
    Column("shared", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("network_id", "operator_id", "page", "name"),
    ForeignKeyConstraint(["network_id", "operator_id"], ["operator.network_id", "operator.operator_id"]),
)

api_key = Table(
    "api_key",
    metadata,
    network_column(),
    Column("api_key_id", Integer, primary_key=True, autoincrement=False),
    Column("buyer_id", Integer, nullable=False),
    # Only a digest is stored: 190 random bits need no slow hash, and a look-up by digest leaks nothing through time.
    Column("digest", LargeBinary, nullable=False),
    Column("shown_as", ExactText, nullable=False),
    Column("scopes", ARRAY(ExactText), nullable=False, server_default="{}"),
    Column("allowed_networks", ARRAY(CIDR), nullable=False, server_default="{}"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Column("last_used_at", DateTime(timezone=True)),
    Column("last_used_address", INET),
    UniqueConstraint("network_id", "digest"),
    ForeignKeyConstraint(["network_id", "buyer_id"], ["buyer.network_id", "buyer.buyer_id"]),
)
