/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole ESP packets with every algorithm that a proposal can name, by both providers: lengths, what
 * fits into an MTU, and that no changed, cut or longer packet passes. */
#include "esp_pair.h"
#include "support/esp_algs.h"

static const struct esp_provider *const providers[] = { &esp_ipsec_mb, &esp_openssl };

typedef void (*alg_check)(struct pair *p, const char *name);

/* One fresh SA for each algorithm, provider, mode, and with and without ESN and UDP. */
static void with_every_algorithm(alg_check check)
{
	struct aead_alg alg;
	struct pair p;
	char name[64];

	for (size_t n = 0; esp_alg_nth(n, &alg, name, sizeof(name)); n++)
		for (size_t i = 0; i < ARRAY_SIZE(providers); i++)
			for (uint8_t flags = 0; flags <= (SA_ESN | SA_ENCAP); flags++) {
				if (providers[i]->start())
					continue;
				pair_init_alg(&p, providers[i], alg, flags,
					      flags & SA_ESN && n & 1 ? SA_TRANSPORT : SA_TUNNEL);
				check(&p, name);
				pair_fini(&p);
			}
}

static uint32_t kept(const struct pair *p)
{
	return p->out.mode == SA_TRANSPORT ? IP4_HDR_LEN : 0;
}

/* A sealed packet in p->f as it comes in, its clear bytes in `ret_clear`. */
static void sent(struct pair *p, uint16_t len, uint64_t seq, uint8_t *ret_clear)
{
	struct ip4 *ip = clear_frame(p, len);

	memcpy(ret_clear, ip, len);
	seal(p, seq);
	assert_int_equal(p->f.len, esp_out_len(&p->out, kept(p), len));
	arrive(p);
}

/* The transport checksum over UDP is made new after decapsulation; so compare without it. */
static void came_back(const struct pair *p, uint16_t len, uint8_t *clear)
{
	if (p->out.mode == SA_TRANSPORT)
		memcpy(clear + 26, p->f.data + 26, 2);
	assert_int_equal(p->f.len, len);
	assert_memory_equal(p->f.data + 20, clear + 20, len - 20u);
}

static void round_trips(struct pair *p, const char *name)
{
	static uint8_t clear[FRAME_SIZE];
	uint64_t seq = 0;

	for (uint16_t len = 28; len < 1480; len += len < 100 ? 1 : 97) {
		sent(p, len, ++seq, clear);
		enum worker_outcome got = unseal(p);
		if (got != FRAME_KEEP)
			fail_msg("%s, %u bytes: outcome %d", name, len, got);
		came_back(p, len, clear);
	}
}

static void packets_come_back(void **state)
{
	(void)state;
	with_every_algorithm(round_trips);
}

static void fits(struct pair *p, const char *name)
{
	for (uint16_t mtu = 200; mtu < 1600; mtu++) {
		uint16_t max = esp_out_clear_max(&p->out, kept(p), mtu);

		if (esp_out_len(&p->out, kept(p), max) > mtu ||
		    esp_out_len(&p->out, kept(p), max + 1u) <= mtu)
			fail_msg("%s: %u bytes are said to fit into %u", name, max, mtu);
	}
}

static void the_mtu_is_that_of_the_algorithm(void **state)
{
	(void)state;
	with_every_algorithm(fits);
}

/* Every byte from the ESP header to the end of the ICV. */
static void tampering(struct pair *p, const char *name)
{
	static uint8_t clear[FRAME_SIZE];

	for (uint32_t at = 0;; at++) {
		sent(p, 61, 5, clear);
		if (p->f.esp + at == p->f.len)
			break;
		p->f.data[p->f.esp + at] ^= 0x11;
		if (unseal(p) == FRAME_KEEP)
			fail_msg("%s: byte %u changed, and it passed", name, at);
		assert_int_equal(p->hot_in.seq, 0); /* nothing of that moved the window */
	}
	assert_int_equal(unseal(p), FRAME_KEEP);
}

static void no_byte_can_be_changed(void **state)
{
	(void)state;
	with_every_algorithm(tampering);
}

static void length_set(struct pair *p, uint32_t len)
{
	struct ip4 *ip = (struct ip4 *)(p->f.data + ETH_HDR_LEN);

	p->f.len = len;
	ip->len = htons((uint16_t)(len - ETH_HDR_LEN));
	ip4_sum_write(ip);
	if (ip->proto == 17)
		((struct udp *)(ip + 1))->len = htons((uint16_t)(len - ETH_HDR_LEN - IP4_HDR_LEN));
}

/* The ICV, or text and all, shorter or longer, in headers that tell the new length. */
static void other_lengths(struct pair *p, const char *name)
{
	static uint8_t clear[FRAME_SIZE];

	for (int by = -80; by <= 40; by++) {
		sent(p, 61, 5, clear);
		if (!by || (int)p->f.len + by < (int)p->f.esp)
			continue;
		length_set(p, (uint32_t)((int)p->f.len + by));
		if (unseal(p) == FRAME_KEEP)
			fail_msg("%s: %d bytes more, and it passed", name, by);
	}
	assert_int_equal(p->hot_in.seq, 0);
}

static void no_other_length_passes(void **state)
{
	(void)state;
	with_every_algorithm(other_lengths);
}

static void keys_of_other_algorithms_are_not_served(void **state)
{
	struct sa_val val = { .spi = 1, .proto = 50, .mode = SA_TUNNEL, .dir = SA_IN,
			      .encr = ENCR_AES_CBC, .key_bits = 128 };
	struct sa_secret secret = { .enc_len = 16, .auth_len = 32 };
	struct sa_ts ts = { 0 };
	struct sa_rt rt;

	(void)state;
	val.src = val.dst = addr_from_v4(SRC);
	assert_int_equal(sa_rt_fill(&rt, &esp_openssl, &val, &ts, &secret), -ENOTSUP);
	val.integ = INTEG_HMAC_SHA2_512_256; /* wants 64 bytes */
	assert_int_equal(sa_rt_fill(&rt, &esp_openssl, &val, &ts, &secret), -EINVAL);
	secret.auth_len = SA_SECRET_MAX + 1;
	assert_int_equal(sa_rt_fill(&rt, &esp_openssl, &val, &ts, &secret), -ENOTSUP);
	val.integ = INTEG_HMAC_SHA2_256_128;
	secret.auth_len = 32;
	assert_int_equal(sa_rt_fill(&rt, &esp_openssl, &val, &ts, &secret), 0);
	sa_rt_clear(&rt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_come_back),
		cmocka_unit_test(the_mtu_is_that_of_the_algorithm),
		cmocka_unit_test(no_byte_can_be_changed),
		cmocka_unit_test(no_other_length_passes),
		cmocka_unit_test(keys_of_other_algorithms_are_not_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
