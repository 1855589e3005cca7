"""The tables of everyone a lead comes from or goes to."""

from sqlalchemy import Boolean, Column, Date, ForeignKeyConstraint, Integer, Table, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, CIDR

from leadback.kit.columns import ExactText, metadata, network_column, one_of

vertical = Table(
    "vertical",
    metadata,
    network_column(),
    Column("vertical_id", Integer, primary_key=True, autoincrement=False),
    Column("name", ExactText, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("network_id", "name"),
    ForeignKeyConstraint(["network_id"], ["network.network_id"]),
)

offer = Table(
    "offer",
    metadata,
    network_column(),
    Column("offer_id", Integer, primary_key=True, autoincrement=False),
    Column("name", ExactText, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("network_id", "name"),
    ForeignKeyConstraint(["network_id"], ["network.network_id"]),
)

affiliate = Table(
    "affiliate",
    metadata,
    network_column(),
    Column("affiliate_id", Integer, primary_key=True, autoincrement=False),
    Column("name", ExactText, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("network_id", "name"),
    ForeignKeyConstraint(["network_id"], ["network.network_id"]),
)

campaign = Table(
    "campaign",
    metadata,
    network_column(),
    Column("campaign_id", Integer, primary_key=True, autoincrement=False),
    Column("affiliate_id", Integer, nullable=False),
    Column("offer_id", Integer),
    Column("name", ExactText, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    # Two affiliates may each have a campaign "Search"; one affiliate's names differ.
    UniqueConstraint("network_id", "affiliate_id", "name"),
    ForeignKeyConstraint(["network_id", "affiliate_id"], ["affiliate.network_id", "affiliate.affiliate_id"]),
    ForeignKeyConstraint(["network_id", "offer_id"], ["offer.network_id", "offer.offer_id"]),
)

buyer = Table(
    "buyer",
    metadata,
    network_column(),
    Column("buyer_id", Integer, primary_key=True, autoincrement=False),
    Column("name", ExactText, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("account_manager_id", Integer),
    Column("lead_statuses", Boolean, nullable=False, server_default=text("true")),
    Column("accept_keyless", Boolean, nullable=False, server_default=text("false")),
    Column("keyless_until", Date),
    Column("keyless_networks", ARRAY(CIDR), nullable=False, server_default="{}"),
    Column("rate_per_key", Integer),
    Column("retry_guard", ExactText, nullable=False, server_default="guard"),
    UniqueConstraint("network_id", "name"),
    ForeignKeyConstraint(["network_id"], ["network.network_id"]),
    ForeignKeyConstraint(["network_id", "account_manager_id"], ["operator.network_id", "operator.operator_id"]),
    one_of("retry_guard", "guard", "off", "strict"),
)

buyer_contract = Table(
    "buyer_contract",
    metadata,
    network_column(),
    Column("buyer_contract_id", Integer, primary_key=True, autoincrement=False),
    Column("buyer_id", Integer, nullable=False),
    Column("vertical_id", Integer, nullable=False),
    Column("name", ExactText, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("returnable", Boolean, nullable=False, server_default=text("true")),
    Column("max_return_age_days", Integer, nullable=False, server_default=text("30")),
    Column("priced_on_outcome", Boolean, nullable=False, server_default=text("false")),
    Column("returns_owed", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("network_id", "buyer_id", "name"),
    ForeignKeyConstraint(["network_id", "buyer_id"], ["buyer.network_id", "buyer.buyer_id"]),
    ForeignKeyConstraint(["network_id", "vertical_id"], ["vertical.network_id", "vertical.vertical_id"]),
)
