/* SPDX-License-Identifier: BSD-2-Clause */
/* Section radius of the configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "ike/id.h"
#include "support/conf_text.h"

static const char *radius_with(const char *keys, const char *server_keys)
{
	static char text[2048];

	snprintf(text, sizeof(text),
		 "radius {\n%s\nservers { one {\naddress = 192.0.2.7\nsecret = abc\n%s\n} } }\n",
		 keys, server_keys);
	return text;
}

static void servers_are_read(void **state)
{
	struct conf *conf =
		load("radius { nas_identifier = gw-7\nretransmit_timeout = 1.5\n"
		     "retransmit_base = 1\nretransmit_tries = 2\nservers {\n"
		     "near { address = 192.0.2.7\nsecret = \"of near\"\nauth_port = 1645 }\n"
		     "far { address = 2001:db8::7\nsecret = 0x00ff01\nport = 11812\n"
		     "nas_identifier = gw-8\nacct_port = 1813\nsockets = 3\npreference = 0 }\n"
		     "} }\n");
	const struct radius_settings *r = &conf->radius;
	struct ip_addr far;

	(void)state;
	assert_string_equal(r->nas_identifier, "gw-7");
	assert_int_equal(r->retransmit_timeout_ms, 1500);
	assert_int_equal(r->retransmit_base_thousandths, 1000);
	assert_int_equal(r->retransmit_tries, 2);
	assert_int_equal(r->n_servers, 2);
	assert_string_equal(r->servers[0].name, "near");
	assert_int_equal(addr_to_v4(&r->servers[0].at.addr), 0xc0000207);
	assert_int_equal(r->servers[0].at.port, 1645);
	assert_int_equal(r->servers[0].secret_len, 7);
	assert_memory_equal(r->servers[0].secret, "of near", 7);
	assert_string_equal(r->servers[0].nas_identifier, "");
	assert_int_equal(addr_parse("2001:db8::7", &far), 0);
	assert_true(addr_equal(&r->servers[1].at.addr, &far));
	assert_int_equal(r->servers[1].at.port, 11812);
	assert_int_equal(r->servers[1].secret_len, 3);
	assert_string_equal(r->servers[1].nas_identifier, "gw-8");
	conf_free(conf);
}

static void defaults_are_those_of_strongswan(void **state)
{
	struct conf *conf = load(radius_with("", ""));
	const struct radius_settings *r = &conf->radius;

	(void)state;
	assert_string_equal(r->nas_identifier, "sekisho");
	assert_int_equal(r->retransmit_timeout_ms, 2000);
	assert_int_equal(r->retransmit_base_thousandths, 1400);
	assert_int_equal(r->retransmit_tries, 4);
	assert_int_equal(r->servers[0].at.port, 1812);
	conf_free(conf);
	conf = load("");
	assert_int_equal(conf->radius.n_servers, 0);
	conf_free(conf);
}

/* A gateway whose peers are the business of its RADIUS servers. */
static const char *gateway(const char *local, const char *remote, const char *more)
{
	static char text[2048];

	snprintf(text, sizeof(text),
		 "connections { rw {\nlocal {\nauth = %s\nid = gw.example\n}\nremote {\nauth = "
		 "%s\n}\n"
		 "children { net { } } } }\nsecrets { ike { secret = abc } }\n%s",
		 local, remote, more);
	return text;
}

static void a_connection_asks_them(void **state)
{
	static const char servers[] =
		"radius { servers { a { address = 192.0.2.1\nsecret = x } } }\n";
	struct conf *conf = load(gateway("psk", "eap-radius", servers));

	(void)state;
	assert_int_equal(conf->conns[0]->remote_auth, CONN_AUTH_EAP);
	assert_true(conf->conns[0]->is_aaa);
	assert_int_equal(conf->conns[0]->n_eap_users, 0);
	conf_free(conf);
	assert_mistake(gateway("psk", "eap-radius", ""), 1, "section radius has no servers");
}

static void assert_eap_id(const char *remote, const char *want)
{
	static const char servers[] =
		"radius { servers { a { address = 192.0.2.1\nsecret = x } } }\n";
	struct conf *conf = load(gateway("psk", remote, servers));
	char text[ID_TEXT_MAX];

	assert_string_equal(id_print(&conf->conns[0]->their_eap_id, text, sizeof(text)), want);
	conf_free(conf);
}

/* Whoever names one peer means that one, not what it writes into IDi. */
static void whom_eap_may_prove(void **state)
{
	(void)state;
	assert_eap_id("eap-radius", "%any");
	assert_eap_id("eap-radius\nid = alice", "alice");
	assert_eap_id("eap-radius\nid = alice\neap_id = *@road.example", "*@road.example");
	assert_eap_id("eap-radius\nid = ios\neap_id = %any", "%any");
}

static bool is_told(const char *text, const char *words)
{
	struct conf_errors errors = {};
	struct conf *conf = NULL;
	bool is_there = false;
	char line[512];

	(void)!conf_parse("test.conf", text, strlen(text), &conf, &errors);
	for (size_t i = 0; i < errors.n; i++)
		is_there |= strstr(conf_error_print(&errors.list[i], line, sizeof(line)), words) !=
			    NULL;
	conf_errors_fini(&errors);
	conf_free(conf);
	return is_there;
}

/* Any certificate of the CA would do for the gateway, that of another client too. */
static void eap_alone_needs_a_name(void **state)
{
	(void)state;
	assert_true(is_told(gateway("eap-tls", "eap-tls", ""), "no remote id"));
	assert_false(is_told(gateway("eap-tls", "eap-tls\nid = gw", ""), "no remote id"));
	assert_false(is_told(gateway("psk", "eap-tls", ""), "no remote id"));
}

static void mistakes_have_their_line(void **state)
{
	char text[4096] = "radius { servers {\n";

	(void)state;
	assert_mistake(radius_with("nas_identifer = x", ""), 2, "'nas_identifier'?");
	assert_mistake(radius_with("", "sercet = x"), 6, "'secret'?");
	assert_mistake(radius_with("accounting = yes", ""), 2, "not supported yet");
	assert_mistake(radius_with("retransmit_tries = 21", ""), 2, "0 to 20");
	assert_mistake(radius_with("server = 192.0.2.1", ""), 2, "in a section of servers");
	assert_mistake(radius_with("", "port = 0"), 6, "1 to 65535");
	assert_mistake(radius_with("", "auth_port = 70000"), 6, "65535");
	assert_mistake("radius { servers { a {\nsecret = x\n} } }\n", 1, "'a' has no address");
	assert_mistake("radius { servers { a {\naddress = 192.0.2.1\n} } }\n", 1,
		       "'a' has no secret");
	assert_mistake("radius { servers { a {\naddress = r.example\nsecret = x\n} } }\n", 2,
		       "names are not resolved");
	assert_mistake("radius { servers { a {\naddress = 0.0.0.0\nsecret = x\n} } }\n", 2,
		       "no IP address");
	assert_mistake("radius { servers {\na = 192.0.2.1\n} }\n", 2, "a section for each one");
	for (int i = 0; i < RADIUS_SERVERS_MAX + 1; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "s%d { address = 192.0.2.1\nsecret = x }\n", i);
	strcat(text, "} }\n");
	assert_mistake(text, 2 * RADIUS_SERVERS_MAX + 2, "more than 8 servers");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers_are_read),
		cmocka_unit_test(defaults_are_those_of_strongswan),
		cmocka_unit_test(a_connection_asks_them),
		cmocka_unit_test(whom_eap_may_prove),
		cmocka_unit_test(eap_alone_needs_a_name),
		cmocka_unit_test(mistakes_have_their_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
