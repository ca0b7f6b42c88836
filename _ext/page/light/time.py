"""What time it is."""

from javascript import Date


def time():
    return Date.now() / 1000


perf_counter = monotonic = process_time = time


def sleep(seconds):
    until = time() + seconds
    while time() < until:
        pass
