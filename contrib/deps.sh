#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What earshot is built, shown and tested with, from Debian's packages.
# usage: deps.sh build|demo|test|bench|lab|versions [--list]
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
build libssl-dev     TLS to it
build libpsl-dev     knows registrable domains
build libzstd-dev    reads compressed captures
build zlib1g-dev     reads gzipped captures
build libseccomp-dev locks the processes in
demo  redis-tools    a Redis of the demo own: redis-check-rdb is the server program
build ieee-data      who made a network card
test  libcmocka-dev  unit tests
test  openssl        certificates
test  clang          the second compiler
test  libclang-rt-14-dev fuzzing
test  python3        test tools
test  python3-jsonschema the second opinion on events
test  wireshark-common capinfos counts packets
test  tcpreplay      plays captures on a wire
test  iproute2       network namespaces
test  ethtool        switches offloads
test  vim            saves a rule file and shows what is wrong in it
test  zstd           unpacks captures for the tools
test  jq             reads events in the shell tests
test  procps         ps
test  faketime       another clock
test  systemd        systemd-analyze reads the unit; nothing is started
test  mandoc         reads the manual pages critically
test  valgrind       counts instructions
versions debootstrap a Debian 13 with its Redis and its Valkey
bench libndpi-bin    ndpiReader, to be measured against
bench python3        the bench
bench tcpreplay      shows the sets on a wire
bench iproute2       network namespaces
bench procps         sysctl
lab   gcc            the line between router and far side
lab   libc6-dev      its headers
lab   python3        the lab itself
lab   iproute2       network namespaces
lab   ethtool        switches offloads
lab   procps         sysctl
lab   zstd           packs captures
lab   wireshark-common dumpcap captures
lab   dnsmasq-base   resolves the names
lab   nftables       a NAT
lab   espeak-ng      speech that is nobody'\''s
lab   sox            its levels and rates
lab   lame           MP3
lab   ffmpeg         encoders, RTP, TLS, SRT
lab   gstreamer1.0-tools gst-launch-1.0
lab   gstreamer1.0-plugins-base Opus
lab   gstreamer1.0-plugins-good RTP, Speex, MP3
lab   gstreamer1.0-plugins-bad SBC, SRTP, removesilence
lab   libopencore-amrnb0 AMR with discontinuous transmission
lab   libvo-amrwbenc0 AMR-WB with discontinuous transmission
lab   libbcg729-0    G.729 with voice activity detection
lab   curl           uploads
lab   openssl        certificates, s_client
lab   nginx-light    takes uploads
lab   rclone         sends and serves WebDAV
lab   imagemagick    photos
lab   mosquitto      MQTT
lab   mosquitto-clients its sensors
lab   rsyslog        logs
lab   rsyslog-gnutls over TLS
lab   prometheus-node-exporter metrics
lab   python3-websockets WebSockets
lab   openvpn        a tunnel
lab   wireguard-tools wg
lab   wireguard-go   WireGuard without the kernel'\''s help
lab   openssh-server forwarded ports
lab   openssh-client ssh
lab   microsocks     SOCKS5
lab   chromium       a browser: WebRTC, MediaRecorder, HTTP/3
lab   ngtcp2-server  its HTTP/3 server
'
want=${1:-build} missing=
case $want in build) sets='build' ;; demo) sets='build demo' ;; test) sets='build demo test' ;; bench) sets='build bench' ;; lab) sets=lab ;; versions) sets='build demo test versions' ;; *)
	echo "usage: deps.sh build|demo|test|bench|lab|versions [--list]" >&2; exit 2 ;; esac
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
# The lab's servers are packaged as services: none is started while a policy says no.
if [ "$want" = lab ] && [ ! -e /usr/sbin/policy-rc.d ]; then
	trap '$sudo rm -f /usr/sbin/policy-rc.d' EXIT INT TERM
	printf '#!/bin/sh\nexit 101\n' | $sudo tee /usr/sbin/policy-rc.d >/dev/null
	$sudo chmod 755 /usr/sbin/policy-rc.d
	# shellcheck disable=SC2086
	$sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
	exit
fi
# shellcheck disable=SC2086
exec $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
