# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What Debian 12 and 13 must have installed, by package name, and what the machine must be
# able to do. Sourced after common.sh.

PACKAGES_BUILD="make gcc libc6-dev pkg-config clang llvm bpftool libbpf-dev libxdp-dev
	libipsec-mb-dev libuv1-dev libnl-3-dev libnl-route-3-dev libssl-dev libjansson-dev
	libcurl4-openssl-dev"
PACKAGES_LAB="iproute2 ethtool iputils-ping fping iperf3 tcpdump procps util-linux python3"
PACKAGES_TEST="libcmocka-dev libclang-rt-dev python3-scapy python3-cryptography tshark git
	nftables kmod user-mode-linux charon-systemd strongswan-swanctl libstrongswan-standard-plugins
	libstrongswan-extra-plugins libcharon-extra-plugins libcharon-extauth-plugins freeradius"

# Those of the packages given that are not installed.
packages_missing() {
	local p
	for p; do
		dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || echo "$p"
	done
}

apt_quietly() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 "$@"
}

apt_install() {
	apt_quietly update
	apt_quietly install --no-install-recommends "$@"
}

# install_packages PACKAGE...: apt-get runs only if something is missing.
install_packages() {
	local missing log
	command -v dpkg-query >/dev/null || {
		warn "no dpkg here: taking for granted that these are installed: $*"
		return 0
	}
	missing=$(packages_missing "$@")
	[ -n "$missing" ] || return 0
	[ "$(id -u)" = 0 ] || die "not installed: ${missing//$'\n'/ } (run as root to have them installed)"
	command -v apt-get >/dev/null || die "not installed, and no apt-get to do it: $missing"
	say "installing: ${missing//$'\n'/ }"
	log=$(mktemp /tmp/sekisho-install.XXXXXX)
	# shellcheck disable=SC2086 # a list of names
	quietly "$log" apt_install $missing || die "cannot install the packages above; the whole log: $log"
	rm -f "$log"
}

# Daemons that cannot be installed beside strongSwan: their packages, unpacked into trees of their own.
PEERS="libreswan openiked"
peer_tree() { echo "/var/cache/sekisho-peers/$1"; } # PACKAGE

# The package and what it needs and this machine has not.
peer_unpack() ( # PACKAGE
	tree=$(peer_tree "$1")
	new=$(mktemp -d "$tree.XXXXXX") || exit 1
	trap 'rm -rf "$new"' EXIT
	mkdir -p "$new/debs/partial" "$new"/tree/usr/{bin,sbin,lib}
	ln -s usr/bin usr/sbin usr/lib "$new/tree" # as on the machine that it will lie above
	apt_quietly update
	apt_quietly install --no-install-recommends --download-only -o Dir::Cache::archives="$new/debs" "$1" || exit 1
	for deb in "$new"/debs/*.deb; do
		dpkg --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$new/tree" || exit 1
	done
	rm -rf "$tree"
	mv "$new/tree" "$tree"
)

# Without them their scenarios are skipped.
fetch_peers() {
	local peer
	mkdir -p /var/cache/sekisho-peers
	for peer in $PEERS; do
		[ -d "$(peer_tree "$peer")" ] && continue
		say "unpacking $peer"
		peer_unpack "$peer" >"$LOGS/peer-$peer.log" 2>&1 || warn "no $peer: see $LOGS/peer-$peer.log"
	done
}

# Every requirement that is not met, all at once: one line each.
environment_problems() {
	local release major minor
	[ "$(id -u)" = 0 ] || echo "not root: network namespaces and BPF need it (sudo $0)"
	release=$(uname -r)
	major=${release%%.*}
	minor=${release#*.}
	minor=${minor%%[!0-9]*}
	if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 1 ]; }; then
		echo "kernel $release is too old: 6.1 or later is needed"
	fi
	[ -e /sys/kernel/btf/vmlinux ] || echo "kernel without BTF (/sys/kernel/btf/vmlinux): CONFIG_DEBUG_INFO_BTF is needed"
	[ "$(id -u)" = 0 ] || return 0
	bpffs_mounted || mount -t bpf bpf /sys/fs/bpf 2>/dev/null ||
		echo "no BPF file system at /sys/fs/bpf, and 'mount -t bpf bpf /sys/fs/bpf' fails (a container without CAP_SYS_ADMIN?)"
	namespace_problem
}

bpffs_mounted() {
	[ "$(stat -f -c %t /sys/fs/bpf 2>/dev/null)" = cafe4a11 ]
}

# A network namespace and a veth pair, tried for real.
namespace_problem() {
	local ns="skprobe$$" why
	if ! why=$(ip netns add "$ns" 2>&1); then
		echo "cannot make a network namespace: $why"
		return
	fi
	why=$(ip -n "$ns" link add probe0 type veth peer name probe1 2>&1) ||
		echo "cannot make a veth pair: $why"
	ip netns del "$ns"
}

require_environment() {
	local problems
	problems=$(environment_problems)
	[ -z "$problems" ] && return 0
	warn "this machine cannot run it:"
	printf '%s\n' "$problems" | sed 's/^/  - /' >&2
	exit 1
}

# Before apt-get runs: what no package can mend.
require_root() {
	[ "$(id -u)" = 0 ] || die "needs root: namespaces, BPF and packages (sudo $0)"
}
