/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/pair.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ike/id.h"

struct work {
	struct work *next;
	uint64_t at_ms;
	struct side *side;
	struct ike_job *job;
};

/* ---- What the host lends: splitmix64, deterministic --------------------------------- */

static uint64_t rng_next(uint64_t *state)
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
		*at++ = (uint8_t)rng_next(&s->rng);
	return 0;
}

static uint32_t host_spi(void *arg)
{
	struct side *s = arg;

	return (uint32_t)rng_next(&s->rng) | 0xc0000000u;
}

static struct pair_sa *sa_find(struct side *s, uint32_t spi_in)
{
	for (size_t i = 0; i < PAIR_SAS; i++)
		if (s->sas[i].is_used && s->sas[i].sa.spi_in == spi_in)
			return &s->sas[i];
	return NULL;
}

static uint64_t host_last_inbound(void *arg, uint32_t spi_in)
{
	struct pair_sa *sa = sa_find(arg, spi_in);

	return sa ? sa->last_in_ms : 0;
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

static void core_new(struct side *s)
{
	struct ike_host host = { .random = host_random,
				 .spi = host_spi,
				 .last_inbound_ms = host_last_inbound,
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
	pair_proposal(PROTO_ESP, esp, cc->esp, &cc->n_esp);
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

void side_restart(struct side *s)
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
	memset(s->sas, 0, sizeof(s->sas));
	memset(s->out, 0, sizeof(s->out));
	s->timer_ms = 0;
	side_configure(s);
}

static void flight_free(struct flight *f)
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

/* ---- Network -------------------------------------------------------------------- */

static bool is_at(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

static void fly(struct pair *p, const struct flight *what)
{
	struct flight *f = malloc(sizeof(*f)), **at = &p->flights;

	*f = *what;
	f->bytes = malloc(what->len + 1);
	if (what->len)
		memcpy(f->bytes, what->bytes, what->len);
	f->at_ms = p->now_ms + p->latency_ms +
		   (p->jitter_ms ? rng_next(&p->rng) % p->jitter_ms : 0);
	while (*at && (*at)->at_ms <= f->at_ms)
		at = &(*at)->next;
	f->next = *at;
	*at = f;
}

static void launch(struct pair *p, struct flight *f)
{
	bool is_ike = !f->spi;

	if (p->nat_500.port && addr_equal(&f->from.addr, &p->a.home.addr))
		f->from = f->from.port == 4500 ? p->nat_4500 : p->nat_500;
	else if (p->nat_500.port && is_at(&f->to, &p->nat_500))
		f->to = (struct endpoint){ p->a.home.addr, 500 };
	else if (p->nat_500.port && is_at(&f->to, &p->nat_4500))
		f->to = (struct endpoint){ p->a.home.addr, 4500 };
	if (is_ike && p->on_wire && !p->on_wire(p, f, p->arg))
		return;
	if (p->is_cut || (is_ike && rng_next(&p->rng) % 100 < p->loss))
		return;
	fly(p, f);
	if (is_ike && rng_next(&p->rng) % 100 < p->twice)
		fly(p, f);
}

static void data_in(struct side *s, const struct flight *f)
{
	struct pair_sa *sa = sa_find(s, f->spi);

	if (!sa || memcmp(sa->sa.key_in, f->key, sizeof(f->key)) != 0) {
		s->pair->n_data_lost++;
		return;
	}
	sa->last_in_ms = s->pair->now_ms;
}

static void data_out(struct side *s)
{
	struct pair_sa *sa = side_in_use(s);
	struct flight f = { .spi = sa ? sa->sa.spi_out : 0 };

	if (!sa) {
		s->pair->n_data_unsent++;
		return;
	}
	s->pair->n_data++;
	f.from = sa->sa.local;
	f.to = sa->sa.remote;
	memcpy(f.key, sa->sa.key_out, sizeof(f.key));
	launch(s->pair, &f);
}

static void land(struct pair *p, struct flight *f)
{
	bool is_a = addr_equal(&f->to.addr, &p->a.home.addr);
	struct side *s = is_a ? &p->a : &p->b;
	struct datagram d = { .local = f->to, .remote = f->from, .data = f->bytes, .len = f->len };

	if (f->spi) {
		data_in(s, f);
	} else if (is_a || addr_equal(&f->to.addr, &p->b.home.addr)) {
		ike_input(s->ike, &d, p->now_ms);
		side_effects(s);
	}
	flight_free(f);
}

/* ---- Effects -------------------------------------------------------------------- */

static void note(struct side *s, const char *word)
{
	size_t at = strlen(s->trace);

	snprintf(s->trace + at, sizeof(s->trace) - at, "%s ", word);
}

static void keep_log(struct side *s, const struct ike_effect *fx)
{
	size_t at = strlen(s->log);

	if (getenv("PAIR_LOG"))
		fprintf(stderr, "%8.3f %c %s%s\n", (double)(s->pair->now_ms % 1000000) / 1000,
			s->name, fx->is_error ? "! " : "", fx->text);
	snprintf(s->log + at, sizeof(s->log) - at, "%s\n", fx->text);
	if (fx->is_error)
		snprintf(s->last_error, sizeof(s->last_error), "%s", fx->text);
}

static void sa_add(struct side *s, const struct child_sa *sa)
{
	for (size_t i = 0; i < PAIR_SAS; i++) {
		if (s->sas[i].is_used)
			continue;
		s->sas[i] = (struct pair_sa){ .is_used = true, .sa = *sa };
		s->n_added++;
		note(s, "ADD");
		return;
	}
	assert(!"too many SAs");
}

static void sa_delete(struct side *s, const struct child_sa *sa)
{
	struct pair_sa *mine = sa_find(s, sa->spi_in);

	assert(mine);
	if (s->out[sa->child] == sa->spi_in)
		s->out[sa->child] = 0;
	mine->is_used = false;
	s->n_deleted++;
	note(s, "DELETE");
}

static void job_start(struct side *s, struct ike_job *job)
{
	struct work *w = malloc(sizeof(*w)), **at = &s->pair->works;

	job_run(job);
	*w = (struct work){ .at_ms = s->pair->now_ms + s->pair->job_ms, .side = s, .job = job };
	while (*at && (*at)->at_ms <= w->at_ms)
		at = &(*at)->next;
	w->next = *at;
	*at = w;
}

static void send(struct side *s, const struct datagram *d)
{
	struct flight f = { .from = d->local, .to = d->remote, .len = d->len };

	f.bytes = (uint8_t *)d->data;
	s->n_sent++;
	note(s, "SEND");
	launch(s->pair, &f);
}

static void move(struct side *s, const struct child_sa *sa)
{
	struct pair_sa *mine = sa_find(s, sa->spi_in);

	assert(mine);
	mine->sa.local = sa->local;
	mine->sa.remote = sa->remote;
	s->n_moved++;
}

static void carry_out(struct side *s, const struct ike_effect *fx)
{
	switch (fx->type) {
	case FX_SEND:
		return send(s, &fx->datagram);
	case FX_TIMER:
		s->timer_ms = fx->at_ms;
		return;
	case FX_JOB:
		return job_start(s, fx->job);
	case FX_SA_ADD:
		return sa_add(s, fx->sa);
	case FX_SA_SWITCH:
		assert(sa_find(s, fx->sa->spi_in));
		s->out[fx->sa->child] = fx->sa->spi_in;
		s->n_switched++;
		return note(s, "SWITCH");
	case FX_SA_DELETE:
		return sa_delete(s, fx->sa);
	case FX_SA_MOVE:
		return move(s, fx->sa);
	case FX_LOG:
		return keep_log(s, fx);
	case FX_CHILD_UP:
		s->n_up++;
		return note(s, "UP");
	case FX_CHILD_DOWN:
		s->n_down++;
		return note(s, "DOWN");
	case FX_CONN_FAILED:
		s->n_failed++;
		keep_log(s, fx);
		return note(s, "FAILED");
	case FX_KEEPALIVE:
		s->n_keepalives++;
		return;
	}
}

void side_effects(struct side *s)
{
	struct ike_effect fx;

	while (ike_effect(s->ike, &fx))
		carry_out(s, &fx);
}

/* ---- Time ----------------------------------------------------------------------- */

static uint64_t next_of(uint64_t best_ms, uint64_t at_ms)
{
	return at_ms && (!best_ms || at_ms < best_ms) ? at_ms : best_ms;
}

static uint64_t next_ms(const struct pair *p)
{
	uint64_t at_ms = next_of(p->a.timer_ms, p->b.timer_ms);

	at_ms = next_of(at_ms, p->flights ? p->flights->at_ms : 0);
	at_ms = next_of(at_ms, p->works ? p->works->at_ms : 0);
	return next_of(at_ms, p->flow_ms ? p->flow_next_ms : 0);
}

static void flow(struct pair *p)
{
	p->flow_next_ms = p->now_ms + p->flow_ms;
	data_out(&p->a);
	data_out(&p->b);
}

static void work_done(struct pair *p)
{
	struct work *w = p->works;

	p->works = w->next;
	ike_job_done(w->side->ike, w->job, p->now_ms);
	side_effects(w->side);
	free(w);
}

static void expire(struct side *s)
{
	s->timer_ms = 0;
	ike_expire(s->ike, s->pair->now_ms);
	side_effects(s);
}

bool pair_step(struct pair *p)
{
	uint64_t at_ms = next_ms(p);
	struct flight *f = p->flights;

	if (!at_ms)
		return false;
	p->now_ms = at_ms > p->now_ms ? at_ms : p->now_ms;
	if (p->works && p->works->at_ms <= p->now_ms) {
		work_done(p);
	} else if (f && f->at_ms <= p->now_ms) {
		p->flights = f->next;
		land(p, f);
	} else if (p->flow_ms && p->flow_next_ms <= p->now_ms) {
		flow(p);
	} else if (p->a.timer_ms && p->a.timer_ms <= p->now_ms) {
		expire(&p->a);
	} else if (p->b.timer_ms && p->b.timer_ms <= p->now_ms) {
		expire(&p->b);
	}
	return true;
}

bool pair_run_until(struct pair *p, bool (*done)(struct pair *), uint64_t ms)
{
	uint64_t end_ms = p->now_ms + ms, at_ms;

	if (p->flow_ms && !p->flow_next_ms)
		p->flow_next_ms = p->now_ms;
	while (!(done && done(p))) {
		at_ms = next_ms(p);
		if (!at_ms || at_ms > end_ms) {
			p->now_ms = end_ms;
			return done ? done(p) : true;
		}
		pair_step(p);
	}
	return true;
}

void pair_run(struct pair *p, uint64_t ms)
{
	(void)pair_run_until(p, NULL, ms);
}

/* ---- Questions ------------------------------------------------------------------ */

struct pair_sa *side_in_use(struct side *s)
{
	return s->out[PAIR_SLOT] ? sa_find(s, s->out[PAIR_SLOT]) : NULL;
}

bool pair_is_up(struct pair *p)
{
	return side_in_use(&p->a) && side_in_use(&p->b);
}

static bool reaches(struct side *from, struct side *to)
{
	struct pair_sa *sa = side_in_use(from), *other = sa ? sa_find(to, sa->sa.spi_out) : NULL;

	return other && other->sa.spi_out == sa->sa.spi_in &&
	       memcmp(sa->sa.key_out, other->sa.key_in, SA_SECRET_MAX) == 0 &&
	       memcmp(sa->sa.key_in, other->sa.key_out, SA_SECRET_MAX) == 0;
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
