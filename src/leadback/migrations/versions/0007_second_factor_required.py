"""A network can require a second factor of its owners and admins."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.add_column(
        "network", sa.Column("second_factor_required", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
