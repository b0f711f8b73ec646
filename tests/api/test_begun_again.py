"""Work that a process left half done, and that a repeat with the same `Idempotency-Key` begins again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect, DuplicateKeyError
from werkzeug.test import TestResponse

from app.store.api_keys import ApiKeys
from app.store.idempotency import WORK_FOR, IdempotentAnswers, Mine
from app.web.api import alerts, keys
from tests.api.conftest import DAY, NOW, Asking, Site
from tests.api.test_alerts import BELOW

KEY = {"name": "My calendar", "scopes": ["feed:read"]}


@pytest.fixture
def dies(site: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sends a request whose work is done and whose answer is neither sent nor kept; then its time is over."""

    def send(asker: Asking, path: str, sent: Any, key: str = "k") -> None:
        with monkeypatch.context() as patched:
            patched.setattr(IdempotentAnswers, "keep", _fails)
            assert asker.post(path, sent, Idempotency_Key=key).status_code == 503
        site.moment += WORK_FOR

    return send


def _fails(*_: Any, **__: Any) -> Any:
    raise AutoReconnect("gone for a moment")


def works(site: Site, key: str) -> bool:
    return ApiKeys(site.database).find(key, site.now()) is not None


def working(site: Site) -> list[str]:
    return [row["_id"] for row in site.database.api_keys.find({"revoked_at": {"$exists": False}})]


def test_a_fare_alert_is_made_once(site: Site, ada: Asking, dies: Callable[..., None]) -> None:
    dies(ada, "/me/alerts", BELOW)
    made = site.database.alerts.find_one()
    again = ada.post("/me/alerts", BELOW, Idempotency_Key="k")
    assert (again.status_code, again.json["id"]) == (201, made["_id"])
    assert "Idempotency-Replayed" not in again.headers
    assert ada.post("/me/alerts", BELOW, Idempotency_Key="k").data == again.data
    assert list(site.database.alerts.find()) == [made]


def test_the_alert_of_the_first_try_counts_for_itself_alone(
    site_with: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = site_with(alerts_per_person=1)
    ada = site.person(email="ada@example.org", verified={"email": "ada@example.org"})
    with monkeypatch.context() as patched:
        patched.setattr(IdempotentAnswers, "keep", _fails)
        ada.post("/me/alerts", BELOW, Idempotency_Key="k")
    site.moment += WORK_FOR
    assert ada.post("/me/alerts", BELOW, Idempotency_Key="k").status_code == 201
    assert ada.post("/me/alerts", BELOW, Idempotency_Key="other").status_code == 403


def test_an_alert_that_was_made_before_an_error_of_ours_is_made_once(
    site: Site, ada: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(alerts, "_answer", _fails)
        assert ada.post("/me/alerts", BELOW, Idempotency_Key="k").status_code == 503
    assert ada.post("/me/alerts", BELOW, Idempotency_Key="k").status_code == 201
    assert site.database.alerts.count_documents({}) == 1


def test_alerts_of_two_keys_of_two_people_and_of_a_key_that_is_new_again_are_several(
    site: Site, ada: Asking, bob: Asking
) -> None:
    for asker, key in ((ada, "k"), (ada, "other"), (bob, "k")):
        assert asker.post("/me/alerts", BELOW, Idempotency_Key=key).status_code == 201
    site.moment = NOW + timedelta(hours=site.settings.idempotency_keep_h)
    assert ada.post("/me/alerts", BELOW, Idempotency_Key="k").status_code == 201
    assert site.database.alerts.count_documents({}) == 4


def test_an_api_key_that_nobody_was_told_gives_way(
    site: Site, ada: Asking, dies: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = _told(monkeypatch)
    dies(ada, "/me/api-keys", KEY)
    dies(ada, "/me/api-keys", KEY)
    again = ada.post("/me/api-keys", KEY, Idempotency_Key="k")
    assert again.status_code == 201, again.text
    assert working(site) == [again.json["id"]]
    assert works(site, again.json["key"])
    assert len(lost) == 3
    assert [works(site, key) for key in lost] == [False, False, True]
    assert ada.post("/me/api-keys", KEY, Idempotency_Key="k").json == again.json | {"key": None}
    assert works(site, again.json["key"])


def _told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every key that is made, also those whose answers are lost."""
    found: list[str] = []
    create = ApiKeys.create

    def noted(*args: Any, **named: Any) -> Any:
        made = create(*args, **named)
        found.append(made[0])
        return made

    monkeypatch.setattr(ApiKeys, "create", noted)
    return found


def test_the_key_that_gives_way_is_not_counted(
    site: Site, ada: Asking, dies: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "MOST_KEYS", 1)
    dies(ada, "/me/api-keys", KEY)
    assert ada.post("/me/api-keys", KEY, Idempotency_Key="k").status_code == 201
    assert ada.post("/me/api-keys", KEY, Idempotency_Key="other").status_code == 403


def test_a_first_try_that_was_only_slow_does_not_end_the_key_of_the_repeat(site: Site, ada: Asking) -> None:
    store, now = ApiKeys(site.database), site.now()
    first, second = Mine("row", "a" * 24, 1), Mine("row", "a" * 24, 2)
    told, _ = store.create("c", ["feed:read"], ada.person, "test", now, second)
    with pytest.raises(DuplicateKeyError):
        store.create("c", ["feed:read"], ada.person, "test", now, first)
    assert works(site, told)


def test_a_key_that_somebody_has_stays_when_the_header_is_new_again(site: Site, ada: Asking) -> None:
    told = ada.post("/me/api-keys", KEY, Idempotency_Key="k").json["key"]
    site.moment = NOW + timedelta(hours=site.settings.idempotency_keep_h)
    other = ada.post("/me/api-keys", KEY, Idempotency_Key="k").json["key"]
    assert works(site, told)
    assert works(site, other)


@pytest.mark.parametrize(
    ("path", "sent", "collection"),
    [
        ("/me/bookings", {"flight_number": "UA1545", "departure_date": DAY}, "bookings"),
        ("/me/followings", {"flight_number": "UA1545", "departure_date": DAY}, "followings"),
        ("/me/followings", {"airport": "Newark"}, "followings"),
    ],
)
def test_what_is_one_by_itself_is_made_once(
    site: Site, ada: Asking, dies: Callable[..., None], path: str, sent: Any, collection: str
) -> None:
    site.flight()
    dies(ada, path, sent)
    again: TestResponse = ada.post(path, sent, Idempotency_Key="k")
    assert again.status_code == 200, again.text
    assert [str(row["_id"]) for row in site.database[collection].find()] == [again.json["id"]]


def test_an_imported_booking_is_made_once(site: Site, dies: Callable[..., None]) -> None:
    site.flight()
    importer = site.program("bookings:write")
    sent = {"passenger": {"id": "pax-1", "name": "Ada"}, "flight_number": "UA1545", "departure_date": DAY}
    dies(importer, "/bookings", sent)
    assert importer.post("/bookings", sent, Idempotency_Key="k").status_code == 200
    assert site.database.bookings.count_documents({}) == site.database.users.count_documents({}) == 1
