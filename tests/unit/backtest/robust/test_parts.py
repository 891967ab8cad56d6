import pytest

from sting.backtest.robust import parts

pytestmark = pytest.mark.unit

V = parts.Verdict


@pytest.mark.parametrize(
    ('given', 'worst'),
    [
        ([], V.OK),
        ([V.OK, V.WARN], V.WARN),
        ([V.FAIL, V.WARN, V.OK], V.FAIL),
    ],
)
def test_the_worst_counts(given, worst):
    assert parts.worst(given) == worst


def test_json_has_the_verdict_and_the_figures():
    part = parts.Part(
        name='x', verdict=V.OK, reason='so', figures={'p_value': 0.1}
    )
    assert part.to_json() == {'verdict': 'ok', 'reason': 'so', 'p_value': 0.1}
