"""What holds for every test."""

import signal

import hypothesis

# How long an example takes says how busy the machine is, not what is wrong.
hypothesis.settings.register_profile(
    'sting',
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile('sting')

# A shell that starts the tests in the background has them ignore SIGINT, and
# every child would inherit that; some are ended by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
