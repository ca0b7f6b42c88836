"""What a student's code may ask of the system's kernel: a list of what is allowed; all else is refused.

Reading files, memory, time and its own pipes: what Python, NumPy and PyTorch need to compute. Not on the
list are processes, threads, signals to others, sockets, keyrings, and whatever tells what is in the disk
cache or leaves something there (``mincore``, ``posix_fadvise``, ``preadv2``, ``io_uring``, ``mlock`` and others).

The list becomes a filter by libseccomp: Linux's ``Documentation/userspace-api/seccomp_filter.rst``.
"""

from __future__ import annotations

import errno
import tempfile
from typing import Any

FILES = """open openat close read readv pread64 write writev pwrite64 lseek fstat stat lstat newfstatat statx
access faccessat faccessat2 readlink readlinkat getdents64 getcwd chdir fchdir dup dup2 dup3 ftruncate fsync
mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 umask pipe pipe2"""
MEMORY = "brk mmap munmap mprotect mremap"
TIME = """clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times setitimer getitimer
alarm select pselect6 poll ppoll pause"""
ITSELF = """getpid gettid getppid getuid geteuid getgid getegid getresuid getresgid getpgrp getrandom uname
sysinfo getrlimit getrusage getcpu sched_yield sched_getaffinity futex arch_prctl rseq set_robust_list
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigpending sigaltstack restart_syscall exit
exit_group"""
ALLOWED = " ".join([FILES, MEMORY, TIME, ITSELF]).split()

# Some calls do harmless and other things; the harmless ones by the value of one argument.
TERMINAL = {"TCGETS": 0x5401, "TIOCGWINSZ": 0x5413, "FIONREAD": 0x541B}
CLOSE_ON_EXEC = {"FIONCLEX": 0x5450, "FIOCLEX": 0x5451}
DESCRIPTOR = {
    "DUPFD": 0,
    "GETFD": 1,
    "SETFD": 2,
    "GETFL": 3,
    "SETFL": 4,
    "CLOEXEC": 1030,
}
ADVICE = {"NORMAL": 0, "DONTNEED": 4, "FREE": 8, "HUGEPAGE": 14, "NOHUGEPAGE": 15}
BY_ARGUMENT = {
    ("ioctl", 1): [*TERMINAL.values(), *CLOSE_ON_EXEC.values()],
    ("fcntl", 1): [*DESCRIPTOR.values()],
    ("madvise", 2): [*ADVICE.values()],
    ("prlimit64", 2): [0],  # asks for a limit and sets none
}


def available() -> bool:
    """Whether libseccomp is there."""
    try:
        import pyseccomp  # noqa: F401  # asks for the library on import
    except (ImportError, RuntimeError, OSError):
        return False
    return True


def program() -> bytes:
    """The filter as the kernel takes it: a program of its own small machine."""
    import pyseccomp as seccomp

    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for name in ALLOWED:
        _allow(rules, name)
    for (name, position), values in BY_ARGUMENT.items():
        for value in values:
            _allow(rules, name, seccomp.Arg(position, seccomp.EQ, value))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _allow(rules: Any, name: str, *arguments: Any) -> None:
    import pyseccomp as seccomp

    # Newer processors have no open, stat or select of the old kind.
    if seccomp.resolve_syscall(seccomp.system_arch(), name) >= 0:
        rules.add_rule(seccomp.ALLOW, name, *arguments)
