"""What holds for notebooks as well as for tests."""

import os

# Before torch is loaded: on small arrays more threads do not help, and spinning ones starve each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# Progress bars are no part of what is compared.
os.environ.setdefault("TQDM_DISABLE", "1")

pytest_plugins = ["nbval_tolerance", "summary", "chapter_seconds", "long_first"]
