/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/sa_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <sekisho/esp.h>
#include <sekisho/ike_num.h>

void sa_cache_init(struct sa_cache *c, struct dataplane *dp, const struct esp_provider *provider,
		   struct replay_lock *locks)
{
	memset(c, 0, sizeof(*c));
	c->dp = dp;
	c->provider = provider;
	c->val = dp_sa(dp);
	c->hot = dp_sa_hot(dp);
	c->windows = dp_sa_window(dp);
	c->locks = locks;
}

/* A window lies where sa_window has that many blocks. */
static bool has_good_window(const struct sa_val *val)
{
	uint32_t blocks;

	if (val->dir != SA_IN || !val->window)
		return true;
	if (val->window > SA_WINDOW_MAX)
		return false;
	blocks = sa_window_words(val->window) / SA_WINDOW_WORDS;
	return val->window_at <= SA_WINDOW_BLOCKS - blocks;
}

/* No AH through NAT: it covers the addresses (RFC 4302 1). */
static bool has_good_proto(const struct sa_val *val)
{
	if (val->proto == IPPROTO_NUM_AH)
		return !(val->flags & SA_ENCAP) && !val->encr && integ_find(val->integ);
	return val->proto == IPPROTO_NUM_ESP;
}

/* What this worker can serve: ESP and AH, both ends of one family. */
static bool servable(const struct sa_val *val)
{
	return has_good_proto(val) &&
	       (val->mode == SA_TUNNEL || val->mode == SA_TRANSPORT) && val->spi != 0 &&
	       (val->dir == SA_IN || val->dir == SA_OUT) &&
	       addr_is_v4(&val->src) == addr_is_v4(&val->dst) && has_good_window(val);
}

int sa_rt_fill(struct sa_rt *rt, const struct esp_provider *provider, const struct sa_val *val,
	       const struct sa_ts *ts, const struct sa_secret *secret)
{
	struct esp_key *key;

	struct aead_alg alg = { val->encr, val->key_bits, val->integ };

	if (val->proto == IPPROTO_NUM_AH) /* the same ICV */
		alg.encr = ENCR_NULL;
	if (!servable(val) || secret->enc_len > sizeof(secret->enc) ||
	    secret->auth_len > sizeof(secret->auth))
		return -ENOTSUP;
	int err = esp_key_new(provider, alg, rd_from(secret->enc, secret->enc_len),
			      rd_from(secret->auth, secret->auth_len), &key);
	if (err)
		return err;
	*rt = (struct sa_rt){
		.key = key,
		.hard_ns = val->hard_ns,
		.gen = val->gen,
		.spi = val->spi,
		.flags = val->flags,
		.dir = val->dir,
		.mode = val->mode,
		.soft_packets = val->soft_packets,
		.hard_packets = val->hard_packets,
		.soft_bytes = val->soft_bytes,
		.hard_bytes = val->hard_bytes,
		.replay.window = val->dir == SA_IN ? val->window : 0,
		.child = val->child,
		.tfc = val->tfc,
		.proto = val->proto,
		.ah_icv_room = val->proto == IPPROTO_NUM_AH ? outer_ah_icv(val) : 0,
		.dscp = val->dscp,
		.src = addr_to_num(&val->src),
		.dst = addr_to_num(&val->dst),
	};
	outer_make(&rt->outer, val);
	ts_set_read(&rt->ts, ts);
	return 0;
}

void sa_rt_map(struct sa_rt *rt, struct sa_hot *hot, struct sa_window *window,
	       struct replay_lock *lock)
{
	rt->hot = hot;
	/* The map's words are __u64, which is uint64_t by another name. */
	rt->replay = replay_make(hot, (uint64_t *)window->word, rt->replay.window, lock);
}

void sa_rt_clear(struct sa_rt *rt)
{
	esp_key_free(rt->key);
	OPENSSL_cleanse(rt, sizeof(*rt));
}

static void entry_free(struct sa_cache *c, uint32_t index)
{
	struct sa_rt *rt = c->rt[index];

	if (!rt)
		return;
	c->rt[index] = NULL;
	sa_rt_clear(rt);
	free(rt);
}

void sa_cache_fini(struct sa_cache *c)
{
	for (uint32_t i = 0; i < SA_MAX; i++)
		entry_free(c, i);
}

/* A consistent copy of the values, key and selectors, then the generation again: an SA that
 * is replaced meanwhile is not taken. */
static int entry_read(struct sa_cache *c, uint32_t index, struct sa_rt *rt)
{
	struct sa_secret secret;
	struct sa_val val;
	struct sa_ts ts;
	int err = sad_read(c->dp, index, &val);

	if (!err)
		err = sad_ts(c->dp, index, &ts);
	if (!err)
		err = sad_secret(c->dp, index, &secret);
	if (err)
		return err;
	err = sa_rt_fill(rt, c->provider, &val, &ts, &secret);
	OPENSSL_cleanse(&secret, sizeof(secret));
	if (err)
		return err;
	rt->index = index;
	sa_rt_map(rt, &c->hot[index],
		  &c->windows[val.dir == SA_IN && val.window ? val.window_at : 0],
		  c->locks ? &c->locks[index] : NULL);
	if (sa_cache_valid(c, rt))
		return 0;
	sa_rt_clear(rt);
	return -EAGAIN;
}

static struct sa_rt *entry_new(struct sa_cache *c, uint32_t index)
{
	struct sa_rt *rt = aligned_alloc(64, (sizeof(*rt) + 63) & ~63ul);

	if (!rt)
		return NULL;
	if (entry_read(c, index, rt)) {
		free(rt);
		return NULL;
	}
	c->rt[index] = rt;
	return rt;
}

bool sa_cache_valid(const struct sa_cache *c, const struct sa_rt *rt)
{
	return __atomic_load_n(&c->val[rt->index].gen, __ATOMIC_ACQUIRE) == rt->gen;
}

struct sa_rt *sa_cache_get(struct sa_cache *c, uint32_t index, uint8_t dir)
{
	if (index == 0 || index >= SA_MAX)
		return NULL;
	struct sa_rt *rt = c->rt[index];
	if (rt && !sa_cache_valid(c, rt)) {
		if (rt->touched) /* frames of this burst point at it: the sweep frees it */
			return NULL;
		entry_free(c, index);
		rt = NULL;
	}
	if (!rt)
		rt = entry_new(c, index);
	return rt && rt->dir == dir ? rt : NULL;
}

void sa_cache_sweep(struct sa_cache *c)
{
	for (uint32_t i = 1; i < SA_MAX; i++)
		if (c->rt[i] && !sa_cache_valid(c, c->rt[i]))
			entry_free(c, i);
}
