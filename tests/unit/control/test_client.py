"""Whom the control socket is asked of."""

import os
import socket

import pytest

from sting.control import client
from sting.model import errors

pytestmark = pytest.mark.unit


def test_what_listens_for_another_user_is_not_talked_to(tmp_path, monkeypatch):
    path = tmp_path / 'socket'
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        monkeypatch.setattr(client, 'peer', lambda _: os.getuid() + 1)
        with pytest.raises(errors.RefusedError, match='another user'):
            client.connect(path, 1.0)
