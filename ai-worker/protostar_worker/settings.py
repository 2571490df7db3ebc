"""What the worker is told by its environment. Secrets may be files in /run/secrets instead."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from protostar_worker.roles import Role, role_of
from protostar_worker.signing import KEY_BYTES_MIN

SECRETS = Path("/run/secrets")
Seconds = Annotated[float, Field(gt=0)]


class Endpoint(BaseModel):
    """One OpenAI-compatible address that answers questions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    base_url: str
    model: str
    api_key: SecretStr | None = None
    # Only an endpoint that says so ever sees personal data.
    personal_data: bool = False
    least_role: str = "guest"
    context_chars: int = 24_000
    usd_per_million_in: float = 0.0
    usd_per_million_out: float = 0.0
    connect_s: Seconds = 2.0
    first_token_s: Seconds = 20.0
    between_tokens_s: Seconds = 10.0
    whole_s: Seconds = 120.0
    retries: int = 1

    @property
    def least(self) -> Role:
        return role_of(self.least_role)

    @property
    def is_free(self) -> bool:
        return self.usd_per_million_in == 0 and self.usd_per_million_out == 0


class Embedder(BaseModel):
    """Where vectors come from. `development` is made here, and knows no meaning."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["development", "onnx", "endpoint"] = "development"
    folder: Path | None = None
    base_url: str = ""
    model: str = ""
    api_key: SecretStr | None = None
    dimension: int | None = None
    batch: int = 16
    timeout_s: Seconds = 20.0
    # An endpoint elsewhere sees every question and every document.
    personal_data: bool = False

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        if self.kind == "onnx" and self.folder is None:
            raise ValueError("kind onnx needs a folder")
        if self.kind == "endpoint" and not (self.base_url and self.model and self.dimension):
            raise ValueError("kind endpoint needs base_url, model and dimension")
        return self


class ObjectStore(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str
    bucket: str
    access_key: SecretStr
    secret_key: SecretStr
    tls: bool = True


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="PROTOSTAR_",
        extra="ignore",
        frozen=True,
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
        # Without this an error would show what was given, and that may be a secret.
        hide_input_in_errors=True,
    )

    redis_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    database_url: SecretStr = SecretStr("postgresql://127.0.0.1/worker")
    signing_keys: dict[str, SecretStr] = Field(default_factory=dict)
    endpoints: tuple[Endpoint, ...] = ()
    embedder: Embedder = Embedder()
    object_store: ObjectStore | None = None

    queue: str = "protostar-ai"
    ingest_queue: str = "protostar-ingest"
    concurrency: int = 50
    ingest_concurrency: int = 1
    lock_s: Seconds = 4.5
    stalled_check_s: Seconds = 2.5
    job_s: Seconds = 300.0
    stop_s: Seconds = 55.0

    # By the deploy: which colour this is, and the file that says that it may take jobs.
    marker: Path | None = None
    release: str = ""
    colour: str = ""

    host: str = "127.0.0.1"
    port: int = 8000
    development: bool = False
    load_at_start: bool = False
    day_zone: str = "Asia/Seoul"
    psych_tests_a_minute: int = 6

    @model_validator(mode="after")
    def keys_are_strong(self) -> Self:
        if len(self.signing_keys) > 2:  # noqa: PLR2004 - the old and the new
            raise ValueError("signing_keys: at most two are valid at once, the old and the new")
        for name, secret in self.signing_keys.items():
            if len(secret.get_secret_value().encode()) < KEY_BYTES_MIN:
                raise ValueError(f"signing_keys.{name}: shorter than {KEY_BYTES_MIN} bytes")
        return self

    @property
    def keys(self) -> dict[str, bytes]:
        return {name: key.get_secret_value().encode() for name, key in self.signing_keys.items()}


class SettingsError(Exception):
    """All that is wrong with the environment, a line each; never a value."""


def settings_from_environment() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_line(detail) for detail in error.errors())) from None


def _line(detail: object) -> str:
    assert isinstance(detail, dict)  # noqa: S101 - pydantic's own shape, told to mypy
    where = ".".join(str(part) for part in detail["loc"])
    return f"PROTOSTAR_{where.upper()}: {detail['msg']}"
