"""Who gets in and who does not: passwords, second factors, sessions, links, and how often one may try."""

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import text

from leadback.access.operator_model import ForbiddenError, Operator, OperatorSession, Permission, Role, Viewer
from leadback.access.operator_queries import find_operator, list_operators, list_sessions
from leadback.access.operators import (
    add_operator,
    change_operator,
    offer_first_owner,
    offer_password,
    take_first_owner,
    take_password,
)
from leadback.access.second_factor import STEP_SECONDS
from leadback.access.sign_in import (
    AGE_MAX,
    ATTEMPTS_AT_ONCE,
    CODE_WAIT_MAX,
    IDLE_MAX,
    TOO_MANY,
    WRONG,
    WRONG_CODE,
    Browser,
    SignedIn,
    end_other_sessions,
    give_code,
    open_session,
    sign_in,
    sign_out,
    switch_second_factor_off,
    switch_second_factor_on,
)
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.kit.tokens import digest
from leadback.networks.model import COMMAND_LINE

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse battery staple"
BROWSER = Browser("192.0.2.7", "Firefox")
ELSEWHERE = Browser("198.51.100.9", "Chromium")
EMAIL = "ada@example.com"


async def owner(database: Database, network_id: int, *, email: str = EMAIL) -> Viewer:
    """The first owner, by its link."""
    async with database.transaction(network_id) as connection:
        token = await offer_first_owner(connection, network_id, now())
        assert token is not None
        operator_id = await take_first_owner(
            connection, network_id, token, name="Ada", email=email, password=PASSWORD, now=now()
        )
    return viewer(network_id, operator_id, Role.OWNER)


def viewer(network_id: int, operator_id: int, role: Role) -> Viewer:
    """Who looks, as a page would make it."""
    return Viewer(network_id=network_id, operator_id=operator_id, name="Ada", email=EMAIL, role=role, buyer_ids=None)


async def enter(
    database: Database, network_id: int, *, password: str = PASSWORD, email: str = EMAIL, browser: Browser = BROWSER
) -> SignedIn:
    """Sign in now."""
    return await sign_in(database, network_id, email=email, password=password, browser=browser, now=now())


async def opened(
    database: Database, network_id: int, token: str, *, later: timedelta = timedelta(0)
) -> tuple[OperatorSession, Operator] | None:
    """The session of a token, some time later."""
    async with database.transaction(network_id) as connection:
        return await open_session(connection, network_id, token, now() + later)


async def test_nobody_gets_in_where_there_is_nobody(database: Database, network_id: int) -> None:
    with pytest.raises(Refused, match=WRONG):
        await enter(database, network_id)
    assert await opened(database, network_id, "no token at all") is None


async def test_a_wrong_address_and_a_wrong_password_are_told_the_same(database: Database, network_id: int) -> None:
    await owner(database, network_id)
    with pytest.raises(Refused) as wrong_password:
        await enter(database, network_id, password=PASSWORD + "!")
    with pytest.raises(Refused) as wrong_address:
        await enter(database, network_id, email="eve@example.com")
    assert str(wrong_password.value) == str(wrong_address.value) == WRONG


async def test_the_right_password_begins_a_session_that_can_be_ended(database: Database, network_id: int) -> None:
    await owner(database, network_id)
    signed_in = await enter(database, network_id, email="  ADA@example.com ")
    found = await opened(database, network_id, signed_in.token)
    assert found is not None and not signed_in.awaits_code
    assert found[1].email == EMAIL and found[0].address == "192.0.2.7"
    async with database.transaction(network_id) as connection:
        await sign_out(connection, network_id, found[0])
    assert await opened(database, network_id, signed_in.token) is None


async def test_neither_token_nor_password_stands_in_the_database(database: Database, network_id: int) -> None:
    await owner(database, network_id)
    signed_in = await enter(database, network_id)
    async with database.transaction(network_id) as connection:
        rows = [
            str(row)
            for table in ("operator", "operator_session", "operator_link", "audit_entry")
            for row in await connection.execute(text(f"SELECT * FROM {table}"))
        ]
    assert not any(PASSWORD in row or signed_in.token in row for row in rows)
    assert any("$argon2id$" in row for row in rows)


@pytest.mark.parametrize("later", [IDLE_MAX, AGE_MAX], ids=["idle", "old"])
async def test_a_session_is_over_when_it_was_idle_or_is_old(
    database: Database, network_id: int, later: timedelta
) -> None:
    await owner(database, network_id)
    signed_in = await enter(database, network_id)
    assert await opened(database, network_id, signed_in.token) is not None
    assert await opened(database, network_id, signed_in.token, later=later + timedelta(minutes=1)) is None


async def test_after_some_attempts_even_the_right_password_waits_but_not_from_elsewhere(
    database: Database, network_id: int
) -> None:
    await owner(database, network_id)
    for _ in range(ATTEMPTS_AT_ONCE):
        with pytest.raises(Refused, match=WRONG):
            await enter(database, network_id, password="wrong")
    with pytest.raises(Refused, match=TOO_MANY):
        await enter(database, network_id)
    assert (await enter(database, network_id, browser=ELSEWHERE)).token
    later = now() + timedelta(minutes=2)
    assert (await sign_in(database, network_id, email=EMAIL, password=PASSWORD, browser=BROWSER, now=later)).token


async def test_a_second_factor_is_asked_for_and_each_code_is_good_once(database: Database, network_id: int) -> None:
    ada = await owner(database, network_id)
    secret = pyotp.random_base32()
    begun = now()
    async with database.transaction(network_id) as connection:
        with pytest.raises(Refused, match="does not fit"):
            await switch_second_factor_on(connection, ada, secret=secret, code="000000x", now=begun)
    code = pyotp.TOTP(secret).at(begun)
    async with database.transaction(network_id) as connection:
        recovery = await switch_second_factor_on(connection, ada, secret=secret, code=code, now=begun)
    signed_in = await enter(database, network_id)
    assert signed_in.awaits_code
    waiting = await opened(database, network_id, signed_in.token)
    assert waiting is not None and waiting[0].awaits_code
    with pytest.raises(Refused, match=WRONG_CODE):
        await give_code(database, network_id, waiting[0], code, browser=BROWSER, now=begun)
    later = begun + timedelta(seconds=STEP_SECONDS)
    done = await give_code(database, network_id, waiting[0], pyotp.TOTP(secret).at(later), browser=BROWSER, now=later)
    assert await opened(database, network_id, signed_in.token) is None, "the session has a new token"
    found = await opened(database, network_id, done.token)
    assert found is not None and not found[0].awaits_code
    again = await enter(database, network_id)
    waiting = await opened(database, network_id, again.token)
    assert waiting is not None
    assert (await give_code(database, network_id, waiting[0], recovery[3].upper(), browser=BROWSER, now=now())).token
    again = await enter(database, network_id, browser=ELSEWHERE)
    waiting = await opened(database, network_id, again.token)
    assert waiting is not None
    with pytest.raises(Refused, match=WRONG_CODE):
        await give_code(database, network_id, waiting[0], recovery[3], browser=ELSEWHERE, now=now())
    assert await opened(database, network_id, again.token, later=CODE_WAIT_MAX + timedelta(minutes=1)) is None


async def test_the_second_factor_goes_only_with_the_password(database: Database, network_id: int) -> None:
    ada = await owner(database, network_id)
    secret = pyotp.random_base32()
    async with database.transaction(network_id) as connection:
        await switch_second_factor_on(connection, ada, secret=secret, code=pyotp.TOTP(secret).at(now()), now=now())
    with pytest.raises(Refused, match="password is wrong"):
        async with database.transaction(network_id) as connection:
            await switch_second_factor_off(connection, ada, password="x", now=now())
    assert (await enter(database, network_id)).awaits_code
    async with database.transaction(network_id) as connection:
        await switch_second_factor_off(connection, ada, password=PASSWORD, now=now())
    assert not (await enter(database, network_id)).awaits_code


async def test_all_other_sessions_end_at_once(database: Database, network_id: int) -> None:
    ada = await owner(database, network_id)
    tokens = [(await enter(database, network_id, browser=ELSEWHERE)).token for _ in range(3)]
    async with database.transaction(network_id) as connection:
        assert len(await list_sessions(connection, network_id, ada.operator_id)) == 3
        await end_other_sessions(connection, ada, digest(tokens[0]))
    assert [await opened(database, network_id, token) is not None for token in tokens] == [True, False, False]


async def test_the_first_owner_is_made_once_and_by_the_newest_link(database: Database, network_id: int) -> None:
    async with database.transaction(network_id) as connection:
        old = await offer_first_owner(connection, network_id, now())
        new = await offer_first_owner(connection, network_id, now())
    assert old is not None and new is not None
    for token, when in ((old, now()), ("nonsense", now()), (new, now() + timedelta(days=2))):
        async with database.transaction(network_id) as connection:
            with pytest.raises(Refused, match="not valid any more"):
                await take_first_owner(
                    connection, network_id, token, name="Eve", email=EMAIL, password=PASSWORD, now=when
                )
    for password in ("too short", "a" * 40, "passwordpassword1234", "leadback Ada Ada leadback"):
        with pytest.raises(Refused, match="password"):
            async with database.transaction(network_id) as connection:
                await take_first_owner(
                    connection, network_id, new, name="Ada", email=EMAIL, password=password, now=now()
                )
    async with database.transaction(network_id) as connection:
        await take_first_owner(connection, network_id, new, name="Ada", email=EMAIL, password=PASSWORD, now=now())
    async with database.transaction(network_id) as connection:
        with pytest.raises(Refused):
            await take_first_owner(connection, network_id, new, name="E", email="e@x.y", password=PASSWORD, now=now())
        assert await offer_first_owner(connection, network_id, now()) is None
        assert [one.role for one in await list_operators(connection, network_id)] == [Role.OWNER]


async def test_a_link_sets_a_password_once_and_ends_what_was_there(database: Database, network_id: int) -> None:
    ada = await owner(database, network_id)
    before = await enter(database, network_id)
    async with database.transaction(network_id) as connection:
        token = await offer_password(connection, network_id, ada.operator_id, by=ada, actor=COMMAND_LINE, now=now())
    assert await opened(database, network_id, before.token) is not None, "nothing happens before it is used"
    new = "another four words entirely"
    async with database.transaction(network_id) as connection:
        await take_password(connection, network_id, token, password=new, now=now())
    assert await opened(database, network_id, before.token) is None
    with pytest.raises(Refused, match=WRONG):
        await enter(database, network_id)
    assert (await enter(database, network_id, password=new)).token
    async with database.transaction(network_id) as connection:
        with pytest.raises(Refused, match="not valid any more"):
            await take_password(connection, network_id, token, password=PASSWORD, now=now())


@pytest.mark.parametrize(
    ("weak", "told"),
    [
        ("only fourteen!", "give at least 15"),
        ("é" * 520, "longer than 1024 bytes"),
        ("abababababababab", "repeats a few characters"),
        ("qwertyuiopasdfghjkl", "harder to guess"),
        ("Password1234567890", "harder to guess"),
        ("summer2026summer2026", "harder to guess"),
        ("1234567890123456789", "harder to guess"),
        ("example example ada", "harder to guess"),
        ("leadback leadback 1", "harder to guess"),
    ],
)
async def test_what_is_guessed_first_is_no_password(database: Database, network_id: int, weak: str, told: str) -> None:
    ada = await owner(database, network_id)
    async with database.transaction(network_id) as connection:
        token = await offer_password(connection, network_id, ada.operator_id, by=ada, actor=COMMAND_LINE, now=now())
    async with database.transaction(network_id) as connection:
        with pytest.raises(Refused, match=told):
            await take_password(connection, network_id, token, password=weak, now=now())
    # The link is as good as before; what follows the first characters costs nothing and is not cut off.
    strong = "four words with no sense " * 5
    async with database.transaction(network_id) as connection:
        await take_password(connection, network_id, token, password=strong, now=now())
    with pytest.raises(Refused, match=WRONG):
        await enter(database, network_id, password=strong[:100])


async def test_a_closed_user_is_out_at_once(database: Database, network_id: int) -> None:
    ada = await owner(database, network_id)
    bob = await add(database, ada, Role.ADMIN, email="bob@example.com")
    signed_in = await enter(database, network_id, email="bob@example.com")
    async with database.transaction(network_id) as connection:
        await change_operator(connection, network_id, bob, name="Bob", role=Role.ADMIN, active=False, by=ada, now=now())
    assert await opened(database, network_id, signed_in.token) is None
    with pytest.raises(Refused, match=WRONG):
        await enter(database, network_id, email="bob@example.com")


@pytest.mark.parametrize("role", [Role.ACCOUNT_MANAGER, Role.REPORTING_ONLY])
async def test_who_may_not_manage_users_cannot(database: Database, network_id: int, role: Role) -> None:
    ada = await owner(database, network_id)
    eve = viewer(network_id, await add(database, ada, role, email="eve@example.com"), role)
    async with database.transaction(network_id) as connection:
        with pytest.raises(ForbiddenError):
            await add_operator(
                connection, network_id, name="X", email="x@y.z", role=role, by=eve, actor=COMMAND_LINE, now=now()
            )
        with pytest.raises(ForbiddenError):
            await change_operator(
                connection, network_id, ada.operator_id, name="X", role=role, active=True, by=eve, now=now()
            )
        with pytest.raises(ForbiddenError):
            await offer_password(connection, network_id, ada.operator_id, by=eve, actor=COMMAND_LINE, now=now())
        found = await find_operator(connection, network_id, ada.operator_id)
    assert found is not None and found.name == "Ada"


async def test_an_admin_makes_no_owner_and_lets_none_in(database: Database, network_id: int) -> None:
    ada = await owner(database, network_id)
    bob = viewer(network_id, await add(database, ada, Role.ADMIN, email="bob@example.com"), Role.ADMIN)
    async with database.transaction(network_id) as connection:
        for attempt in (
            add_operator(
                connection, network_id, name="X", email="x@y.z", role=Role.OWNER, by=bob, actor=COMMAND_LINE, now=now()
            ),
            change_operator(
                connection, network_id, bob.operator_id, name="B", role=Role.OWNER, active=True, by=bob, now=now()
            ),
            offer_password(connection, network_id, ada.operator_id, by=bob, actor=COMMAND_LINE, now=now()),
        ):
            with pytest.raises(Refused, match="Only an owner"):
                await attempt


async def test_there_is_always_an_active_owner(database: Database, network_id: int) -> None:
    ada = await owner(database, network_id)
    async with database.transaction(network_id) as connection:
        for role, active in ((Role.ADMIN, True), (Role.OWNER, False)):
            with pytest.raises(Refused, match="only active owner"):
                await change_operator(
                    connection, network_id, ada.operator_id, name="A", role=role, active=active, by=ada, now=now()
                )


async def test_an_address_belongs_to_one_user_and_looks_like_one(database: Database, network_id: int) -> None:
    ada = await owner(database, network_id)
    with pytest.raises(Refused, match="already"):
        await add(database, ada, Role.ADMIN, email="ADA@example.com")
    with pytest.raises(Refused, match="no e-mail address"):
        await add(database, ada, Role.ADMIN, email="ada")


def test_every_permission_is_some_roles_and_owners_have_all() -> None:
    ada = viewer(1, 1, Role.OWNER)
    assert all(ada.may(permission) for permission in Permission)
    eve = viewer(1, 2, Role.REPORTING_ONLY)
    assert [permission for permission in Permission if eve.may(permission)] == [Permission.VIEW]


async def add(database: Database, by: Viewer, role: Role, *, email: str) -> int:
    """A user who has set the usual password."""
    network_id = by.network_id
    async with database.transaction(network_id) as connection:
        operator_id, token = await add_operator(
            connection, network_id, name="Somebody", email=email, role=role, by=by, actor=COMMAND_LINE, now=now()
        )
        await take_password(connection, network_id, token, password=PASSWORD, now=now())
    return operator_id
