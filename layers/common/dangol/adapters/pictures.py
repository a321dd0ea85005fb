"""Pictures in the lake bucket, and what providers call them: each is handed to a provider once."""

from collections.abc import Callable
from functools import cache

from botocore.exceptions import BotoCoreError, ClientError

from dangol.domain.errors import NotFoundError, RejectedError, UnavailableError
from dangol.ports import Objects


class StoredPictures:
    """Remembers what providers call pictures, for this process and, beside the picture itself, for all of them."""

    def __init__(self, objects: Callable[[], Objects]) -> None:
        # Most processes never see a picture, and an S3 client takes its time to load.
        self._objects = cache(objects)
        self._known: dict[str, str] = {}

    def known(self, image: str, use: str, upload: Callable[[bytes], str]) -> str:
        """What a provider calls a picture in a `use` of its own; `upload` hands it over where nobody has yet.

        Raises:
            RejectedError: there is no such picture.
            UnavailableError: the bucket does not answer.
        """
        key = f"{image}.{use}"
        if key not in self._known:
            try:
                self._known[key] = self._stored(key) or self._uploaded(key, upload(self._objects().get(image)))
            except NotFoundError as error:
                raise RejectedError(f"there is no picture {image}") from error
            except (BotoCoreError, ClientError) as error:
                # Before any message was handed over.
                raise UnavailableError("the bucket of pictures does not answer") from error
        return self._known[key]

    def _stored(self, key: str) -> str | None:
        # Asked for in a way that needs no right to list the whole bucket.
        objects = self._objects()
        return objects.get(key).decode() if key in objects.keys(key, None, 1) else None

    def _uploaded(self, key: str, name: str) -> str:
        # Whoever was quicker handed over the same picture: either name is good.
        self._objects().put_once(key, name.encode())
        return name
