#!/bin/sh
# Removes the marker that all lines of a constraints file share (tool.uv.environments in
# pyproject.toml), so that only the markers that matter remain.
set -eu
sed -e "s/ and (sys_platform == 'darwin' or sys_platform == 'linux' or sys_platform == 'win32')//" \
    -e "s/ ; python_full_version < '3.14'$//" \
    -e "s/ ; python_full_version < '3.14' and / ; /" \
    "$1" >"$1.tidy"
mv "$1.tidy" "$1"
