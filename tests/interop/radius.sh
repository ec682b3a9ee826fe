# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# FreeRADIUS as the AAA server of the lab, with a configuration of its own: nothing of
# /etc/freeradius is read, and a service of that name is not touched. Sourced after lib.sh.

RADIUS_SECRET="the RADIUS secret of the lab"

# radius_conf DIR ADDRESS: whom it knows is told by RADIUS_USERS, lines of a users file. After
# radius_certs it does EAP-TLS, too.
radius_conf() {
	local dir=$1 address=$2
	mkdir -p "$dir/run"
	printf '%s\n' "$RADIUS_USERS" >"$dir/users"
	cat >"$dir/radiusd.conf" <<-EOT
	name = radiusd
	prefix = /usr
	libdir = /usr/lib/freeradius
	raddbdir = $dir
	run_dir = $dir/run
	logdir = $dir/run
	max_request_time = 10
	cleanup_delay = 2
	hostname_lookups = no
	proxy_requests = no
	security {
	    reject_delay = 0
	    max_attributes = 200
	}
	thread pool {
	    start_servers = 1
	    max_servers = 4
	    min_spare_servers = 1
	    max_spare_servers = 2
	    max_requests_per_server = 0
	}
	client gateway {
	    ipaddr = ${RADIUS_CLIENT:-10.1.0.1}
	    secret = "$RADIUS_SECRET"
	    require_message_authenticator = yes
	}
	modules {
	    mschap {
	    }
	    files {
	        usersfile = $dir/users
	    }
	    eap {
	        default_eap_type = ${RADIUS_EAP:-mschapv2}
	        timer_expire = 60
	        md5 {
	        }
	        mschapv2 {
	        }
	        $(radius_tls)
	    }
	}
	server default {
	    listen {
	        type = auth
	        ipaddr = $address
	        port = 1812
	    }
	    authorize {
	        eap
	        files
	    }
	    authenticate {
	        eap
	        Auth-Type MS-CHAP {
	            mschap
	        }
	    }
	}
	EOT
}

radius_tls() {
	[ -e "$LAB_DIR/pki/radius.pem" ] && cat <<-EOT
	        tls-config common {
	            private_key_file = $PKI/radius.key
	            certificate_file = $PKI/radius.pem
	            ca_file = $PKI/root.pem
	            fragment_size = 512
	            tls_min_version = "1.2"
	            tls_max_version = "1.2"
	            ecdh_curve = ""
	        }
	        tls {
	            tls = common
	        }
	EOT
}

radius_certs() { # with certs.sh
	certs_new
	leaf radius ecdsa root DNS:radius.example extendedKeyUsage=serverAuth
}

radius_needs() {
	[ -x /usr/sbin/freeradius ] || skip "freeradius is not installed"
	[ -r /usr/share/freeradius/dictionary ] || skip "no dictionaries of freeradius"
}

# radius_start NODE ADDRESS
radius_start() {
	radius_conf "$LAB_DIR/radius-$1" "$2"
	start "$1" "radius-$1" /usr/sbin/freeradius -f -x -l stdout -d "$LAB_DIR/radius-$1" -n radiusd
	ready "radius-$1" 10 "Ready to process requests"
}
