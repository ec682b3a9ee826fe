/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/ike_sa.h"

#include <stdio.h>
#include "crypto/secret.h"
#include "ike/alloc.h"
#include "ike/auth_eap.h"
#include "ike/cfg.h"
#include "ike/followup.h"
#include "ike/window.h"
#include "ike/fragment.h"

void ike_count(struct ike *ike, enum ike_count c)
{
	ike->counts[c]++;
}

void ike_random(struct ike *ike, void *buf, size_t len)
{
	if (ike->host.random(ike->host.arg, buf, len))
		abort(); /* nonces and SPIs that repeat would be worse than no controller */
}

uint64_t ike_jitter(struct ike *ike, uint64_t max)
{
	uint64_t v;

	if (!max)
		return 0;
	ike_random(ike, &v, sizeof(v));
	return v % max;
}

uint64_t ike_renew_ms(struct ike *ike, uint32_t life_s, uint32_t rand_s)
{
	if (!life_s)
		return 0;
	return ike->now_ms + life_s * 1000ull -
	       ike_jitter(ike, (rand_s < life_s ? rand_s : 0) * 1000ull);
}

/* ---- Logging -------------------------------------------------------------------- */

static void log_line(struct ike *ike, const struct ike_sa *sa, bool is_error, const char *format,
		     va_list args)
{
	char line[1024], addr[ADDR_TEXT_MAX];
	int n = 0;

	if (sa) /* before the connection is known, the peer's address stands for it */
		n = snprintf(line, sizeof(line), "%s[%u] ",
			     sa->name[0] ? sa->name
					 : addr_print(&sa->remote.addr, addr, sizeof(addr)),
			     sa->unique_id);
	vsnprintf(line + n, sizeof(line) - (size_t)n, format, args);
	fx_log(&ike->fx, is_error, sa ? sa->conn : NULL, line);
}

void ike_log(struct ike *ike, bool is_error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(ike, NULL, is_error, format, args);
	va_end(args);
}

void sa_log(struct ike_sa *sa, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(sa->ike, sa, false, format, args);
	va_end(args);
}

void sa_error(struct ike_sa *sa, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(sa->ike, sa, true, format, args);
	va_end(args);
}

const char *sa_why(struct ike_sa *sa, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(sa->why, sizeof(sa->why), format, args);
	va_end(args);
	return sa->why;
}

/* ---- Birth and death ------------------------------------------------------------ */

uint64_t sa_our_spi(const struct ike_sa *sa)
{
	return sa->is_initiator ? sa->spi_i : sa->spi_r;
}

/* Our SPIs are random: no peer can choose the bucket. */
static struct ike_sa **bucket(struct ike *ike, uint64_t our_spi)
{
	return &ike->by_spi[our_spi % SPI_BUCKETS];
}

struct ike_sa *sa_by_spi(const struct ike *ike, uint64_t our_spi)
{
	for (struct ike_sa *sa = ike->by_spi[our_spi % SPI_BUCKETS]; sa; sa = sa->bucket_next)
		if (sa_our_spi(sa) == our_spi)
			return sa;
	return NULL;
}

struct ike_sa *sa_new(struct ike *ike, bool is_initiator)
{
	uint64_t spi = 0;

	while (!spi || sa_by_spi(ike, spi)) /* 3.1: zero is no SPI */
		ike_random(ike, &spi, sizeof(spi));
	return sa_new_with(ike, is_initiator, spi);
}

struct ike_sa *sa_new_with(struct ike *ike, bool is_initiator, uint64_t spi)
{
	if (ike->n_sas >= IKE_SAS_MAX)
		return NULL;
	struct ike_sa *sa = alloc_zero(sizeof(*sa));
	sa->ike = ike;
	sa->is_initiator = sa->birth.is_ours = is_initiator;
	*(is_initiator ? &sa->spi_i : &sa->spi_r) = spi;
	sa->unique_id = ++ike->last_ike_id;
	sa->window_in = sa->window_out = 1;
	sa->created_ms = sa->heard_ms = ike->now_ms;
	sa->bucket_next = *bucket(ike, spi);
	*bucket(ike, spi) = sa;
	sa->next = ike->sas;
	ike->sas = sa;
	ike->n_sas++;
	return sa;
}

void inbound_free(struct inbound *in)
{
	if (!in)
		return;
	secret_wipe(in->plain, in->plain_len);
	free(in->plain);
	free(in->bytes);
	free(in);
}

void nego_wipe(struct nego *nego)
{
	ke_fini(&nego->pair);
	secret_wipe(nego, sizeof(*nego));
}

void init_free(struct ike_sa *sa)
{
	auth_eap_free(sa);
	if (!sa->init)
		return;
	free(sa->init->message_i);
	free(sa->init->message_r);
	if (sa->init->next_keys)
		keymat_wipe(sa->init->next_keys);
	free(sa->init->next_keys);
	secret_wipe(sa->init, sizeof(*sa->init));
	free(sa->init);
	sa->init = NULL;
}

static void unlink_sa(struct ike_sa *sa)
{
	struct ike_sa **at = bucket(sa->ike, sa_our_spi(sa));

	while (*at != sa)
		at = &(*at)->bucket_next;
	*at = sa->bucket_next;
	for (at = &sa->ike->sas; *at != sa;)
		at = &(*at)->next;
	*at = sa->next;
	for (at = &sa->ike->touched; *at && *at != sa;)
		at = &(*at)->touched_next;
	if (*at)
		*at = sa->touched_next;
	sa->ike->n_sas--;
}

void sa_free(struct ike_sa *sa)
{
	if (!sa)
		return;
	cfg_end(sa);
	unlink_sa(sa);
	sa_set_half_open(sa, false);
	tasks_free(sa);
	while (sa->ours) {
		struct ours *ours = sa->ours;

		sa->ours = ours->next;
		ours_free(ours);
	}
	for (size_t i = 0; i < WINDOW_MAX; i++) {
		free(sa->theirs[i].response);
		inbound_free(sa->theirs[i].in);
	}
	init_free(sa);
	fragment_free(sa);
	followup_end_all(sa);
	free(sa->redirect);
	child_free_all(sa);
	secret_wipe(sa, sizeof(*sa));
	free(sa);
}

/* ---- Looking -------------------------------------------------------------------- */

struct ike_sa *sa_by_id(const struct ike *ike, uint32_t unique_id)
{
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (sa->unique_id == unique_id)
			return sa;
	return NULL;
}

struct ike_sa *sa_by_conn(const struct ike *ike, const struct conn *conn)
{
	struct ike_sa *best = NULL;

	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next) {
		if (sa->conn != conn || sa->is_condemned || sa->is_ending ||
		    sa->state > ST_ESTABLISHED)
			continue;
		if (sa->state == ST_ESTABLISHED)
			return sa;
		if (sa->is_initiator) /* a half-open one of the peer may never become more */
			best = sa;
	}
	return best;
}

bool sa_is_up(const struct ike_sa *sa)
{
	return sa->state == ST_ESTABLISHED;
}

void sa_set_conn(struct ike_sa *sa, const struct conn *conn)
{
	sa->conn = conn;
	snprintf(sa->name, sizeof(sa->name), "%s", conn->name);
}

void sa_set_half_open(struct ike_sa *sa, bool is_half_open)
{
	if (sa->is_half_open == is_half_open)
		return;
	sa->is_half_open = is_half_open;
	sa->ike->n_half_open += is_half_open ? 1 : (size_t)-1;
}

size_t sa_n_half_open(const struct ike *ike, const struct ip_addr *from)
{
	size_t n = 0;

	for (const struct ike_sa *sa = ike->n_half_open ? ike->sas : NULL; sa; sa = sa->next)
		n += sa->is_half_open && addr_equal(&sa->remote.addr, from);
	return n;
}

struct reader sa_last_answer(const struct ike_sa *sa)
{
	const struct theirs *last = &sa->theirs[(sa->due_id - 1) % WINDOW_MAX];

	return rd_from(last->response, last->len);
}

void sa_touch(struct ike_sa *sa)
{
	if (sa->is_touched)
		return;
	sa->is_touched = true;
	sa->touched_next = sa->ike->touched;
	sa->ike->touched = sa;
}

struct aead_key *sa_key_out(struct ike_sa *sa)
{
	return sa->is_initiator ? &sa->keys.i : &sa->keys.r;
}

const struct aead_key *sa_key_in(const struct ike_sa *sa)
{
	return sa->is_initiator ? &sa->keys.r : &sa->keys.i;
}
