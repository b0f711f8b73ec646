"""Whether an alert has a channel on which its person hears of it at all."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.alert import Alert
from app.domain.channels import LINKED
from app.domain.people import Person


def is_reached(alert: Alert, person: Person, channels: Iterable[str]) -> bool:
    """False while each channel that the alert goes by is off, or is to be linked first. channels: those that are on.

    An address that is missing does not count: what is told by mail or SMS waits for it.
    """
    return any(
        channel not in LINKED or channel in person.linked
        for channel in channels
        if not alert.channels or channel in alert.channels
    )
