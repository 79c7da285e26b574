#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `make test-versions`: tests/redis and the short chaos against the servers of Debian 13: Redis 8
# and Valkey 8, out of a root of their own (debootstrap), which is kept beside the build folder. The
# programs run here, with the libraries of there; nothing is installed and no service is started.
# usage: versions.sh BUILD [--keep]	--keep: the result goes into tests/chaos/RESULTS.md
set -u
B=$1 root=$1-debian-13 tally=$1/tally-versions rc=0
if [ ! -e "$root/usr/bin/valkey-check-rdb" ]; then
	[ "$(id -u)" = 0 ] || { echo "debootstrap needs root" >&2; exit 1; }
	rm -rf "$root"
	debootstrap --variant=minbase --include=redis-tools,valkey-tools trixie "$root" \
		http://deb.debian.org/debian >"$root.log" 2>&1 || { tail -5 "$root.log" >&2; exit 1; }
fi
lib=$root/usr/lib/$(uname -m)-linux-gnu
for name in redis valkey; do
	server=$PWD/$B/server-$name
	# The program is redis-check-rdb's other half: its name decides.
	cat >"$server" <<-END
		#!/bin/sh
		exec "$PWD/$lib/$(basename "$(readlink -f "$lib"/ld-linux-*.so.2)")" --argv0 $name-server \
			--library-path "$PWD/$lib" "$PWD/$root/usr/bin/$name-check-rdb" "\$@"
	END
	chmod +x "$server"
	version=$("$server" --version | sed 's/ sha=.*//')
	echo "$version"
	rm -f "$tally"
	REDIS_SERVER=$server tests/run "$tally" "$B" tests/redis/test_*.sh tests/chaos/test_chaos.sh
	sum=$(tests/run "$tally" --total) || rc=1
	echo "$sum"
	[ "${2:-}" != --keep ] || printf '\n## %s UTC, %s\n\n`make test-versions` (Debian 13, %s): %s. %s cores, load %s.\n' \
		"$(date -u '+%F %H:%M')" "$version" "tests/redis, tests/chaos/test_chaos.sh" "$sum" \
		"$(nproc)" "$(cut -d' ' -f1 /proc/loadavg)" >>tests/chaos/RESULTS.md
done
exit $rc
