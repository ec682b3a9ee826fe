/* SPDX-License-Identifier: BSD-2-Clause */
/* What happens between two cores: the network, the data plane, the effects, the time. */
#include "support/pair.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "crypto/revocation.h"
#include "ike/aaa.h"
#include "ike/ike_sa.h"
#include "ike/job.h"

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
	f->at_ms =
		p->now_ms + p->latency_ms + (p->jitter_ms ? pair_rng(&p->rng) % p->jitter_ms : 0);
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
	if (p->is_cut || (is_ike && pair_rng(&p->rng) % 100 < p->loss))
		return;
	fly(p, f);
	if (is_ike && pair_rng(&p->rng) % 100 < p->twice)
		fly(p, f);
}

bool pair_swallow_answers(struct pair *p, struct flight *f, void *arg)
{
	unsigned *left = arg;

	if (f->bytes[18] != EX_CREATE_CHILD_SA || !addr_equal(&f->from.addr, &p->b.home.addr) ||
	    !*left)
		return true;
	--*left;
	return false;
}

/* That of integrity, where nothing is encrypted. */
static const uint8_t *data_key(const struct child_sa *c, bool is_in)
{
	if (c->key_len)
		return is_in ? c->key_in : c->key_out;
	return is_in ? c->auth_in : c->auth_out;
}

static void data_in(struct side *s, const struct flight *f)
{
	struct pair_sa *sa = side_sa(s, f->spi);

	if (!sa || !addr_equal(&f->to.addr, &sa->sa.local.addr) ||
	    memcmp(data_key(&sa->sa, true), f->key, sizeof(f->key)) != 0) {
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
	memcpy(f.key, data_key(&sa->sa, false), sizeof(f.key));
	launch(s->pair, &f);
}

static bool is_of(const struct side *s, const struct ip_addr *addr)
{
	return addr_equal(addr, &s->home.addr) ||
	       (!addr_is_any(&s->second) && addr_equal(addr, &s->second));
}

static void land(struct pair *p, struct flight *f)
{
	bool is_a = is_of(&p->a, &f->to.addr);
	struct side *s = is_a ? &p->a : &p->b;
	struct datagram d = { .local = f->to, .remote = f->from, .data = f->bytes, .len = f->len };

	if (f->spi) {
		data_in(s, f);
	} else if (is_a || is_of(&p->b, &f->to.addr)) {
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
	struct pair_sa *mine = side_sa(s, sa->spi_in);

	assert(mine);
	if (s->out[sa->child] == sa->spi_in)
		s->out[sa->child] = 0;
	mine->is_used = false;
	s->n_deleted++;
	note(s, "DELETE");
}

static void job_fetches(struct pair *p, struct fetch *what)
{
	p->n_fetched++;
	if (p->on_fetch)
		p->on_fetch(p, what);
	else
		snprintf(what->why, sizeof(what->why), "nobody there");
}

/* A computation, or a question: answered at once, known later. */
static void job_start(struct side *s, struct ike_job *job)
{
	struct work *w = malloc(sizeof(*w)), **at = &s->pair->works;

	if (!job->aaa)
		job_run(job);
	else if (s->pair->on_ask)
		s->pair->on_ask(s->pair, job->aaa);
	for (struct fetch *f; (f = job_fetch(job)) != NULL; job_run(job))
		job_fetches(s->pair, f);
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
	struct pair_sa *mine = side_sa(s, sa->spi_in);

	assert(mine);
	mine->sa.local = sa->local;
	mine->sa.remote = sa->remote;
	mine->sa.is_encap = sa->is_encap;
	s->n_moved++;
}

static void resolve(struct side *s, const struct ike_effect *fx)
{
	snprintf(s->resolving, sizeof(s->resolving), "%s", fx->text);
	ike_resolved(s->ike, fx->id, &s->resolved, !addr_is_any(&s->resolved), s->pair->now_ms);
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
	case FX_ASK:
		return job_start(s, fx->job);
	case FX_SA_ADD:
		return sa_add(s, fx->sa);
	case FX_SA_SWITCH:
		assert(side_sa(s, fx->sa->spi_in));
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
	case FX_RESOLVE:
		return resolve(s, fx);
	case FX_VIP_ADD:
		*(addr_is_v4(&fx->addr) ? &s->vip : &s->vip6) = fx->addr;
		return;
	case FX_VIP_DEL:
		*(addr_is_v4(&fx->addr) ? &s->vip : &s->vip6) = (struct ip_addr){ 0 };
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

struct payload_writer side_writes(struct ike_sa *sa, uint8_t exchange, uint32_t id, bool is_response,
				  uint8_t *buf, size_t size)
{
	struct ike_header h = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.exchange = exchange,
		.flags = (uint8_t)((sa->is_initiator ? IKE_FLAG_INITIATOR : 0) |
				   (is_response ? IKE_FLAG_RESPONSE : 0)),
		.id = id,
	};
	struct payload_writer pw;

	message_start(&pw, buf, size, &h);
	message_protect(&pw, sa_key_out(sa));
	return pw;
}
