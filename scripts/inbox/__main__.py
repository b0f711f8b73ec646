"""`python -m scripts.inbox`: serve the inbox until it is told to stop."""

from __future__ import annotations

import signal
import sys
import threading

import click

from scripts.inbox.smtp import smtp_server
from scripts.inbox.store import Inbox
from scripts.inbox.web import InboxServer
from scripts.ports import PortsTakenError, require_free


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--smtp-port", default=1025, show_default=True, help="Port of the SMTP server.")
@click.option("--http-port", default=8025, show_default=True, help="Port of page and Twilio endpoint.")
def main(host: str, smtp_port: int, http_port: int) -> None:
    """Show the mails and SMS that Gatecall sends, instead of delivering them."""
    try:
        require_free([smtp_port, http_port], remedy="Choose others with --smtp-port and --http-port.")
    except PortsTakenError as error:
        raise click.ClickException(str(error)) from error
    inbox = Inbox()
    smtp = smtp_server(inbox, host, smtp_port)
    web = InboxServer(inbox, host, http_port)
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown waits for the loop that this thread runs, so it needs a thread of its own
        signal.signal(number, lambda *_: threading.Thread(target=web.shutdown).start())
    smtp.start()
    click.echo(f"The inbox is at http://{host}:{http_port}/, SMTP on port {smtp_port}. Ctrl-C ends it.")
    sys.stdout.flush()
    try:
        web.serve_forever(poll_interval=0.1)
    finally:
        web.server_close()
        smtp.stop()


if __name__ == "__main__":
    main()
