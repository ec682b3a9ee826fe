/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/effects.h"

#include <stdlib.h>
#include <string.h>
#include "crypto/secret.h"
#include "ike/alloc.h"
#include "ike/job.h"

struct fx_node {
	struct fx_node *next;
	struct ike_effect fx;
	struct child_sa sa;
	size_t len;
	uint8_t bytes[]; /* datagram or text */
};

static void node_free(struct fx_node *n)
{
	secret_wipe(&n->sa, sizeof(n->sa));
	free(n);
}

static struct fx_node *node_add(struct effects *fx, enum ike_effect_type type, size_t len)
{
	struct fx_node *n = alloc_zero(sizeof(*n) + len);

	n->fx.type = type;
	n->len = len;
	if (fx->last)
		fx->last->next = n;
	else
		fx->first = n;
	fx->last = n;
	return n;
}

void effects_settle(struct effects *fx)
{
	while (fx->taken) {
		struct fx_node *n = fx->taken;

		fx->taken = n->next;
		node_free(n);
	}
}

void effects_fini(struct effects *fx)
{
	effects_settle(fx);
	while (fx->first) {
		struct fx_node *n = fx->first;

		fx->first = n->next;
		job_free(n->fx.job);
		node_free(n);
	}
	fx->last = NULL;
}

static bool is_use_of(const struct fx_node *n, uint32_t spi_in)
{
	return (n->fx.type == FX_SA_SWITCH || n->fx.type == FX_CHILD_UP) && n->sa.spi_in == spi_in;
}

void effects_forget(struct effects *fx, uint32_t spi_in)
{
	struct fx_node **at = &fx->first;

	fx->last = NULL;
	while (*at) {
		struct fx_node *n = *at;

		if (is_use_of(n, spi_in)) {
			*at = n->next;
			node_free(n);
			continue;
		}
		fx->last = n;
		at = &n->next;
	}
}

bool effects_take(struct effects *fx, struct ike_effect *ret_fx)
{
	struct fx_node *n = fx->first;

	if (n) {
		fx->first = n->next;
		if (!fx->first)
			fx->last = NULL;
		n->next = fx->taken;
		fx->taken = n;
		*ret_fx = n->fx;
		return true;
	}
	if (!fx->is_timer_due)
		return false;
	fx->is_timer_due = false;
	*ret_fx = (struct ike_effect){ .type = FX_TIMER, .at_ms = fx->timer_at_ms };
	return true;
}

static void datagram_add(struct effects *fx, enum ike_effect_type type,
			 const struct endpoint *local, const struct endpoint *remote,
			 struct reader bytes)
{
	struct fx_node *n = node_add(fx, type, rd_left(&bytes));

	memcpy(n->bytes, bytes.at, n->len);
	n->fx.datagram = (struct datagram){ *local, *remote, n->bytes, n->len };
}

void fx_send(struct effects *fx, const struct endpoint *local, const struct endpoint *remote,
	     struct reader bytes)
{
	datagram_add(fx, FX_SEND, local, remote, bytes);
}

void fx_keepalive(struct effects *fx, const struct endpoint *local, const struct endpoint *remote,
		  struct reader bytes)
{
	datagram_add(fx, FX_KEEPALIVE, local, remote, bytes);
}

void fx_timer(struct effects *fx, uint64_t at_ms)
{
	fx->is_timer_due |= at_ms != fx->timer_at_ms;
	fx->timer_at_ms = at_ms;
}

void fx_job(struct effects *fx, struct ike_job *job)
{
	node_add(fx, job->aaa ? FX_ASK : FX_JOB, 0)->fx.job = job;
}

void fx_child(struct effects *fx, enum ike_effect_type type, const struct child_sa *sa)
{
	struct fx_node *n = node_add(fx, type, 0);

	n->sa = *sa;
	n->fx.sa = &n->sa;
	n->fx.conn = sa->conn;
	n->fx.conn_child = sa->conn_child;
	if (type == FX_SA_ADD)
		return;
	secret_wipe(n->sa.key_in, sizeof(n->sa.key_in));
	secret_wipe(n->sa.key_out, sizeof(n->sa.key_out));
	secret_wipe(n->sa.auth_in, sizeof(n->sa.auth_in));
	secret_wipe(n->sa.auth_out, sizeof(n->sa.auth_out));
}

static struct fx_node *text_add(struct effects *fx, enum ike_effect_type type, const char *text)
{
	struct fx_node *n = node_add(fx, type, strlen(text) + 1);

	memcpy(n->bytes, text, n->len);
	n->fx.text = (const char *)n->bytes;
	return n;
}

void fx_conn(struct effects *fx, enum ike_effect_type type, const struct conn *conn,
	     const struct conn_child *conn_child, const char *text)
{
	struct fx_node *n = text_add(fx, type, text ? text : "");

	n->fx.conn = conn;
	n->fx.conn_child = conn_child;
	n->fx.is_error = type == FX_CONN_FAILED;
}

void fx_resolve(struct effects *fx, uint32_t id, const char *name)
{
	text_add(fx, FX_RESOLVE, name)->fx.id = id;
}

void fx_addr(struct effects *fx, enum ike_effect_type type, const struct ip_addr *addr)
{
	node_add(fx, type, 0)->fx.addr = *addr;
}

void fx_log(struct effects *fx, bool is_error, const struct conn *conn, const char *text)
{
	struct fx_node *n = text_add(fx, FX_LOG, text);

	n->fx.conn = conn;
	n->fx.is_error = is_error;
}
