/* SPDX-License-Identifier: BSD-2-Clause */
#include "pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sekisho/esp.h>

static int pairs_grow(struct pairs *p)
{
	size_t room = p->room ? p->room * 2 : 16;

	if (p->n < p->room)
		return 0;
	struct pair *list = realloc(p->list, room * sizeof(*list));
	if (!list)
		return -ENOMEM;
	p->list = list;
	p->room = room;
	return 0;
}

static int note_orphan(uint32_t sa, const struct sad_key *key, const struct sa_val *val,
		       const struct sa_ts *ts, const struct sa_hot *hot, void *arg)
{
	struct pairs *p = arg;
	int err = pairs_grow(p);

	(void)key;
	(void)ts;
	(void)hot;
	if (err)
		return err;
	struct pair *orphan = &p->list[p->n++];
	*orphan = (struct pair){ .child = val->child };
	if (val->dir == SA_IN)
		orphan->sa_in = sa;
	else
		orphan->sa_out = sa;
	return 0;
}

int pairs_init(struct pairs *p, struct dataplane *dp)
{
	*p = (struct pairs){ .dp = dp };
	return sad_each(dp, note_orphan, p);
}

void pairs_fini(struct pairs *p)
{
	free(p->list);
	p->list = NULL;
	p->n = p->room = 0;
}

static struct pair *find(const struct pairs *p, uint32_t spi_in)
{
	for (size_t i = 0; i < p->n; i++)
		if (spi_in && p->list[i].spi_in == spi_in)
			return &p->list[i];
	return NULL;
}

const struct pair *pairs_find(const struct pairs *p, uint32_t spi_in)
{
	return find(p, spi_in);
}

const struct pair *pairs_of_sa(const struct pairs *p, uint32_t sa)
{
	for (size_t i = 0; i < p->n; i++)
		if (sa && (p->list[i].sa_in == sa || p->list[i].sa_out == sa))
			return &p->list[i];
	return NULL;
}

static void fill_transforms(struct sa_val *val, const struct proposal *chosen)
{
	const struct transform *encr = proposal_get(chosen, TRANSFORM_ENCR);
	const struct transform *integ = proposal_get(chosen, TRANSFORM_INTEG);

	if (encr) {
		val->encr = encr->id;
		val->key_bits = encr->key_bits;
	}
	if (integ)
		val->integ = integ->id;
}

static void fill_selectors(struct sa_ts *ts, const struct child_sa *sa)
{
	ts->n_local = (uint32_t)sa->n_local_ts;
	ts->n_remote = (uint32_t)sa->n_remote_ts;
	memcpy(ts->local, sa->local_ts, sa->n_local_ts * sizeof(ts->local[0]));
	memcpy(ts->remote, sa->remote_ts, sa->n_remote_ts * sizeof(ts->remote[0]));
}

/* So that the SAs of many peers do not end all at once. */
static uint64_t spread(uint64_t soft, uint64_t by)
{
	uint64_t random;

	if (!soft || !by || getrandom(&random, sizeof(random), 0) != sizeof(random))
		return soft;
	return soft - random % by;
}

static uint8_t flags_of(const struct child_sa *sa)
{
	uint8_t flags = sa->conn_child->outer_flags;

	if (!sa->conn_child->is_dscp_copied)
		flags |= SA_DSCP_FIXED;
	return (uint8_t)(flags | (sa->is_esn ? SA_ESN : 0) | (sa->is_encap ? SA_ENCAP : 0));
}

/* One direction of a Child SA as the maps hold it. The caller wipes *ret. */
static void build_sa(const struct child_sa *sa, enum sa_dir dir, uint64_t now_ms,
		     struct sad_sa *ret)
{
	const struct endpoint *src = dir == SA_OUT ? &sa->local : &sa->remote;
	const struct endpoint *dst = dir == SA_OUT ? &sa->remote : &sa->local;
	const struct conn_child *cc = sa->conn_child;

	memset(ret, 0, sizeof(*ret));
	ret->val = (struct sa_val){
		.spi = dir == SA_OUT ? sa->spi_out : sa->spi_in,
		.src = src->addr,
		.dst = dst->addr,
		.child = sa->child,
		.dir = (uint8_t)dir,
		.mode = sa->mode,
		.flags = flags_of(sa),
		.ttl = cc->outer_ttl,
		.dscp = cc->outer_dscp,
		.tfc = sa->is_tfc_refused ? 0 : cc->tfc,
		.proto = sa->chosen.protocol == PROTO_AH ? IPPROTO_NUM_AH : IPPROTO_NUM_ESP,
		.window = cc->replay_window,
		.encap_sport = sa->is_encap ? src->port : 0,
		.encap_dport = sa->is_encap ? dst->port : 0,
		.hard_ns = cc->life_s ? (now_ms + cc->life_s * 1000ull) * 1000000ull : 0,
		.soft_packets = spread(cc->rekey_packets, cc->rand_packets),
		.hard_packets = cc->life_packets,
		.soft_bytes = spread(cc->rekey_bytes, cc->rand_bytes),
		.hard_bytes = cc->life_bytes,
	};
	fill_transforms(&ret->val, &sa->chosen);
	fill_selectors(&ret->ts, sa);
	ret->secret.enc_len = (uint16_t)sa->key_len;
	ret->secret.auth_len = (uint16_t)sa->auth_len;
	memcpy(ret->secret.enc, dir == SA_OUT ? sa->key_out : sa->key_in, sa->key_len);
	memcpy(ret->secret.auth, dir == SA_OUT ? sa->auth_out : sa->auth_in, sa->auth_len);
}

static int add_one(struct pairs *p, const struct child_sa *sa, enum sa_dir dir, uint64_t now_ms,
		   uint32_t *ret_sa)
{
	struct sad_sa what;
	uint32_t index;
	int err = sad_alloc(p->dp, &index);

	if (err)
		return err;
	build_sa(sa, dir, now_ms, &what);
	err = sad_add(p->dp, index, &what);
	explicit_bzero(&what, sizeof(what));
	if (err)
		sad_release(p->dp, index);
	else
		*ret_sa = index;
	return err;
}

int pairs_add(struct pairs *p, const struct child_sa *sa, uint64_t now_ms)
{
	struct pair pair = { .child = sa->child, .spi_in = sa->spi_in };
	int err = pairs_grow(p);

	if (!err)
		err = add_one(p, sa, SA_IN, now_ms, &pair.sa_in);
	if (err)
		return err;
	err = add_one(p, sa, SA_OUT, now_ms, &pair.sa_out);
	if (err) {
		int undo = sad_delete(p->dp, pair.sa_in);
		return undo ? undo : err;
	}
	p->list[p->n++] = pair;
	return 0;
}

int pairs_switch(struct pairs *p, const struct child_sa *sa)
{
	const struct pair *pair = find(p, sa->spi_in);

	return pair ? spd_switch(p->dp, pair->child, pair->sa_out) : -ENOENT;
}

/* Both SAs out of the maps; the list entry goes too. */
static int remove_at(struct pairs *p, size_t i)
{
	struct pair pair = p->list[i];
	int err = 0, err2 = 0;

	p->list[i] = p->list[--p->n];
	if (pair.sa_out)
		err = sad_delete(p->dp, pair.sa_out);
	if (pair.sa_in)
		err2 = sad_delete(p->dp, pair.sa_in);
	return err ? err : err2;
}

int pairs_delete(struct pairs *p, const struct child_sa *sa)
{
	struct pair *pair = find(p, sa->spi_in);

	return pair ? remove_at(p, (size_t)(pair - p->list)) : -ENOENT;
}

int pairs_move(struct pairs *p, const struct child_sa *sa)
{
	const struct pair *pair = find(p, sa->spi_in);
	uint16_t our_port = sa->is_encap ? sa->local.port : 0;
	uint16_t their_port = sa->is_encap ? sa->remote.port : 0;

	if (!pair)
		return -ENOENT;
	int err = sad_move(p->dp, pair->sa_out, &sa->local.addr, &sa->remote.addr, our_port,
			   their_port);
	int err2 = sad_move(p->dp, pair->sa_in, &sa->remote.addr, &sa->local.addr, their_port,
			    our_port);
	return err ? err : err2;
}

bool pairs_has_orphan(const struct pairs *p, uint32_t child)
{
	for (size_t i = 0; i < p->n; i++)
		if (!p->list[i].spi_in && p->list[i].child == child)
			return true;
	return false;
}

void pairs_retire_orphans(struct pairs *p, uint32_t child, uint64_t now_ms)
{
	for (size_t i = 0; i < p->n; i++) {
		struct pair *pair = &p->list[i];
		if (!pair->spi_in && pair->child == child && !pair->delete_at_ms)
			pair->delete_at_ms = now_ms + ORPHAN_REST_MS;
	}
}

int pairs_drop_child(struct pairs *p, uint32_t child)
{
	int err = 0;

	for (size_t i = p->n; i-- > 0;)
		if (!p->list[i].spi_in && p->list[i].child == child && !err)
			err = remove_at(p, i);
	return err;
}

uint64_t pairs_expire(struct pairs *p, uint64_t now_ms)
{
	uint64_t next = 0;

	for (size_t i = p->n; i-- > 0;) {
		uint64_t at = p->list[i].delete_at_ms;
		if (at && at <= now_ms)
			(void)!remove_at(p, i);
		else if (at && (!next || at < next))
			next = at;
	}
	return next;
}
