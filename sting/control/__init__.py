"""The control socket: one engine, reached by other processes of its user.

A facade: these names are imported on purpose, so that others write
`control.find(home).request('status')`.
"""

from sting.control.client import Client
from sting.control.client import find
from sting.control.client import running
from sting.control.protocol import status
from sting.control.remote import Remote
from sting.control.server import Server

__all__ = ['Client', 'Remote', 'Server', 'find', 'running', 'status']
