#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What earshot is built, shown and tested with, from Debian's packages.
# usage: deps.sh build|demo|test|bench [--list]
# Says which and why, installs what is missing (apt-get, with sudo when not root), starts no
# service. With everything there it does and says nothing.
set -u
table='
build gcc            the compiler
build libc6-dev      its headers
build binutils       ar, nm
build pkg-config     where the libraries are
build libpcap-dev    captures packets
build libndpi-dev    classifies flows
build libhiredis-dev speaks to Redis
build libevent-dev   waits for it
build libpsl-dev     knows registrable domains
build libzstd-dev    reads compressed captures
build zlib1g-dev     reads gzipped captures
build libseccomp-dev locks the processes in
demo  redis-tools    a Redis of the demo own: redis-check-rdb is the server program
build ieee-data      who made a network card
test  libcmocka-dev  unit tests
test  clang          the second compiler
test  libclang-rt-14-dev fuzzing
test  python3        test tools
test  python3-jsonschema the second opinion on events
test  wireshark-common capinfos counts packets
test  tcpreplay      plays captures on a wire
test  iproute2       network namespaces
test  ethtool        switches offloads
test  zstd           unpacks captures for the tools
test  jq             reads events in the shell tests
test  procps         ps
test  faketime       another clock
test  systemd        systemd-analyze reads the unit; nothing is started
test  mandoc         reads the manual pages critically
bench libndpi-bin    ndpiReader, to be measured against
bench python3        the bench
'
want=${1:-build} missing=
case $want in build) sets='build' ;; demo) sets='build demo' ;; test) sets='build demo test' ;; bench) sets='build bench' ;; *)
	echo "usage: deps.sh build|demo|test|bench [--list]" >&2; exit 2 ;; esac
for s in $sets; do
	while read -r set name why; do
		[ "$set" = "$s" ] || continue
		[ "${2:-}" = --list ] && { printf '%-20s %s\n' "$name" "$why"; continue; }
		dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' && continue
		printf 'earshot needs %-20s %s\n' "$name" "$why"
		missing="$missing $name"
	done <<EOF
$table
EOF
done
[ -n "$missing" ] || exit 0
sudo=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || { echo "run as root, or install sudo: apt-get install$missing" >&2; exit 1; }
	sudo=sudo
fi
DEBIAN_FRONTEND=noninteractive; export DEBIAN_FRONTEND
# Recommended packages would bring services along.
$sudo apt-get update -qq || exit 1
# shellcheck disable=SC2086
exec $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
