"""The delivery process: builds the clients, hears the doorbells, runs the senders of every channel that is
on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from pymongo.database import Database
from pymongo.errors import PyMongoError

from app import metrics
from app.channels import registry, rendering
from app.channels.base import Channel
from app.channels.links import Links
from app.domain import places
from app.domain.channels import CHANNELS
from app.domain.clock import system_now
from app.runtime import Health, StopFlag, configure_logging, health_server, holder_name, run_workers
from app.settings import Settings
from app.store import client as mongodb
from app.store import doorbell_watch, schema_steps
from app.store.announcements import Announcements
from app.store.callbacks import Callbacks
from app.store.claims import Claims
from app.store.counts import Counts
from app.store.decisions import Decisions
from app.store.digests import DailyCounts, Digests
from app.store.doorbells import Doorbells
from app.store.leases import Leases
from app.store.linked import LinkedChannels
from app.store.notifications import Ledger
from app.store.people import People
from app.store.provider_state import ProviderState
from app.store.ranks import Ranks
from app.store.samples import DELIVERY, Sampler, Samples
from app.store.second_looks import SecondLooks
from app.store.service_messages import ServiceMessages
from app.store.suppressions import Suppressions
from app.store.why_links import WhyLinks
from consumers.delivery import composing, service_messages
from consumers.delivery.bell import Bell
from consumers.delivery.composing import Composer
from consumers.delivery.digesting import Digester
from consumers.delivery.endpoints import Endpoints
from consumers.delivery.providers import Provider, Providers
from consumers.delivery.reporting import Reporting
from consumers.delivery.service_messages import ServiceSender
from consumers.delivery.terms import Terms
from consumers.delivery.worker import Worker

log = structlog.get_logger()

_GAUGES_S = 10.0
_GRACE_S = 3.5
"""A hand-over under way at a stop may take so long; then it is ended, and its outcome written."""
_PING_S = 0.5
_COUNTED = 10_000


def run(settings: Settings) -> int:
    """Deliver until SIGTERM or SIGINT; returns the exit status. Call it in the main thread.

    Raises SetupError when MongoDB can never do.
    """
    configure_logging(settings, "delivery")
    stop, health = StopFlag(), Health()
    stop.on_signals()
    channels = open_channels(settings)
    places.load()
    rendering.load()
    if "email" in {channel.name for channel in channels}:
        composing.load()
    for name in sorted(set(CHANNELS) - {channel.name for channel in channels}):
        log.warning("channel is off, its settings are absent", channel=name)
    client = mongodb.connect(settings, app_name="gatecall-delivery")
    with client, health_server(health, settings) as port:
        health.add("mongodb", lambda: _ping(client))
        log.info("delivery started", health_port=port, channels=",".join(c.name for c in channels))
        if not mongodb.wait_until_reachable(client, stop):
            return 0
        schema_steps.refuse_newer(mongodb.database(client, settings))
        status = deliver(settings, mongodb.database(client, settings), channels, stop, health)
    log.info("delivery ended", status=status)
    return status


def open_channels(settings: Settings) -> list[Channel]:
    """The channels whose settings are there. Nothing connects yet."""
    return list(registry.open_all(settings))


def deliver(
    settings: Settings,
    database: Database[dict[str, Any]],
    channels: list[Channel],
    stop: StopFlag,
    health: Health,
) -> int:
    """Run the senders of these channels, and what wakes and measures them, until the stop; the exit
    status."""
    terms = {channel.name: shared_terms(settings, database, channel) for channel in channels}
    workers: dict[str, Callable[[], None]] = {}
    senders: list[Worker] = []
    for name, shared in terms.items():
        health.add(name, shared.providers.words)
        metrics.CHANNEL_DOWN.labels(name).set_function(partial(_is_down, shared.providers))
        metrics.DOUBTFUL_SENDS.labels(name)  # a counter that begins with 1 shows no increase
        for number in range(shared.senders):
            worker = Worker(shared, stop)
            senders.append(worker)
            workers[f"{name}-{number}"] = worker.run
    service = service_messages.senders_of(settings, database, terms, stop)
    workers |= {name: sender.run for name, sender in service.items()}
    bells = {name: one.bell for name, one in (terms | service).items()}
    digesters = []
    if "email" in terms:
        leases = Leases(database, holder_name())
        digesters.append(Digester(terms["email"], leases, settings.lease_s, stop, settings.public_url))
        workers["digests"] = digesters[0].run
    workers["doorbells"] = lambda: _hear(database, bells, stop)
    workers["gauges"] = lambda: _measure(terms, stop)
    sampler = Sampler(Samples(database), DELIVERY, holder_name(), health)
    workers["samples"] = lambda: sampler.run(stop)
    reporting = _reporting(settings, database)
    workers["reports"] = lambda: reporting.run(stop)
    workers["grace"] = lambda: _end_in_time([*senders, *digesters, *service.values()], bells, stop)
    status = run_workers(workers, stop, health)
    try:
        # What was given back is due: another process need not wait for its net.
        Doorbells(database).ring(bells)
    except PyMongoError as error:
        log.warning("the doorbell could not be rung", why=type(error).__name__)
    return status


def shared_terms(settings: Settings, database: Database[dict[str, Any]], channel: Channel) -> Terms:
    """What the senders of one channel share."""
    clock = settings.domain_clock
    suppressions = Suppressions(database, settings)
    return Terms(
        channel=channel,
        channels=frozenset(settings.channels),
        claims=Claims(database, channel.name),
        ledger=Ledger(database, timedelta(days=settings.ledger_keep_days)),
        people=People(database),
        counts=Counts(database),
        decisions=Decisions(database, timedelta(days=settings.decision_keep_days)),
        digests=Digests(database, channel.name),
        daily=DailyCounts(database),
        suppressions=suppressions,
        callbacks=Callbacks(database, suppressions),
        ranks=Ranks(database),
        second_looks=SecondLooks(database),
        providers=_providers(settings, database, channel),
        links=Links.of(settings),
        why_links=WhyLinks(database),
        composer=Composer(settings.public_url, clock, short_links=bool(settings.signing_keys)),
        bell=Bell(),
        claiming=threading.Lock(),
        senders=registry.ENTRIES[channel.name].senders(settings),
        rules=settings.rules,
        flapping=settings.flapping,
        announcements=Announcements(database),
        domain_clock=clock,
        now=system_now,
        lease=timedelta(seconds=settings.claim_lease_s),
        send_timeout_s=settings.send_timeout_s,
        tries=settings.send_attempts,
        endpoints=_endpoints(settings, database, channel.name),
    )


def _endpoints(settings: Settings, database: Database[dict[str, Any]], channel: str) -> Endpoints | None:
    if not CHANNELS[channel].own_servers:
        return None
    keys = settings.signing_keys
    return Endpoints(
        channel=channel,
        linked=LinkedChannels(database, Suppressions(database, settings)),
        people=People(database),
        messages=ServiceMessages(database, keys) if keys else None,
        stop_after=timedelta(days=settings.webhook_stop_days),
        probe=timedelta(seconds=settings.claim_lease_s),
        now=system_now,
    )


def _reporting(settings: Settings, database: Database[dict[str, Any]]) -> Reporting:
    maildir = Path(settings.mail_bounce_maildir) if settings.mail_bounce_maildir else None
    return Reporting(Callbacks(database, Suppressions(database, settings)), maildir, system_now)


def _providers(settings: Settings, database: Database[dict[str, Any]], channel: Channel) -> Providers:
    """The breakers and rates of a channel's providers; the second has the first's rate unless it has its own."""
    rate, own = registry.ENTRIES[channel.name].rates(settings)

    def provider(name: str, rate: float | None) -> Provider:
        return Provider(name, ProviderState(database, name), rate, settings.send_timeout_s, system_now)

    second = provider(f"{channel.name}-fallback", own or rate) if channel.fallback else None
    return Providers(provider(channel.name, rate), second)


def _hear(database: Database[dict[str, Any]], bells: Mapping[str, Bell], stop: StopFlag) -> None:
    """Pass the doorbells on to the senders. While MongoDB does not answer, they look for themselves."""
    failures = 0
    while not stop.is_set():
        try:
            for number, name in enumerate(doorbell_watch.rings(database, list(bells))):
                if stop.is_set():
                    return
                failures = 0
                if number == 0:
                    for bell in bells.values():  # whoever rang before the watch began
                        bell.ring()
                elif name is not None and name in bells:
                    bells[name].ring()
        except PyMongoError as error:
            failures += 1
            log.warning("doorbells cannot be heard, trying again", why=type(error).__name__)
        stop.wait(min(0.2 * 2**failures, 5.0))


def _measure(terms: Mapping[str, Terms], stop: StopFlag) -> None:
    while not stop.is_set():
        for name, shared in terms.items():
            now = shared.now()
            try:
                count, oldest = shared.claims.backlog(now, at_most=_COUNTED)
                folded, digest = shared.digests.backlog(now, at_most=_COUNTED)
            except PyMongoError:
                continue  # the senders say so, and the health page too
            since = min(filter(None, (oldest, digest)), default=None)
            metrics.DUE_COUNT.labels(name).set(count + folded)
            metrics.DUE_AGE.labels(name).set((now - since).total_seconds() if since else 0.0)
        stop.wait(_GAUGES_S)


def _end_in_time(
    senders: Sequence[Worker | Digester | ServiceSender], bells: Mapping[str, Bell], stop: StopFlag
) -> None:
    """At a stop: wake who sleeps; after the grace, end the hand-overs under way."""
    while not stop.wait(60.0):
        pass
    for bell in bells.values():
        bell.ring_all()
    give_up_at = time.monotonic() + _GRACE_S
    while time.monotonic() < give_up_at:
        if all(sender.ended.wait(0.05) for sender in senders):
            return
    for sender in senders:
        sender.abort()


def _is_down(providers: Providers) -> bool:
    return providers.words() is not None


def _ping(client: mongodb.Client) -> str | None:
    try:
        client.admin.command("ping", maxTimeMS=int(_PING_S * 1000))
    except PyMongoError as error:
        return f"MongoDB does not answer ({type(error).__name__})"
    return None
