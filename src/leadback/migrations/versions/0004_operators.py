"""How operators sign in, and the views they keep."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.add_column("operator", sa.Column("password_hash", sa.Text(collation="C"), nullable=True))
    op.add_column("operator", sa.Column("totp_secret", sa.Text(collation="C"), nullable=True))
    op.add_column("operator", sa.Column("totp_step", sa.BigInteger(), nullable=True))
    op.add_column("operator", sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "recovery_code",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("operator_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        of_operator("recovery_code"),
        sa.PrimaryKeyConstraint("network_id", "operator_id", "digest", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "operator_session",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("awaits_code", sa.Boolean(), nullable=False),
        sa.Column("address", postgresql.INET(), nullable=True),
        sa.Column("user_agent", sa.Text(collation="C"), nullable=False),
        of_operator("operator_session"),
        sa.PrimaryKeyConstraint("network_id", "digest", name=op.f("pk_operator_session")),
    )
    op.create_index("ix_operator_session_operator", "operator_session", ["network_id", "operator_id"])
    op.create_table(
        "operator_link",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(collation="C"), nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("purpose IN ('first owner', 'password')", name=op.f("ck_operator_link_purpose")),
        of_operator("operator_link"),
        sa.PrimaryKeyConstraint("network_id", "digest", name=op.f("pk_operator_link")),
    )
    op.create_table(
        "sign_in_limit",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "name", name=op.f("pk_sign_in_limit")),
    )
    op.create_table(
        "saved_view",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("saved_view_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.Column("page", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("query", sa.Text(collation="C"), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        of_operator("saved_view"),
        sa.PrimaryKeyConstraint("network_id", "saved_view_id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint(
            "network_id", "operator_id", "page", "name", name=op.f("uq_saved_view_network_id_operator_id_page_name")
        ),
    )
    own = "network_id = nullif(current_setting('app.network_id', true), '')::integer"
    tables = ("recovery_code", "operator_session", "operator_link", "sign_in_limit", "saved_view")
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_network ON {table} USING ({own}) WITH CHECK ({own})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO leadback_app")


def of_operator(table: str) -> sa.ForeignKeyConstraint:
    """The operator whose row it is."""
    return sa.ForeignKeyConstraint(
        ["network_id", "operator_id"],
        ["operator.network_id", "operator.operator_id"],
        name=op.f(f"fk_{table}_network_id_operator_id"),
    )
