"""Pictures that are as small as a JPG can be, and as large as is asked for."""


def jpg(width: int = 800, height: int = 600, size: int = 0) -> bytes:
    """A JPG as far as its headers go: a table, its frame, and nothing to see; `size` is what it is padded to."""
    table = b"\xff\xe0" + (16).to_bytes(2) + bytes(14)
    frame = b"\xff\xc0" + (17).to_bytes(2) + b"\x08" + height.to_bytes(2) + width.to_bytes(2) + bytes(10)
    head = b"\xff\xd8" + table + frame
    return head + bytes(max(0, size - len(head) - 2)) + b"\xff\xd9"
