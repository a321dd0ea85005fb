"""Draws that come out the same each time: a person's place by stable hash."""

from hashlib import sha256


def point(salt: str, user_id: str) -> float:
    """Place `user_id` on [0, 1), the same for the same salt."""
    # As many bits as a float holds: with more, the largest would round to 1.
    return (int.from_bytes(sha256(f"{salt}:{user_id}".encode()).digest()[:8]) >> 11) / 2**53
