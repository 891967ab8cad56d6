"""Ways of the guardian that write down what they are asked."""

import pathlib


class Paper:
    """Orders are the lines of a file; what is done goes into another.

    Attributes:
        told: What it was asked, oldest first.
    """

    def __init__(self, folder, sticky=0, late=0):
        self._orders = pathlib.Path(folder, 'orders')
        self._asked = pathlib.Path(folder, 'asked')
        self._sticky = sticky
        self._late = late

    def _note(self, what):
        with self._asked.open('a') as target:
            target.write(f'{what}\n')

    def keep(self):
        if not self._orders.exists():
            raise ConnectionError('no way there')
        self._note('keep')

    def cancel(self, keep=frozenset()):
        self._note('cancel')
        if self._sticky:
            self._sticky -= 1
            return
        kept = [each for each in self._lines() if each in keep]
        self._orders.write_text(''.join(f'{each}\n' for each in kept))

    def _lines(self):
        return self._orders.read_text().splitlines()

    def working(self, keep=frozenset()):
        found = len([each for each in self._lines() if each not in keep])
        if not found and self._late:
            self._late -= 1
            self._orders.write_text('late\n')
        return found

    def close(self):
        self._note('close')


def make(options):
    return Paper(**options)


def asked(folder):
    """What it was asked, but for what keeps it warm."""
    path = pathlib.Path(folder, 'asked')
    lines = path.read_text().split() if path.exists() else []
    return [each for each in lines if each != 'keep']
