"""Do the inboxes of the people who are known by name show what they chose? Judged from what arrived there, joined with
the ledger's rows about it by the providers' ids, at the times of the demo's clock.

What must not have come is judged in every run. What must have come is asked for unless there is a reason why it may
not (`Scene.excuse`); and nothing of somebody whose choices were changed meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.domain import preferences, subjects, timing
from app.domain.clock import DomainClock
from app.domain.news import Kind, Role
from app.domain.preferences import Preferences
from app.domain.speech import ENGLISH, LANGUAGES
from scripts.demo import figures
from scripts.demo.cast import Member
from scripts.demo.checks import Finding
from scripts.demo.evidence import Evidence

Document = dict[str, Any]

_ROUNDING_S = 0.2
"""Seconds between the moment for which delivery decided and the one it wrote down."""
_SLOW = timedelta(hours=8)
"""Who is told so late by the demo's clock may have slept through a night and missed a digest."""
_PROGRESS = frozenset({Kind.LANDED, Kind.ARRIVED})
_AIRPORT = frozenset({Kind.AIRPORT_DISRUPTED, Kind.AIRPORT_SEVERE})


@dataclass(frozen=True, slots=True)
class Scene:
    """What a run left behind. excuse: why a night or a digest may not have been seen in it; None when it must."""

    evidence: Evidence
    clock: DomainClock
    excuse: str | None = None


@dataclass(frozen=True, slots=True)
class _Said:
    """One conversation's part of a message that arrived. decided_at: system clock. digest: None where it went
    alone. title: of what it is about."""

    conversation: str
    channel: str
    role: str
    kinds: frozenset[Kind]
    leaves_at: datetime | None
    leaves_by: datetime | None
    decided_at: datetime
    digest: str | None
    title: str = ""


def excuse(evidence: Evidence, rate: float, *, late_s: float, some_flights: bool) -> str | None:
    """Why people may not have got what the plan has for them; None when they must.

    rate: of the demo's clock. late_s: of the latest save, seconds. some_flights: not all were replayed.
    """
    if some_flights:
        return "with few flights not everybody has any"
    took = figures.save_to_provider(evidence)
    behind = timedelta(seconds=(late_s + (took.p95 if took else 0.0)) * rate)
    if behind > _SLOW:
        return f"people were told {behind / timedelta(hours=1):.0f} hours late by the demo's clock"
    return None


def judge(members: Sequence[Member], scene: Scene) -> list[Finding]:
    """A finding for each of them; before them one that says so, where not everything is judged."""
    judges = {
        "maya": _quiet,
        "bjorn": _quiet,
        "priya": _digest,
        "kelechi": _follows,
        "paloma": _maximum,
        "tobi": _stopped,
        "asa": _texts,
        "ines": _alerts,
    }
    found = [_judged(one, scene, judges[one.key]) for one in members]
    found.append(_languages(members, scene))
    if scene.excuse:
        words = f"{scene.excuse}, so only what must not have come is judged"
        found.insert(0, Finding("people", words))
    return found


def _judged(
    member: Member, scene: Scene, judge: Callable[[Member, Scene, Sequence[_Said]], Finding]
) -> Finding:
    user = scene.evidence.users.get(str(member.id))
    if user is None or preferences.parse(user.get("preferences")) != preferences.read(member.chosen):
        return Finding(member.key, "changed their choices while the demo ran, so nothing is judged")
    return judge(member, scene, list(_arrived(member, scene.evidence)))


def _quiet(member: Member, scene: Scene, said: Sequence[_Said]) -> Finding:
    """Nothing came in quiet hours but what is urgent, where that passes; what was held came afterwards."""
    chosen, zone = _chosen(member), timing.zone_of(member.time_zone, "JFK")
    assert chosen.quiet is not None
    problems, passed = [], 0
    for one in said:
        moments = _moments(one, scene.clock)
        if any(timing.quiet_until(chosen.quiet, zone, at) is None for at in moments):
            continue
        if chosen.urgent_passes and _is_urgent(chosen, one, moments):
            passed += 1
        else:
            problems.append(f"{_written(one)} came at {_clock(moments[-1], zone)}, within quiet hours")
    held = {row["conversation"]: row["until"] for row in _held(member, scene, timing.Reason.QUIET_HOURS)}
    after = {one.conversation for one in said if held.get(one.conversation, one.decided_at) < one.decided_at}
    if not scene.excuse and not after:
        problems.append(f"of {len(held)} messages that were held, none came when the quiet hours had ended")
    words = f"{len(held)} held, {len(after)} of them told afterwards, {passed} urgent ones passed"
    return _finding(member, words, problems)


def _digest(member: Member, scene: Scene, said: Sequence[_Said]) -> Finding:
    """Mails are digests, but for what is urgent."""
    chosen = _chosen(member)
    alone = [one for one in said if one.digest is None]
    problems = [
        f"{_written(one)} came alone"
        for one in alone
        if not _is_urgent(chosen, one, _moments(one, scene.clock))
    ]
    flights = Counter(one.digest for one in said if one.digest)
    if not scene.excuse and max(flights.values(), default=0) < 2:
        problems.append("no digest came that tells of two flights")
    words = f"{len(flights)} digests about {flights.total()} flights, {len(alone)} urgent mails alone"
    return _finding(member, words, problems)


def _follows(member: Member, scene: Scene, said: Sequence[_Said]) -> Finding:
    """A follower hears that the flights are down, and that the airport is disrupted."""
    ends = [one for one in said if one.kinds & _PROGRESS]
    airports = [one for one in said if one.kinds & _AIRPORT]
    problems = [f"{_written(one)} came as to a traveller" for one in said if one.role != Role.FOLLOWER]
    if not scene.excuse and not ends:
        problems.append("never heard that a flight has landed or arrived")
    if not scene.excuse and not airports:
        problems.append("never heard that the followed airport is disrupted")
    words = f"{len(said)} messages, {len(ends)} say landed or arrived, {len(airports)} are about the airport"
    return _finding(member, words, problems)


def _maximum(member: Member, scene: Scene, said: Sequence[_Said]) -> Finding:
    """No day has more messages than it may; the rest came in a digest. What is urgent does not count."""
    chosen, zone = _chosen(member), timing.zone_of(member.time_zone, "JFK")
    assert chosen.daily_max is not None
    counted = [
        one for one in said if one.digest is None and not _is_urgent(chosen, one, _moments(one, scene.clock))
    ]
    days = Counter(timing.local_day(zone, scene.clock.at(one.decided_at)) for one in counted)
    problems = [f"{count} messages on {day}" for day, count in days.items() if count > chosen.daily_max]
    folded = sum(one.digest is not None for one in said)
    if not scene.excuse and not folded:
        problems.append("nothing was more than the maximum and came in a digest")
    most = max(days.values(), default=0)
    return _finding(member, f"at most {most} messages a day, {folded} more in digests", problems)


def _stopped(member: Member, scene: Scene, said: Sequence[_Said]) -> Finding:
    """No mail about what is followed, texts in its place; nothing about the flight that is muted."""
    followed = [one for one in said if one.role == Role.FOLLOWER]
    problems = [f"{_written(one)} came by e-mail" for one in followed if one.channel == "email"]
    muted = {
        f"flight:{row['flight_id']}"
        for row in scene.evidence.followings
        if row["user_id"] == member.id and row.get("muted")
    }
    told = [one for one in said if one.conversation.partition("|")[0] in muted]
    problems += [f"{_written(one)} came although the flight is muted" for one in told]
    if not scene.excuse and not followed:
        problems.append("no text came about a followed flight")
    return _finding(
        member, f"{len(followed)} texts about followed flights, no mail, the muted one silent", problems
    )


def _texts(member: Member, scene: Scene, said: Sequence[_Said]) -> Finding:
    """Who has a phone alone hears by it."""
    problems = [f"{_written(one)} came by e-mail" for one in said if one.channel != "sms"]
    if not scene.excuse and not said:
        problems.append("no text came")
    return _finding(member, f"{len(said)} texts", problems)


def _alerts(member: Member, scene: Scene, said: Sequence[_Said]) -> Finding:
    """The price that came is told; around the other one nothing is told while the fare goes to and fro."""
    mails = Counter(one.title.removeprefix("Fare alert ") for one in said if Kind.FARE in one.kinds)
    problems = [f"{_written(one)} came as to a {one.role}" for one in said if one.role != Role.ALERT]
    wanted = [str(alert["name"]) for alert in member.alerts]
    problems += [f"{count} mails of the alert {name!r}" for name, count in mails.items() if count > 1]
    if not scene.excuse:
        problems += [f"no mail of the alert {name!r}" for name in wanted if not mails[name]]
    words = ", ".join(f"{name!r} told {mails[name]} times" for name in wanted) or "no alert on so few fares"
    return _finding(member, words, problems)


def _languages(members: Sequence[Member], scene: Scene) -> Finding:
    """Everybody's mails are in their language."""
    problems, words = [], []
    for one in members:
        mails = Counter(
            row["language"] for row in scene.evidence.receipts if one.email and row["address"] == one.email
        )
        problems += [
            f"{count} mails to {one.key} are in {language or 'no language'}, not {one.language}"
            for language, count in mails.items()
            if language != one.language
        ]
        if one.language != ENGLISH:
            words.append(f"{mails[one.language]} mails to {one.key} in {LANGUAGES[one.language].name}")
            if not scene.excuse and not mails[one.language]:
                problems.append(f"no mail to {one.key} came in {LANGUAGES[one.language].name}")
    return Finding("languages", ", ".join(words), tuple(problems))


def _arrived(member: Member, evidence: Evidence) -> Iterator[_Said]:
    """What the messages in this person's inbox said, one for each conversation in each."""
    addresses = {member.email, member.phone}
    theirs = {receipt["id"].strip("<>") for receipt in evidence.receipts if receipt["address"] in addresses}
    for row in evidence.notifications:
        kind = subjects.of(row["subject"])
        ids = {attempt.get("provider_id") for attempt in row.get("attempts", ())}
        if row["person"] == str(member.id) and ids & theirs:
            value = kind.parse(row["to"])
            yield _Said(
                row["conversation"],
                row["channel"],
                row.get("role", ""),
                frozenset(map(Kind, row["kinds"])),
                kind.leaves_at(value),
                kind.leaves_by(value),
                row.get("decided_at") or row["created_at"],
                row.get("digest"),
                kind.title(value),
            )


def _held(member: Member, scene: Scene, reason: timing.Reason) -> list[Document]:
    """What delivery put off for this person, the earliest first."""
    mine = (row for row in scene.evidence.held if row["person"] == str(member.id) and row["reason"] == reason)
    return sorted(mine, key=lambda row: row["decided_at"])


def _moments(said: _Said, clock: DomainClock) -> tuple[datetime, datetime]:
    """Between which two moments of the demo's clock delivery decided to tell it."""
    return clock.at(said.decided_at - timedelta(seconds=_ROUNDING_S)), clock.at(said.decided_at)


def _is_urgent(chosen: Preferences, said: _Said, moments: Sequence[datetime]) -> bool:
    news = timing.News(said.kinds, said.leaves_at, said.leaves_by)
    return any(timing.is_urgent(chosen, news, at) for at in moments)


def _chosen(member: Member) -> Preferences:
    return preferences.read(member.chosen)


def _written(said: _Said) -> str:
    return f"{', '.join(sorted(said.kinds))} by {said.channel}"


def _clock(at: datetime, zone: Any) -> str:
    return f"{at.astimezone(zone):%a %H:%M}"


def _finding(member: Member, words: str, problems: Sequence[str]) -> Finding:
    return Finding(member.key, f"{member.chose}: {words}", tuple(problems))
