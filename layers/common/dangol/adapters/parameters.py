"""Secrets in SSM SecureString parameters."""

from typing import TYPE_CHECKING

from dangol.domain.errors import NotFoundError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


class SsmParameters:
    """The parameters under a stack's prefix."""

    def __init__(self, client: "SSMClient", prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def secret(self, name: str) -> str:
        """The decrypted value of a parameter.

        Raises:
            NotFoundError: nobody has stored it.
        """
        try:
            answer = self._client.get_parameter(Name=f"{self._prefix}/{name}", WithDecryption=True)
        except self._client.exceptions.ParameterNotFound:
            raise NotFoundError(f"there is no parameter {self._prefix}/{name}") from None
        return answer["Parameter"]["Value"]

    def create(self, name: str, value: str) -> bool:
        """Store a secret under a new name; False where there is one, which stays."""
        try:
            self._client.put_parameter(Name=f"{self._prefix}/{name}", Value=value, Type="SecureString", Overwrite=False)
        except self._client.exceptions.ParameterAlreadyExists:
            return False
        return True

    def versioned(self, name: str, version: int | None = None) -> tuple[str, int]:
        """The decrypted value of a parameter and its version; the latest, or an older one."""
        which = f"{self._prefix}/{name}" + (f":{version}" if version else "")
        found = self._client.get_parameter(Name=which, WithDecryption=True)["Parameter"]
        return found["Value"], found["Version"]

    def replace(self, name: str, value: str) -> int:
        """Store another value of a secret; the version it became."""
        answer = self._client.put_parameter(
            Name=f"{self._prefix}/{name}", Value=value, Type="SecureString", Overwrite=True
        )
        return answer["Version"]
