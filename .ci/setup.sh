#!/bin/sh
# Creates .venv: finds a usable Python, installs the pinned versions and writes .venv/.ready.
# make runs it at the top of the checkout. All paths are relative; it does not need root.
set -eu

ready=.venv/.ready
begun=.venv/.begun  # marks an unfinished installation
log=.venv/pip.log
unset PYTHONHOME PYTHONPATH PIP_PREFIX PIP_TARGET PIP_USER  # with them, pip would not use .venv

say() { printf '%s\n' "$@" >&2; }

# Runs the Python, because a name on the PATH may be a shim that fails.
suits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; }
version() { "$1" -c 'import platform; print(platform.python_version())'; }

find_python() {
    bare=
    for python in ${PYTHON:+"$PYTHON"} python3.12 python3.11 python3.13 python3; do
        if suits "$python"; then
            if "$python" -c 'import ensurepip, venv' 2>/dev/null; then return; fi
            bare=${bare:-$python}
        elif [ "$python" = "${PYTHON-}" ]; then
            say "PYTHON=$PYTHON is not a working Python 3.11-3.13; looking for another."
        fi
    done
    if [ -n "$bare" ]; then
        say "$bare ($(version "$bare")) cannot create virtual environments: its ensurepip is missing." \
            "On Debian and Ubuntu: apt install python3-venv; then run make again."
    else
        say "No Python 3.11, 3.12 or 3.13 was found (tried python3.12, python3.11, python3.13, python3)." \
            "Install one, or set its path: make PYTHON=/path/to/python3.12 install"
    fi
    exit 1
}

# An unfinished .venv may contain an incomplete package that pip considers complete, so it is
# created again. A .venv from elsewhere is kept.
make_venv() {
    if [ ! -e "$begun" ] && suits .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1
    then
        : >"$begun"
        return
    fi
    find_python
    say "Creating .venv with Python $(version "$python"): about 150 packages, 2.5 GB; this takes a few minutes."
    "$python" -m venv --clear --without-pip .venv
    : >"$begun"
    .venv/bin/python -m ensurepip --upgrade --default-pip >/dev/null
}

explain() {
    if grep -q 'No matching distribution found for tensorflow' "$log" && ! grep -q 'Retrying (Retry(' "$log"
    then
        say "TensorFlow has no wheel for this machine: $(.venv/bin/python -c \
            'import platform as p; print(p.system(), p.machine(), *p.libc_ver(), "Python", p.python_version())')." \
            "Wheels exist for 64-bit Python 3.11-3.13 on x86-64 and ARM64 Linux (glibc 2.27 or newer)," \
            "x86-64 Windows and ARM64 macOS 12 or newer: install such a Python, or use a container with one."
    else
        say "The installation failed; see $log. To try again, run \`make install\`."
    fi
    exit 1
}

case $PWD in
    *:* | *'$'*)
        say "Virtual environments and setuptools do not work if ':' or '\$' is in the path of the directory:" \
            "$PWD" "Move the checkout, then run make again."
        exit 1
        ;;
esac
rm -f "$ready"
make_venv
rm -f "$log"
# Environment variables, because the options for these settings differ between versions of pip. The
# pins also apply to the build backend; Hydra's antlr4, published as source, is built in isolation.
PIP_PROGRESS_BAR=off PIP_USE_PEP517=1 PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --log "$log" \
    --editable '.[cpu,dev]' || explain
rm -f "$begun" "$log"
: >"$ready"
