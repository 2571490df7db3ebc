"""What a new colour has to show before and after it gets traffic. Durations are seconds."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from pyhelpers.config.rules import HeaderName, UrlPath  # noqa: TC001 - pydantic reads them

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


class Part(BaseModel):
    # Strict: '3000' is not a port, and `yes` is not a name. Inputs stay out of errors, because
    # they may hold what came from the environment.
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, hide_input_in_errors=True, allow_inf_nan=False
    )


class Ready(Part):
    """When a new colour may have traffic."""

    path: UrlPath = Field(
        default="/health/ready", description="Answers 200 when the service is ready."
    )
    timeout_s: float = Field(
        default=120.0, gt=0, le=HOUR_S, description="One deadline for all replicas."
    )
    release_header: HeaderName | None = Field(
        default="X-Release",
        description="The answer's header that names the release; null: it has none.",
    )


class Verify(Part):
    """The proof after the switch."""

    answers: int = Field(
        default=10, ge=1, le=1000, description="Answers in a row that the new release must give."
    )


class Bake(Part):
    """How the new colour is watched under real traffic, the old one still warm."""

    for_s: float = Field(default=30.0, ge=0, le=DAY_S, description="How long; 0 leaves it out.")
    max_5xx_percent: float = Field(
        default=1.0, ge=0, le=100, description="More than this flips back …"
    )
    min_errors: int = Field(
        default=5, ge=1, le=1_000_000, description="… if there were this many errors."
    )
    min_requests: int = Field(
        default=20, ge=1, le=1_000_000, description="With fewer requests there is no verdict."
    )
