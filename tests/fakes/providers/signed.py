"""Whether a call of AWS's is signed as botocore would sign it."""

import re
from typing import Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.fakes.providers.server import Call

KEY, SECRET, REGION = "AKIATEST", "awsSecretaccessKey", "us-east-1"
_SIGNED: Final = re.compile(r"AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})")


def signed(call: Call, url: str, service: str) -> bool:
    """Whether a call to `url` is signed for a service by the key and secret above."""
    given = _SIGNED.fullmatch(call.headers.get("authorization", ""))
    if given is None:
        return False
    credential, names, mac = given.groups()
    _, _, region, named, _ = credential.split("/")
    request = AWSRequest(call.method, url + call.path, data=call.body)
    for name in names.split(";"):
        request.headers[name] = call.headers[name]
    request.context["timestamp"] = call.headers["x-amz-date"]
    signer = SigV4Auth(Credentials(KEY, SECRET), named, region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return named == service and bool(signer.signature(text, request) == mac)
