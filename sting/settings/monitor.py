"""Of sting.yaml: what others may watch an engine by."""

import ipaddress

import msgspec

_LOCAL = 'localhost'
_HERE = '127.0.0.1'


class Monitor(msgspec.Struct, frozen=True, kw_only=True):
    """What others may watch an engine by.

    Attributes:
        exporter: Where figures for Prometheus are given out: a port of this
            machine's own address, or ADDRESS:PORT with one that no other
            machine reaches; None gives out none.
    """

    exporter: int | str | None = None

    def __post_init__(self) -> None:
        """Refuses what is no address of this machine alone."""
        self.place()

    def place(self) -> tuple[str, int] | None:
        """Gives the address and the port of the exporter.

        Returns:
            None where there is to be no exporter.

        Raises:
            ValueError: It is none, or other machines would reach it.
        """
        if self.exporter is None:
            return None
        host, _, port = str(self.exporter).rpartition(':')
        host = host.removeprefix('[').removesuffix(']')
        if host in ('', _LOCAL):
            host = _HERE
        try:
            alone = ipaddress.ip_address(host).is_loopback
        except ValueError:
            alone = False
        if not alone:
            raise ValueError(
                f'exporter: {host!r} is not an address of this machine alone; '
                'write a port, or 127.0.0.1:PORT. Reach it from elsewhere '
                'through a tunnel, such as that of ssh -L'
            )
        if not port.isdecimal() or not 0 < int(port) < 1 << 16:
            raise ValueError(
                f'exporter: {self.exporter!r} has no port from 1 to 65535'
            )
        return host, int(port)
