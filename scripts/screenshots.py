"""Pictures of the pages as headless Chromium shows them: `python -m scripts.screenshots http://localhost:8080`.

The board for the README into docs/pictures; with --all each page at 1280 and at 390 pixels, light and dark. Needs
a running system with flights in it (the demo does), the playwright package, and Chromium: the distribution's, or
the one CHROMIUM names.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import click
from playwright.sync_api import Browser, Error, Page, sync_playwright

PAGES = {"board": "/board", "fares": "/fares", "health": "/health", "help": "/help"}
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")
HEIGHT = 900
README_PICTURE = "board.png"

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
    page.wait_for_timeout(400)  # fonts and the first tick of the clock
    page.screenshot(path=target, full_page=whole, animations="disabled")


def flight_of(page: Page, board: str) -> str | None:
    """The address of a flight on the board, one that changed if there is any; None on an empty board."""
    page.goto(board, wait_until="load")
    for row in ("tr:has(.chg)", "tr:has(.st-delayed)", "tr[data-row]"):
        link = page.locator(f".board {row} .c-flight a").first
        if link.count():
            return link.get_attribute("href")
    return None


@click.command()
@click.argument("address", default="http://localhost:8080")
@click.option(
    "--into", type=click.Path(path_type=Path), default=Path("docs/pictures"), help="Where the pictures go."
)
@click.option(
    "--all", "every", is_flag=True, help="Every page in both widths and schemes, not only the README's."
)
@click.option("--only", multiple=True, help="With --all: names of pages.")
@click.option("--whole/--screen", default=False, help="All of each page, or what a screen shows first.")
def main(address: str, into: Path, every: bool, only: Sequence[str], whole: bool) -> None:
    """Take the pictures of the pages at ADDRESS."""
    into.mkdir(parents=True, exist_ok=True)
    try:
        with browser() as chromium:
            if every or only:
                _all(chromium, address, into, only, whole)
            else:
                _readme(chromium, address, into / README_PICTURE)
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
