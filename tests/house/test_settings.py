"""Settings: every problem at once, secrets hidden, the demo's clock refused elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from app import settings
from app.__main__ import main

GOOD = {"mongodb_uri": "mongodb://u:hidden-word@h/d?replicaSet=rs0", "kafka_bootstrap_servers": "a:1, b:2"}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(str(tmp_path))


def test_all_wrong_settings_are_reported_at_once() -> None:
    with pytest.raises(settings.SettingsError) as caught:
        settings.load(
            mongodb_uri="localhost",
            web_workers=0,
            twilio_account_sid="AC1",
            demo_clock_rate=60,
            staff_key_hashes="abc",
        )
    text = str(caught.value)
    for name in (
        "MONGODB_URI",
        "KAFKA_BOOTSTRAP_SERVERS is missing",
        "WEB_WORKERS",
        "TWILIO_AUTH_TOKEN",
        "DEMO=1",
        "STAFF_KEY_HASHES",
    ):
        assert name in text


def test_a_process_with_wrong_settings_exits_with_2_and_names_them() -> None:
    done = CliRunner().invoke(main, ["consume", "notifier"])
    assert done.exit_code == 2
    assert "MONGODB_URI is missing" in done.output
    assert "KAFKA_BOOTSTRAP_SERVERS is missing" in done.output


def test_the_database_must_be_named() -> None:
    with pytest.raises(settings.SettingsError, match="the database's name is missing"):
        settings.load(**(GOOD | {"mongodb_uri": "mongodb://h:1/"}))


def test_secrets_do_not_show() -> None:
    loaded = settings.load(
        **GOOD,
        mail_password="hidden-word",
        twilio_account_sid="A",
        twilio_auth_token="hidden-word",
        twilio_from="+15550100142",
    )
    assert "hidden-word" not in repr(loaded) + str(loaded)


def test_the_demo_clock_is_refused_unless_the_demo_says_so() -> None:
    clock = {
        "demo_clock_start": "2013-02-08T10:00:00Z",
        "demo_clock_origin": "2026-01-01T00:00:00Z",
        "demo_clock_rate": 60,
    }
    with pytest.raises(settings.SettingsError, match="DEMO=1"):
        settings.load(**GOOD, **clock)
    allowed = settings.load(**GOOD, **clock, demo=True)
    assert allowed.domain_clock.at(datetime(2026, 1, 1, 0, 1, tzinfo=UTC)) == datetime(
        2013, 2, 8, 11, tzinfo=UTC
    )
    assert allowed.domain_clock.system_time_of(datetime(2013, 2, 8, 11, tzinfo=UTC)) == datetime(
        2026, 1, 1, 0, 1, tzinfo=UTC
    )


def test_a_channel_without_settings_is_off() -> None:
    assert settings.load(**GOOD).channels == ()
    assert settings.load(**GOOD, mail_server="localhost").channels == ("email",)


def test_a_lease_must_leave_time_for_a_hand_over() -> None:
    with pytest.raises(settings.SettingsError, match=r"CLAIM_LEASE_S must be .* longer than SEND_TIMEOUT_S"):
        settings.load(**GOOD, claim_lease_s=20.5, send_timeout_s=20)
    assert settings.load(**GOOD, claim_lease_s=22, send_timeout_s=20).claim_lease_s == 22
