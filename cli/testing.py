"""Send one message as a test, through the deployed `dispatch`: its rights, its channel, its rate."""

import json
from typing import Any

from cli.applying import link_base, store_pictures, verify_sender
from cli.previewing import Previewed, recipient_of, variant_of
from cli.secrets import ensure_secrets
from cli.stack import Stack
from dangol.contracts import Recipient, SendTest
from dangol.domain.advertising import country_of
from dangol.domain.devices import PUSH_TRAITS
from dangol.domain.errors import DangolError, DefinitionError, InputError
from dangol.domain.profile import ADDRESS_TRAITS, Profile
from dangol.domain.variant import arms

# Who a test is written to where nobody is named: a person without traits.
NOBODY = "test"


def send_test(stack: Stack, asked: Previewed, to: str) -> dict[str, Any]:
    """Send the message that `asked` tells to the address `to`; what the provider answered.

    Raises:
        InputError: nothing on the channel can be sent to that address.
        NotFoundError: there is no such person.
        DefinitionError: the person lacks a value that the message needs, or there is no such variant.
        DangolError: the function failed.
    """
    ensure_secrets(stack)
    verify_sender(stack, asked.project)
    store_pictures(stack, asked.pictures)
    recipient = _recipient(stack, asked).model_copy(update={"address": reached(asked.campaign.channel, to)})
    variant, _ = variant_of(asked, recipient, stack)
    order = SendTest(
        campaign=asked.campaign.model_dump(mode="json", by_alias=True, exclude_unset=True),
        project=asked.project.model_dump(mode="json", by_alias=True, exclude_unset=True),
        link_base=link_base(stack, asked.project),
        recipient=recipient,
        variant=variant,
    )
    answer = stack.client("lambda").invoke(
        FunctionName=stack.outputs["DispatchFunctionArn"], Payload=order.model_dump_json().encode()
    )
    told = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise DangolError(f"the test was not sent: {told.get('errorMessage', told)}")
    if missing := told.pop("variable", None):
        hint = "give it a default, or --user ID of somebody who has it"
        raise DefinitionError(f"{asked.user_id} lacks a value: {missing}", field="message", hint=hint)
    return {
        "campaign": asked.campaign_id,
        "channel": asked.campaign.channel,
        "variant": arms(asked.campaign)[variant].name,
        "to": to,
        **told,
    }


def reached(channel: str, to: str) -> str:
    """An address as it was typed, in the form that the channel sends to.

    Raises:
        InputError: nothing can be sent there.
    """
    address = Profile("", traits={ADDRESS_TRAITS.get(channel, channel): to}).address(channel)
    if address is None:
        if channel in PUSH_TRAITS:
            raise InputError("that is no token of an app, nor a browser's subscription", field="--to")
        raise InputError(f"{to!r} is no number to send to; write it like 010-1234-5678 or +12065550100", field="--to")
    return to if channel == "console" else address


def _recipient(stack: Stack, asked: Previewed) -> Recipient:
    if asked.user_id == NOBODY:
        return Recipient(user_id=NOBODY, country=country_of({}, asked.project))
    return recipient_of(stack, asked)
