"""A network's life through the real ways in: sales imported, updated, decided upon and corrected, moment by moment."""

import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import insert

from leadback.access.model import PresentedKey
from leadback.access.tables import api_key
from leadback.kit import tokens
from leadback.kit.clock import now
from leadback.kit.database import Database, share_configuration
from leadback.leads import rules, run_store, store
from leadback.leads.changes import Changes
from leadback.leads.configuration import read_configuration
from leadback.leads.model import BuyerCaller, Channel, Failure, Origin, Sale, UpdateRequest
from leadback.leads.months import add_months
from leadback.leads.returns import credit_returns, reject_returns, replace_returns, submit_return
from leadback.leads.run import finish_run, moved_sales
from leadback.leads.undo import undo_run
from leadback.leads.update import Updates
from leadback.networks.model import COMMAND_LINE, Actor
from tests.support.importing import import_rows, read_sales
from tests.support.seed import read_sale
from tests.support.world import (
    AFFILIATES,
    BUYERS,
    CAMPAIGNS,
    CONTRACTS,
    STATUSES,
    SUB_IDS,
    SUB_STATUSES,
    UNUSED_STATUSES,
    put_parties,
)

DAYS = 50
PLAIN = {"loan_amount": 1, "income": 3, "age": 4, "score": 5}


class Life:
    """One network's life; every step says the moment at which it has happened."""

    def __init__(self, database: Database, network_id: int, seed: int) -> None:
        self.database = database
        self.network_id = network_id
        self.dice = random.Random(seed)
        self.updates = Updates(database)
        self.callers: dict[int, BuyerCaller] = {}
        self.leads: list[dict[str, str]] = []
        """The row of every sale as it was imported."""

    async def begin(self) -> None:
        """Parties, catalog, a key for every buyer."""
        network_id = self.network_id
        async with self.database.transaction(network_id) as connection:
            await put_parties(connection, network_id)
            await add_months(connection, (now() - timedelta(days=DAYS + 40)).date(), now().date())
            for buyer_id in BUYERS:
                key = tokens.make_key(network_id)
                values = {"api_key_id": buyer_id, "buyer_id": buyer_id, "digest": tokens.digest(key), "shown_as": "lbk"}
                moment = now() - timedelta(days=DAYS + 40)
                await connection.execute(insert(api_key).values(network_id=network_id, created_at=moment, **values))
                self.callers[buyer_id] = BuyerCaller(PresentedKey(network_id, tokens.digest(key)))

    async def past(self, steps: int) -> AsyncIterator[datetime]:
        """Steps of the last weeks: sales as they are sold, calls, returns decided, runs undone."""
        moment = now() - timedelta(days=DAYS)
        for number in range(steps):
            moment += timedelta(days=DAYS - 1) / steps
            if number < 4 or self.dice.random() < 0.3:
                await self.sell(moment)
            elif self.dice.random() < 0.15:
                await self.decide(moment)
            elif self.dice.random() < 0.15:
                await self.rerun(moment)
            else:
                await self.call(moment)
            yield moment

    async def present(self, steps: int) -> AsyncIterator[datetime]:
        """Steps of this minute, imports that correct sales and leads among them."""
        for _ in range(steps):
            choice = self.dice.random()
            if choice < 0.5:
                await self.correct()
            elif choice < 0.6:
                await self.sell(now(), reported=True)
            elif choice < 0.7:
                await self.decide(now())
            else:
                await self.call(now())
            yield now()

    async def sell(self, moment: datetime, *, reported: bool = False) -> None:
        """A new lead is sold, or a known one once more; `reported`: with a status that held already."""
        known = [row for row in self.leads if row["is_test"] == "false"]
        if known and self.dice.random() < 0.5:
            row = self.dice.choice(known) | {"sold_price": self._price()}
            row["buyer_contract_id"] = str(self.dice.choice(sorted(CONTRACTS)))
        else:
            row = {
                "lead_id": f"lead{len(self.leads)}",
                "sold_price": self._price(),
                "payout": str(Decimal(self.dice.randrange(0, 900_001)) / 10_000),
                "buyer_contract_id": str(self.dice.choice(sorted(CONTRACTS))),
                "campaign_id": str(self.dice.choice(sorted(CAMPAIGNS))),
                "is_test": str(self.dice.random() < 0.1).lower(),
                **{f"sub_id_{place}": self.dice.choice(SUB_IDS) for place in range(1, 6)},
            }
        row |= {"sold_at": moment.isoformat(), "sale_ref": f"ref{len(self.leads)}", "sale_type": self._sale_type()}
        await self._import(row | (self._reported() if reported else {}))
        self.leads.append(row)

    async def correct(self) -> None:
        """Import a sale again, with some of its columns, or its lead's, set right."""
        place = self.dice.randrange(len(self.leads))
        sold_at = now() - timedelta(seconds=self.dice.randrange(1, DAYS * 86_400))
        changes = {
            "sold_at": sold_at.isoformat(),
            "sold_price": self._price(),
            "sale_type": self._sale_type(),
            "payout": str(self.dice.randrange(0, 90)),
            "campaign_id": str(self.dice.choice(sorted(CAMPAIGNS))),
            "sub_id_1": self.dice.choice(SUB_IDS),
            "sub_id_4": self.dice.choice(SUB_IDS),
            "is_test": str(self.dice.random() < 0.3).lower(),
        }
        names = self.dice.sample(sorted(changes), self.dice.randrange(1, 4))
        chosen = {name: changes[name] for name in names}
        of_lead = {name: text for name, text in chosen.items() if not name.startswith("sal") and name[:4] != "sold"}
        row = self.leads[place]
        for number, other in enumerate(self.leads):
            if other["lead_id"] == row["lead_id"]:
                self.leads[number] = other | {name: text for name, text in of_lead.items() if text}
        self.leads[place] |= chosen
        # A blank cell says nothing.
        await self._import(row | chosen | (self._reported() if self.dice.random() < 0.4 else {}), correct=True)

    async def call(self, moment: datetime) -> None:
        """A buyer's call, accepted or refused; sometimes of what happened earlier."""
        stored = self.dice.choice(await read_sales(self.database, self.network_id))
        await self.updates.submit(
            self._request(await read_sale(self.database, self.network_id, stored["sale_id"]), moment)
        )

    async def decide(self, moment: datetime) -> None:
        """An operator decides on a return, or gives a sale back in its buyer's place where none waits."""
        sales = await read_sales(self.database, self.network_id)
        waiting = [sale["sale_id"] for sale in sales if sale["return_state"] == "submitted"]
        who: dict[str, Any] = {"actor": COMMAND_LINE, "now": moment}
        async with self.database.transaction(self.network_id) as connection:
            if not waiting:
                sale_id = self.dice.choice(sales)["sale_id"]
                await submit_return(connection, self.network_id, sale_id, return_reason_id=1, **who)
                return
            chosen = [self.dice.choice(waiting)]
            decision = self.dice.choice(("credit", "replace", "reject"))
            if decision == "credit":
                zero = self.dice.random() < 0.5
                await credit_returns(connection, self.network_id, chosen, zero_revenue=zero, **who)
            elif decision == "replace":
                await replace_returns(connection, self.network_id, chosen, **who)
            else:
                await reject_returns(connection, self.network_id, chosen, note="It rings.", **who)

    async def rerun(self, moment: datetime) -> None:
        """A call that had failed two days ago, run again a minute ago; every other such run is undone now."""
        sale_id = self.dice.choice(await read_sales(self.database, self.network_id))["sale_id"]
        async with self.database.transaction(self.network_id) as connection:
            await share_configuration(connection, self.network_id)
            changes = Changes(await read_configuration(connection, self.network_id))
            changes.take(await store.lock_sales_by_id(connection, self.network_id, [sale_id]))
            before = changes.sales[sale_id]
            decided = rules.decide(before, self._request(before, moment), changes.configuration)
            if isinstance(decided, Failure):
                return
            who: dict[str, Any] = {"actor": COMMAND_LINE, "now": moment}
            about: dict[str, Any] = {"kind": "rerun", "description": "life", "undoes_run_id": None}
            run_id = await run_store.insert_run(connection, self.network_id, **about, **who)
            changes.accept(
                msgspec.structs.replace(decided, happened_at=moment - timedelta(days=2)),
                origin=self._origin(moment - timedelta(minutes=1), "UpdateLead"),
                actor=Actor(kind="buyer", actor_id=before.buyer_id, name=""),
                run_id=run_id,
            )
            await changes.write(connection)
            moved = moved_sales({sale_id: before}, changes.sales)
            await finish_run(connection, self.network_id, run_id, moved, action="rerun", told={}, **who)
        if self.dice.random() < 0.5:
            async with self.database.transaction(self.network_id) as connection:
                await undo_run(connection, self.network_id, run_id, actor=COMMAND_LINE, now=moment)

    def _request(self, sale: Sale, moment: datetime) -> UpdateRequest:
        status_id = self.dice.choice([0, *(number for number, item in STATUSES.items() if item[2])])
        subs = [name for owner, name, _ in SUB_STATUSES.values() if owner == status_id]
        fields = self.dice.sample(sorted(PLAIN), self.dice.choice((0, 0, 1, 2)))
        late = self.dice.random() < 0.2
        return UpdateRequest(
            caller=self.callers[sale.buyer_id],
            origin=self._origin(moment, "UpdateLead"),
            lead_id=sale.lead_key,
            buyer_contract_id=sale.buyer_contract_id,
            status=STATUSES[status_id][0] if status_id else "",
            sub_status=self.dice.choice(["", *subs]),
            amount=self.dice.choice([None, None, Decimal(0), Decimal("12.5"), Decimal("-3.0001")]),
            add_to_existing=self.dice.random() < 0.5,
            fields=tuple((name, self.dice.choice(["", "100", "2.5", "-7"])) for name in fields),
            return_reason_id=self.dice.choice([0, 0, 0, 1, 2]),
            happened_at=(moment - timedelta(hours=self.dice.randrange(1, 300))).isoformat() if late else "",
        )

    def _reported(self) -> dict[str, str]:
        status_id = self.dice.choice([n for n, item in STATUSES.items() if item[2] and n not in UNUSED_STATUSES])
        report = {"status": STATUSES[status_id][0], "field_score": str(self.dice.randrange(1, 9))}
        return report | ({"return_reason_id": "1"} if self.dice.random() < 0.3 else {})

    async def _import(self, row: dict[str, str], *, correct: bool = False) -> None:
        buyer_id = CONTRACTS[int(row["buyer_contract_id"])][0]
        affiliate_id, _, campaign = CAMPAIGNS[int(row["campaign_id"])]
        names = {"buyer": BUYERS[buyer_id], "affiliate": AFFILIATES[affiliate_id], "campaign": campaign}
        names["buyer_contract"] = CONTRACTS[int(row["buyer_contract_id"])][2]
        done = await import_rows(self.database, self.network_id, row | names, correct=correct)
        assert not done.reasons, done.reasons

    def _origin(self, moment: datetime, operation: str) -> Origin:
        return Origin(channel=Channel.GET, operation=operation, address=None, request_id="life", received_at=moment)

    def _price(self) -> str:
        return self.dice.choice(["0", str(Decimal(self.dice.randrange(1, 500_000)) / 10_000)])

    def _sale_type(self) -> str:
        return self.dice.choice(("exclusive", "multi-sell"))
