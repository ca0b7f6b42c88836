"""Counters and queues: what is Python's own code comes from there."""

from _collections import defaultdict, deque
from collections_of_python import Counter, namedtuple
