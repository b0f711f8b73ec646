"""Which addresses a webhook may go to: a server on the internet, never one inside (server-side request forgery).

A name is resolved once; every address that it has must be public, and the connection goes to the very address that was
looked at. So a name that changes its mind between the look and the connection (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import queue
import socket
import threading
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from app.channels.base import AddressDownError
from app.channels.deadline import Deadline
from app.domain.errors import PermanentError

LONGEST_URL = 1000

# What `is_global` of the standard library (the IANA registries for special purposes, RFC 6890) lets through, or did in
# some version of it, though it does not lead to a server on the internet.
_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network (RFC 791)
        "100.64.0.0/10",  # carrier-grade NAT (RFC 6598)
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "64:ff9b:1::/48",  # NAT64 of one network (RFC 8215)
        "100::/64",  # discard (RFC 6666)
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation (RFC 9637)
        "5f00::/16",  # segment routing (RFC 9602)
        "fec0::/10",  # site-local (RFC 3879)
        "ff00::/8",  # multicast
    )
)
_NAT64 = ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ip_network("2000::/3")  # all of IPv6 that is given out to servers (IANA)
_INNER_NAMES = (".local", ".localhost", ".internal", ".home.arpa", ".onion")


class NotAllowedError(PermanentError):
    """The address of a webhook is none that we send to. The message is a sentence for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A webhook's address, taken apart. host: as DNS knows it. netloc: for the header Host. target: path and query."""

    scheme: str
    host: str
    port: int
    netloc: str
    target: str

    @property
    def is_tls(self) -> bool:
        """Whether it is https."""
        return self.scheme == "https"


def endpoint_of(url: str, *, local: bool = False) -> Endpoint:
    """The address, taken apart. local: http and this machine's own names are allowed, for development and tests.

    Raises NotAllowedError when it is not an https address of a server on the internet. Names are not resolved.
    """
    if len(url) > LONGEST_URL or not url.isascii() or any(c.isspace() or not c.isprintable() for c in url):
        raise NotAllowedError("The address is too long, or has characters that an address cannot have.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise NotAllowedError("The address cannot be understood.") from error
    if parts.scheme not in (("https", "http") if local else ("https",)):
        raise NotAllowedError("The address must begin with https://.")
    if "@" in parts.netloc or "\\" in url or "#" in url:
        raise NotAllowedError("The address may not hold a user, a password or a fragment.")
    if not host or port == 0:
        raise NotAllowedError("The address names no server.")
    literal = _literal(host)
    if not local:
        if literal is not None and not is_public(literal):
            raise NotAllowedError("The address leads into a private network.")
        # "127.1" and "2130706433" are addresses to the resolver, though no literal that a person would write.
        if literal is None and ("." not in host or host.endswith(_INNER_NAMES) or _is_number(host)):
            raise NotAllowedError("The address names no server on the internet.")
    shown = f"[{host}]" if ":" in host else host
    default = 443 if parts.scheme == "https" else 80
    netloc = shown if port in (None, default) else f"{shown}:{port}"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(parts.scheme, host, port or default, netloc, target)


def addresses_of(endpoint: Endpoint, deadline: Deadline, *, local: bool = False) -> list[str]:
    """The addresses to connect to, in the resolver's order, all of them looked at.

    local: any address will do. Raises NotAllowedError when one of them is not public, AddressDownError when the name
    has none now or the resolver does not answer in time.
    """
    found = list(dict.fromkeys(_resolved(endpoint.host, endpoint.port, deadline)))
    if not found:
        raise AddressDownError("the name has no address")
    if not local and not all(is_public(ip_address(one)) for one in found):
        raise NotAllowedError("The name leads into a private network.")
    return found


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is that of a server on the internet; an IPv4 address inside an IPv6 one is looked at, too."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address.scope_id is not None or address not in _GLOBAL_UNICAST:
            return False
    inside = any(address.version == net.version and address in net for net in _NOT_PUBLIC)
    return address.is_global and not address.is_multicast and not inside


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_number(host: str) -> bool:
    last = host.rstrip(".").rpartition(".")[2]
    return last.isdigit() or last.startswith("0x")


def _resolved(host: str, port: int, deadline: Deadline) -> list[str]:
    """What the resolver says within the deadline; it has none of its own, so it runs beside."""
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put([str(row[4][0]) for row in rows])
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, name="webhook resolver", daemon=True).start()
    while True:
        try:
            # in slices, so that an abort is seen
            answer = answers.get(timeout=min(deadline.left_s(), 0.2))
        except queue.Empty:
            continue
        except TimeoutError as error:
            raise AddressDownError("the name's address was not found in time") from error
        if isinstance(answer, OSError):
            raise AddressDownError("the name has no address") from answer
        return answer
