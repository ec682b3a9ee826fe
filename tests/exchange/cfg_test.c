/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration payloads and several peers of one connection: side b is the gateway, the
 * connections of side a are three road warriors. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include "ike/id.h"
#include "ike/ts.h"
#include "support/pair.h"

#define WARRIORS 3

static struct pair pair;
static uint32_t next_slot;
static unsigned n_taken, n_given, n_free, n_taken6;
static struct ip_addr wanted;

static uint32_t give_slot(void *arg, const struct conn *conn, const struct conn_child *child)
{
	(void)arg;
	(void)conn;
	(void)child;
	return next_slot++;
}

static struct ip_addr address(const char *text)
{
	struct ip_addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

static struct addr_range range(const char *text)
{
	struct addr_range r;

	assert_int_equal(addr_parse_range(text, &r), 0);
	return r;
}

static int take(void *arg, const struct lease_request *r, struct ip_addr *ret_addr)
{
	(void)arg;
	assert_true(r->conn->n_pools && r->id->len);
	if (r->wanted)
		wanted = *r->wanted;
	if (!n_free)
		return -1;
	n_free--;
	if (!r->is_v4) {
		*ret_addr = address("fd99::1");
		ret_addr->b[15] = (uint8_t)(1 + n_taken6++);
		return 0;
	}
	*ret_addr = addr_from_v4(0x0a630001 + n_taken++);
	return 0;
}

static void give(void *arg, const struct ike_id *id, const struct ip_addr *addr)
{
	(void)arg;
	(void)id;
	assert_false(addr_is_any(addr));
	n_given++;
	n_free++;
}

static void make_warrior(size_t i)
{
	struct conn *c = &pair.a.conns[i];
	struct conn_child *cc = &pair.a.children[i][0];
	char name[32];
	const char *why;

	*c = pair.a.conns[0];
	*cc = pair.a.children[0][0];
	c->children = cc;
	snprintf(c->name, sizeof(c->name), "rw%zu", i);
	snprintf(name, sizeof(name), "rw%zu@example", i);
	assert_int_equal(id_parse(name, &c->local_id, &why), 0);
	cc->child = PAIR_SLOT + (uint32_t)i;
	cc->is_local_dynamic = true;
	c->vips[0] = addr_from_v4(0);
	c->n_vips = 1;
}

static int setup(void **state)
{
	struct conn *gw = &pair.b.conns[0];

	(void)state;
	pair_init(&pair, 11, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	for (size_t i = WARRIORS; i-- > 0;)
		make_warrior(i);
	gw->n_remote = 0;
	gw->remote_id = (struct ike_id){ 0 };
	gw->n_pools = 1;
	gw->pools[0].addrs = range("10.99.0.0/16");
	gw->pools[0].dns[0] = addr_from_v4(0x0a020035);
	gw->pools[0].n_dns = 1;
	pair.b.children[0][0].is_remote_dynamic = true;
	pair_hooks = (struct pair_hooks){ give_slot, take, give };
	next_slot = 20;
	n_taken = n_given = n_taken6 = 0;
	wanted = (struct ip_addr){ 0 };
	n_free = 100;
	side_restart(&pair.b, false); /* with the hooks */
	side_restart(&pair.a, false);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	pair_hooks = (struct pair_hooks){ 0 };
	return 0;
}

static void up(size_t i)
{
	assert_int_equal(ike_initiate(pair.a.ike, pair.a.conns[i].name, NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 3000);
}

static const struct child_sa *in_slot(struct side *s, uint32_t slot)
{
	assert_int_not_equal(s->out[slot], 0);
	return &side_sa(s, s->out[slot])->sa;
}

static void each_has_its_address_and_slot(void **state)
{
	(void)state;
	for (size_t i = 0; i < WARRIORS; i++) {
		struct ip_addr vip = addr_from_v4(0x0a630001 + (uint32_t)i);
		struct ts_val ts = ts_from_addr(&vip);

		up(i);
		assert_true(addr_equal(&pair.a.vip, &vip));
		assert_true(ts_equal(&in_slot(&pair.b, 20 + (uint32_t)i)->remote_ts[0], &ts));
		assert_true(ts_equal(&in_slot(&pair.a, PAIR_SLOT + (uint32_t)i)->local_ts[0], &ts));
	}
	assert_int_equal(side_n_ike(&pair.b), WARRIORS);
	assert_int_equal(side_n_sas(&pair.b), WARRIORS);
	assert_true(side_logged(&pair.a, "DNS server 10.2.0.53"));
	for (uint32_t slot = 20; slot < 20 + WARRIORS; slot++)
		assert_int_not_equal(pair.b.out[slot], 0);
}

/* Slots and addresses stay, whichever side rekeys what. */
static void rekeys_keep_both(void **state)
{
	(void)state;
	up(0);
	up(1);
	assert_int_equal(ike_rekey_child(pair.b.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.b);
	pair_run(&pair, 20000);
	assert_int_equal(ike_rekey(pair.a.ike, "rw0", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 20000);
	assert_int_equal(ike_rekey_child(pair.a.ike, "rw0", "net", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 20000);
	assert_int_equal(next_slot, 22);
	assert_int_equal(n_taken, 2);
	assert_int_equal(n_given, 0);
	assert_int_equal(side_n_sas(&pair.b), 2);
	assert_true(in_slot(&pair.b, 20) != in_slot(&pair.b, 21));
}

static void the_end_of_one_is_not_the_end_of_others(void **state)
{
	(void)state;
	up(0);
	up(1);
	assert_int_equal(ike_terminate(pair.a.ike, "rw0", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 30000);
	assert_int_equal(n_given, 1);
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_int_equal(side_n_sas(&pair.b), 1);
	(void)in_slot(&pair.b, 21);
	assert_true(addr_is_any(&pair.a.vip));
}

/* The gateway has pools of both families, a net of both, and a domain. */
static void both_families(void)
{
	struct conn *gw = &pair.b.conns[0];
	struct conn_child *net = &pair.b.children[0][0];

	gw->n_pools = 2;
	gw->pools[1].addrs = range("fd99::/64");
	gw->pools[1].dns[0] = address("fd02::53");
	gw->pools[1].n_dns = gw->pools[1].n_domains = 1;
	strcpy(gw->pools[1].domains[0], "corp.example");
	gw->pools[1].subnets[0] = pair_ts("fd02::/64");
	gw->pools[1].n_subnets = 1;
	net->local_ts[net->n_local_ts++] = pair_ts("fd02::/64");
	for (size_t i = 0; i < WARRIORS; i++) {
		struct conn_child *cc = &pair.a.children[i][0];

		pair.a.conns[i].vips[1] = (struct ip_addr){ 0 };
		pair.a.conns[i].n_vips = 2;
		cc->remote_ts[cc->n_remote_ts++] = pair_ts("fd02::/64");
	}
	pair_configure(&pair);
}

static const char *selectors(const struct child_sa *sa)
{
	static char text[400];
	size_t n = strlen(ts_list_print(sa->local_ts, sa->n_local_ts, text, 200));

	text[n++] = '=';
	ts_list_print(sa->remote_ts, sa->n_remote_ts, text + n, 200);
	return text;
}

static void one_address_of_each_family(void **state)
{
	struct ip_addr v4 = address("10.99.0.1"), v6 = address("fd99::1");

	(void)state;
	both_families();
	up(0);
	assert_true(addr_equal(&pair.a.vip, &v4));
	assert_true(addr_equal(&pair.a.vip6, &v6));
	assert_string_equal(selectors(in_slot(&pair.a, PAIR_SLOT)),
			    "10.99.0.1/32 fd99::1/128=10.2.0.0/16 fd02::/64");
	assert_string_equal(selectors(in_slot(&pair.b, 20)),
			    "10.2.0.0/16 fd02::/64=10.99.0.1/32 fd99::1/128");
	assert_true(side_logged(&pair.a, "DNS server 10.2.0.53"));
	assert_true(side_logged(&pair.a, "DNS server fd02::53"));
	assert_true(side_logged(&pair.a, "DNS domain corp.example"));
	assert_int_equal(ike_rekey(pair.a.ike, "rw0", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 20000);
	assert_int_equal(n_given, 0);
	assert_int_equal(ike_terminate(pair.a.ike, "rw0", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 30000);
	assert_int_equal(n_given, 2);
	assert_true(addr_is_any(&pair.a.vip) && addr_is_any(&pair.a.vip6));
}

/* No pool of one family: the other one's address is enough, its selectors only are agreed on. */
static void one_family_of_two_is_enough(void **state)
{
	(void)state;
	both_families();
	pair.b.conns[0].pools[0] = pair.b.conns[0].pools[1];
	pair.b.conns[0].n_pools = 1;
	up(0);
	assert_true(side_logged(&pair.a, "peer gave no virtual IPv4 address"));
	assert_string_equal(selectors(in_slot(&pair.a, PAIR_SLOT)), "fd99::1/128=fd02::/64");
}

static void an_ipv6_address_can_be_wished_for(void **state)
{
	struct ip_addr wish = address("fd99::77");

	(void)state;
	both_families();
	pair.a.conns[0].vips[0] = wish;
	pair.a.conns[0].n_vips = 1;
	up(0);
	assert_true(addr_equal(&wanted, &wish));
	assert_int_equal(n_taken, 0);
	assert_string_equal(selectors(in_slot(&pair.a, PAIR_SLOT)), "fd99::1/128=fd02::/64");
}

/* 3.15.4: the Child SA is refused, and without an address the IKE SA is of no use to the client, which
 * deletes it. A later one gets an address, and never a Child SA without. */
static void an_empty_pool_is_told(void **state)
{
	(void)state;
	n_free = 0;
	pair.a.conns[0].keyingtries = 0;
	up(0);
	assert_int_equal(side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 0);
	assert_true(side_logged(&pair.a, "peer gave no virtual address: INTERNAL_ADDRESS_FAILURE"));
	assert_true(side_logged(&pair.b, "no virtual IPv4 address is left"));
	n_free = 100;
	pair_run(&pair, 20000);
	assert_string_equal(selectors(in_slot(&pair.a, PAIR_SLOT)), "10.99.0.1/32=10.2.0.0/16");
	assert_int_equal(side_n_ike(&pair.b), 1);
}

/* Who asks for an address and gets none has no Child SA. */
static void no_pool_no_address(void **state)
{
	(void)state;
	pair.b.conns[0].n_pools = 0;
	up(0);
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 0);
	assert_true(side_logged(&pair.a, "peer gave no virtual address: nothing said of it"));
	assert_true(side_logged(&pair.b, "peer ended the IKE_SA") ||
		    side_logged(&pair.b, "peer deletes IKE_SA"));
}

static int take_fixed(void *arg, const struct lease_request *r, struct ip_addr *ret_addr)
{
	(void)arg;
	(void)r;
	*ret_addr = addr_from_v4(0x0a630042);
	return 0;
}

/* As where an AAA server names it: the old IKE SA has it, too, and ends after the new one came up. */
static void reauthentication_may_bring_the_same_address(void **state)
{
	struct ip_addr same = addr_from_v4(0x0a630042);

	(void)state;
	pair_hooks.lease_take = take_fixed;
	side_restart(&pair.b, false);
	up(0);
	assert_int_equal(ike_reauth(pair.a.ike, "rw0", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 20000);
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_true(side_logged(&pair.a, "reauthenticated"));
	assert_true(addr_equal(&pair.a.vip, &same));
	assert_int_equal(ike_terminate(pair.a.ike, "rw0", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 20000);
	assert_true(addr_is_any(&pair.a.vip));
}

/* RFC 6023: the addresses come with IKE_AUTH, the Child SA later. */
static void without_a_child_too(void **state)
{
	(void)state;
	pair.a.conns[0].childless = CHILDLESS_FORCE;
	pair.b.conns[0].childless = CHILDLESS_FORCE;
	pair_configure(&pair);
	up(0);
	assert_string_equal(selectors(in_slot(&pair.a, PAIR_SLOT)), "10.99.0.1/32=10.2.0.0/16");
	assert_string_equal(selectors(in_slot(&pair.b, 20)), "10.2.0.0/16=10.99.0.1/32");
	assert_int_equal(addr_to_v4(&pair.a.vip), 0x0a630001);
	assert_true(side_logged(&pair.a, "DNS server 10.2.0.53"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_has_its_address_and_slot),
		TEST(rekeys_keep_both),
		TEST(the_end_of_one_is_not_the_end_of_others),
		TEST(one_address_of_each_family),
		TEST(one_family_of_two_is_enough),
		TEST(an_ipv6_address_can_be_wished_for),
		TEST(an_empty_pool_is_told),
		TEST(no_pool_no_address),
		TEST(reauthentication_may_bring_the_same_address),
		TEST(without_a_child_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
