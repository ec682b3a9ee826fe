/* SPDX-License-Identifier: BSD-2-Clause */
/* One SA seen from both ends and one frame, for the tests of ESP in memory. */
#ifndef TESTS_ESP_PAIR_H
#define TESTS_ESP_PAIR_H

#include <setjmp.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sekisho/ike_num.h>
#include "base/addr.h"
#include "worker/esp_in.h"
#include "worker/esp_out.h"

#define SRC 0x0a010102u /* 10.1.1.2 behind us */
#define DST 0x0a020203u /* 10.2.2.3 behind the peer */
#define FRAME_SIZE 2048u
#define HEADROOM 320u

struct pair {
	struct sa_rt out, in;
	struct sa_hot hot_out, hot_in;
	struct sa_window window;
	uint8_t buf[FRAME_SIZE];
	struct frame f;
	struct esp_job job;
};

static inline void provider_set(const struct esp_provider **p)
{
	assert_int_equal(esp_provider_choose(NULL, p), 0);
}

static inline struct ts_val net(uint32_t first, uint32_t last)
{
	struct ip_addr a = addr_from_v4(first), b = addr_from_v4(last);

	return (struct ts_val){ .addr = { addr_to_num(&a), addr_to_num(&b) },
				.port_last = UINT16_MAX };
}

static inline void pair_init_alg(struct pair *p, const struct esp_provider *provider,
				 struct aead_alg alg, uint8_t flags, uint8_t mode)
{
	struct sa_val val = { .spi = 0x01020304,
			      .proto = 50,
			      .mode = mode,
			      .window = 64,
			      .encr = alg.encr,
			      .key_bits = alg.key_bits,
			      .integ = alg.integ,
			      .flags = flags,
			      .encap_sport = 4500,
			      .encap_dport = 4500 };
	struct sa_ts ours = {
		1, 1, { net(0x0a010000, 0x0a01ffff) }, { net(0x0a020000, 0x0a02ffff) }
	};
	struct sa_ts theirs = {
		1, 1, { net(0x0a020000, 0x0a02ffff) }, { net(0x0a010000, 0x0a01ffff) }
	};
	struct sa_secret secret = { 0 };
	size_t enc_len, auth_len;

	memset(p, 0, sizeof(*p));
	assert_int_equal(esp_key_lens(alg, &enc_len, &auth_len), 0);
	secret.enc_len = (uint16_t)enc_len;
	secret.auth_len = (uint16_t)auth_len;
	memset(secret.enc, 0x5a, sizeof(secret.enc));
	memset(secret.auth, 0x5b, sizeof(secret.auth));
	val.src = addr_from_v4(mode == SA_TUNNEL ? 0xc0000201 : SRC);
	val.dst = addr_from_v4(mode == SA_TUNNEL ? 0xc0000202 : DST);
	val.dir = SA_OUT;
	assert_int_equal(sa_rt_fill(&p->out, provider, &val, &ours, &secret), 0);
	val.dir = SA_IN;
	assert_int_equal(sa_rt_fill(&p->in, provider, &val, &theirs, &secret), 0);
	sa_rt_map(&p->out, &p->hot_out, &p->window, NULL);
	sa_rt_map(&p->in, &p->hot_in, &p->window, NULL);
}

static inline void pair_init_mode(struct pair *p, uint16_t key_bits, uint8_t flags, uint8_t mode)
{
	const struct esp_provider *provider;

	provider_set(&provider);
	pair_init_alg(p, provider, (struct aead_alg){ ENCR_AES_GCM_16, key_bits, INTEG_NONE },
		      flags, mode);
}

static inline void pair_init(struct pair *p, uint16_t key_bits, uint8_t flags)
{
	pair_init_mode(p, key_bits, flags, SA_TUNNEL);
}

static inline void pair_fini(struct pair *p)
{
	sa_rt_clear(&p->out);
	sa_rt_clear(&p->in);
}

/* A clear frame with a UDP packet of inner_len bytes of IPv4, SRC to DST, port 1000 to 2000. */
static inline struct ip4 *clear_frame(struct pair *p, uint16_t inner_len)
{
	struct ip4 *ip = (struct ip4 *)(p->buf + HEADROOM + ETH_HDR_LEN);
	struct udp udp = { htons(1000), htons(2000), htons((uint16_t)(inner_len - 20)), 0 };

	memset(p->buf, 0xee, sizeof(p->buf));
	*ip = (struct ip4){ .ver_ihl = 0x45,
			    .len = htons(inner_len),
			    .ttl = 9,
			    .proto = 17,
			    .src = htonl(SRC),
			    .dst = htonl(DST),
			    .tos = 0xb8 };
	ip4_sum_write(ip);
	for (unsigned i = 20; i < inner_len; i++)
		((uint8_t *)ip)[i] = (uint8_t)i;
	if (inner_len >= 28)
		memcpy((uint8_t *)ip + 20, &udp, sizeof(udp));
	p->f = (struct frame){ .data = p->buf + HEADROOM,
			       .len = ETH_HDR_LEN + inner_len,
			       .l3 = ETH_HDR_LEN };
	return ip;
}

static inline void seal(struct pair *p, uint64_t seq)
{
	assert_true(esp_out_write(&p->f, &p->out, seq, &p->job));
	p->out.key->provider->seal(&p->job, 1);
	assert_int_equal(p->job.result, 0);
}

/* The outer packet as the gate would hand it over: Ethernet in front, offsets set. */
static inline void arrive(struct pair *p)
{
	p->f.data -= ETH_HDR_LEN;
	p->f.len += ETH_HDR_LEN;
	p->f.l3 = ETH_HDR_LEN;
	p->f.esp = (uint16_t)(ETH_HDR_LEN + p->out.outer.len - ESP_HDR_LEN);
}

static inline enum worker_outcome unseal(struct pair *p)
{
	enum worker_outcome o = esp_in_check(&p->f, &p->in, &p->job);

	if (o != FRAME_KEEP)
		return o;
	p->in.key->provider->open(&p->job, 1);
	return esp_in_accept(&p->f, &p->in, &p->job);
}

/* What a sender may do to the text before it seals it. */
static inline void dummy(uint8_t *text, uint32_t len)
{
	text[len - 1] = ESP_NEXT_NONE;
}
static inline void wrong_pad(uint8_t *text, uint32_t len)
{
	text[len - 3] ^= 4;
}
static inline void endless_pad(uint8_t *text, uint32_t len)
{
	text[len - 2] = 255;
}

#endif
