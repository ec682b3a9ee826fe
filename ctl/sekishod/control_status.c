/* SPDX-License-Identifier: BSD-2-Clause */
/* status and stats: the whole gateway on one screen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "control_list.h"
#include "last_error.h"
#include "base/version.h"
#include "vici/layout.h"

struct tally {
	struct shell *sh;
	unsigned total, half_open, sas;
	/* The newest IKE SA and Child SA of what is looked for. */
	const char *conn, *child;
	struct vici_status_conn newest;
	const char *child_state;
};

static void count_child(const struct child_sa *sa, const char *state, uint64_t rekey_ms,
			uint64_t life_ms, void *arg)
{
	struct tally *t = arg;

	(void)rekey_ms;
	(void)life_ms;
	t->sas += 2;
	if (t->child && !strcmp(sa->conn_child->name, t->child))
		t->child_state = state;
}

static void count_sa(const struct ike_sa_info *info, void *arg)
{
	struct tally *t = arg;

	t->total++;
	if (!strcmp(info->state, "CONNECTING"))
		t->half_open++;
	if (t->conn && (!info->conn || strcmp(info->conn->name, t->conn)))
		return;
	t->newest.state = info->state;
	t->newest.remote = info->remote;
	ike_each_child(t->sh->ike, info->unique_id, count_child, t);
}

void control_stats(struct vici_request *req, void *arg)
{
	struct shell *sh = arg;
	struct tally t = { .sh = sh };
	const char *threads = getenv("UV_THREADPOOL_SIZE");

	ike_each_sa(sh->ike, count_sa, &t);
	struct vici_stats out = {
		.uptime_s = (int64_t)(shell_now_ms() - sh->started_ms) / 1000,
		.threads = threads ? (unsigned)atoi(threads) : 4, /* libuv's default */
		.ike_sas = t.total,
		.half_open = t.half_open,
	};
	out.idle = out.threads;
	vici_stats_put(vici_response(req), &out);
	vici_done(req);
}

static const char *child_state(struct shell *sh, const struct conn *conn,
			       const struct conn_child *child)
{
	struct tally t = { .sh = sh, .conn = conn->name, .child = child->name };

	if (child->action != SPD_PROTECT)
		return "SHUNT";
	ike_each_sa(sh->ike, count_sa, &t);
	if (t.child_state)
		return t.child_state;
	return pairs_has_orphan(&sh->pairs, child->child) ? "ADOPTED" : "NONE";
}

static void put_conn(struct shell *sh, struct vici_msg *m, const struct conn *conn)
{
	static const char *const starts[] = { "none", "trap", "start" };
	struct tally t = { .sh = sh, .conn = conn->name };

	const struct last_error *error = last_error_of(sh, conn->name);

	t.newest = (struct vici_status_conn){ .name = conn->name, .state = "NONE" };
	if (error) {
		t.newest.last_error = error->text;
		t.newest.last_error_s = (int64_t)(shell_now_ms() - error->at_ms) / 1000;
	}
	t.newest.remote.addr = conn->remote[0];
	ike_each_sa(sh->ike, count_sa, &t);
	vici_status_conn_open(m, &t.newest);
	for (size_t i = 0; i < conn->n_children; i++) {
		const struct conn_child *child = &conn->children[i];
		struct vici_status_child out = { child->name, child_state(sh, conn, child),
						 starts[child->start] };
		vici_status_child_put(m, &out);
	}
	vici_status_conn_close(m);
}

void control_status(struct vici_request *req, void *arg)
{
	struct shell *sh = arg;
	struct vici_msg *m = vici_response(req);
	struct tally t = { .sh = sh };
	uint32_t ports = 0;

	ike_each_sa(sh->ike, count_sa, &t);
	struct vici_status out = {
		.version = SEKISHO_VERSION,
		.instance = sh->instance ? sh->instance : "",
		.config = sh->config_path,
		.pid = (uint32_t)getpid(),
		.uptime_s = (int64_t)(shell_now_ms() - sh->started_ms) / 1000,
		.is_worker_alive = dp_worker_is_alive(sh->instance),
		.default_action =
			sh->conf->dataplane.default_action == SPD_DISCARD ? "discard" : "bypass",
		.policies = (uint32_t)spd_count(sh->dp),
		.sas = t.sas,
	};
	if (!ports_count(sh->dp, &ports))
		out.worker_ports = ports;
	vici_status_put(m, &out);
	for (size_t i = 0; i < sh->conf->n_conns; i++)
		put_conn(sh, m, sh->conf->conns[i]);
	vici_status_close(m);
	vici_done(req);
}
