"""Bounces that arrive in a Maildir: written to their rows, logged with the trace of their message."""

from __future__ import annotations

from mailbox import Maildir
from pathlib import Path

from structlog.testing import capture_logs

from consumers.delivery.reporting import Reporting
from tests.channels.bounces import bounce
from tests.delivery.world import World
from tests.providers import Mailbox


def test_a_bounce_of_the_maildir_is_logged_with_the_trace_of_its_message(
    world: World, mailbox: Mailbox, tmp_path: Path
) -> None:
    world.person()
    world.conversation(event_id="e-of-the-change")
    world.worker().deliver_due()
    message_id = str(mailbox.mails[0].message["Message-ID"]).strip("<>")
    maildir = Maildir(tmp_path / "bounces")
    maildir.add(bounce(message_id=message_id))
    maildir.add(bounce())  # of a mail that no row has
    (tmp_path / "bounces" / "new" / "0 no mail").mkdir()  # comes first, and cannot be read
    reporting = Reporting(world.terms.callbacks, tmp_path / "bounces", world.terms.now)
    with capture_logs() as lines:
        reporting.look()
    said = {(one["trace"], one["fate"]) for one in lines if one["event"] == "provider reported"}
    assert said == {("e-of-the-change", "written"), (None, "kept")}
    assert "example.org" not in repr(lines)
    row = world.row()
    assert row is not None
    assert row["delivery"]["state"] == "undelivered"
    assert [left.name for left in (tmp_path / "bounces" / "new").iterdir()] == ["0 no mail"]
