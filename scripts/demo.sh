#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Sekisho in two minutes, on a fresh Debian 12 or 13 too: see usage() below.
LIB=$(cd "$(dirname "$0")" && pwd)/lib
. "$LIB/common.sh"
. "$LIB/install.sh"
. "$LIB/lab.sh"
. "$LIB/tunnel_conf.sh"
. "$LIB/gateway.sh"

usage() {
	cat <<-EOT
	usage: sudo scripts/demo.sh [--keep | --clean | --help]

	Installs what is missing, builds, makes two sites with a gateway each in network
	namespaces, lets the gateways negotiate IKEv2, sends traffic, and shows that only ESP
	and IKE cross the middle. Leaves nothing behind, unless:

	  --keep    leave it running, and say how to play with it
	  --clean   end what an earlier --keep left
	EOT
}

options() {
	KEEP=
	case ${1:-} in
	'') ;;
	--keep) KEEP=yes ;;
	--clean) require_root; clean_kept; exit 0 ;;
	--help | -h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
}

clean_kept() {
	local dir
	for dir in /tmp/sekisho-lab.*/kept; do
		[ -e "$dir" ] || continue
		dir=${dir%/kept}
		say "ending the demo kept in $dir"
		lab_clean "$dir"
	done
}

build() {
	title "Build"
	mkdir -p "$BUILD_DIR"
	quietly "$BUILD_DIR/demo-make.log" make -C "$TOP" -j"$(nproc)" BUILD="$BUILD" || exit 1
	say "  sekisho-worker, sekishod and sekisho are in $BUILD_DIR"
}

start_gateways() {
	title "Two gateways: each a worker, a controller, and XDP attached by ip link"
	lab_new
	sed -n '/^#   hostA/,/^#  10.1/s/^#//p' "$LIB/lab.sh"
	lab_sites
	lab_road
	capture_start road || exit 1
	gw_start gwB || exit 1
	START=start gw_start gwA || exit 1
	wait_for 15 "the tunnel" gw_has_child gwA || exit 1
	say "  gwA says:"
	grep -iE 'established|child|up' "$LAB_DIR/sekishod-gwA.log" | tail -n 4 | sed 's/^/    /'
}

send_traffic() {
	local mbps
	title "hostA pings hostB, and the other way round"
	on hostA ping -n -c 3 -i 0.2 10.2.0.2 | sed 's/^/  /'
	ping_all hostB 10.1.0.2 20 -i 0.02 || exit 1
	title "iperf3 from hostA to hostB"
	mbps=$(iperf_mbps hostA hostB 10.2.0.2 3) || { cat "$LAB_DIR/iperf.log"; exit 1; }
	say "  $mbps Mbit/s through the tunnel (AF_XDP copy mode on veth: all of it on this machine's CPUs)"
}

show_the_road() {
	title "What an eavesdropper in the middle saw"
	capture_stop road || exit 1
	tcpdump -nn -r "$LAB_DIR/road-A.pcap" -c 6 2>/dev/null | cut -c1-110 | sed 's/^/  /'
	say "  ..."
	wire_check road --min-esp 100 || die "something else than ESP, IKE and ARP was on the road"
	say "  ${GREEN}ESP, IKE and ARP only${PLAIN}"
}

show_sas() {
	title "SAs, as sekisho tells them:  sekisho sas"
	sekisho gwA sas | sed 's/^/  /'
	title "and as anyone can read them:  bpftool map dump pinned $(gw_pins gwA)/sad"
	"$BPFTOOL" map dump pinned "$(gw_pins gwA)/sad" | sed 's/^/  /'
	if [ "$(sas_spis gwA)" != "$(sad_spis gwA)" ]; then
		die "they disagree: sekisho has $(sas_spis gwA | xargs), the map $(sad_spis gwA | xargs)"
	fi
	say "  ${GREEN}they agree${PLAIN}: SPIs $(sad_spis gwA | xargs) (keys are in another map)"
	title "Where every packet went:  sekisho counters"
	sekisho gwA counters | awk '$1 > 0 { print "  " $0 }'
	say "  (and some eighty more, which are 0: every packet has a name)"
}

keep() {
	local ns
	ns=/run/netns/$(ns gwA)
	touch "$LAB_DIR/kept"
	LAB_KEEP=yes
	title "It stays up. To play:"
	cat <<-EOT
	  nsenter --net=/run/netns/$(ns hostA) ping 10.2.0.2
	  nsenter --net=$ns $BUILD_DIR/sekisho --instance $(gw_instance gwA) status
	  nsenter --net=$ns $BUILD_DIR/sekisho --instance $(gw_instance gwA) down tunnel
	  nsenter --net=$ns $BUILD_DIR/sekisho --instance $(gw_instance gwA) up net
	  nsenter --net=/run/netns/$(ns mid) tcpdump -nni toA
	  bpftool map dump pinned $(gw_pins gwA)/sad
	  logs, pids and configurations: $LAB_DIR

	To end it:  sudo scripts/demo.sh --clean
	EOT
}

options "$@"
exec </dev/null
require_root
# shellcheck disable=SC2086 # lists of names
install_packages $PACKAGES_BUILD $PACKAGES_LAB
require_environment
build
start_gateways
send_traffic
show_the_road
show_sas
if [ -n "$KEEP" ]; then keep; fi
say
say "${GREEN}The demo is complete.${PLAIN}"
