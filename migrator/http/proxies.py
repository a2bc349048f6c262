"""Which way requests to an address go: straight, or through the proxy that the environment names."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Final
from urllib.request import getproxies, proxy_bypass

import httpx

_LOCAL: Final = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
_NUMBERS: Final = re.compile(r"(0x[0-9a-f]+|[0-9]+)(\.(0x[0-9a-f]+|[0-9]+)){0,3}", re.IGNORECASE)
_PASSWORD: Final = re.compile(r"//[^/@]*@")

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def proxy_for(address: httpx.URL | str) -> str | None:
    """Return the proxy that requests to an address go through; None when they go straight.

    Loopback addresses never go through a proxy: the token would leave this machine. NO_PROXY takes names, suffixes,
    addresses, and networks such as 10.0.0.0/8.
    """
    url = httpx.URL(address)
    host = url.host.rstrip(".")
    if is_loopback(host):
        return None
    known = getproxies()
    proxy = known.get(url.scheme) or known.get("all")
    if not proxy or _is_excepted(host, url.port, known.get("no", "")):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def shown(proxy: str) -> str:
    """Return the address of a proxy without a user name and a password."""
    return _PASSWORD.sub("//", proxy)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, in any form of its address."""
    name = host.rstrip(".").lower()
    if name in _LOCAL or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _is_excepted(host: str, port: int | None, no_proxy: str) -> bool:
    address = _address(host)
    return (
        bool(proxy_bypass(host))
        or (port is not None and bool(proxy_bypass(f"{host}:{port}")))
        or (address is not None and any(_holds(entry.strip(), address) for entry in no_proxy.split(",")))
    )


def _holds(entry: str, address: _Address) -> bool:
    """Return whether an entry of NO_PROXY is a network, or an address, that holds this one."""
    try:
        network = ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return False
    return address.version == network.version and address in network


def _address(host: str) -> _Address | None:
    """Return the address that a host is written as; None for a name. The system also takes 127.1 and 0x7f000001."""
    try:
        found = ipaddress.ip_address(host.partition("%")[0].strip("[]"))
    except ValueError:
        if not _NUMBERS.fullmatch(host):
            return None
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
