"""The lake bucket."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from dangol.domain.errors import NotFoundError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EXISTS: Final = "PreconditionFailed"
# Two writers at once: S3 asks the one that lost to look again.
_RACING: Final = "ConditionalRequestConflict"


class S3Objects:
    """Objects of one bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put_once(self, key: str, body: bytes) -> bool:
        """Store under a new key; False where the key exists, which stays as it is."""
        while True:
            try:
                self._client.put_object(Bucket=self._bucket, Key=key, Body=body, IfNoneMatch="*")
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == _EXISTS:
                    return False
                if code != _RACING:
                    raise
            else:
                return True

    def get(self, key: str) -> bytes:
        """Read an object.

        Raises:
            NotFoundError: there is none under that key.
        """
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey as error:
            raise NotFoundError(f"no object {key}") from error

    def keys(self, prefix: str, after: str | None, limit: int) -> Sequence[str]:
        """Up to `limit` keys under `prefix` in order, after `after`."""
        more: dict[str, Any] = {"StartAfter": after} if after else {}
        answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=limit, **more)
        return [found["Key"] for found in answer.get("Contents", [])]

    def replace(self, key: str, body: bytes) -> None:
        """Store under a key, whatever is there."""
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body)

    def remove(self, key: str) -> None:
        """Remove an object; nothing happens where there is none."""
        self._client.delete_object(Bucket=self._bucket, Key=key)

    def drop_old_versions(self, prefix: str) -> None:
        """Remove for good what was replaced or removed under `prefix`."""
        for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix):
            old = [*(v for v in page.get("Versions", []) if not v["IsLatest"]), *page.get("DeleteMarkers", [])]
            # A marker goes last: without it, what it hides would be the latest version again.
            for version in old:
                self._client.delete_object(Bucket=self._bucket, Key=version["Key"], VersionId=version["VersionId"])
