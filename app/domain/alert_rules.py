"""When a fare alert tells: one pure step from what it knew and all fares of now to what it knows and says.

Everything an alert has to remember moves here, whether anybody is told or not. Amounts are whole numbers of the
smallest unit of the alert's currency; fares in other currencies are left out before anything is compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from typing import Final
from zoneinfo import ZoneInfo

from app.domain import places, timing
from app.domain.alert import Alert, Offer, end_of
from app.domain.alert_conditions import Against, AnyChange, Below, Drop, NewLow, Repeat, Report
from app.domain.alert_reports import report_after
from app.domain.alert_state import AlertState, Span, Step
from app.domain.alert_value import AlertValue, dressed, nothing
from app.domain.clock import stored
from app.domain.fares import Money
from app.domain.news import Kind

__all__ = ["AlertState", "Step"]  # beside what is defined here


_ANYWHERE: Final = Span()


@dataclass(frozen=True, slots=True)
class _Found:
    """What a condition makes of the cheapest fare. fires: it is to be told. against: what it was compared with.
    rearms: it is so far from true that it may be told again. mark: as the state is to have it, None for no other."""

    fires: bool
    against: int | None = None
    span: Span = _ANYWHERE
    rearms: bool = False
    mark: int | None = None


def step(
    alert: Alert,
    state: AlertState,
    offers: Iterable[Offer],
    now: datetime,
    *,
    zone: ZoneInfo | None = None,
    floor: Decimal | None = None,
    is_reached: bool = True,
) -> Step:
    """F4: what the alert knows and says with these as all the fares there are. now: the domain clock.

    Fares that do not match, or whose day is over where they begin, are left out. zone: the person's, None for that of
    the first origin. floor: the smallest change of a fare the person is told. is_reached: somebody would
    hear of it; else what is to be told stays to be told. A step with nothing new changes nothing.
    """
    zone = zone or places.zone(alert.origins[0])
    before = _restarted(alert, state)
    if now >= alert.ends_at:
        return _ended(alert, state, before)
    cheapest = min((o for o in offers if alert.matches(o.fare) and _is_open(o, now)), key=_rank, default=None)
    begins = (before.trip, before.rule) != (state.trip, state.rule)
    amount = cheapest.fare.price.amount_minor if cheapest else None
    if before.created is None and amount is not None:
        before = replace(before, created=amount)
    least = alert.step_from(floor)
    is_due = _is_due(alert, before, now, begins=begins)
    found = _found(alert, before, amount, least, _today(now, zone), begins=begins, is_due=is_due)
    silent = alert.paused or state.paused or (begins and not alert.tell_now)
    after = _moved(alert, before, cheapest, found, now, zone, begins=begins)
    if not found.fires or before.done:
        return _step(state, _with_fare_of_now(alert, after), None)
    is_known = not (silent and isinstance(alert.condition, Report)) and amount is not None
    known = amount if is_known else after.told
    if silent:
        return _step(state, _with_fare_of_now(alert, replace(after, armed=False, told=known)), None)
    if not is_reached:
        return _step(state, _with_fare_of_now(alert, _untold(alert, before, after)), None)
    value = _news(alert, after, Kind.FARE, found.against, least)
    done = alert.repeat is Repeat.ONCE
    after = replace(after, armed=False, told=known, n=value.n, value=value, span=found.span, done=done)
    return _step(state, after, value)


def _untold(alert: Alert, before: AlertState, after: AlertState) -> AlertState:
    """Without what would make news of now none at the next step. The time of a report passes."""
    condition = alert.condition
    if isinstance(condition, NewLow):
        return replace(after, cheapest=before.cheapest, lows=before.lows, mark=before.mark)
    if isinstance(condition, Drop) and condition.against is Against.LOWEST:
        return replace(after, lowest=before.lowest)
    return after


def begins_anew(alert: Alert, state: AlertState) -> bool:
    """Whether the alert asks for another trip, or by another rule, than at its last step."""
    return _digests(alert) != (state.trip, state.rule)


def next_at(alert: Alert, state: AlertState) -> datetime | None:
    """The next moment at which time alone may change something: a report, midnight after the cheapest fare's day, the
    end. It may be over. None: never. state: after a step of this alert."""
    if state.ended:
        return None
    found = [alert.ends_at]
    if state.report_at is not None and not state.done:
        found.append(state.report_at)
    if state.cheapest is not None:
        found.append(_closes(state.cheapest))
    return min(found)


def next_report(report: Report, made_at: datetime, zone: ZoneInfo, since: datetime) -> datetime:
    """The first moment after `since` at which a report is due, aware UTC.

    Hours are counted from when the alert was made. Days are local, counted from the day on which it was made; a time
    that clocks skip is when they do, of one that comes twice the first counts.
    """
    if report.at is None:
        every = timedelta(hours=report.every_h)
        return made_at + ((since - made_at) // every + 1) * every
    days = report.every_h // 24
    made_on, today = made_at.astimezone(zone).date(), since.astimezone(zone).date()
    day = today - timedelta(days=(today - made_on).days % days)
    while (at := timing.instant(day, report.at, zone)) <= since:
        day += timedelta(days=days)
    return at


def _restarted(alert: Alert, state: AlertState) -> AlertState:
    """The state, with what must start anew because the person asks for something else."""
    trip, rule = _digests(alert)
    value = state.value
    if trip != state.trip:
        fresh = AlertState(trip=trip, rule=rule, n=state.n, begun=state.n, paused=state.paused)
    elif rule != state.rule:
        fresh = replace(state, rule=rule, begun=state.n, armed=True, done=False)
        fresh = replace(fresh, report_at=None, span=None, lows=(), mark=None)
    elif state.version == alert.version:
        return state
    else:
        return replace(state, version=alert.version)
    # What nobody was told yet is not told any more: it is not what is asked for now.
    value = replace(value, lapsed=True, offer=None) if value else None
    return replace(fresh, version=alert.version, value=value)


def _ended(alert: Alert, state: AlertState, before: AlertState) -> Step:
    """The alert's days are over: it says so once, unless it is paused, or was to tell once and did."""
    if before.ended:
        return _step(state, before, None)
    is_silent = alert.paused or (before.done and alert.repeat is Repeat.ONCE)
    after = replace(before, ended=True, paused=alert.paused, cheapest=None, report_at=None, span=None)
    if is_silent:
        value = before.value
        after = replace(after, value=replace(value, lapsed=True, offer=None) if value else None)
        return replace(_step(state, after, None), ended=True)
    value = _news(alert, after, Kind.FARE_ENDED, None, alert.step)
    return replace(_step(state, replace(after, n=value.n, value=value), value), ended=True)


def _found(
    alert: Alert,
    before: AlertState,
    amount: int | None,
    least: int,
    today: date,
    *,
    begins: bool,
    is_due: bool,
) -> _Found:
    """What the condition makes of the cheapest amount. least: of a change that counts."""
    condition = alert.condition
    if isinstance(condition, Report):
        return _of_report(condition, before, amount, least, begins=begins, is_due=is_due)
    if amount is None:
        return _Found(fires=False)
    if isinstance(condition, AnyChange):
        return _of_change(alert, before, amount, least)
    if isinstance(condition, NewLow):
        return _of_low(condition, before, amount, least, today)
    if isinstance(condition, Below):
        return _of_limit(alert, before, amount, least, condition.amount.amount_minor - 1, None)
    reference = _reference(condition, before)
    if reference is None:
        return _Found(fires=False)
    most = min(condition.most(reference), reference - least)
    if condition.against is Against.CREATED:
        return _of_limit(alert, before, amount, least, most, reference)
    return _Found(amount <= most, reference, Span(at_most=most))


def _of_limit(
    alert: Alert, before: AlertState, amount: int, least: int, most: int, reference: int | None
) -> _Found:
    """True up to `most`. It is told once; again after it was above by `least`, or at each further drop."""
    if amount > most:
        rearms = alert.repeat is not Repeat.EACH_LOW and amount >= most + _gap(alert) + least
        return _Found(fires=False, rearms=rearms)
    if before.armed:
        return _Found(True, reference, Span(at_most=most))
    lower = before.told - least if before.told is not None else most
    further = alert.repeat is Repeat.EACH_LOW and amount <= lower
    return _Found(further, before.told, Span(at_most=min(most, lower)))


def _gap(alert: Alert) -> int:
    # "below 220" is true up to 219.99; its hysteresis is counted from the limit itself.
    return 1 if isinstance(alert.condition, Below) else 0


def _of_low(condition: NewLow, before: AlertState, amount: int, least: int, today: date) -> _Found:
    """Lower by `least` than on any of the days. What is lower by less is the same low: its mark stays where it was, so
    that many small steps down are told in the end."""
    since = (today - timedelta(days=condition.days)).isoformat()
    seen = [low for day, low in before.lows if day >= since]
    seen += [before.amount] if before.amount is not None else []
    low, mark = min(seen, default=amount), before.mark
    if mark is None or not low <= mark < low + least:
        mark = low
    span = Span(at_most=mark - least)
    return _Found(span.has(amount), low, span, mark=amount if span.has(amount) else mark)


def _of_change(alert: Alert, before: AlertState, amount: int, least: int) -> _Found:
    told = before.told
    if before.armed or told is None:
        return _Found(before.armed, told, Span())
    at_least = None if alert.repeat is Repeat.EACH_LOW else told + least
    span = Span(told - least, at_least)
    return _Found(span.has(amount), told, span)


def _of_report(
    report: Report, before: AlertState, amount: int | None, least: int, *, begins: bool, is_due: bool
) -> _Found:
    told = before.told
    if begins or report.unchanged or told is None:
        span = Span(empty_too=report.unchanged)
    else:
        span = Span(told - least, told + least)
    return _Found(is_due and span.has(amount), told, span)


def _is_due(alert: Alert, before: AlertState, now: datetime, *, begins: bool) -> bool:
    """Whether a report's time has come; that of a new one has, where it is to tell at once."""
    if begins:
        return alert.tell_now
    return before.report_at is not None and now >= before.report_at


def _moved(
    alert: Alert,
    before: AlertState,
    cheapest: Offer | None,
    found: _Found,
    now: datetime,
    zone: ZoneInfo,
    *,
    begins: bool,
) -> AlertState:
    """What moves without a message."""
    amount = cheapest.fare.price.amount_minor if cheapest else None
    known = [one for one in (before.lowest, amount) if one is not None]
    report_at = before.report_at
    if not isinstance(alert.condition, Report):
        report_at = None
    else:
        pending = None if begins else report_at
        follows = partial(next_report, alert.condition, alert.created_at, zone)
        report_at = stored(report_after(alert.condition, follows, zone, now, pending))
    # What nobody was told while it was paused is not made up for.
    span = None if alert.paused else before.span
    value = before.value
    if span is None and value is not None:
        value = replace(value, lapsed=True)
    return replace(
        before,
        armed=before.armed or found.rearms,
        paused=alert.paused,
        lowest=min(known, default=None),
        cheapest=cheapest,
        lows=_lows(alert, before, amount, _today(now, zone)),
        mark=before.mark if found.mark is None else found.mark,
        report_at=report_at,
        span=span,
        value=value,
    )


def _lows(alert: Alert, before: AlertState, amount: int | None, today: date) -> tuple[tuple[str, int], ...]:
    """The lows of the days that count, with today's: the fare that stood until now was there today, too."""
    if not isinstance(alert.condition, NewLow):
        return ()
    since = (today - timedelta(days=alert.condition.days)).isoformat()
    day = today.isoformat()
    seen = [low for when, low in before.lows if when == day]
    seen += [one for one in (before.amount, amount) if one is not None]
    earlier = tuple(low for low in before.lows if since <= low[0] < day)
    if not seen:
        return earlier
    return (*(low for low in earlier if low[1] < min(seen)), (day, min(seen)))


def _reference(drop: Drop, before: AlertState) -> int | None:
    if drop.against is Against.LOWEST:
        return before.lowest
    if drop.against is Against.TOLD and before.told is not None:
        return before.told
    return before.created


def _news(alert: Alert, after: AlertState, kind: Kind, against: int | None, least: int) -> AlertValue:
    """The next piece of news."""
    if kind is Kind.FARE and isinstance(alert.condition, Report):
        kind = Kind.FARE_REPORT
    return replace(
        nothing(alert),
        n=after.n + 1,
        kind=kind,
        begun=after.begun,
        offer=after.cheapest,
        against=_money(alert, against),
        created=_money(alert, after.created),
        lowest=_money(alert, after.lowest),
        step=least,
    )


def _with_fare_of_now(alert: Alert, after: AlertState) -> AlertState:
    """The same, where what was told last has the fare as it is now."""
    value, span = after.value, after.span
    if value is None or span is None:
        return after
    is_so = span.has(after.amount)
    now = dressed(value, alert, after.cheapest if is_so else None, lapsed=not is_so)
    if is_so and isinstance(alert.condition, Report):
        now = replace(now, lowest=_money(alert, after.lowest))
    return after if now == value else replace(after, value=now)


def _step(state: AlertState, after: AlertState, fires: AlertValue | None) -> Step:
    if fires is not None:
        return Step(after, fires)
    was, now = state.value, after.value
    if was is None or now is None:
        return Step(after)
    return Step(after, lapsed=now.lapsed and not was.lapsed, returned=was.lapsed and not now.lapsed)


def _money(alert: Alert, amount: int | None) -> Money | None:
    # A reference can be nothing at most; no fare is.
    return Money(amount, alert.currency) if amount else None


def _rank(offer: Offer) -> tuple[int, str, str]:
    return offer.rank


def _closes(offer: Offer) -> datetime:
    """When the day of its departure is over there."""
    return end_of(offer.fare.departure_date, (offer.fare.origin,))


def _is_open(offer: Offer, now: datetime) -> bool:
    return now < _closes(offer)


def _today(now: datetime, zone: ZoneInfo) -> date:
    return now.astimezone(zone).date()


@lru_cache(maxsize=1024)
def _digests(alert: Alert) -> tuple[str, str]:
    """Of its trip and of its rule: what must start anew when it is another."""
    trip = (
        *(alert.origins, alert.destinations, alert.first, alert.last, alert.max_stops),
        *(alert.airlines, alert.cabin, alert.currency),
    )
    return _digest(trip), _digest((alert.condition.to_document(), str(alert.repeat)))


def _digest(parts: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
