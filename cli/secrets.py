"""The stack's secrets: made once, in SSM SecureString parameters, and never shown."""

import base64
import json
import secrets
from typing import Final

from cli.stack import Stack

_KEY_BYTES: Final = 32


def ensure_secrets(stack: Stack) -> list[str]:
    """Make the keys and secrets of a stack where they are missing; the names of those made."""
    link = {"current": 1, "keys": {"1": base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}}
    wanted = {
        "link-keys": json.dumps(link),
        "write-keys": json.dumps({"app": secrets.token_urlsafe(_KEY_BYTES)}),
        "webhook-key": f"whsec_{base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}",
        "webhook-secret": f"whsec_{base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}",
        # A private key of P-256 is a number below the curve's order, which takes 256 bits.
        "web-push-key": base64.urlsafe_b64encode((secrets.randbits(255) + 1).to_bytes(_KEY_BYTES))
        .rstrip(b"=")
        .decode(),
        "session-key": secrets.token_urlsafe(_KEY_BYTES),
        "report-key": secrets.token_urlsafe(_KEY_BYTES),
    }
    return [name for name, value in wanted.items() if stack.parameters.create(name, value)]
