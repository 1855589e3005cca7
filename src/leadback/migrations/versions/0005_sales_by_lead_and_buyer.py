"""A sale is found by its lead and its buyer in the index alone, so that a lead of somebody else takes no longer."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.drop_index("ix_sale_lead", table_name="sale")
    op.create_index("ix_sale_lead", "sale", ["network_id", "lead_key", "buyer_id", "buyer_contract_id"], unique=False)
