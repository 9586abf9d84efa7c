"""What msgspec finds wrong with a value that somebody sent, as the field and what is wrong."""

import msgspec


def misfit(error: msgspec.ValidationError) -> tuple[str, str]:
    """Of `Expected ... - at `$.name``, of `... missing required field `name``, or of what a struct
    itself says of its fields: `name: ...`."""
    fault, _, place = str(error).partition(" - at `$")
    if place:
        return place.strip("`.").split("[")[0], fault
    if "missing required field" in fault:
        return fault.split("`")[1], "it is missing"
    name, _, rest = fault.partition(": ")
    return name, rest
