#!/bin/sh
# Finds a Chromium for the site's tests, or installs one: Playwright's own, else Debian's.
# BIN is the folder of the environment's programs.
set -u

found() {
  "$BIN/python" -m tools.browser
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

found && exit 0

echo "== No Chromium found. Installing Playwright's own, about 150 MB (five minutes at most)"
timeout 300 "$BIN/playwright" install --with-deps --no-shell chromium </dev/null
found && exit 0

echo "== That could not be had. Installing Debian's package chromium instead"
as_root apt-get update -q </dev/null && as_root apt-get install -q -y --no-install-recommends chromium </dev/null
found && exit 0

echo "== No browser could be installed. Install Chromium or Chrome by hand, or name one: make test CHROMIUM=/path/to/chromium"
exit 1
