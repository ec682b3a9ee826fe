/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one table of keys: every key and section that strongSwan 5.9 knows, what becomes of it
 * here, its default. docs/configuration.md describes those that are supported; a test compares.
 */
#include <stddef.h>
#include <string.h>
#include "conf/build.h"

#define CONN(field) offsetof(struct conn_draft, field)
#define CHILD(field) offsetof(struct child_draft, field)
#define IKE(field) offsetof(struct ike_settings, field)
#define DATAPLANE(field) offsetof(struct conf_dataplane, field)
#define AUTH(field) offsetof(struct auth_draft, field)
#define PRIVATE(field) offsetof(struct private_draft, field)
#define RADIUS(field) offsetof(struct radius_settings, field)
#define SERVER(field) offsetof(struct radius_draft, field)
#define AUTHORITY(field) offsetof(struct authority_draft, field)

/* A key with a type and perhaps a default; one that may have only harmless values; one that is
 * not supported at all; one that has no effect; a section that is understood, or not yet. */
#define KEY(scope, name, take, offset, otherwise) \
	{ scope, false, name, take, offset, otherwise, NULL, NULL }
#define ONLY(scope, name, accept, why) { scope, false, name, take_only, 0, NULL, accept, why }
#define LATER(scope, name, why) { scope, false, name, NULL, 0, NULL, NULL, why }
/* One of some words; a number within bounds, or one with a point. */
#define WORD(scope, name, offset, otherwise, words, why) \
	{ scope, false, name, take_word, offset, otherwise, words, why }
#define RANGE(scope, name, take, offset, otherwise, bounds, why) \
	{ scope, false, name, take, offset, otherwise, bounds, why }
#define NO_EFFECT(scope, name) { scope, false, name, take_ignored, 0, NULL, NULL, NULL }
#define SECTION(scope, name) { scope, true, name, NULL, 0, NULL, NULL, NULL }
#define SECTION_LATER(scope, name, why) { scope, true, name, NULL, 0, NULL, NULL, why }

#define YES_NO "yes no true false 1 0 enabled disabled"
#define NO "no false 0 disabled"
#define YES "yes true 1 enabled"
#define EAP "EAP"
#define INLINE "certificates by handle, slot or module: only as files"
#define POOL_ATTRS "of what a pool may have: addrs, dns, subnet, 25 (DNS domains)"
#define ACCOUNTING "accounting and changes of authorization"
#define ONE_SERVER "of a single server: in a section of servers"
#define GROUPS "groups"
#define XFRM "packets do not pass the kernel's XFRM here"

static const struct row table[] = {
	SECTION(SCOPE_TOP, "connections"),
	SECTION(SCOPE_TOP, "secrets"),
	SECTION(SCOPE_TOP, "dataplane"),
	SECTION(SCOPE_TOP, "pools"),
	SECTION(SCOPE_TOP, "authorities"),
	SECTION(SCOPE_TOP, "ike"),
	SECTION(SCOPE_TOP, "radius"),

	KEY(SCOPE_CONN, "version", take_version, 0, NULL),
	KEY(SCOPE_CONN, "local_addrs", take_local_addrs, CONN(conn), "%any"),
	KEY(SCOPE_CONN, "remote_addrs", take_remote_addrs, CONN(conn), "%any"),
	KEY(SCOPE_CONN, "local_port", take_ike_port, CONN(conn.local_port), "500"),
	KEY(SCOPE_CONN, "remote_port", take_port, CONN(conn.remote_port), "500"),
	KEY(SCOPE_CONN, "proposals", take_ike_proposals, CONN(conn), "default"),
	KEY(SCOPE_CONN, "encap", take_encap, CONN(conn), "no"),
	KEY(SCOPE_CONN, "dpd_delay", take_time, CONN(conn.dpd_delay_s), "0s"),
	KEY(SCOPE_CONN, "keyingtries", take_tries, CONN(conn.keyingtries), "1"),
	KEY(SCOPE_CONN, "rekey_time", take_given_time, CONN(rekey), NULL),
	KEY(SCOPE_CONN, "reauth_time", take_given_time, CONN(reauth), NULL),
	KEY(SCOPE_CONN, "over_time", take_given_time, CONN(over), NULL),
	KEY(SCOPE_CONN, "rand_time", take_given_time, CONN(rand), NULL),
	SECTION(SCOPE_CONN, "local*"),
	SECTION(SCOPE_CONN, "remote*"),
	SECTION(SCOPE_CONN, "children"),
	NO_EFFECT(SCOPE_CONN, "dpd_timeout"),
	KEY(SCOPE_CONN, "mobike", take_bool, CONN(conn.is_mobike), "yes"),
	WORD(SCOPE_CONN, "fragmentation", CONN(conn.fragmentation), "yes",
	     "yes=0 force=0 accept=1 no=2", "yes, force, accept or no"),
	WORD(SCOPE_CONN, "unique", CONN(conn.unique), "no", "no=0 never=1 keep=2 replace=3",
	     "no, never, keep or replace"),
	WORD(SCOPE_CONN, "childless", CONN(conn.childless), "allow",
	     "allow=0 never=1 prefer=2 force=3", "allow, prefer, force or never"),
	KEY(SCOPE_CONN, "follow_redirects", take_bool, CONN(conn.is_redirect_followed), "yes"),
	KEY(SCOPE_CONN, "redirect_to", take_gateway, CONN(conn.redirect_to), NULL),
	WORD(SCOPE_CONN, "redirect_at", CONN(conn.redirect_at), "init", "init=0 auth=1",
	     "init or auth"),
	KEY(SCOPE_CONN, "send_certreq", take_bool, CONN(conn.is_certreq_sent), "yes"),
	KEY(SCOPE_CONN, "send_cert", take_send_cert, CONN(conn.send_cert), "ifasked"),
	ONLY(SCOPE_CONN, "aggressive", NO, "IKEv1 only"),
	ONLY(SCOPE_CONN, "pull", YES, "IKEv1 only"),
	ONLY(SCOPE_CONN, "dscp", "000000", "marking IKE packets"),
	KEY(SCOPE_CONN, "ppk_id", take_ppk_id, CONN(conn.ppk_id), NULL),
	KEY(SCOPE_CONN, "ppk_required", take_bool, CONN(conn.is_ppk_required), "no"),
	ONLY(SCOPE_CONN, "mediation", NO, "mediation"),
	ONLY(SCOPE_CONN, "if_id_in", "0", XFRM),
	ONLY(SCOPE_CONN, "if_id_out", "0", XFRM),
	KEY(SCOPE_CONN, "vips", take_vips, CONN(conn), NULL),
	KEY(SCOPE_CONN, "pools", take_conn_pools, CONN(conn), NULL),
	LATER(SCOPE_CONN, "mediated_by", "mediation"),
	LATER(SCOPE_CONN, "mediation_peer", "mediation"),

	KEY(SCOPE_LOCAL, "auth", take_auth, 0, "pubkey"),
	KEY(SCOPE_LOCAL, "id", take_id, 0, NULL),
	NO_EFFECT(SCOPE_LOCAL, "round"),
	KEY(SCOPE_LOCAL, "certs", take_files, AUTH(certs), NULL),
	KEY(SCOPE_LOCAL, "pubkeys", take_files, AUTH(pubkeys), NULL),
	KEY(SCOPE_LOCAL, "eap_id", take_eap_id, AUTH(eap_id), NULL),
	KEY(SCOPE_LOCAL, "aaa_id", take_eap_id, AUTH(aaa_id), NULL),
	LATER(SCOPE_LOCAL, "xauth_id", EAP),
	SECTION_LATER(SCOPE_LOCAL, "cert*", INLINE),

	KEY(SCOPE_REMOTE, "auth", take_auth, 0, "pubkey"),
	KEY(SCOPE_REMOTE, "id", take_id, 0, NULL),
	NO_EFFECT(SCOPE_REMOTE, "round"),
	KEY(SCOPE_REMOTE, "revocation", take_revocation, AUTH(revocation), "relaxed"),
	KEY(SCOPE_REMOTE, "certs", take_files, AUTH(certs), NULL),
	KEY(SCOPE_REMOTE, "cacerts", take_files, AUTH(cacerts), NULL),
	KEY(SCOPE_REMOTE, "pubkeys", take_files, AUTH(pubkeys), NULL),
	LATER(SCOPE_REMOTE, "ca_id", "choosing the CA by its name"),
	LATER(SCOPE_REMOTE, "cert_policy", "certificate policies"),
	LATER(SCOPE_REMOTE, "groups", "attribute certificates"),
	KEY(SCOPE_REMOTE, "eap_id", take_their_eap_id, 0, NULL),
	LATER(SCOPE_REMOTE, "xauth_id", EAP),
	SECTION_LATER(SCOPE_REMOTE, "cert*", INLINE),
	SECTION_LATER(SCOPE_REMOTE, "cacert*", INLINE),

	KEY(SCOPE_CHILD, "mode", take_mode, CHILD(child), "tunnel"),
	KEY(SCOPE_CHILD, "local_ts", take_local_ts, CHILD(child), "dynamic"),
	KEY(SCOPE_CHILD, "remote_ts", take_remote_ts, CHILD(child), "dynamic"),
	KEY(SCOPE_CHILD, "esp_proposals", take_esp_proposals, CHILD(child), "default"),
	KEY(SCOPE_CHILD, "ah_proposals", take_ah_proposals, 0, NULL),
	KEY(SCOPE_CHILD, "start_action", take_start, CHILD(child.start), "none"),
	KEY(SCOPE_CHILD, "dpd_action", take_dpd_action, CHILD(child), "clear"),
	KEY(SCOPE_CHILD, "close_action", take_close_action, CHILD(child.close), "none"),
	KEY(SCOPE_CHILD, "rekey_time", take_given_time, CHILD(rekey), NULL),
	KEY(SCOPE_CHILD, "life_time", take_given_time, CHILD(life), NULL),
	KEY(SCOPE_CHILD, "rand_time", take_given_time, CHILD(rand), NULL),
	KEY(SCOPE_CHILD, "inactivity", take_time, CHILD(child.inactivity_s), "0s"),
	KEY(SCOPE_CHILD, "rekey_packets", take_given_count, CHILD(rekey_packets), NULL),
	KEY(SCOPE_CHILD, "life_packets", take_given_count, CHILD(life_packets), NULL),
	KEY(SCOPE_CHILD, "rand_packets", take_given_count, CHILD(rand_packets), NULL),
	KEY(SCOPE_CHILD, "rekey_bytes", take_given_count, CHILD(rekey_bytes), NULL),
	KEY(SCOPE_CHILD, "life_bytes", take_given_count, CHILD(life_bytes), NULL),
	KEY(SCOPE_CHILD, "rand_bytes", take_given_count, CHILD(rand_bytes), NULL),
	/* strongSwan's default is 32; with several queues packets come less ordered. */
	KEY(SCOPE_CHILD, "replay_window", take_window, CHILD(child.replay_window), "1024"),
	RANGE(SCOPE_CHILD, "priority", take_range, CHILD(child.priority), "0", "0 65535",
	      "0 to 65535"),
	KEY(SCOPE_CHILD, "interface", take_interface, CHILD(child.interface), NULL),
	KEY(SCOPE_CHILD, "tunnel_interface", take_tunnel, CHILD(child.tunnel), NULL),
	WORD(SCOPE_CHILD, "direction", CHILD(child.dir), "both", "both=0 in=1 out=2",
	     "in, out or both"),
	KEY(SCOPE_CHILD, "reject", take_bool, CHILD(child.is_answered), "no"),
	ONLY(SCOPE_CHILD, "policies", YES, "SAs without policies"),
	ONLY(SCOPE_CHILD, "policies_fwd_out", NO, XFRM),
	ONLY(SCOPE_CHILD, "sha256_96", NO, "the truncation of RFC 4868 is the only one"),
	ONLY(SCOPE_CHILD, "hostaccess", NO, "updown scripts"),
	ONLY(SCOPE_CHILD, "ipcomp", NO, "compression"),
	ONLY(SCOPE_CHILD, "reqid", "0", XFRM),
	ONLY(SCOPE_CHILD, "mark_in_sa", NO, XFRM),
	ONLY(SCOPE_CHILD, "if_id_in", "0", XFRM),
	ONLY(SCOPE_CHILD, "if_id_out", "0", XFRM),
	KEY(SCOPE_CHILD, "tfc_padding", take_tfc, CHILD(child.tfc), "0"),
	ONLY(SCOPE_CHILD, "hw_offload", "no auto", "offloading to the NIC"),
	KEY(SCOPE_CHILD, "copy_df", take_copy_df, CHILD(child), "yes"),
	KEY(SCOPE_CHILD, "copy_ecn", take_copy_ecn, CHILD(child), "yes"),
	KEY(SCOPE_CHILD, "copy_dscp", take_copy_dscp, CHILD(child), "out"),
	KEY(SCOPE_CHILD, "mss_clamp", take_mss_clamp, CHILD(child), "auto"),
	KEY(SCOPE_CHILD, "outer_dscp", take_outer_dscp, CHILD(child), NULL),
	KEY(SCOPE_CHILD, "outer_ttl", take_outer_ttl, CHILD(child.outer_ttl), "64"),
	LATER(SCOPE_CHILD, "updown", "updown scripts"),
	LATER(SCOPE_CHILD, "mark_in", XFRM),
	LATER(SCOPE_CHILD, "mark_out", XFRM),
	LATER(SCOPE_CHILD, "set_mark_in", XFRM),
	LATER(SCOPE_CHILD, "set_mark_out", XFRM),
	LATER(SCOPE_CHILD, "label", "security labels"),
	LATER(SCOPE_CHILD, "label_mode", "security labels"),

	SECTION(SCOPE_SECRETS, "ike*"),
	SECTION(SCOPE_SECRETS, "eap*"),
	SECTION_LATER(SCOPE_SECRETS, "xauth*", EAP),
	SECTION_LATER(SCOPE_SECRETS, "ntlm*", EAP),
	SECTION(SCOPE_SECRETS, "ppk*"),
	SECTION(SCOPE_SECRETS, "private*"),
	SECTION(SCOPE_SECRETS, "rsa*"),
	SECTION(SCOPE_SECRETS, "ecdsa*"),
	SECTION(SCOPE_SECRETS, "pkcs8*"),
	SECTION_LATER(SCOPE_SECRETS, "pkcs12*", "PKCS#12 containers"),
	SECTION_LATER(SCOPE_SECRETS, "token*", "tokens"),
	KEY(SCOPE_POOL, "addrs", take_pool_addrs, 0, NULL),
	KEY(SCOPE_POOL, "dns", take_pool_dns, 0, NULL),
	KEY(SCOPE_POOL, "subnet", take_pool_subnets, 0, NULL),
	KEY(SCOPE_POOL, "25", take_pool_domains, 0, NULL), /* INTERNAL_DNS_DOMAIN, RFC 8598 */
	LATER(SCOPE_POOL, "nbns", POOL_ATTRS),
	LATER(SCOPE_POOL, "dhcp", POOL_ATTRS),
	LATER(SCOPE_POOL, "netmask", POOL_ATTRS),
	LATER(SCOPE_POOL, "server", POOL_ATTRS),
	LATER(SCOPE_POOL, "split_include", POOL_ATTRS),
	LATER(SCOPE_POOL, "split_exclude", POOL_ATTRS),

	KEY(SCOPE_SECRET, "id*", take_owner, 0, NULL),
	KEY(SCOPE_SECRET, "secret", take_secret, 0, NULL),
	KEY(SCOPE_PPK, "id*", take_ppk_owner, 0, NULL),
	KEY(SCOPE_PPK, "secret", take_secret, 0, NULL),
	KEY(SCOPE_PRIVATE, "file", take_files, PRIVATE(file), NULL),
	KEY(SCOPE_PRIVATE, "secret", take_password, PRIVATE(secret), NULL),

	KEY(SCOPE_AUTHORITY, "cacert", take_files, AUTHORITY(cacert), NULL),
	KEY(SCOPE_AUTHORITY, "crl_uris", take_files, AUTHORITY(crl_uris), NULL),
	KEY(SCOPE_AUTHORITY, "ocsp_uris", take_files, AUTHORITY(ocsp_uris), NULL),
	LATER(SCOPE_AUTHORITY, "file", INLINE),
	LATER(SCOPE_AUTHORITY, "handle", INLINE),
	LATER(SCOPE_AUTHORITY, "slot", INLINE),
	LATER(SCOPE_AUTHORITY, "module", INLINE),
	LATER(SCOPE_AUTHORITY, "cert_uri_base", "Hash and URL"),

	KEY(SCOPE_DATAPLANE, "default_action", take_default_action, 0, "bypass"),
	KEY(SCOPE_DATAPLANE, "forwarding", take_forwarding, 0, "fib"),
	KEY(SCOPE_DATAPLANE, "farp", take_bool, DATAPLANE(farp), "yes"),
	RANGE(SCOPE_DATAPLANE, "hold_packets", take_range, DATAPLANE(hold_packets), "16", "0 512",
	      "0 to 512 packets"),
	RANGE(SCOPE_DATAPLANE, "hold_time", take_thousandths, DATAPLANE(hold_ms), "2", "0 60000",
	      "0 to 60 seconds"),

	RANGE(SCOPE_IKE, "fragment_size", take_range, IKE(fragment_size), "1280", "200 65535",
	      "200 to 65535 bytes"),
	RANGE(SCOPE_IKE, "retransmit_timeout", take_thousandths, IKE(retransmit_timeout_ms), "4.0",
	      "100 600000", "0.1 to 600 seconds"),
	RANGE(SCOPE_IKE, "retransmit_base", take_thousandths, IKE(retransmit_base_thousandths),
	      "1.8", "1000 10000", "1 to 10"),
	RANGE(SCOPE_IKE, "retransmit_tries", take_range, IKE(retransmit_tries), "5", "0 100",
	      "0 to 100"),
	RANGE(SCOPE_IKE, "retransmit_jitter", take_range, IKE(retransmit_jitter), "0", "0 20",
	      "0 to 20 per cent"),
	RANGE(SCOPE_IKE, "retransmit_limit", take_thousandths, IKE(retransmit_limit_ms), "0",
	      "0 3600000", "0 to 3600 seconds"),
	RANGE(SCOPE_IKE, "cookie_threshold", take_range, IKE(cookie_threshold), "30", "0 512",
	      "0 to 512 half-open IKE SAs"),
	RANGE(SCOPE_IKE, "block_threshold", take_range, IKE(block_threshold), "5", "0 512",
	      "0 to 512 half-open IKE SAs"),
	KEY(SCOPE_IKE, "keep_alive", take_time, IKE(keep_alive_s), "20s"),
	RANGE(SCOPE_IKE, "half_open_timeout", take_range, IKE(half_open_timeout_s), "30", "1 3600",
	      "1 to 3600 seconds"),
	RANGE(SCOPE_IKE, "window_size", take_range, IKE(window_size), "4", "1 8",
	      "1 to 8 requests"),

	KEY(SCOPE_RADIUS, "nas_identifier", take_nas_identifier, RADIUS(nas_identifier), "sekisho"),
	RANGE(SCOPE_RADIUS, "retransmit_timeout", take_thousandths, RADIUS(retransmit_timeout_ms),
	      "2.0", "100 60000", "0.1 to 60 seconds"),
	RANGE(SCOPE_RADIUS, "retransmit_base", take_thousandths,
	      RADIUS(retransmit_base_thousandths), "1.4", "1000 10000", "1 to 10"),
	RANGE(SCOPE_RADIUS, "retransmit_tries", take_range, RADIUS(retransmit_tries), "4", "0 20",
	      "0 to 20"),
	SECTION(SCOPE_RADIUS, "servers"),
	ONLY(SCOPE_RADIUS, "accounting", NO, ACCOUNTING),
	ONLY(SCOPE_RADIUS, "class_group", NO, GROUPS),
	ONLY(SCOPE_RADIUS, "filter_id", NO, GROUPS),
	ONLY(SCOPE_RADIUS, "eap_start", NO, "EAP-Identity is asked for here"),
	ONLY(SCOPE_RADIUS, "close_all_on_timeout", NO, "only what waits for the server fails"),
	ONLY(SCOPE_RADIUS, "station_id_with_port", YES, "station IDs have the port"),
	NO_EFFECT(SCOPE_RADIUS, "sockets"),
	LATER(SCOPE_RADIUS, "id_prefix", "a prefix of identities"),
	LATER(SCOPE_RADIUS, "server", ONE_SERVER),
	LATER(SCOPE_RADIUS, "secret", ONE_SERVER),
	LATER(SCOPE_RADIUS, "port", ONE_SERVER),
	SECTION_LATER(SCOPE_RADIUS, "dae", ACCOUNTING),
	SECTION_LATER(SCOPE_RADIUS, "forward", "attributes in IKE"),
	SECTION_LATER(SCOPE_RADIUS, "xauth", EAP),

	KEY(SCOPE_RADIUS_SERVER, "address", take_radius_address, SERVER(server.at.addr), NULL),
	KEY(SCOPE_RADIUS_SERVER, "auth_port", take_radius_port, SERVER(server.at.port), "1812"),
	KEY(SCOPE_RADIUS_SERVER, "port", take_radius_port, SERVER(server.at.port), NULL),
	KEY(SCOPE_RADIUS_SERVER, "secret", take_secret, SERVER(secret), NULL),
	KEY(SCOPE_RADIUS_SERVER, "nas_identifier", take_nas_identifier,
	    SERVER(server.nas_identifier), NULL),
	NO_EFFECT(SCOPE_RADIUS_SERVER, "sockets"),
	NO_EFFECT(SCOPE_RADIUS_SERVER, "acct_port"),
	ONLY(SCOPE_RADIUS_SERVER, "preference", "0", "the order is that of the file"),
};

const struct row *rows(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(table);
	return table;
}

const char *scope_name(enum scope s)
{
	static const char *const names[SCOPE_COUNT] = {
		[SCOPE_TOP] = "the file",
		[SCOPE_CONN] = "connections.<conn>",
		[SCOPE_LOCAL] = "connections.<conn>.local",
		[SCOPE_REMOTE] = "connections.<conn>.remote",
		[SCOPE_CHILD] = "connections.<conn>.children.<child>",
		[SCOPE_SECRET] = "secrets.ike<suffix>",
		[SCOPE_POOL] = "pools.<pool>",
		[SCOPE_SECRETS] = "secrets",
		[SCOPE_PPK] = "secrets.ppk<suffix>",
		[SCOPE_PRIVATE] = "secrets.private<suffix>",
		[SCOPE_AUTHORITY] = "authorities.<name>",
		[SCOPE_DATAPLANE] = "dataplane",
		[SCOPE_IKE] = "ike",
		[SCOPE_RADIUS] = "radius",
		[SCOPE_RADIUS_SERVER] = "radius.servers.<server>",
	};

	return names[s];
}

static bool row_matches(const struct row *row, const char *name)
{
	size_t len = strlen(row->name);

	if (row->name[len - 1] == '*')
		return !strncmp(row->name, name, len - 1);
	return !strcmp(row->name, name);
}

const struct row *row_find(enum scope scope, const char *name, bool is_section)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].scope == scope && table[i].is_section == is_section &&
		    row_matches(&table[i], name))
			return &table[i];
	return NULL;
}
