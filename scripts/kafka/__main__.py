"""Start and stop a broker from the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from scripts.children import ServerDiedError, record, recorded_address, recorded_states, stop_recorded
from scripts.kafka import Broker, BrokerError, start_apache_kafka, start_tansu
from scripts.ports import PortsTakenError, free_or_others

_dir = click.option(
    "--dir",
    "base_dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".local/kafka"),
    show_default=True,
    help="Where the broker keeps its data and logs.",
)


@click.group()
def cli() -> None:
    """Start and stop a broker for development: Tansu, or Apache Kafka."""


@cli.command()
@_dir
@click.option("--port", default=9092, show_default=True, help="Port of the first node; others take the next.")
@click.option("--other-ports", is_flag=True, help="Take free ports in place of those that are taken.")
@click.option("--apache", is_flag=True, help="Apache Kafka (Java 17, and Maven once) in place of Tansu.")
@click.option("--nodes", type=click.IntRange(1, 5), default=1, show_default=True, help="With --apache.")
def start(base_dir: Path, port: int, other_ports: bool, apache: bool, nodes: int) -> None:
    """Start a broker and print its address. It goes on until `stop`."""
    if nodes > 1 and not apache:
        raise click.UsageError("several --nodes need --apache: Tansu runs as one")
    running = recorded_address(base_dir)
    if running is not None:
        click.echo(f"runs already: {running}")
        return
    ports = [port + number for number in range(nodes)]
    if other_ports:
        ports = free_or_others(ports)
    broker: Broker
    if apache:
        broker = start_apache_kafka(base_dir / "apache", ports, outlives=True)
    else:
        broker = start_tansu(base_dir, ports[0], outlives=True)
    record(base_dir, broker.nodes, address=broker.bootstrap_servers)
    click.echo(broker.bootstrap_servers)


@cli.command()
@_dir
def stop(base_dir: Path) -> None:
    """Stop what `start` started. Apache Kafka's data stays; Tansu keeps none."""
    stopped = stop_recorded(base_dir)
    click.echo("\n".join(f"stopped {name}" for name in stopped) or f"nothing of {base_dir} runs")


@cli.command()
@_dir
def status(base_dir: Path) -> None:
    """Say whether what `start` started runs, and where; exit 1 when it does not."""
    address = recorded_address(base_dir)
    if address is None:
        click.echo(f"nothing of {base_dir} runs")
        sys.exit(1)
    click.echo("\n".join([*recorded_states(base_dir), address]))


def main() -> None:
    """Run the command line; an error is one line on standard error and exit status 1."""
    try:
        cli(prog_name="python -m scripts.kafka")
    except (BrokerError, PortsTakenError, ServerDiedError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
