"""Every view says who may use it, and whoever is not that is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.web import access
from tests.web.conftest import STAFF_KEY, Site


def walked(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every address of the application with an example of it."""
    for rule in app.url_map.iter_rules():
        yield rule, re.sub(r"<(int:)[^>]+>", "1", rule.rule).replace("<path:", "<")


def methods_of(rule: Rule) -> set[str]:
    return (rule.methods or set()) - {"HEAD", "OPTIONS"}


def undeclared(app: Flask) -> list[str]:
    return [rule.rule for rule, _ in walked(app) if access.rule_of(app, rule.endpoint) is None]


def open_to_strangers(app: Flask, under: str = "/") -> list[str]:
    """What an anonymous request gets through to, of all that is not public or signed. under: how its path begins."""
    found = []
    for rule, address in walked(app):
        if not address.startswith(under):
            continue
        declared = access.rule_of(app, rule.endpoint)
        if declared is not None and declared.who in {access.Who.PUBLIC, access.Who.SIGNED}:
            continue
        path = re.sub(r"<[^>]+>", "x", address)
        for method in methods_of(rule):
            for accept in ("text/html", "application/json"):
                answer = app.test_client().open(path, method=method, headers={"Accept": accept})
                to_sign_in = answer.status_code == 303 and "sign-in?" in answer.location
                if answer.status_code not in {401, 403} and not to_sign_in:
                    found.append(f"{method} {path} as {accept}: {answer.status_code}")
    return found


def test_every_view_says_who_may_use_it(site: Site) -> None:
    assert undeclared(site.app) == []


def test_whatever_is_not_public_refuses_a_stranger(site: Site) -> None:
    assert open_to_strangers(site.app) == []


PUBLIC_WRITES = {
    # The forms before anybody is somebody; each has its limits, and its token.
    ("/staff/sign-in", "POST"),
    ("/sign-in", "POST"),
    ("/sign-in/<token>", "POST"),
}


def test_nothing_is_changed_by_the_public_but_by_the_forms_of_the_sign_in(site: Site) -> None:
    writes = {
        (rule.rule, method)
        for rule, _ in walked(site.app)
        for method in methods_of(rule) - {"GET"}
        if access.rule_of(site.app, rule.endpoint) == access.PUBLIC
    }
    assert writes <= PUBLIC_WRITES


def test_a_view_that_says_nothing_is_found_and_refused(site: Site) -> None:
    site.app.add_url_rule("/forgotten", view_func=lambda: "secret", endpoint="forgotten")
    assert undeclared(site.app) == ["/forgotten"]
    answer = site.client.get("/forgotten")
    assert answer.status_code == 403
    assert "secret" not in answer.text


def test_a_view_that_is_open_by_mistake_is_found(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.app.add_url_rule("/leaking", view_func=access.person(lambda: "secret"), endpoint="leaking")
    assert open_to_strangers(site.app, "/leaking") == []
    monkeypatch.setattr(access, "_allows", lambda rule: True)
    assert any(line.startswith("GET /leaking") for line in open_to_strangers(site.app, "/leaking"))


def views(app: Flask) -> None:
    """One view of each rule."""
    rules: dict[str, Any] = {
        "person": access.person,
        "staff": access.staff,
        "notices": access.scope(access.Scope.NOTICES_WRITE),
    }
    for name, rule in rules.items():

        def view(name: str = name) -> str:
            return f"{name}: {access.asker().label}"

        app.add_url_rule(f"/only/{name}", view_func=rule(view), endpoint=name, methods=["GET", "POST"])


def test_programs_are_told_what_to_send_and_browsers_are_shown_the_door(site: Site) -> None:
    views(site.app)
    for name in ("person", "staff", "notices"):
        refused = site.client.get(f"/only/{name}", headers={"Accept": "application/json"})
        assert refused.status_code == 401
        assert refused.content_type == "application/problem+json"
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_staff_key_is_staff_and_nobodys_person(site: Site) -> None:
    views(site.app)
    key = {"Authorization": f"Bearer {STAFF_KEY}"}
    for name, status in {"person": 403, "staff": 200, "notices": 200}.items():
        answer = site.client.post(f"/only/{name}", headers=key)
        assert answer.status_code == status, name
        assert STAFF_KEY not in answer.text


def test_a_wrong_key_is_refused_as_no_key_is(site: Site) -> None:
    views(site.app)
    for wrong in ("gca_1234_none", "x", "", "ü" * 500):
        answer = site.client.get("/only/notices", headers={"Authorization": f"Bearer {wrong}"})
        assert answer.status_code == 401, wrong
