#!/bin/sh
# Make .venv at the project's root and put the project and the named dependency groups into it.
# usage: tools/make_venv.sh GROUP...
# Quick when everything is there already; works without a network once .venv is complete.
set -eu
cd "$(dirname "$0")/.."
venv=.venv

say() { printf '%s\n' "setup: $*" >&2; }

usable() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if usable "$candidate"; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    for candidate in "$HOME"/.pyenv/versions/3.1[1-4]*/bin/python3; do
        if usable "$candidate"; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    return 1
}

# A .venv that was copied or moved, or whose interpreter is gone, is made anew.
whole() {
    [ -x "$venv/bin/python" ] && "$venv/bin/python" - "$venv" >/dev/null 2>&1 <<'PY'
import os, subprocess, sys
venv = os.path.realpath(sys.argv[1])
where = subprocess.run([venv + "/bin/pip", "--version"], capture_output=True, text=True).stdout.partition(" from ")[2]
sys.exit(not (os.path.realpath(where).startswith(venv + os.sep) and sys.version_info >= (3, 11)))
PY
}

if ! whole; then
    if ! python=$(find_python); then
        say "Python 3.11 or newer with its venv module is needed, and none was found." \
            "Install it (Debian: apt-get install python3 python3-venv) or name one: make PYTHON=/path/to/python3"
        exit 2
    fi
    say "making $venv with $("$python" --version 2>&1)"
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi

pip() { "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@"; }

groups=""
for name in "$@"; do groups="$groups --group $name"; done

# pip before 25.1 knows no dependency groups, so it comes first; the project itself is built with the pinned hatchling.
install() {
    pip install -qq "$@" -c constraints.txt pip hatchling editables &&
        # shellcheck disable=SC2086 # one word per group
        pip install -qq "$@" -c constraints.txt --no-build-isolation $groups -e ".[models,stats,optimize,local,web]" &&
        oracle "$@"
}

# crowd-kit, which a test holds our Dawid-Skene against, asks for 800 MB that the part in question never imports.
oracle() {
    case " $groups " in
    *" --group test "*) pip install -qq "$@" --no-deps -c constraints.txt crowd-kit ;;
    esac
}

if install --no-index >/dev/null 2>&1; then
    exit 0
fi
say "installing the project and its tools ($*)"
if install; then
    exit 0
fi
say "the first try failed; once more in 5 seconds"
sleep 5
install || {
    say "pip could not install what is missing: see its message above, check the network, then run this again."
    exit 2
}
