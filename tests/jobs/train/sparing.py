"""A store that takes and gives no weights as bytes in memory, as S3 takes no more than 5 GB of them in a request."""

from __future__ import annotations

from iirl_core.store import DirectoryStore


class SparingStore(DirectoryStore):
    """Only files and copies."""

    def put(self, key: str, data: bytes) -> None:
        assert not key.endswith(".safetensors"), f"{key} is put from memory"
        super().put(key, data)

    def get(self, key: str) -> bytes:
        assert not key.endswith(".safetensors"), f"{key} is read into memory"
        return super().get(key)
