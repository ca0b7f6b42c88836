#!/bin/sh
# Finds bubblewrap and libseccomp, with which the grader runs students' code, or installs them.
set -u

found() {
  case "$(ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null)" in
    *libseccomp.so.2*) ;;
    *) return 1 ;;
  esac
  bwrap --unshare-all --ro-bind / / --size 4096 --tmpfs /tmp true 2>/dev/null && echo "== Sandbox: $(bwrap --version)"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

if [ "$(uname -s)" != Linux ]; then
  echo "== No sandbox: bubblewrap is there for Linux only. The tests of grading are skipped"
  exit 0
fi

found && exit 0

if command -v apt-get >/dev/null; then
  echo "== No sandbox found. Installing Debian's packages bubblewrap and libseccomp2"
  as_root apt-get update -q </dev/null
  as_root apt-get install -q -y --no-install-recommends bubblewrap libseccomp2 </dev/null
  found && exit 0
fi

echo "== bubblewrap 0.7 or newer and libseccomp 2.5 could not be had, or this machine forbids them. The tests of grading need both: install them by hand, from this system's packages"
exit 1
