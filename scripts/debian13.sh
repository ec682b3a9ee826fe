#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A Debian 13 in a folder, for what another Debian cannot show: see usage() below.
LIB=$(cd "$(dirname "$0")" && pwd)/lib
. "$LIB/common.sh"
. "$LIB/install.sh"

DEBIAN13=${DEBIAN13:-/var/tmp/sekisho-debian13}
SWAN=/opt/strongswan
INSIDE_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin

usage() {
	cat <<-EOT
	usage: sudo scripts/debian13.sh test [SUITE...] | mlkem [SCENARIO...]

	Makes a Debian 13 in \$DEBIAN13 ($DEBIAN13, some 4 GB; kept for the
	next time) from the mirror that apt uses on this machine, and runs there, with this tree:
	  test    scripts/test.sh: everything, with Debian 13's libraries and strongSwan
	  mlkem   the scenarios with ML-KEM, or those named: strongSwan is built from Debian 13's
	          source package with its plugin ml, which none of Debian's binary packages has
	EOT
}

# mirror LABEL: where apt takes that from here; nothing, if from nowhere.
mirror() {
	# shellcheck disable=SC2016 # apt's variable
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Label: $1" 'Component: main' |
		head -n 1
}

# Sources, too: a mirror may have the newest ones of security only there.
sources_list() { # MIRROR
	local security
	security=$(mirror Debian-Security)
	[ -z "$security" ] || printf '%s %s trixie-security main\n' deb "$security" deb-src "$security"
	printf '%s %s trixie main\n' deb "$1" deb-src "$1"
}

make_root() {
	local from
	[ -e "$DEBIAN13/etc/debian_version" ] && return 0
	install_packages debootstrap
	from=$(mirror Debian)
	[ -n "$from" ] || die "apt knows no mirror of Debian here (apt-get update?)"
	say "making a Debian 13 in $DEBIAN13"
	rm -rf --one-file-system "$DEBIAN13.new"
	quietly "$LOG" debootstrap --variant=minbase trixie "$DEBIAN13.new" "$from" || die "debootstrap failed: $LOG"
	sources_list "$from" >"$DEBIAN13.new/etc/apt/sources.list"
	cp /etc/hosts "$DEBIAN13.new/etc/hosts"
	mv "$DEBIAN13.new" "$DEBIAN13"
}

# inside COMMAND...: as root of it, with this tree read-only at /sekisho. Mounts and processes are
# of this call alone and end with it. WITH: a folder with programs to take first.
inside() {
	# shellcheck disable=SC2016 # for the shell in there
	ROOT=$DEBIAN13 TREE=$TOP unshare --mount --pid --fork --kill-child bash -ec '
		mount --bind "$ROOT" "$ROOT"
		mount -t proc proc "$ROOT/proc"
		mount -t sysfs sysfs "$ROOT/sys"
		mount -t bpf bpf "$ROOT/sys/fs/bpf"
		mount -t tmpfs tmpfs "$ROOT/run"
		mount --rbind /dev "$ROOT/dev"
		mkdir -p "$ROOT/sekisho"
		mount -o bind,ro "$TREE" "$ROOT/sekisho"
		cd "$ROOT"
		exec chroot . env -i HOME=/root LANG=C.UTF-8 BUILD=/var/tmp/build "$@"
	' inside "PATH=${WITH:+$WITH:}$INSIDE_PATH" "$@"
}

# What the scenarios load, and no more.
build_strongswan() {
	[ -x "$DEBIAN13$SWAN/sbin/swanctl" ] && return 0
	say "building strongSwan with its plugin ml from Debian's source package"
	# shellcheck disable=SC2016
	inside "SWAN=$SWAN" bash -ec '
		export DEBIAN_FRONTEND=noninteractive
		apt-get -q update
		apt-get -q -y install --no-install-recommends dpkg-dev autoconf automake libtool \
			gettext gperf bison flex gcc make pkg-config libssl-dev libsystemd-dev
		rm -rf /var/tmp/strongswan
		mkdir /var/tmp/strongswan
		cd /var/tmp/strongswan
		apt-get -q source strongswan
		cd strongswan-*/
		autoreconf -i # Debian patches configure.ac
		./configure --prefix="$SWAN" --sysconfdir="$SWAN/etc" --with-systemdsystemunitdir="$SWAN/units" \
			--disable-defaults --enable-ikev2 --enable-systemd --enable-swanctl --enable-vici \
			--enable-libipsec --enable-kernel-libipsec --enable-kernel-netlink --enable-socket-default \
			--enable-updown --enable-openssl --enable-ml --enable-curve25519 --enable-sha3 --enable-kdf \
			--enable-hmac --enable-random --enable-nonce --enable-pem --enable-pkcs1 --enable-pkcs8 \
			--enable-pubkey --enable-x509 --enable-revocation
		make -j"$(nproc)"
		make install
	' >"$LOG" 2>&1 </dev/null || { tail -n 40 "$LOG"; die "cannot build strongSwan: $LOG"; }
}

mlkem() { # [SCENARIO...]
	local name
	[ $# -gt 0 ] || set -- strongswan_mlkem
	inside /sekisho/scripts/test.sh build || exit 1
	build_strongswan
	for name; do
		WITH=$SWAN/sbin inside "/sekisho/tests/interop/$name.sh" || die "$name failed"
	done
}

require_root
LOG=/var/tmp/sekisho-debian13.log
case ${1:-} in
test | mlkem) ;;
--help | -h) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac
make_root
case $1 in
test) inside "/sekisho/scripts/test.sh" "${@:2}" ;;
mlkem) mlkem "${@:2}" ;;
esac
