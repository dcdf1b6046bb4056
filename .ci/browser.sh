#!/bin/sh
# Finds or installs Chromium for tests/browser and `make screenshots`: installs Debian's package if
# possible, or prints how to get it. Always exits with 0; without a browser, its tests are skipped.
set -u

if [ -n "${CHROMIUM-}" ]; then
    set -- "$CHROMIUM"
else
    set -- chromium chromium-browser google-chrome google-chrome-stable chrome
fi
for name; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
quickly="-o Acquire::Retries=0 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20"
if [ -z "${CHROMIUM-}" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    printf 'Installing Chromium once, for the browser tests ...\n' >&2
    # shellcheck disable=SC2086
    if apt-get $quickly -qq update && DEBIAN_FRONTEND=noninteractive \
        apt-get $quickly -qq install --yes --no-install-recommends chromium
    then exit 0; fi >/dev/null 2>&1
fi
printf '%s\n' "${CHROMIUM:-Chromium} was not found: the browser tests are skipped. Install Chromium (Debian: apt install chromium), or set CHROMIUM=<path>." >&2
exit 0
