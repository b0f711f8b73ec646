"""The bot's process: settings, clients, workers; reads top to bottom."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import structlog
from pymongo.database import Database
from pymongo.errors import PyMongoError

from app.channels.telegram_api import Bot
from app.channels.telegram_buttons import Buttons
from app.domain import places
from app.domain.clock import system_now
from app.runtime import Health, StopFlag, health_server, holder_name, run_workers
from app.settings import Settings
from app.store import client as mongodb
from app.store import schema_steps
from app.store.leases import Leases
from app.store.provider_state import ProviderState
from app.store.samples import TELEGRAM, Sampler, Samples
from app.store.telegram_accounts import CHANNEL, TelegramAccounts
from app.store.telegram_links import TelegramBots, TelegramLinks
from app.store.users import Users
from consumers.telegram.answers import Answers
from consumers.telegram.following import Following
from consumers.telegram.linking import Linking
from consumers.telegram.pausing import Pausing
from consumers.telegram.polling import Polling
from consumers.telegram.talking import Talk

log = structlog.get_logger()


def run(settings: Settings) -> int:
    """Listen until SIGTERM or SIGINT; returns the exit status. Call it in the main thread.

    Without TELEGRAM_BOT_TOKEN it waits for its end: Telegram is off. Raises SetupError when MongoDB can never do.
    """
    stop, health = StopFlag(), Health()
    stop.on_signals()
    places.load()
    client = mongodb.connect(settings, app_name="gatecall-telegram")
    with client, health_server(health, settings) as port:
        health.add("mongodb", lambda: _ping(client))
        if CHANNEL not in settings.channels:
            log.warning("Telegram is off: set TELEGRAM_BOT_TOKEN", health_port=port)
            while not stop.wait(60.0):
                pass
            return 0
        if not mongodb.wait_until_reachable(client, stop):
            return 0
        database = mongodb.database(client, settings)
        schema_steps.refuse_newer(database)
        log.info("telegram started", health_port=port, bot=settings.telegram_bot_id)
        with closing(Bot(settings)) as bot, closing(Bot(settings)) as speaker:
            polling = polling_of(settings, database, bot, stop)
            talk = talk_of(settings, database, speaker, stop, polling)
            health.add("updates", polling.problem)
            sampler = Sampler(Samples(database), TELEGRAM, holder_name(), health)
            workers = {
                "updates": lambda: polling.run(talk.handle),
                "samples": lambda: sampler.run(stop),
                "stop": lambda: _abort_at_stop(stop, bot, speaker),
            }
            status = run_workers(workers, stop, health)
    log.info("telegram ended", status=status)
    return status


def polling_of(settings: Settings, database: Database[dict[str, Any]], bot: Bot, stop: StopFlag) -> Polling:
    """What asks for updates."""
    leases = Leases(database, holder_name())
    number, server = settings.telegram_bot_id, settings.telegram_api_base_url
    return Polling(bot, TelegramBots(database), leases, number, server, settings.lease_s, stop)


def talk_of(
    settings: Settings, database: Database[dict[str, Any]], speaker: Bot, stop: StopFlag, polling: Polling
) -> Talk:
    """What deals with them."""
    buttons, accounts = Buttons(settings.signing_keys), TelegramAccounts(database, settings)
    state, clock = ProviderState(database, CHANNEL), settings.domain_clock
    answers = Answers(speaker, state, settings.telegram_rate, stop, system_now, polling.prolong)
    page = f"{settings.public_url}/my/preferences"
    return Talk(
        settings=settings,
        database=database,
        accounts=accounts,
        linking=Linking(Users(database), TelegramLinks(database), accounts, buttons, answers, system_now),
        following=Following(database, buttons, answers, page, clock, system_now),
        pausing=Pausing(database, buttons, answers, system_now),
        buttons=buttons,
        answers=answers,
        clock=clock,
        now=system_now,
    )


def _abort_at_stop(stop: StopFlag, *bots: Bot) -> None:
    """A poll under way would hold up the end for as long as it waits."""
    while not stop.wait(60.0):
        pass
    for bot in bots:
        bot.abort()


def _ping(client: mongodb.Client) -> str | None:
    try:
        client.admin.command("ping", maxTimeMS=500)
    except PyMongoError as error:
        return f"MongoDB does not answer ({type(error).__name__})"
    return None
