"""Files and answers that are broken at random, from a seed."""

import numpy as np

# What breaks more than a byte that is changed.
TOKENS = [
    token.encode()
    for token in (
        *('', ' ', ',', ',,', '"', '""', "'", '\n', '\r', '\r\n', '\n\n', '\t'),
        *('\0', '\ufeff', '\u2028', 'é', '{', '}', '[', ']', '[]', '{}', ':'),
        *('null', 'true', 'nan', 'NaN', '-nan', 'inf', '-inf', '1e999', '-0'),
        *('1e-400', '9' * 30, '9' * 400, '-1', '0', '0x10', '1_000', '1,5'),
        *('2013-02-30', '20130230', '2013-03-02', '1900-01-01', '9999-12-31'),
        *('2013-03-01T25:00:00Z', '2013-03-01T14:30:00+99:00', '24:00', 'Z'),
        *('timestamp', 'date', 'symbol', 'open', 'close', 'volume', 'x' * 200),
    )
] + [b'\xff', b'\xc3\x28', b'\x1f\x8b', b'PAR1', b'\x00' * 8, b'\xff' * 8]


def broken(random: np.random.Generator, whole: bytes) -> bytes:
    """Breaks some bytes, one to five times.

    Args:
        random: Draws how.
        whole: Bytes that are sound.
    """
    data = bytearray(whole)
    for _ in range(int(random.integers(1, 6))):
        size = len(data)
        at = int(random.integers(0, size + 1))
        end = min(size, at + int(random.integers(1, 1 + max(size // 8, 1))))
        how = int(random.integers(0, 7))
        if how == 0 and at < size:
            data[at] ^= 1 << int(random.integers(0, 8))
        elif how == 1 and at < size:
            data[at] = int(random.integers(0, 256))
        elif how == 2:
            data[at:end] = b''
        elif how == 3:
            data[at:at] = data[at:end]
        elif how == 4:
            del data[at:]
        else:
            token = TOKENS[int(random.integers(0, len(TOKENS)))]
            data[at : at if how == 5 else at + len(token)] = token
    return bytes(data)
