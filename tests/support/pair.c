/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/pair.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ike/id.h"

/* ---- What the host lends: splitmix64, deterministic --------------------------------- */

uint64_t pair_rng(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static int host_random(void *arg, void *buf, size_t len)
{
	struct side *s = arg;
	uint8_t *at = buf;

	for (; len; len--)
		*at++ = (uint8_t)pair_rng(&s->rng);
	return 0;
}

static uint32_t host_spi(void *arg)
{
	struct side *s = arg;

	return (uint32_t)pair_rng(&s->rng) | 0xc0000000u;
}

struct pair_sa *side_sa(struct side *s, uint32_t spi_in)
{
	for (size_t i = 0; i < PAIR_SAS; i++)
		if (s->sas[i].is_used && s->sas[i].sa.spi_in == spi_in)
			return &s->sas[i];
	return NULL;
}

static uint64_t host_last_inbound(void *arg, uint32_t spi_in)
{
	struct pair_sa *sa = side_sa(arg, spi_in);

	return sa ? sa->last_in_ms : 0;
}

static int host_source(void *arg, const struct ip_addr *remote, struct ip_addr *ret_local)
{
	const struct side *s = arg;

	if (s->is_homeless)
		return -ENETUNREACH;
	*ret_local = addr_is_v4(remote) == addr_is_v4(&s->home.addr) ? s->home.addr : s->second;
	return 0;
}

/* ---- Building ------------------------------------------------------------------- */

void pair_proposal(uint8_t protocol, const char *keywords, struct proposal *ret_proposals,
		   size_t *ret_n)
{
	char copy[512], why[256], *save = NULL;

	*ret_n = 0;
	snprintf(copy, sizeof(copy), "%s", keywords);
	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		int err = proposal_parse(protocol, w, &ret_proposals[*ret_n], why, sizeof(why));
		if (err)
			fprintf(stderr, "%s: %s\n", w, why);
		assert(!err);
		++*ret_n;
	}
}

struct ts_val pair_ts(const char *text)
{
	struct ts_val ts = { .port_last = 65535 };
	int err = addr_parse_range(text, &ts.addr);

	assert(!err);
	(void)err;
	return ts;
}

void side_psk(struct side *s, const char *psk)
{
	s->conns[0].psk_len = strlen(psk);
	memcpy(s->conns[0].psk, psk, s->conns[0].psk_len);
}

static struct ike_id id_of(const char *text)
{
	struct ike_id id = { 0 };
	const char *why = NULL;
	int err = id_parse(text, &id, &why);

	assert(!err);
	(void)err;
	return id;
}

void side_ppk(struct side *s, const char *name, const char *secret, bool is_required)
{
	struct conn *c = &s->conns[0];

	c->ppk_id = id_of(name);
	c->ppk_id.type = ID_KEY_ID;
	c->ppk_len = strlen(secret);
	memcpy(c->ppk, secret, c->ppk_len);
	c->is_ppk_required = is_required;
}

struct pair_hooks pair_hooks;

static void core_new(struct side *s)
{
	struct ike_host host = { .random = host_random,
				 .spi = host_spi,
				 .last_inbound_ms = host_last_inbound,
				 .last_use_ms = host_last_inbound,
				 .instance = pair_hooks.instance,
				 .lease_take = pair_hooks.lease_take,
				 .lease_give = pair_hooks.lease_give,
				 .source = host_source,
				 .arg = s };
	int err = ike_new(&host, &s->ike);

	assert(!err);
	(void)err;
}

static void side_init(struct side *s, struct pair *p, char name, uint64_t seed, const char *ike,
		      const char *esp)
{
	struct conn *c = &s->conns[0];
	struct conn_child *cc = &s->children[0][0];
	bool is_a = name == 'a';

	s->pair = p;
	s->name = name;
	s->rng = seed * 2 + (is_a ? 0 : 1);
	s->home = (struct endpoint){ addr_from_v4(is_a ? 0xc0000201 : 0xc0000202), 500 };
	snprintf(c->name, sizeof(c->name), "gw-gw");
	c->local[0] = s->home.addr;
	c->remote[0] = addr_from_v4(is_a ? 0xc0000202 : 0xc0000201);
	c->n_local = c->n_remote = 1;
	c->local_port = c->remote_port = 500;
	c->local_id = id_of(is_a ? "a.example" : "b.example");
	c->remote_id = id_of(is_a ? "b.example" : "a.example");
	side_psk(s, "not so secret");
	pair_proposal(PROTO_IKE, ike, c->ike, &c->n_ike);
	c->children = s->children[0];
	c->n_children = 1;
	c->keyingtries = 1;
	snprintf(cc->name, sizeof(cc->name), "net");
	cc->child = PAIR_SLOT;
	cc->local_ts[0] = pair_ts(is_a ? "10.1.0.0/16" : "10.2.0.0/16");
	cc->remote_ts[0] = pair_ts(is_a ? "10.2.0.0/16" : "10.1.0.0/16");
	cc->n_local_ts = cc->n_remote_ts = 1;
	pair_proposal(PROTO_ESP, esp, cc->proposals, &cc->n_proposals);
	cc->mode = SA_TUNNEL;
	cc->action = SPD_PROTECT;
	core_new(s);
}

void pair_init(struct pair *p, uint64_t seed, const char *ike, const char *esp)
{
	memset(p, 0, sizeof(*p));
	p->now_ms = 1000000;
	p->latency_ms = 10;
	p->job_ms = 1;
	p->rng = seed ^ 0x5e5e;
	side_init(&p->a, p, 'a', seed, ike, esp);
	side_init(&p->b, p, 'b', seed, ike, esp);
}

static void side_configure(struct side *s)
{
	const struct conn *conns[3];
	size_t n = 0;

	for (size_t i = 0; i < 3; i++)
		if (s->conns[i].name[0])
			conns[n++] = &s->conns[i];
	int err = ike_configure(s->ike, conns, n, s->pair->now_ms);
	assert(!err);
	(void)err;
	side_effects(s);
}

void pair_configure(struct pair *p)
{
	side_configure(&p->a);
	side_configure(&p->b);
}

void side_restart(struct side *s, bool has_maps)
{
	for (struct work **at = &s->pair->works; *at;) {
		struct work *w = *at;

		if (w->side != s) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		job_free(w->job);
		free(w);
	}
	ike_free(s->ike);
	core_new(s);
	if (!has_maps) {
		memset(s->sas, 0, sizeof(s->sas));
		memset(s->out, 0, sizeof(s->out));
	}
	s->timer_ms = 0;
	side_configure(s);
}

void flight_free(struct flight *f)
{
	free(f->bytes);
	free(f);
}

void pair_fini(struct pair *p)
{
	while (p->flights) {
		struct flight *f = p->flights;

		p->flights = f->next;
		flight_free(f);
	}
	while (p->works) {
		struct work *w = p->works;

		p->works = w->next;
		job_free(w->job);
		free(w);
	}
	ike_free(p->a.ike);
	ike_free(p->b.ike);
}

/* ---- Questions ------------------------------------------------------------------ */

struct pair_sa *side_in_use(struct side *s)
{
	return s->out[PAIR_SLOT] ? side_sa(s, s->out[PAIR_SLOT]) : NULL;
}

bool pair_is_up(struct pair *p)
{
	return side_in_use(&p->a) && side_in_use(&p->b);
}

static bool reaches(struct side *from, struct side *to)
{
	struct pair_sa *sa = side_in_use(from), *other = sa ? side_sa(to, sa->sa.spi_out) : NULL;

	return other && other->sa.spi_out == sa->sa.spi_in &&
	       memcmp(sa->sa.key_out, other->sa.key_in, SA_SECRET_MAX) == 0 &&
	       memcmp(sa->sa.key_in, other->sa.key_out, SA_SECRET_MAX) == 0 &&
	       memcmp(sa->sa.auth_out, other->sa.auth_in, SA_SECRET_MAX) == 0 &&
	       memcmp(sa->sa.auth_in, other->sa.auth_out, SA_SECRET_MAX) == 0;
}

bool pair_fits(struct pair *p)
{
	return reaches(&p->a, &p->b) && reaches(&p->b, &p->a);
}

void pair_up(struct pair *p)
{
	int err = ike_initiate(p->a.ike, "gw-gw", NULL, p->now_ms);

	assert(!err);
	(void)err;
	side_effects(&p->a);
	bool is_up = pair_run_until(p, pair_is_up, 10000);
	if (!is_up)
		fprintf(stderr, "a:\n%s\nb:\n%s\n", p->a.log, p->b.log);
	assert(is_up && pair_fits(p));
}

unsigned side_n_sas(const struct side *s)
{
	unsigned n = 0;

	for (size_t i = 0; i < PAIR_SAS; i++)
		n += s->sas[i].is_used;
	return n;
}

static void count_up(const struct ike_sa_info *info, void *arg)
{
	*(unsigned *)arg += strcmp(info->state, "ESTABLISHED") == 0;
}

unsigned side_n_ike(struct side *s)
{
	unsigned n = 0;

	ike_each_sa(s->ike, count_up, &n);
	return n;
}

struct newest {
	uint32_t id;
	const char *state;
};

static void find_newest(const struct ike_sa_info *info, void *arg)
{
	struct newest *best = arg;

	if (info->unique_id < best->id)
		return;
	best->id = info->unique_id;
	best->state = info->state;
}

const char *side_state(struct side *s)
{
	struct newest best = { 0, "" };

	ike_each_sa(s->ike, find_newest, &best);
	return best.state;
}

bool side_logged(const struct side *s, const char *text)
{
	return strstr(s->log, text);
}
