"""A key opens what its scopes name, as long as its owner may, and not a moment after it was revoked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from app.__main__ import main
from app.commands.api_keys import SCOPES
from app.store.api_keys import ApiKeys
from app.store.users import ROLES
from app.web import access
from tests.identity.conftest import ADA, Place

JSON = {"Accept": "application/json"}


@pytest.fixture
def scoped(place: Place) -> Place:
    """With a view for each scope, and one for staff."""

    def view() -> Callable[[], str]:
        def one() -> str:
            who = access.asker()
            return f"{who.label} {who.person}"

        return one

    for scope in access.Scope:
        place.app.add_url_rule(f"/t/{scope}", f"t-{scope.name}", access.scope(scope)(view()))
    place.app.add_url_rule("/t/of-staff", "t-of-staff", access.staff(view()))
    return place


def statuses(place: Place, key: str) -> dict[str, int]:
    headers = JSON | {"Authorization": f"Bearer {key}"}
    client = place.app.test_client()
    return {scope: client.get(f"/t/{scope}", headers=headers).status_code for scope in access.Scope}


def make(place: Place, *scopes: str, owner: str | None = None) -> str:
    return ApiKeys(place.database).create("import", scopes, owner, "test", place.moment)[0]


@pytest.mark.parametrize("scope", list(access.Scope))
def test_a_key_opens_what_its_scope_names_and_nothing_else(scoped: Place, scope: access.Scope) -> None:
    expected = {other: 200 if other is scope else 403 for other in access.Scope}
    assert statuses(scoped, make(scoped, scope)) == expected


def test_a_key_is_nobodys_session_and_shows_itself_in_no_label(scoped: Place) -> None:
    user = scoped.database["users"].insert_one({"name": "Ada", "email": ADA}).inserted_id
    key = make(scoped, "feed:read", owner=str(user))
    headers = JSON | {"Authorization": f"Bearer {key}"}
    client = scoped.app.test_client()
    assert client.get("/my/phone", headers=headers).status_code == 403
    said = client.get("/t/feed:read", headers=headers).text
    assert said == f"key:{key[: key.index('_', 4)]} {user}"


def test_a_key_may_do_no_more_than_its_owner(scoped: Place) -> None:
    users = scoped.database["users"]
    user = users.insert_one({"name": "Ada", "email": ADA, "roles": ["staff"]}).inserted_id
    key = make(scoped, *SCOPES, owner=str(user))
    assert set(statuses(scoped, key).values()) == {200}
    users.update_one({"_id": user}, {"$set": {"roles": []}})
    assert [scope for scope, status in statuses(scoped, key).items() if status == 200] == ["feed:read"]
    users.delete_one({"_id": user})
    assert 200 not in statuses(scoped, key).values()


def test_a_revoked_key_is_out_at_once_and_only_its_owner_revokes_it(scoped: Place) -> None:
    key = make(scoped, "feed:read", owner=None)
    keys = ApiKeys(scoped.database)
    prefix = keys.all()[0].prefix
    assert not keys.revoke(prefix, scoped.moment, owner="somebody")
    assert statuses(scoped, key)["feed:read"] == 200
    assert keys.revoke(prefix, scoped.moment)
    assert statuses(scoped, key)["feed:read"] in {401, 403}
    assert not keys.revoke(prefix, scoped.moment)


def test_only_the_hash_is_kept_and_use_is_noted_once_a_minute(scoped: Place) -> None:
    key = make(scoped, "feed:read")
    row: dict[str, Any] | None = scoped.database["api_keys"].find_one()
    assert row is not None
    assert key not in repr(row)
    assert key.startswith(row["_id"])
    keys = ApiKeys(scoped.database)

    def used() -> object:
        return keys.all()[0].last_used_at

    statuses(scoped, key)
    first = used()
    assert first == scoped.moment
    scoped.pass_time(seconds=59)
    statuses(scoped, key)
    assert used() == first
    scoped.pass_time(seconds=1)
    statuses(scoped, key)
    assert used() == scoped.moment


def test_a_staff_role_opens_by_session_what_the_scopes_stand_for(scoped: Place) -> None:
    traveller, staff = scoped.signed_in("bob@example.org"), scoped.signed_in(roles=["staff"])
    for scope in access.Scope:
        mine = traveller.client.get(f"/t/{scope}", headers=JSON).status_code
        assert mine == (200 if scope is access.Scope.FEED_READ else 403), scope
        assert staff.client.get(f"/t/{scope}", headers=JSON).status_code == 200
    assert staff.client.get("/t/of-staff", headers=JSON).status_code == 200
    assert traveller.client.get("/t/of-staff", headers=JSON).status_code == 403


def gatecall(place: Place, *arguments: str) -> Any:
    env = {
        "MONGODB_URI": place.settings.mongodb_uri.get_secret_value(),
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
    }
    return CliRunner().invoke(main, list(arguments), env=env)


def test_the_command_makes_a_key_once_lists_and_revokes_it(scoped: Place) -> None:
    made = gatecall(scoped, "api-key", "create", "import", "--scope", "bookings:write")
    assert made.exit_code == 0, made.output
    key = made.stdout.strip().splitlines()[-1]
    assert statuses(scoped, key)["bookings:write"] == 200
    listed = gatecall(scoped, "api-key", "list").stdout
    assert "bookings:write" in listed
    assert key not in listed
    prefix = key[: key.index("_", 4)]
    assert prefix in listed
    assert gatecall(scoped, "api-key", "revoke", prefix).exit_code == 0
    assert gatecall(scoped, "api-key", "revoke", prefix).exit_code == 1
    assert "revoked" in gatecall(scoped, "api-key", "list").stdout
    assert 200 not in statuses(scoped, key).values()
    assert gatecall(scoped, "api-key", "create", "x", "--scope", "staff", "--owner", "none").exit_code == 1


def test_the_command_gives_and_takes_roles_and_ends_sessions(place: Place) -> None:
    browser = place.signed_in()
    assert gatecall(place, "role", "add", ADA, "staff").exit_code == 0
    assert browser.get("/my/phone").status_code == 303
    assert place.signed_in().get("/staff/").status_code == 200
    removed = gatecall(place, "role", "remove", ADA, "staff")
    assert removed.stdout.strip().endswith(": traveller")
    assert gatecall(place, "role", "add", "nobody", "admin").exit_code == 1
    place.database["users"].insert_one({"name": "Twin", "email": ADA})
    assert "Several people" in gatecall(place, "role", "add", ADA, "admin").output


def test_scopes_and_roles_are_the_same_everywhere() -> None:
    assert tuple(access.Scope) == SCOPES
    assert ROLES == ("traveller", "staff", "admin")
