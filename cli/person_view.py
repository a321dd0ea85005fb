"""What is held of a person, for people: how much of each, and the traits; `--json` has all of it."""

from typing import Any

from rich.console import Console

from cli.words import Words


def render_person(console: Console, told: dict[str, Any], say: Words) -> None:
    """Print what is held of a person."""
    console.print(told["user_id"], style="bold")
    profile = told["profile"] or {"traits": {}, "events": {}}
    ledger = told["ledger"] or {"consents": {}, "messages": []}
    for name, trait in profile["traits"].items():
        console.print(f"{say['held_trait']}  {name}  {trait['value']}")
    for name, history in profile["events"].items():
        console.print(f"{say['held_event']}  {name}  {history['count']:,}  {history['first']} - {history['last']}")
    for channel, consent in ledger["consents"].items():
        console.print(f"{say['why_consent']}  {channel}  {'+' if consent['given'] else '-'}  {consent['at']}")
    for message in ledger["messages"]:
        console.print(f"{say['held_message']}  {message['run']}  {message['state']}  {' '.join(message['did'])}")
    for outcome in told["outcomes"]:
        console.print(f"{say['held_outcome']}  {outcome['run']}  {', '.join(outcome['counted'])}")
    for kind, rows in told["lake"].items():
        if rows:
            console.print(f"{say['held_lake']}  {kind}  {len(rows):,}")
