"""What every payload of the log is made of."""

import msgspec


class Payload(
    msgspec.Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    tag_field='v',
    tag=1,
):
    """The data of an event: immutable, JSON, with its schema version as `v`.

    The garbage collector does not know payloads: they are many, and nothing
    that they hold leads back to them.

    Fields at their default are left out, so that a field added later changes
    no old line. A change that a default cannot bridge gets the next tag and a
    class of its own beside the old one, which stays readable for ever.
    """
