/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SAD: which index an SA gets, and the order of writes that publishes and withdraws it.
 *
 * A nonce must not repeat even if the worker still holds the SA that had the index before:
 *
 *	delete:  child_out, sad (nothing new finds it) -> sa.dir = 0, sa.gen + 1 -> wipe secret
 *	add:     hot, ts, secret -> sa, its gen last -> sad or child_out
 *
 * The worker takes a sequence number from sa_hot and then compares sa.gen with the generation
 * whose key it holds: if that has changed, the number may be of another SA and is not used.
 * While `sa` is written its gen is odd.
 */
#include "dataplane/internal.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct sa_val *sa_array(struct dataplane *dp)
{
	return dp->mapping[DP_MAP_sa].at;
}

static struct sad_key key_of(const struct sa_val *val)
{
	struct sad_key key = { .spi = val->spi, .proto = val->proto };

	memcpy(key.daddr, val->dst.b, sizeof(key.daddr));
	return key;
}

/* Mark the indices that are published. */
static int mark_used(struct dataplane *dp, bool *used)
{
	int fd = dp_fd(dp, DP_MAP_sad);
	struct sad_key key, next;
	struct sad_val val;
	int r = bpf_map_get_next_key(fd, NULL, &next);

	while (!r) {
		key = next;
		if (!bpf_map_lookup_elem(fd, &key, &val) && val.sa < SA_MAX)
			used[val.sa] = true;
		r = bpf_map_get_next_key(fd, &key, &next);
	}
	return errno == ENOENT ? 0 : -errno;
}

struct rest {
	uint32_t sa, gen;
};

/* Least used first: what was deleted last has rested least. */
static int rest_cmp(const void *a, const void *b)
{
	const struct rest *x = a, *y = b;

	if (x->gen != y->gen)
		return x->gen < y->gen ? -1 : 1;
	return x->sa < y->sa ? -1 : 1;
}

static size_t collect_free(struct dataplane *dp, const bool *used, struct rest *ret_rest)
{
	size_t n = 0;

	for (uint32_t i = 1; i < SA_MAX; i++)
		if (!used[i])
			ret_rest[n++] = (struct rest){ i, sa_array(dp)[i].gen };
	qsort(ret_rest, n, sizeof(*ret_rest), rest_cmp);
	return n;
}

static int find_free(struct dataplane *dp)
{
	bool *used = calloc(SA_MAX, sizeof(*used));
	struct rest *rest = calloc(SA_MAX, sizeof(*rest));
	uint32_t *ring = calloc(SA_MAX, sizeof(*ring));
	int r = used && rest && ring ? mark_used(dp, used) : -ENOMEM;

	if (!r) {
		dp->sa_free_count = collect_free(dp, used, rest);
		for (size_t i = 0; i < dp->sa_free_count; i++)
			ring[i] = rest[i].sa;
		dp->sa_free = ring;
		ring = NULL;
	}
	free(used);
	free(rest);
	free(ring);
	return r;
}

int sad_alloc(struct dataplane *dp, uint32_t *ret_sa)
{
	int r = dp->sa_free ? 0 : find_free(dp);

	if (r)
		return r;
	if (!dp->sa_free_count)
		return -ENOSPC;
	*ret_sa = dp->sa_free[dp->sa_free_head];
	dp->sa_free_head = (dp->sa_free_head + 1) % SA_MAX;
	dp->sa_free_count--;
	return 0;
}

void sad_release(struct dataplane *dp, uint32_t sa)
{
	if (!dp->sa_free || !sa || sa >= SA_MAX || dp->sa_free_count >= SA_MAX - 1)
		return;
	dp->sa_free[(dp->sa_free_head + dp->sa_free_count) % SA_MAX] = sa;
	dp->sa_free_count++;
}

static int write_at(struct dataplane *dp, enum dp_map_id map, uint32_t index, const void *value)
{
	return bpf_map_update_elem(dp_fd(dp, map), &index, value, BPF_ANY) ? -errno : 0;
}

/* An odd generation means "being written"; sad_read waits for the even one. */
static void sa_write(struct sa_val *to, const struct sa_val *from)
{
	struct sa_val val = *from;

	val.gen = to->gen | 1;
	__atomic_store_n(&to->gen, val.gen, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*to = val;
	__atomic_store_n(&to->gen, val.gen + 1, __ATOMIC_RELEASE);
}

#define READ_TRIES 1000 /* of a copy of 112 bytes; more means that the writer died half way */

int sad_read(const struct dataplane *dp, uint32_t sa, struct sa_val *ret_val)
{
	const struct sa_val *from = dp_sa(dp) + sa;

	if (!sa || sa >= SA_MAX)
		return -ENOENT;
	for (int i = 0; i < READ_TRIES; i++) {
		uint32_t gen = __atomic_load_n(&from->gen, __ATOMIC_ACQUIRE);
		struct sa_val val = *from;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if ((gen & 1) || gen != __atomic_load_n(&from->gen, __ATOMIC_RELAXED))
			continue;
		if (!val.dir)
			return -ENOENT;
		*ret_val = val;
		return 0;
	}
	return -EAGAIN;
}

static void hot_reset(struct sa_hot *hot)
{
	memset(hot, 0, sizeof(*hot));
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static bool sa_is_valid(const struct sad_sa *what)
{
	const struct sa_val *v = &what->val;

	return (v->dir == SA_IN || v->dir == SA_OUT) && v->child && v->child < CHILD_MAX &&
	       v->spi && v->window <= SA_WINDOW_MAX && what->ts.n_local <= SA_TS_MAX &&
	       what->ts.n_remote <= SA_TS_MAX && what->secret.enc_len <= SA_SECRET_MAX &&
	       what->secret.auth_len <= SA_SECRET_MAX;
}

static int publish(struct dataplane *dp, uint32_t sa, const struct sa_val *v)
{
	struct sad_key key = key_of(v);
	struct sad_val val = { .sa = sa, .child = v->child, .dir = v->dir, .mode = v->mode,
			       .flags = v->flags };

	return bpf_map_update_elem(dp_fd(dp, DP_MAP_sad), &key, &val, BPF_NOEXIST) ? -errno : 0;
}

/* The index carries nothing any more: caches of the worker see another generation. */
static int retire(struct dataplane *dp, uint32_t sa)
{
	static const struct sa_secret nothing;
	static const struct sa_val gone;

	sa_write(&sa_array(dp)[sa], &gone);
	return write_at(dp, DP_MAP_sa_secret, sa, &nothing);
}

/* What a controller that died half way left at the index is withdrawn before its sequence
 * number is reset: the worker may still hold its key. */
static int make_room(struct dataplane *dp, uint32_t sa)
{
	struct sa_val old = sa_array(dp)[sa];
	struct sad_key key = key_of(&old);
	struct sad_val val;

	if (!old.dir && !(old.gen & 1))
		return 0;
	if (!bpf_map_lookup_elem(dp_fd(dp, DP_MAP_sad), &key, &val) && val.sa == sa)
		return -EEXIST;
	int r = retire(dp, sa);
	if (!r)
		window_give(dp, &old);
	return r;
}

/* Everything of the SA but `sa` itself. */
static int write_parts(struct dataplane *dp, uint32_t sa, const struct sad_sa *what)
{
	int r = write_at(dp, DP_MAP_sa_ts, sa, &what->ts);

	hot_reset(&dp_sa_hot(dp)[sa]);
	return r ? r : write_at(dp, DP_MAP_sa_secret, sa, &what->secret);
}

int sad_add(struct dataplane *dp, uint32_t sa, const struct sad_sa *what)
{
	if (!dp->may_write)
		return -EPERM;
	if (!sa || sa >= SA_MAX || !sa_is_valid(what))
		return -EINVAL;
	int r = make_room(dp, sa);
	if (r)
		return r;
	struct sa_val val = what->val;
	if (val.dir == SA_IN && val.window)
		r = window_take(dp, val.window, &val.window_at);
	if (r)
		return r;
	r = write_parts(dp, sa, what);
	if (!r) {
		sa_write(&sa_array(dp)[sa], &val);
		r = publish(dp, sa, &val);
		if (r && retire(dp, sa))
			return -EIO;
	}
	if (r)
		window_give(dp, &val);
	return r;
}

static int unpublish(struct dataplane *dp, uint32_t sa, const struct sa_val *v)
{
	struct sad_key key = key_of(v);
	struct sad_val val;
	int fd = dp_fd(dp, DP_MAP_sad);

	if (bpf_map_lookup_elem(fd, &key, &val))
		return -errno;
	if (val.sa != sa)
		return -ENOENT;
	return bpf_map_delete_elem(fd, &key) ? -errno : 0;
}

int sad_delete(struct dataplane *dp, uint32_t sa)
{
	if (!dp->may_write)
		return -EPERM;
	if (!sa || sa >= SA_MAX || !sa_array(dp)[sa].dir)
		return -ENOENT;
	struct sa_val val = sa_array(dp)[sa];
	int r = 0;
	if (val.child < CHILD_MAX && dp_child_out(dp)[val.child] == sa)
		r = spd_switch(dp, val.child, 0);
	if (!r)
		r = unpublish(dp, sa, &val);
	if (!r)
		r = retire(dp, sa);
	if (!r) {
		window_give(dp, &val);
		sad_release(dp, sa);
	}
	return r;
}

/* The new key is published before the old one goes: packets to either address find the SA. */
int sad_move(struct dataplane *dp, uint32_t sa, const struct ip_addr *src,
	     const struct ip_addr *dst, uint16_t encap_sport, uint16_t encap_dport)
{
	if (!dp->may_write)
		return -EPERM;
	if (!sa || sa >= SA_MAX || !sa_array(dp)[sa].dir)
		return -ENOENT;
	struct sa_val *at = &sa_array(dp)[sa], old = *at, new = old;
	bool is_same_key = !memcmp(&old.dst, dst, sizeof(*dst));
	new.src = *src;
	new.dst = *dst;
	new.encap_sport = encap_sport;
	new.encap_dport = encap_dport;
	int r = is_same_key ? 0 : publish(dp, sa, &new);
	if (r)
		return r;
	sa_write(at, &new);
	return is_same_key ? 0 : unpublish(dp, sa, &old);
}

static int each_one(struct dataplane *dp, const struct sad_key *key,
		    int (*each)(uint32_t sa, const struct sad_key *, const struct sa_val *,
				const struct sa_ts *, const struct sa_hot *, void *arg),
		    void *arg)
{
	struct sad_val val;
	struct sa_ts ts;

	if (bpf_map_lookup_elem(dp_fd(dp, DP_MAP_sad), key, &val) || val.sa >= SA_MAX)
		return 0; /* deleted a moment ago */
	struct sa_hot hot = dp_sa_hot(dp)[val.sa];
	struct sa_val sa;
	int r = sad_read(dp, val.sa, &sa);
	if (r)
		return 0;
	r = sad_ts(dp, val.sa, &ts);
	return r ? r : each(val.sa, key, &sa, &ts, &hot, arg);
}

int sad_each(struct dataplane *dp,
	     int (*each)(uint32_t sa, const struct sad_key *, const struct sa_val *,
			 const struct sa_ts *, const struct sa_hot *, void *arg),
	     void *arg)
{
	int fd = dp_fd(dp, DP_MAP_sad), r = 0;
	struct sad_key key, next;
	bool more = !bpf_map_get_next_key(fd, NULL, &next);

	while (!r && more) {
		key = next;
		more = !bpf_map_get_next_key(fd, &key, &next); /* before `each` may delete it */
		r = each_one(dp, &key, each, arg);
	}
	return r;
}

int sad_secret(struct dataplane *dp, uint32_t sa, struct sa_secret *ret_secret)
{
	return bpf_map_lookup_elem(dp_fd(dp, DP_MAP_sa_secret), &sa, ret_secret) ? -errno : 0;
}

int sad_ts(struct dataplane *dp, uint32_t sa, struct sa_ts *ret_ts)
{
	return bpf_map_lookup_elem(dp_fd(dp, DP_MAP_sa_ts), &sa, ret_ts) ? -errno : 0;
}
