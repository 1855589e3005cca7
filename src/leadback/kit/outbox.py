"""What changed, written in the transaction of the change and taken by the worker afterwards."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Table, text
from sqlalchemy.dialects.postgresql import JSONB

from leadback.kit.columns import ExactText, metadata, network_column

outbox = Table(
    "outbox",
    metadata,
    network_column(),
    Column("outbox_id", BigInteger, Identity(), primary_key=True),
    Column("topic", ExactText, nullable=False),
    Column("subject_id", BigInteger, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)
