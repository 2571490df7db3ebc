"""A value that is never shown by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

MASK = "***"


class Secret:
    """Text that prints, formats and serialises as `***`; `reveal()` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself. Hand it to what needs it, keep it out of argv, logs and errors."""
        return self._value

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        # Imported here, so that rooms without a configuration can hold a secret too.
        from pydantic_core import core_schema  # noqa: PLC0415 - only where pydantic is at work

        return core_schema.no_info_plain_validator_function(
            _secret,
            json_schema_input_schema=core_schema.str_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json"),
        )


def _secret(value: object) -> Secret:
    from pydantic_core import PydanticCustomError  # noqa: PLC0415 - as above

    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        return Secret(value)
    # An error type of its own: what explains it to a person must not show the value.
    raise PydanticCustomError("secret", "{words}", {"words": "must be text"})
