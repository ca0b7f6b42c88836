#!/bin/sh
# Finds bubblewrap, in which the grader runs students' code, or installs it.
set -u

found() {
  bwrap --unshare-all --ro-bind / / --size 4096 --tmpfs /tmp true 2>/dev/null && echo "== Sandbox: $(bwrap --version)"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

found && exit 0

echo "== No sandbox found. Installing Debian's package bubblewrap"
as_root apt-get update -q </dev/null
as_root apt-get install -q -y --no-install-recommends bubblewrap </dev/null
found && exit 0

echo "== bubblewrap 0.7 or newer could not be had, or this machine forbids it. The tests of grading need it: install it by hand"
exit 1
