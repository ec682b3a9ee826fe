/* SPDX-License-Identifier: BSD-2-Clause */
/* What the outer header has from the inner one, from the SA, or from neither (RFC 4301 5.1.2), and
 * padding against traffic analysis (RFC 4303 2.7). */
#include "esp_pair.h"

/* The outer header of an inner packet with that TOS and DF, sealed with those flags. */
static const struct ip4 *outer_of(struct pair *p, uint8_t flags, uint8_t tos, bool df)
{
	struct ip4 *ip = clear_frame(p, 99);

	ip->tos = tos;
	ip->frag = htons(df ? IP4_DF : 0);
	ip4_sum_write(ip);
	p->out.flags = flags;
	p->out.dscp = 46;
	seal(p, 1);
	const struct ip4 *outer = (const struct ip4 *)p->f.data;
	assert_true(ip4_sum_ok(outer));
	return outer;
}

static void df_is_copied_set_or_cleared(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, 128, 0);
	for (unsigned df = 0; df < 2; df++) {
		assert_int_equal(ip4_frag(outer_of(&p, 0, 0, df)), df ? IP4_DF : 0);
		assert_int_equal(ip4_frag(outer_of(&p, SA_DF_SET, 0, df)), IP4_DF);
		assert_int_equal(ip4_frag(outer_of(&p, SA_DF_CLEAR, 0, df)), 0);
	}
	pair_fini(&p);
}

static void dscp_and_ecn_are_copied_or_not(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, 128, 0);
	for (unsigned tos = 0; tos < 256; tos++) {
		assert_int_equal(outer_of(&p, 0, (uint8_t)tos, true)->tos, tos);
		assert_int_equal(outer_of(&p, SA_DSCP_FIXED, (uint8_t)tos, true)->tos,
				 46 << 2 | (tos & 3));
		assert_int_equal(outer_of(&p, SA_ECN_OFF, (uint8_t)tos, true)->tos, tos & 0xfc);
		assert_int_equal(outer_of(&p, SA_ECN_OFF | SA_DSCP_FIXED, (uint8_t)tos, true)->tos,
				 46 << 2);
	}
	pair_fini(&p);
}

/* The road changes the outer TOS from 0xb8 to `road`; what the clear packet has then. */
static int inner_tos(struct pair *p, uint8_t flags, uint8_t road)
{
	clear_frame(p, 99);
	p->hot_in.seq = 0;
	memset(&p->window, 0, sizeof(p->window));
	seal(p, 1);
	ip_set_tos(p->f.data, road);
	arrive(p);
	p->in.flags = flags;
	enum worker_outcome o = unseal(p);
	if (o != FRAME_KEEP)
		return -(int)o;
	assert_true(ip4_sum_ok((const struct ip4 *)p->f.data));
	return ip_tos(p->f.data);
}

static void inwards_dscp_and_ecn_are_copied_or_not(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, 128, 0);
	assert_int_equal(inner_tos(&p, 0, 0x28), 0xb8);
	assert_int_equal(inner_tos(&p, SA_DSCP_IN, 0x28), 0x28);
	assert_int_equal(inner_tos(&p, 0, 0xbb), -(int)WORKER_DROP_ECN);
	assert_int_equal(inner_tos(&p, SA_ECN_OFF, 0xbb), 0xb8);
	assert_int_equal(inner_tos(&p, SA_ECN_OFF | SA_DSCP_IN, 0x2b), 0x28);
	pair_fini(&p);
}

static void the_ttl_is_the_sas(void **state)
{
	static const struct { uint8_t ttl, want; } rows[] = { { 0, 64 }, { 1, 1 }, { 255, 255 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sa_val val = { .ttl = rows[i].ttl, .mode = SA_TUNNEL,
				      .src = addr_from_v4(1), .dst = addr_from_v4(2) };
		struct outer o;

		outer_make(&o, &val);
		assert_int_equal(ip_ttl(o.bytes), rows[i].want);
		val.src.b[0] = val.dst.b[0] = 0xfd;
		outer_make(&o, &val);
		assert_int_equal(ip_version(o.bytes), 6);
		assert_int_equal(ip_ttl(o.bytes), rows[i].want);
	}
}

/* All packets up to the length look the same, and come back as they were. */
static void packets_are_padded_to_one_length(void **state)
{
	static uint8_t before[FRAME_SIZE];
	uint32_t sealed = 0;
	struct pair p;

	(void)state;
	pair_init(&p, 128, 0);
	p.out.tfc = 600;
	for (uint16_t len = 28; len <= 600; len++) {
		struct ip4 *ip = clear_frame(&p, len);
		memcpy(before, ip, len);
		p.f.padded = esp_out_padded(&p.out, len, 1500);
		assert_int_equal(p.f.padded, len < 600 ? 600 : 0);
		seal(&p, len);
		assert_true(!sealed || p.f.len == sealed);
		sealed = p.f.len;
		arrive(&p);
		assert_int_equal(unseal(&p), FRAME_KEEP);
		assert_int_equal(p.f.len, len);
		assert_memory_equal(p.f.data, before, len);
	}
	assert_int_equal(esp_out_padded(&p.out, 700, 1500), 0);
	assert_int_equal(esp_out_padded(&p.out, 100, 500), esp_out_clear_max(&p.out, 0, 500));
	p.out.tfc = SA_TFC_MTU;
	assert_int_equal(esp_out_padded(&p.out, 100, 1500), esp_out_clear_max(&p.out, 0, 1500));
	p.out.mode = SA_TRANSPORT; /* nothing in there says where the packet ends */
	assert_int_equal(esp_out_padded(&p.out, 100, 1500), 0);
	pair_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(df_is_copied_set_or_cleared),
		cmocka_unit_test(dscp_and_ecn_are_copied_or_not),
		cmocka_unit_test(inwards_dscp_and_ecn_are_copied_or_not),
		cmocka_unit_test(the_ttl_is_the_sas),
		cmocka_unit_test(packets_are_padded_to_one_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
