"""`gatecall check`: one screen that says what is well and what to do about the rest."""

from __future__ import annotations

from click.testing import CliRunner, Result

from app.__main__ import main
from tests.providers import free_port


def check(**environment: str) -> Result:
    return CliRunner().invoke(main, ["check"], env=environment)


def test_what_is_missing_is_said_with_its_remedy(database_uri: str, kafka: str, topic_prefix: str) -> None:
    where = {
        "MONGODB_URI": database_uri,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "KAFKA_TOPIC_PREFIX": topic_prefix,
    }
    before = check(**where)
    assert before.exit_code == 2
    assert "-> gatecall schema" in before.output
    assert "-> gatecall topics" in before.output
    assert "-> set MAIL_SERVER" in before.output
    for command in ("schema", "topics"):
        assert CliRunner().invoke(main, [command], env=where).exit_code == 0
    after = check(**where)
    assert after.exit_code == 0, after.output
    assert "BAD" not in after.output


def test_servers_that_do_not_answer_are_named_each(database_uri: str) -> None:
    nobody = free_port()
    done = check(
        MONGODB_URI=database_uri,
        KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{nobody}",
        MAIL_SERVER="127.0.0.1",
        MAIL_PORT=str(nobody),
        TWILIO_ACCOUNT_SID="AC1",
        TWILIO_AUTH_TOKEN="t",
        TWILIO_FROM="+15550100100",
        TWILIO_API_BASE_URL=f"http://127.0.0.1:{nobody}",
    )
    assert done.exit_code == 2
    for name in ("kafka", "email", "sms"):
        assert f"BAD   {name}" in done.output


def test_wrong_settings_are_on_the_screen() -> None:
    done = check(MONGODB_URI="nonsense", KAFKA_BOOTSTRAP_SERVERS="a:1")
    assert done.exit_code == 2
    assert "MONGODB_URI" in done.output
