"""The table of configuration changes."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Integer, Table
from sqlalchemy.dialects.postgresql import JSONB

from leadback.kit.columns import ExactText, metadata, network_column

audit_entry = Table(
    "audit_entry",
    metadata,
    network_column(),
    Column("audit_entry_id", BigInteger, Identity(), primary_key=True),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("actor_kind", ExactText, nullable=False),
    Column("actor_id", Integer),
    Column("actor", ExactText, nullable=False),
    Column("action", ExactText, nullable=False),
    Column("subject", ExactText, nullable=False),
    Column("subject_id", Integer),
    Column("before", JSONB),
    Column("after", JSONB),
)
