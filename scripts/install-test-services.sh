#!/usr/bin/env bash
# Installs what the tests need of a Debian machine: Java and Maven for a real Elasticsearch, Prometheus and Alertmanager, a browser with fonts, and a
# compiler for better-sqlite3 where its prebuilt binary cannot be had. Only what is missing; says nothing when all is there.
set -euo pipefail

missing=()

# need PROGRAM PACKAGE: the package is missing when the program is.
need() {
  command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}

# The oldest Java that runs Elasticsearch is 17.
java_is_recent() {
  local version
  version=$(java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.specification\.version = \([0-9]*\).*/\1/p')
  [ "${version:-0}" -ge 17 ]
}

has_a_font() {
  [ -n "$(find /usr/share/fonts /usr/local/share/fonts \( -name '*.ttf' -o -name '*.otf' \) -print -quit 2>/dev/null)" ]
}

java_is_recent || missing+=(java)
need mvn maven
need unzip unzip
need setpriv util-linux
need useradd passwd
need chromium chromium
# promtool judges docs/alerts and backfills the history of a real Prometheus.
if ! command -v promtool >/dev/null 2>&1; then missing+=(prometheus); else need prometheus prometheus; fi
# Debian gives it this name; its own is shorter.
command -v alertmanager >/dev/null 2>&1 || need prometheus-alertmanager prometheus-alertmanager
has_a_font || missing+=(fonts-dejavu-core)
need g++ g++
need make make
need python3 python3

[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "install-test-services: missing: ${missing[*]}. There is no apt-get here: install them with this system's packages (java: 17 or newer)." >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "install-test-services: missing: ${missing[*]}. Run this script as root: it installs them with apt-get (java: a JRE, 17 or newer)." >&2
  exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# quietly COMMAND...: shows what the command said only when it fails.
quietly() {
  if ! DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1; then
    cat "$log" >&2
    echo "install-test-services: failed: $*" >&2
    exit 1
  fi
}

options=(-qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
quietly apt-get "${options[@]}" update

packages=()
for package in "${missing[@]}"; do
  if [ "$package" != java ]; then
    packages+=("$package")
  elif apt-cache show openjdk-17-jre-headless >/dev/null 2>&1; then
    packages+=(openjdk-17-jre-headless)
  else
    packages+=(default-jre-headless)
  fi
done

echo "install-test-services: installing ${packages[*]}"
quietly apt-get "${options[@]}" install -y --no-install-recommends "${packages[@]}"
