"""Webhooks are signed as the standard says, and go to the public internet alone."""

import base64
import hmac
from datetime import UTC, datetime

import pytest

from dangol.domain.errors import DefinitionError
from dangol.domain.webhook import checked, headers, is_public
from tests.actors import project

# The example of the specification's own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT = datetime.fromtimestamp(1_614_265_330, tz=UTC)
BODY = b'{"test": 2432232314}'


def test_the_signature_is_that_of_the_standards_own_example():
    signed = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", AT, BODY, SECRET)

    assert signed == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_while_secrets_are_exchanged_both_sign():
    other = "whsec_" + base64.b64encode(b"another secret").decode()

    both = headers("m", AT, BODY, f"{SECRET} {other}")["webhook-signature"].split()

    assert [f"v1,{_mac(b'another secret')}"] == both[1:]
    assert both[0] == headers("m", AT, BODY, SECRET)["webhook-signature"]


def _mac(key: bytes) -> str:
    return base64.b64encode(hmac.digest(key, b"m.1614265330." + BODY, "sha256")).decode()


def test_a_secret_that_is_none_is_told():
    with pytest.raises(DefinitionError, match="whsec_"):
        headers("m", AT, BODY, "whsec_not base64!")


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.1.2.3",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::5db8:d70e",
        "2002:a9fe:a9fe::1",
    ],
)
def test_all_other_addresses_are_not(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "url", ["https://crm.example/hooks", "https://crm.example:8443/x?y=1", "https://93.184.215.14/x"]
)
def test_a_webhooks_address_stands_in_the_project_file(url):
    assert project(webhooks={"consent_changed": url}).webhooks.consent_changed == url
    assert checked(url) == url


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://crm.example/hooks", "write it like https://"),
        ("https:///hooks", "write it like https://"),
        ("https://me:secret@crm.example/", "write it like https://"),
        ("https://169.254.169.254/latest", "not a public address"),
        ("https://[::1]/x", "not a public address"),
        ("ftp", "write it like https://"),
    ],
)
def test_an_address_that_cannot_be_a_webhooks_is_refused(url, problem):
    with pytest.raises(ValueError, match=problem):
        project(webhooks={"consent_changed": url})
