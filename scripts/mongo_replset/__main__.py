"""Start, stop, initiate and check a MongoDB replica set from the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from scripts.children import ServerDiedError, record, recorded_address, recorded_states, stop_recorded
from scripts.mongo_replset import ReplicaSetError, check, initiate, replica_set_uri, start_replica_set
from scripts.ports import PortsTakenError, free_or_others

_DEFAULT_PORTS = (27017, 27018, 27019)
_dbpath = click.option(
    "--dbpath",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".local/mongo"),
    show_default=True,
    help="Where the members keep their data and logs.",
)
_ports = click.option(
    "--ports",
    default=",".join(str(port) for port in _DEFAULT_PORTS),
    show_default=True,
    help="Ports of the members, separated by commas.",
)


@click.group()
def cli() -> None:
    """Start, stop, initiate and check a three-member MongoDB replica set (rs0)."""


@cli.command()
@_dbpath
@_ports
@click.option("--other-ports", is_flag=True, help="Take free ports in place of those that are taken.")
@click.option("--oplog-mb", default=256, show_default=True, help="Size of the oplog of each member.")
@click.option("--cache-gb", default=0.25, show_default=True, help="WiredTiger cache of each member.")
def start(dbpath: Path, ports: str, other_ports: bool, oplog_mb: int, cache_gb: float) -> None:
    """Start local mongods, make them a replica set, print the URI. They go on until `stop`."""
    running = recorded_address(dbpath)
    if running is not None:
        click.echo(f"runs already: {running}")
        return
    wanted = _parse_ports(ports)
    replica_set = start_replica_set(
        dbpath,
        free_or_others(wanted) if other_ports else wanted,
        oplog_mb=oplog_mb,
        cache_gb=cache_gb,
        outlives=True,
    )
    record(dbpath, [member.child for member in replica_set.members], address=replica_set.uri("gatecall"))
    click.echo(replica_set.uri("gatecall"))


@cli.command()
@_dbpath
def stop(dbpath: Path) -> None:
    """Stop what `start` started; the data stays."""
    stopped = stop_recorded(dbpath)
    click.echo("\n".join(f"stopped {name}" for name in stopped) or f"nothing of {dbpath} runs")


@cli.command()
@_dbpath
def status(dbpath: Path) -> None:
    """Say whether what `start` started runs, and where; exit 1 when it does not."""
    address = recorded_address(dbpath)
    if address is None:
        click.echo(f"nothing of {dbpath} runs")
        sys.exit(1)
    click.echo("\n".join([*recorded_states(dbpath), address]))


@cli.command("initiate")
@click.argument("members", nargs=-1, required=True, metavar="HOST:PORT...")
@click.option("--name", default="rs0", show_default=True, help="Name of the replica set.")
@click.option(
    "--timeout", "timeout_s", default=60.0, show_default=True, help="Seconds to wait for the members."
)
def initiate_command(members: tuple[str, ...], name: str, timeout_s: float) -> None:
    """Make running mongods a replica set; does nothing when they are one already."""
    created = initiate(members, name=name, timeout_s=timeout_s)
    click.echo(f"replica set {name} {'initiated' if created else 'was initiated already'}")
    click.echo(replica_set_uri(members, name=name))


@cli.command("check")
@click.argument("members", nargs=-1, metavar="[HOST:PORT]...")
@_ports
def check_command(members: tuple[str, ...], ports: str) -> None:
    """Show the members, their states, and how far back the oplog reaches; exit 1 unless all is well."""
    report = check(members or [f"127.0.0.1:{port}" for port in _parse_ports(ports)])
    click.echo(f"replica set {report.name}, MongoDB {report.version}")
    for member in report.members:
        lag = "" if member.lag_s is None else f", {member.lag_s:.0f} s behind"
        click.echo(f"  {member.host:<24} {member.state}{'' if member.state == 'PRIMARY' else lag}")
    click.echo(f"oplog: {report.oplog_mb:.0f} MB, reaches back {report.oplog_window_s / 3600:.1f} h")
    if not report.well:
        click.echo("not well: every member must be PRIMARY or SECONDARY")
        sys.exit(1)


def _parse_ports(text: str) -> list[int]:
    try:
        ports = [int(part) for part in text.split(",")]
    except ValueError:
        raise click.BadParameter("expected numbers separated by commas", param_hint="--ports") from None
    if len(set(ports)) != len(ports) or not all(0 < port < 65_536 for port in ports):
        raise click.BadParameter("expected different numbers from 1 to 65535", param_hint="--ports")
    return ports


def main() -> None:
    """Run the command line; an error is one line on standard error and exit status 1."""
    try:
        cli(prog_name="python -m scripts.mongo_replset")
    except (PortsTakenError, ReplicaSetError, ServerDiedError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
