"""The tables of operators and of buyers' API keys."""

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKeyConstraint,
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
    UniqueConstraint("network_id", "email"),
    ForeignKeyConstraint(["network_id"], ["network.network_id"]),
    one_of("role", "owner", "admin", "account manager", "reporting only"),
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
