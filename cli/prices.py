"""What AWS asks, in US dollars, on demand; as of mid 2026."""

from typing import Final

# https://aws.amazon.com/dynamodb/pricing/on-demand/: one read unit.
READ_UNIT: Final = {"us-east-1": 0.125e-6, "ap-northeast-2": 0.1355e-6}


def read_cost(units: float, region: str) -> float | None:
    """What reading so many units costs; None in a region whose price is not known here."""
    price = READ_UNIT.get(region)
    return None if price is None else units * price
