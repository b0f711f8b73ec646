"""Pictures of the pages as headless Chromium shows them: `python -m scripts.screenshots http://localhost:8080`.

The board for the README into docs/pictures and, where the demo's inbox answers, what one of its people sees who is
signed in, and a digest; with --all each public page at 1280 and at 390 pixels, light and dark. Needs a running system
with flights in it (the demo does), the playwright package, and Chromium: the distribution's, or the one CHROMIUM names.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import click
from playwright.sync_api import APIRequestContext, Browser, Error, Page, sync_playwright

PAGES = {"board": "/board", "fares": "/fares", "health": "/health", "help": "/help"}
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")
HEIGHT = 900
README_PICTURE = "board.png"
# Whose pages the README shows: held at night in the demo, and a digest after 20:00.
SLEEPER, READER = "maya", "priya"
PERSONS_PAGES = {"my": "/my", "preferences": "/my/preferences"}
PERSONS_HEIGHT = 1200
_SIGN_IN_LINK = re.compile(r"https?://\S+/sign-in/\S+")
_MAIL_COMES_S = 20.0

_FLAGS = (
    "--no-sandbox",  # containers run as root, where Chromium's sandbox refuses to start
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--no-first-run",
)


def chromium_path() -> str | None:
    """Chromium on this machine: the one CHROMIUM names, else the distribution's; None when there is none."""
    named = os.environ.get("CHROMIUM")
    candidates = [named] if named else ["chromium", "chromium-browser", "google-chrome"]
    return next((path for name in candidates if (path := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium. Raises playwright's Error when there is none that starts."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium_path(), args=list(_FLAGS), headless=True
        )
        try:
            yield started
        finally:
            started.close()


def take(page: Page, address: str, target: Path, *, whole: bool) -> None:
    """One picture. whole: all of the page, not only what a screen shows first."""
    answer = page.goto(address, wait_until="load")
    if answer is None or answer.status >= 400:
        raise click.ClickException(f"{address} answered {answer.status if answer else 'nothing'}")
    page.wait_for_timeout(800)  # fonts, the first tick of the clock, what a script fetches
    page.screenshot(path=target, full_page=whole, animations="disabled")


def flight_of(page: Page, board: str) -> str | None:
    """The address of a flight on the board, one that changed if there is any; None on an empty board."""
    page.goto(board, wait_until="load")
    for row in ("tr:has(.chg)", "tr:has(.st-delayed)", "tr[data-row]"):
        link = page.locator(f".board {row} .c-flight a").first
        if link.count():
            return link.get_attribute("href")
    return None


def sign_in(page: Page, address: str, inbox: str, key: str) -> None:
    """Sign in as one of the demo's people, by the mail that comes into the inbox. Raises ClickException without one."""
    ask = page.request
    before = {message["number"] for message in _mails(ask, inbox, key)}
    page.goto(urljoin(address, "/sign-in"), wait_until="load")
    page.locator("input[name=email]").fill(f"{key}@example.org")
    page.locator("input[name=email]").press("Enter")
    deadline = time.monotonic() + _MAIL_COMES_S
    while time.monotonic() < deadline:
        for message in _mails(ask, inbox, key):
            link = (
                None
                if message["number"] in before
                else _SIGN_IN_LINK.search(_mail(ask, inbox, message)["text"])
            )
            if link:
                page.goto(link[0], wait_until="load")
                page.locator("main button[type=submit]").first.click()
                page.wait_for_load_state()
                return
        page.wait_for_timeout(500)
    raise click.ClickException(f"no sign-in mail for {key} came into {inbox} within {_MAIL_COMES_S:.0f} s")


def _mails(ask: APIRequestContext, inbox: str, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _json(ask, inbox, f"/api/messages?channel=email&who={key}")["messages"]
    return found


def _mail(ask: APIRequestContext, inbox: str, message: Mapping[str, Any]) -> dict[str, Any]:
    return _json(ask, inbox, f"/api/messages/{message['number']}")


def _json(ask: APIRequestContext, inbox: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = ask.get(urljoin(inbox, path)).json()
    return found


@click.command()
@click.argument("address", default="http://localhost:8080")
@click.option("--inbox", default="http://localhost:8025", show_default=True, help="Of the demo.")
@click.option(
    "--into", type=click.Path(path_type=Path), default=Path("docs/pictures"), help="Where the pictures go."
)
@click.option(
    "--all", "every", is_flag=True, help="Every page in both widths and schemes, not only the README's."
)
@click.option("--only", multiple=True, help="With --all: names of pages.")
@click.option("--whole/--screen", default=False, help="All of each page, or what a screen shows first.")
def main(address: str, inbox: str, into: Path, every: bool, only: Sequence[str], whole: bool) -> None:
    """Take the pictures of the pages at ADDRESS."""
    into.mkdir(parents=True, exist_ok=True)
    try:
        with browser() as chromium:
            if every or only:
                _all(chromium, address, into, only, whole)
            else:
                _readme(chromium, address, into / README_PICTURE)
                _people(chromium, address, inbox, into)
    except Error as error:
        click.echo(f"No picture could be taken: {error.message.splitlines()[0]}", err=True)
        click.echo("Install Chromium (Debian: apt-get install chromium) or name it in CHROMIUM.", err=True)
        sys.exit(1)


def _readme(chromium: Browser, address: str, target: Path) -> None:
    context = chromium.new_context(
        viewport={"width": WIDTHS[0], "height": HEIGHT}, color_scheme="light", reduced_motion="reduce"
    )
    take(context.new_page(), urljoin(address, "/board"), target, whole=False)
    click.echo(f"{target}  {target.stat().st_size // 1024} kB")
    context.close()


def _people(chromium: Browser, address: str, inbox: str, into: Path) -> None:
    """What the demo's people see: their own pages, and a digest in the inbox."""
    context = chromium.new_context(
        viewport={"width": WIDTHS[0], "height": PERSONS_HEIGHT}, color_scheme="light", reduced_motion="reduce"
    )
    page = context.new_page()
    try:
        known = {person["key"] for person in _json(page.request, inbox, "/api/people")["people"]}
    except Error:
        known = set()
    if not {SLEEPER, READER} <= known:
        click.echo(f"No pictures of people: the demo's inbox does not answer at {inbox}.", err=True)
        return
    sign_in(page, address, inbox, SLEEPER)
    pictures = {name: urljoin(address, path) for name, path in PERSONS_PAGES.items()}
    digest = next(
        (m for m in _mails(page.request, inbox, READER) if m["subject"].startswith("News of")), None
    )
    if digest is None:
        click.echo(f"No picture of a digest: none has come for {READER} yet.", err=True)
    else:
        pictures["digest"] = urljoin(inbox, f"/?who={READER}#m{digest['number']}")
    for name, where in pictures.items():
        target = into / f"{name}.png"
        take(page, where, target, whole=False)
        click.echo(f"{target}  {target.stat().st_size // 1024} kB")
    context.close()


def _all(chromium: Browser, address: str, into: Path, only: Sequence[str], whole: bool) -> None:
    pages = dict(PAGES)
    for scheme in SCHEMES:
        for width in WIDTHS:
            context = chromium.new_context(
                viewport={"width": width, "height": HEIGHT},
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="reduce",
            )
            page = context.new_page()
            if "flight" not in pages and (found := flight_of(page, urljoin(address, "/board"))):
                pages["flight"] = found
            for name, path in pages.items():
                if only and name not in only:
                    continue
                target = into / f"{name}-{width}-{scheme}.png"
                take(page, urljoin(address, path), target, whole=whole)
                click.echo(f"{target}  {target.stat().st_size // 1024} kB")
            context.close()


if __name__ == "__main__":
    main()
