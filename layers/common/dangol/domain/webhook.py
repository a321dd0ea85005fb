"""Signed webhooks by the Standard Webhooks specification, and the addresses that they are never sent to.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from dangol.domain.errors import DefinitionError

_PREFIX: Final = "whsec_"
# Addresses that lead to an IPv4 address which is written inside of them.
_TRANSLATED: Final = ip_network("64:ff9b::/96")
_LOCAL_TRANSLATED: Final = ip_network("64:ff9b:1::/48")


def headers(hook_id: str, at: datetime, body: bytes, secrets: str) -> dict[str, str]:
    """The headers of a webhook; `secrets` holds one or, while they are exchanged, several, parted by spaces.

    Raises:
        DefinitionError: a secret is not `whsec_` and base64.
    """
    stamp = str(int(at.timestamp()))
    content = f"{hook_id}.{stamp}.".encode() + body
    macs = [hmac.digest(_key(secret), content, hashlib.sha256) for secret in secrets.split()]
    return {
        "webhook-id": hook_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(mac).decode()}" for mac in macs),
    }


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise DefinitionError("the webhook secret is not whsec_ and base64", field="webhook-secret") from error


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet: not private, link-local, loopback or an instance's own.

    Cloud metadata services live on link-local and private addresses.
    """
    found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        if found in _LOCAL_TRANSLATED:
            return False
        inner = found.ipv4_mapped or found.sixtofour
        if found in _TRANSLATED:
            inner = IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast and not found.is_reserved


def checked(url: str) -> str:
    """A webhook's address, as a definition gives it.

    Raises:
        ValueError: it is not https, has no host, carries a password, or names an address that is not public.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        raise ValueError(f"{url!r} is not a webhook's address; write it like https://shop.example/hooks/consent")
    try:
        public = is_public(parts.hostname)
    except ValueError:
        # A name: where it leads is looked at with every call.
        return url
    if not public:
        raise ValueError(f"{parts.hostname} is not a public address; webhooks go to the internet alone")
    return url
