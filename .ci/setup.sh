#!/bin/sh
# Makes .venv: finds a usable Python, installs what constraints.txt pins, leaves .venv/.ready.
# Run by make from the top of the checkout. All paths are relative; nothing needs root.
set -eu

ready=.venv/.ready
begun=.venv/.begun  # an install that this script began and that has not ended
log=.venv/pip.log
unset PYTHONHOME PYTHONPATH PIP_PREFIX PIP_TARGET PIP_USER  # they would lead pip out of .venv

say() { printf '%s\n' "$@" >&2; }

# Real runs, since a name on the PATH may be a shim that fails.
suits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; }
version() { "$1" -c 'import platform; print(platform.python_version())'; }

find_python() {
    bare=
    for python in ${PYTHON:+"$PYTHON"} python3.12 python3.11 python3.13 python3; do
        if suits "$python"; then
            if "$python" -c 'import ensurepip, venv' 2>/dev/null; then return; fi
            bare=${bare:-$python}
        elif [ "$python" = "${PYTHON-}" ]; then
            say "PYTHON=$PYTHON is no Python 3.11-3.13 that runs; looking for another."
        fi
    done
    if [ -n "$bare" ]; then
        say "$bare ($(version "$bare")) cannot make virtual environments: its ensurepip is missing." \
            "On Debian and Ubuntu: apt install python3-venv; then run make again."
    else
        say "No Python 3.11, 3.12 or 3.13 was found (tried python3.12, python3.11, python3.13, python3)." \
            "Install one, or name it: make PYTHON=/path/to/python3.12 install"
    fi
    exit 1
}

# A half-made .venv may hold half a package that pip takes for whole, so it is made anew;
# one that somebody else made is kept.
make_venv() {
    if [ ! -e "$begun" ] && suits .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1
    then
        : >"$begun"
        return
    fi
    find_python
    say "Setting up .venv with Python $(version "$python"): some 150 packages, 2.5 GB; it takes a few minutes."
    "$python" -m venv --clear --without-pip .venv
    : >"$begun"
    .venv/bin/python -m ensurepip --upgrade --default-pip >/dev/null
}

explain() {
    if grep -q 'No matching distribution found for tensorflow' "$log" && ! grep -q 'Retrying (Retry(' "$log"
    then
        say "TensorFlow has no wheel for this machine: $(.venv/bin/python -c \
            'import platform as p; print(p.system(), p.machine(), *p.libc_ver(), "Python", p.python_version())')." \
            "It has for 64-bit Python 3.11-3.13 on x86-64 and ARM64 Linux (glibc 2.27 or newer)," \
            "x86-64 Windows and ARM64 macOS 12 or newer: install such a Python, or use a container of one."
    else
        say "The installation failed; $log holds all of it. \`make install\` tries again."
    fi
    exit 1
}

case $PWD in
    *:* | *'$'*)
        say "Virtual environments and setuptools do not work below a directory with ':' or '\$' in its name:" \
            "$PWD" "Move the checkout, then run make again."
        exit 1
        ;;
esac
rm -f "$ready"
make_venv
rm -f "$log"
# By environment, since old and new pips take these settings by different options or not at all:
# the pins hold for the build backend too, and Hydra's antlr4, which comes as source, is built alone.
PIP_PROGRESS_BAR=off PIP_USE_PEP517=1 PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --log "$log" \
    --editable '.[cpu,dev]' || explain
rm -f "$begun" "$log"
: >"$ready"
