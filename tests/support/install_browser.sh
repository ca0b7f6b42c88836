#!/bin/sh
# Finds a Chromium for the site's tests, or installs one: Playwright's own, else Debian's.
# BIN is the folder of the environment's programs.
set -u

found() {
  "$BIN/python" -m tools.browser
}

has() {
  command -v "$1" >/dev/null
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

for_minutes() { # macOS has no timeout
  if has timeout; then timeout 300 "$@"; else "$@"; fi
}

# The widgets are tried in Firefox too, where there is one. Only a container's root gets it.
if ! has firefox-esr && ! has firefox && [ "$(id -u)" = 0 ] && has apt-get; then
  echo "== Looking for Firefox (Debian's package firefox-esr)"
  for_minutes apt-get update -q </dev/null && for_minutes apt-get install -q -y --no-install-recommends firefox-esr </dev/null
fi

path=$(found)
case $path in *headless*shell*) echo "$path"; exit 0;; esac

# A browser that has windows does as well, and opens pages three times as slowly. Only a container's root gets another one.
if [ "$path" ] && [ "$(id -u)" = 0 ] && [ -z "${CHROMIUM:-}" ] && has apt-get; then
  echo "== Looking for a Chromium without windows, which is faster (Debian's package chromium-headless-shell)"
  for_minutes apt-get update -q </dev/null && for_minutes apt-get install -q -y --no-install-recommends chromium-headless-shell </dev/null
fi
found && exit 0

echo "== No Chromium found. Installing Playwright's own, about 110 MB"
# What the browser needs besides comes from a Linux distribution, and is there on macOS.
if [ "$(uname -s)" = Linux ]; then set -- --with-deps; else set --; fi
for_minutes "$BIN/playwright" install "$@" --only-shell chromium </dev/null
found && exit 0

if has apt-get; then
  echo "== That could not be had. Installing Debian's package instead"
  as_root apt-get update -q </dev/null
  for package in chromium-headless-shell chromium; do
    as_root apt-get install -q -y --no-install-recommends $package </dev/null && break
  done
  found && exit 0
fi

echo "== No browser could be installed. Install Chromium or Chrome by hand, or name one: make test CHROMIUM=/path/to/chromium"
if [ "$(uname -s)" = Darwin ]; then echo "== On macOS: brew install --cask google-chrome"; fi
exit 1
