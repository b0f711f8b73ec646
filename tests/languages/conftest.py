"""Pages in every language: a web process, people who are signed in and strangers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app import settings as settings_module
from tests.domain import pseudo
from tests.my.conftest import KEY, Web
from tests.staff.conftest import Desk
from tests.staff.conftest import settings_for as settings_of_staff
from tests.web_process import Docs, uri_of


@pytest.fixture
def web(prepared: Docs, mongo_uri: str) -> Web:
    settings = settings_module.load(
        mongodb_uri=uri_of(mongo_uri, prepared),
        kafka_bootstrap_servers="127.0.0.1:1",
        mail_server="mail.example.org",
        secret_key=KEY,
    )
    return Web(prepared, settings)


@pytest.fixture
def staff(prepared: Docs, mongo_uri: str) -> Iterator[Desk]:
    """Somebody of staff who is signed in, with a browser whose language is the made-up one."""
    desk = Desk(prepared, settings_of_staff(mongo_uri))
    assert desk.sign_in().status_code == 303
    desk.client.set_cookie("language", pseudo.TAG)
    with pseudo.spoken():
        yield desk
