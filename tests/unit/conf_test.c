/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration: what good files become, and that each mistake is told with its line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "conf/build.h"
#include "ike/id.h"
#include "ike/ts.h"
#include "support/conf_text.h"

/* A connection that is right, with more keys in it and in its child. */
static const char *conn_with(const char *keys, const char *child_keys)
{
	static char text[4096];

	snprintf(text, sizeof(text),
		 PSK "connections { gw {\nremote_addrs = 192.0.2.2\n" AUTH
		     "%s\nchildren { net {\nremote_ts = 10.2.0.0/16\n%s\n} } } }\n",
		 keys, child_keys);
	return text;
}

static void a_gateway_is_read(void **state)
{
	struct conf *conf = load(conn_with(
		"local_addrs = 192.0.2.1\nproposals = aes256gcm16-prfsha384-x25519, "
		"aes128-sha256-modp2048\ndpd_delay = 30s\nencap = yes\nkeyingtries = 0",
		"local_ts = 10.1.0.0/16, 10.1.9.1-10.1.9.7[udp/500-600]\nstart_action = trap\n"
		"dpd_action = restart\nreplay_window = 64\nesp_proposals = aes128gcm16-esn"));
	const struct conn *c = conf->conns[0];
	const struct conn_child *child = &c->children[0];
	char text[256];

	(void)state;
	assert_int_equal(conf->n_conns, 1);
	assert_string_equal(c->name, "gw");
	assert_string_equal(id_print(&c->local_id, text, sizeof(text)), "a.example");
	assert_int_equal(addr_to_v4(&c->remote[0]), 0xc0000202);
	assert_memory_equal(c->psk, "correct horse", 13);
	assert_int_equal(c->psk_len, 13);
	assert_int_equal(c->n_ike, 2);
	assert_int_equal(c->ike[1].number, 2);
	assert_int_equal(c->dpd_delay_s, 30);
	assert_true(c->is_encap_forced);
	assert_int_equal(c->keyingtries, 0);
	assert_int_equal(c->local_port, 500);
	assert_int_equal(c->rekey_s, 4 * 3600);
	assert_int_equal(c->over_s, 4 * 360);
	assert_int_equal(c->n_children, 1);
	assert_string_equal(child->name, "net");
	assert_string_equal(ts_list_print(child->local_ts, child->n_local_ts, text, sizeof(text)),
			    "10.1.0.0/16 10.1.9.1..10.1.9.7[udp/500-600]");
	assert_int_equal(child->action, SPD_PROTECT);
	assert_int_equal(child->start, START_TRAP);
	assert_int_equal(child->dpd, START_NOW);
	assert_false(child->is_dpd_clear);
	assert_int_equal(child->replay_window, 64);
	assert_int_equal(child->rekey_s, 3600);
	assert_int_equal(child->life_s, 3960);
	assert_int_equal(child->rand_s, 360);
	conf_free(conf);
}

static void defaults_are_those_of_swanctl(void **state)
{
	struct conf *conf = load(conn_with("", ""));
	const struct conn *c = conf->conns[0];
	const struct conn_child *child = &c->children[0];

	(void)state;
	assert_true(addr_is_any(&c->local[0]));
	assert_int_equal(c->keyingtries, 1);
	assert_int_equal(c->dpd_delay_s, 0);
	assert_int_equal(c->n_ike, 2);
	assert_true(child->is_local_dynamic);
	assert_int_equal(child->n_local_ts, 0);
	assert_false(child->is_remote_dynamic);
	assert_true(child->is_dpd_clear);
	assert_int_equal(child->start, START_NONE);
	assert_int_equal(child->replay_window, 1024);
	assert_int_equal(child->n_proposals, 2);
	assert_int_equal(conf->dataplane.default_action, SPD_BYPASS);
	assert_int_equal(conf->dataplane.hold_packets, 16);
	assert_int_equal(conf->dataplane.hold_ms, 2000);
	conf_free(conf);
}

static void lifetimes_follow_each_other(void **state)
{
	struct conf *conf = load(conn_with("reauth_time = 2h", "life_time = 110m"));

	(void)state;
	assert_int_equal(conf->conns[0]->rekey_s, 0);
	assert_int_equal(conf->conns[0]->reauth_s, 7200);
	assert_int_equal(conf->conns[0]->over_s, 720);
	assert_int_equal(conf->conns[0]->children[0].rekey_s, 6000);
	conf_free(conf);
	conf = load(conn_with("", "rekey_time = 0\nrekey_packets = 1000"));
	assert_int_equal(conf->conns[0]->children[0].life_s, 0);
	assert_int_equal(conf->conns[0]->children[0].life_packets, 1100);
	conf_free(conf);
}

static void shunts_need_no_peer(void **state)
{
	struct conf *conf = load("connections { shunts { children {\n"
				 "lan { mode = pass\nremote_ts = 10.0.0.0/8 }\n"
				 "bad { mode = drop\nlocal_ts = 10.1.0.0/16[tcp/25] } } } }\n"
				 "dataplane { default_action = discard\n hold_packets = 0\n hold_time = 0.5 }\n");
	const struct conn_child *c = conf->conns[0]->children;
	char text[64];

	(void)state;
	assert_int_equal(c[0].action, SPD_BYPASS);
	assert_int_equal(c[1].action, SPD_DISCARD);
	assert_string_equal(ts_print(&c[0].local_ts[0], text, sizeof(text)), "0.0.0.0/0");
	assert_int_equal(conf->conns[0]->psk_len, 0);
	assert_int_equal(conf->dataplane.default_action, SPD_DISCARD);
	assert_int_equal(conf->dataplane.hold_packets, 0);
	assert_int_equal(conf->dataplane.hold_ms, 500);
	conf_free(conf);
}

#define NETS "local_ts = 10.1.0.0/16\nremote_ts = 10.2.0.0/16\n"
#define SHUNT(keys) "connections { shunts { children {\na { mode = drop\n" keys " } } } }\n"

static void shunts_have_a_place(void **state)
{
	struct conf *conf = load("connections { shunts { children {\n"
				 "a { mode = drop\ninterface = lan\ndirection = in\npriority = 7\n"
				 "reject = yes }\n"
				 "b { mode = drop\ninterface = wan }\n"
				 "c { mode = drop } } } }\n");
	const struct conn_child *c = conf->conns[0]->children;

	(void)state;
	assert_string_equal(c[0].interface, "lan");
	assert_int_equal(c[0].dir, SPD_IN);
	assert_int_equal(c[0].priority, 7);
	assert_true(c[0].is_answered);
	assert_string_equal(c[2].interface, "");
	assert_int_equal(c[2].dir, SPD_BOTH);
	conf_free(conf);
	assert_mistake(SHUNT("interface = a/b"), 3, "the name of one interface");
	assert_mistake(SHUNT("interface = sixteencharacter"), 3, "the name of one interface");
	assert_mistake(SHUNT("direction = up"), 3, "in, out or both");
	assert_mistake(SHUNT("priority = 65536"), 3, "0 to 65535");
	assert_mistake(conn_with("", "reject = yes"), 11, "reject: only with mode = drop");
	assert_mistake(conn_with("", "direction = in"), 11, "direction: an SA protects both");
	assert_mistake("connections { shunts { children {\n"
		       "a { mode = drop\ninterface = lan\n" NETS "}\n"
		       "b { mode = pass\ninterface = wan\n" NETS "}\n"
		       "c { mode = pass\ninterface = lan\n" NETS "} } } }\n", 12, "has the selectors of");
}

#define BY(interface) "tunnel_interface = " interface "\n"
#define ALIKE(one, other) conn_with("", BY(one) "}\nb { remote_ts = 10.2.0.0/16\n" BY(other))

static void route_based_children_may_be_alike(void **state)
{
	struct conf *conf = load(ALIKE("vpn0", "vpn1"));

	(void)state;
	assert_string_equal(conf->conns[0]->children[0].tunnel, "vpn0");
	assert_string_equal(conf->conns[0]->children[1].tunnel, "vpn1");
	conf_free(conf);
	assert_mistake(ALIKE("vpn0", "vpn0"), 15, "tunnel_interface vpn0 is that of");
	assert_mistake(conn_with("", "tunnel_interface = fifteencharacte"), 13, "at most 14");
	assert_mistake(conn_with("", "tunnel_interface = vpn0\nmode = transport"), 11,
		       "only with mode = tunnel");
	assert_mistake(conn_with("", "tunnel_interface = vpn0\ninterface = lan"), 11,
		       "there are no policies");
}

static void sections_are_inherited(void **state)
{
	struct conf *conf = load(PSK
		"conn-defaults { remote_addrs = 192.0.2.9\ndpd_delay = 10s\n" AUTH "}\n"
		"child-defaults { start_action = trap\n rekey_time = 20m }\n"
		"connections {\n"
		"  one : conn-defaults { dpd_delay =\n children { a : child-defaults {\n"
		"      remote_ts = 10.1.0.0/16\nrekey_time = 10m } } }\n"
		"  two : connections.one { local { id = c.example }\n children { a {\n"
		"      remote_ts = 10.2.0.0/16 } } }\n"
		"}\n");
	const struct conn *one = conf->conns[0], *two = conf->conns[1];
	char text[256];

	(void)state;
	assert_int_equal(one->dpd_delay_s, 0);
	assert_int_equal(one->children[0].start, START_TRAP);
	assert_int_equal(one->children[0].rekey_s, 600);
	assert_int_equal(two->children[0].rekey_s, 600);
	assert_int_equal(addr_to_v4(&two->remote[0]), 0xc0000209);
	assert_string_equal(id_print(&two->local_id, text, sizeof(text)), "c.example");
	conf_free(conf);
}

static void values_are_quoted_and_escaped(void **state)
{
	static const struct {
		const char *value, *psk;
	} cases[] = {
		{ "plain words   here # comment", "plain words here" },
		{ "\"a # } \\\" \\\\ b\"", "a # } \" \\ b" },
		{ "\"tab\\there\\\nand on\"", "tab\thereand on" },
		{ "one\"two\"three", "one two three" },
		{ "0x68656c6C6f", "hello" },
		{ "0saGVsbG8=", "hello" },
		{ "0saGVsbG8", "hello" },
	};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct conf *conf;

		snprintf(text, sizeof(text),
			 "secrets { ike { secret = %s\n} }\nconnections { gw { " AUTH "} }\n",
			 cases[i].value);
		conf = load(text);
		assert_int_equal(conf->conns[0]->psk_len, strlen(cases[i].psk));
		assert_memory_equal(conf->conns[0]->psk, cases[i].psk, strlen(cases[i].psk));
		conf_free(conf);
	}
}

static void the_best_secret_is_taken(void **state)
{
	static const struct {
		const char *secrets, *psk;
	} cases[] = {
		{ "ike-1 { secret = any }", "any" },
		{ "ike-1 { secret = any }\nike-2 { id = b.example\nsecret = peer }", "peer" },
		{ "ike-1 { id = a.example\nsecret = ours }\nike-2 { id = b.example\nsecret = peer }",
		  "peer" },
		{ "ike-1 { id-1 = b.example\nid-2 = x.example\nsecret = peer }\n"
		  "ike-2 { id-1 = a.example\nid-2 = b.example\nsecret = both }",
		  "both" },
		{ "ike-1 { id = c.example\nsecret = other }\nike-2 { id = a.example\nsecret = ours }",
		  "ours" },
		{ "ike-1 { id = b.example\nsecret = first }\nike-2 { id = b.example\nsecret = next }",
		  "first" },
		{ "ike-1 { id = \"*.example\"\nsecret = wild }\nike-2 { id = b.example\nsecret = x }",
		  "x" },
	};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct conf *conf;

		snprintf(text, sizeof(text), "secrets { %s }\nconnections { gw { " AUTH "} }\n",
			 cases[i].secrets);
		conf = load(text);
		assert_memory_equal(conf->conns[0]->psk, cases[i].psk, strlen(cases[i].psk));
		assert_int_equal(conf->conns[0]->psk_len, strlen(cases[i].psk));
		conf_free(conf);
	}
}

static void mistakes_of_syntax_have_their_line(void **state)
{
	(void)state;
	assert_mistake("}\n", 1, "without a section to close");
	assert_mistake("\n\nconnections {\n", 3, "'connections' is not closed");
	assert_mistake("connections\n{\n}\nsecrets x\n", 4, "expected '='");
	assert_mistake("connections { }\n= 3\n", 2, "'=' is not expected");
	assert_mistake("secrets { ike {\nsecret = \"abc\n } }\n", 2, "quote");
	assert_mistake("connections : nothing { }\n", 1, "does not exist");
	assert_mistake("a : b { }\nb : a { }\n", 2, "contains or inherits");
	assert_mistake("\ninclude /nonexistent/file.conf\n", 2, "No such file");
	assert_mistake("connections { a.b { } }\n", 1, "'.' is not allowed");
	assert_mistake(conn_with("encap = yes\nencap = no", ""), 11, "stands twice, first in test");
	assert_mistake(conn_with("", "} net {"), 13, "section 'net' stands twice");
}

static void mistakes_of_keys_have_their_line(void **state)
{
	static const struct {
		const char *keys, *child_keys, *words;
	} cases[] = {
		{ "dpd_dely = 3s", "", "unknown key 'dpd_dely' in connections.<conn>: 'dpd_delay'?" },
		{ "remote_ts = 10.0.0.0/8", "", "belongs into connections.<conn>.children.<child>" },
		{ "xyzzy { }", "", "unknown section 'xyzzy'" },
		{ "version { }", "", "'version' is a key, not a section" },
		{ "version = 1", "", "IKEv1" },
		{ "local_addrs = gw.example", "", "names are not resolved" },
		{ "local_addrs = 10.0.0.0/8", "", "subnets" },
		{ "local_addrs = %any6", "", "both families" },
		{ "local_port = 501", "", "not supported yet" },
		{ "proposals = aes256-md6", "", "md6" },
		{ "encap = maybe", "", "yes or no" },
		{ "dpd_delay = 5 minutes", "", "no time" },
		{ "rekey_time = 99999999999999999999", "", "no time" },
		{ "keyingtries = -1", "", "no number" },
		{ "unique = maybe", "", "no, never, keep or replace" },
		{ "aggressive = yes", "", "IKEv1 only" },
		{ "vips = 10.0.0.1, ::, 10.0.0.2", "", "more than one address of a family" },
		{ "pools = road", "", "no such section in pools" },
		{ "rekey_time = 10m\nrand_time = 10m", "", "rand_time has to be shorter" },
		{ "local-2 { auth = psk\n}", "", "several rounds" },
		{ "", "mode = beet", "not supported yet: mode = beet" },
		{ "", "mode = beam", "tunnel, transport, pass or drop" },
		{ "", "start_action = now", "none, trap, start" },
		{ "", "close_action = trap|start", "none, trap or start" },
		{ "", "dpd_action = never", "clear, trap" },
		{ "", "replay_window = 65537", "up to 65536" },
		{ "", "copy_df = maybe", "yes, no or set" },
		{ "", "copy_dscp = both", "out, in, yes or no" },
		{ "", "outer_dscp = 46", "six binary digits" },
		{ "", "outer_ttl = 0", "1 to 255" },
		{ "", "mss_clamp = 1400", "auto or no" },
		{ "", "tfc_padding = path", "a length in bytes, or mtu" },
		{ "", "rekey_bytes = 10\nlife_bytes = 9", "more than rekey_bytes" },
		{ "", "ah_proposals = sha256\nesp_proposals = aes128gcm16", "a child is of one of them" },
		{ "", "ah_proposals = sha256\ntfc_padding = mtu", "AH has no padding" },
		{ "encap = yes", "ah_proposals = sha256", "AH does not go in UDP" },
		{ "", "ah_proposals = aes128gcm16", "not available for AH" },
		{ "", "life_time = 59m\nrekey_time = 1h", "longer than rekey_time" },
		{ "", "rekey_packets = 10\nlife_packets = 10", "more than rekey_packets" },
		{ "", "local_ts = 10.0.0.0/33", "no prefix" },
		{ "", "local_ts = 10.0.0.9-10.0.0.1", "no prefix" },
		{ "", "local_ts = ::/0", "no packet has" },
		{ "", "local_ts = 10.0.0.0/8[tcp/0-65536]", "no port" },
		{ "", "local_ts = 10.0.0.0/8[tcp", "']' is missing" },
		{ "", "local_ts = 10.0.0.0/8[esp/8]", "no ports" },
		{ "", "local_ts = ::/0[icmpv6/9-8]", "no ICMP type" },
		{ "", "local_ts = 10.0.0.0/8[quux]", "no protocol" },
		{ "", "local_ts = 10.0.0.0/8, 10.0.0.0/8", "has the selectors of" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct conf_errors errors = {};
		struct conf *conf = NULL;
		const char *text = conn_with(cases[i].keys, cases[i].child_keys);
		char told[512] = "nothing";

		assert_int_equal(conf_parse("t", text, strlen(text), &conf, &errors), -EINVAL);
		if (errors.n)
			conf_error_print(&errors.list[0], told, sizeof(told));
		if (errors.n_errors != 1 || !errors.list[0].line || !strstr(told, cases[i].words))
			fail_msg("%s %s: %zu mistakes: %s", cases[i].keys, cases[i].child_keys,
				 errors.n_errors, told);
		conf_errors_fini(&errors);
	}
}

/* As in strongSwan: known once an IKE SA has an address to run from. */
static void without_a_local_id_it_is_the_address(void **state)
{
	(void)state;
	struct conf *conf = load(PSK "connections { gw { local {\nauth = psk\n}\nremote { auth = psk\n"
				     "id = b\n} } }\n");

	assert_true(id_is_any(&conf->conns[0]->local_id));
	conf_free(conf);
}

static void mistakes_of_the_whole_are_told(void **state)
{
	(void)state;
	assert_mistake("connections { gw {\n" AUTH "} }\n", 1, "no secret: none of");
	assert_mistake("secrets { ike { id = x.example\nsecret = a\n} }\nconnections {\ngw {\n" AUTH
		       "} }\n", 5, "'a.example' and 'b.example'");
	assert_mistake(PSK "connections { gw {\nremote { auth = psk\nid = b\n} } }\n", 2,
		       "no section local");
	assert_mistake(PSK "connections { gw { " AUTH "children { c {\nstart_action = start\n} } "
			   "} }\n", 2, "remote_addrs has no address");
	assert_mistake("secrets { ike-1 { id = a\n} }\n", 1, "'ike-1' has no secret");
	assert_mistake("secrets { ike-1 { secret = 0xabc\n} }\n", 1, "cannot be read");
	assert_mistake("pools { p { addrs = 10.0.0.x\n} }\n", 1, "neither a subnet nor a range");
	assert_mistake("pools { p { dns = 10.0.0.1\n} }\n", 1, "has no addrs");
	assert_mistake("pools { p { addrs = 10.0.0.0/24\n dns = x\n} }\n", 2, "no IP address");
	assert_mistake("pools { p { addrs = 10.0.0.0/24\n subnet = 10.0.0.1-10.0.0.9\n} }\n", 2,
		       "no subnet");
	assert_mistake("pools { p { addrs = 10.0.0.0/24\n nbns = 10.0.0.1\n} }\n", 2,
		       "not supported yet: nbns");
	assert_mistake(PSK "connections { gw { " AUTH "\nredirect_to = gw/2\n} }\n", 9, "name of a host");
	assert_mistake("ike { fragment_size = 100\n}\n", 1, "200 to 65535 bytes");
	assert_mistake("ike { retransmit_base = 0.5\n}\n", 1, "1 to 10");
	assert_mistake("ike { retransmit_timeout = 4.\n}\n", 1, "0.1 to 600 seconds");
	assert_mistake("ike { retransmit_jitter = 21\n}\n", 1, "0 to 20 per cent");
	assert_mistake("ike { retransmit_trys = 2\n}\n", 1, "retransmit_tries");
	assert_mistake("dataplane { default_action = reject\n}\n", 1, "bypass or discard");
	assert_mistake("dataplane { hold_packets = 513\n}\n", 1, "0 to 512 packets");
	assert_mistake(conn_with("", "} net2 {\nremote_ts = 10.2.0.0/16\nlocal_ts = 10.1.0.0/16\n"
				     "} net3 {\nremote_ts = 10.2.0.0/16\nlocal_ts = 10.1.0.0/16"),
		       16, "child 'net3' of 'gw' has the selectors of 'net2' of 'gw'");
}

static void all_mistakes_are_told_at_once(void **state)
{
	static const char text[] = "connections {\n"
				   "  gw {\n"
				   "    versio = 2\n"
				   "    foo\n"
				   "    dpd_delay = x\n"
				   "    " AUTH "  }\n"
				   "}\n"
				   "conections { }\n";
	static const unsigned lines[] = { 2, 3, 4, 5, 14 };
	struct conf_errors errors = {};
	struct conf *conf = NULL;

	(void)state;
	assert_int_equal(conf_parse("t", text, strlen(text), &conf, &errors), -EINVAL);
	assert_int_equal(errors.n_errors, ARRAY_SIZE(lines));
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(errors.list[i].line, lines[i]);
	conf_errors_fini(&errors);
}

static void too_many_mistakes_are_bounded(void **state)
{
	struct conf_errors errors = {};
	struct conf *conf = NULL;
	char text[4000];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "}\n", 2);
	assert_int_equal(conf_parse("t", text, sizeof(text), &conf, &errors), -EINVAL);
	assert_int_equal(errors.n_errors, sizeof(text) / 2);
	assert_int_equal(errors.n, CONF_ERRORS_MAX + 1);
	conf_errors_fini(&errors);
}

static void messages_never_hold_a_secret(void **state)
{
	static const char text[] = "secrets { ike { secret = 0xSESAME\nsecrt = SESAME\n}\n"
				   "ike2 { secret = SESAME } SESAME\n}\n";
	struct conf_errors errors = {};
	struct conf *conf = NULL;

	(void)state;
	assert_int_equal(conf_parse("t", text, strlen(text), &conf, &errors), -EINVAL);
	assert_in_range(errors.n, 3, 9);
	for (size_t i = 0; i < errors.n; i++)
		assert_null(strstr(errors.list[i].text, "SESAME"));
	conf_errors_fini(&errors);
}

/* ---- The table -------------------------------------------------------------------- */

static void every_truncation_is_survived(void **state)
{
	const char *text = conn_with("encap = yes # c", "local_ts = \"10.1.0.0/16[tcp/80]\"");
	size_t len = strlen(text);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		struct conf_errors errors = {};
		struct conf *conf = NULL;
		char *copy = malloc(i + 1); /* exactly as long: ASan sees a read past the end */

		memcpy(copy, text, i);
		if (!conf_parse("t", copy, i, &conf, &errors))
			conf_free(conf);
		conf_errors_fini(&errors);
		free(copy);
	}
}

/* docs/configuration.md names every key that is supported, in backticks. */
static void the_documentation_names_every_key(void **state)
{
	static char doc[65536];
	FILE *f = fopen("docs/configuration.md", "r");
	char word[80];
	size_t n;
	const struct row *all = rows(&n);

	(void)state;
	if (!f) /* make runs tests in the tree's root */
		skip();
	doc[fread(doc, 1, sizeof(doc) - 1, f)] = '\0';
	fclose(f);
	for (size_t i = 0; i < n; i++) {
		unsigned in_scope = 0;

		for (size_t j = 0; j < n; j++)
			in_scope += all[j].scope == all[i].scope;
		assert_in_range(in_scope, 1, 64); /* SCOPE_KEYS_MAX */
		if (!all[i].take || all[i].take == take_only)
			continue;
		snprintf(word, sizeof(word), "`%s`", all[i].name);
		if (!strstr(doc, word))
			fail_msg("docs/configuration.md does not name %s", word);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gateway_is_read),
		cmocka_unit_test(defaults_are_those_of_swanctl),
		cmocka_unit_test(lifetimes_follow_each_other),
		cmocka_unit_test(shunts_need_no_peer),
		cmocka_unit_test(shunts_have_a_place),
		cmocka_unit_test(route_based_children_may_be_alike),
		cmocka_unit_test(sections_are_inherited),
		cmocka_unit_test(values_are_quoted_and_escaped),
		cmocka_unit_test(the_best_secret_is_taken),
		cmocka_unit_test(mistakes_of_syntax_have_their_line),
		cmocka_unit_test(mistakes_of_keys_have_their_line),
		cmocka_unit_test(without_a_local_id_it_is_the_address),
		cmocka_unit_test(mistakes_of_the_whole_are_told),
		cmocka_unit_test(all_mistakes_are_told_at_once),
		cmocka_unit_test(too_many_mistakes_are_bounded),
		cmocka_unit_test(messages_never_hold_a_secret),
		cmocka_unit_test(every_truncation_is_survived),
		cmocka_unit_test(the_documentation_names_every_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
