/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections, policies, counters, status: what is configured and what the maps hold. */
#include "control_list.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ike/id.h"
#include "policy.h"
#include "base/version.h"
#include "vici/layout.h"

void control_version(struct vici_request *req, void *arg)
{
	(void)arg;
	vici_version_put(vici_response(req), SEKISHO_VERSION);
	vici_done(req);
}

/* ---- Connections ----------------------------------------------------------------- */

static const char *mode_text(const struct conn_child *child)
{
	if (child->action == SPD_BYPASS)
		return "PASS";
	if (child->action == SPD_DISCARD)
		return "DROP";
	return child->mode == SA_TRANSPORT ? "TRANSPORT" : "TUNNEL";
}

static const char *action_text(enum conn_start action)
{
	static const char *const texts[] = { "none", "trap", "start" };

	return texts[action];
}

static void selectors_text(const struct ts_val *ts, size_t n, bool is_dynamic, struct vici_ts *ret)
{
	control_ts_text(ts, n, ret);
	if (is_dynamic && ret->n < VICI_TS_MAX)
		snprintf(ret->text[ret->n++], sizeof(ret->text[0]), "dynamic");
}

static void put_conn_child(struct vici_msg *m, const struct conn_child *child)
{
	struct vici_conn_child out = {
		.name = child->name,
		.mode = mode_text(child),
		.rekey_s = child->rekey_s,
		.rekey_packets = child->rekey_packets,
		.dpd_action = child->is_dpd_clear ? "clear" : action_text(child->dpd),
		.close_action = action_text(child->close),
	};

	selectors_text(child->local_ts, child->n_local_ts, child->is_local_dynamic, &out.local_ts);
	selectors_text(child->remote_ts, child->n_remote_ts, child->is_remote_dynamic,
		       &out.remote_ts);
	vici_conn_child_put(m, &out);
}

static void put_conn(struct vici_msg *m, const struct conn *conn)
{
	static const char *const unique[] = {
		[UNIQUE_NO] = "UNIQUE_NO",
		[UNIQUE_NEVER] = "UNIQUE_NEVER",
		[UNIQUE_KEEP] = "UNIQUE_KEEP",
		[UNIQUE_REPLACE] = "UNIQUE_REPLACE",
	};
	char local_id[ID_TEXT_MAX], remote_id[ID_TEXT_MAX];
	struct vici_conn out = {
		.name = conn->name,
		.local = conn->local,
		.remote = conn->remote,
		.n_local = conn->n_local,
		.n_remote = conn->n_remote,
		.rekey_s = conn->rekey_s,
		.reauth_s = conn->reauth_s,
		.dpd_delay_s = conn->dpd_delay_s,
		.local_id = id_print(&conn->local_id, local_id, sizeof(local_id)),
		.remote_id = id_print(&conn->remote_id, remote_id, sizeof(remote_id)),
		.local_class = auth_method_of(conn->local_auth)->class,
		.remote_class = auth_method_of(conn->remote_auth)->class,
		.unique = unique[conn->unique],
	};

	vici_conn_open(m, &out);
	for (size_t i = 0; i < conn->n_children; i++)
		put_conn_child(m, &conn->children[i]);
	vici_conn_close(m);
}

void control_list_conns(struct vici_request *req, void *arg)
{
	struct shell *sh = arg;
	struct vici_msg m = { 0 };
	char only[CONN_NAME_MAX] = "";

	(void)!vici_get(vici_args(req), "ike", only, sizeof(only));
	for (size_t i = 0; i < sh->conf->n_conns; i++) {
		if (only[0] && strcmp(only, sh->conf->conns[i]->name))
			continue;
		put_conn(&m, sh->conf->conns[i]);
		vici_stream(req, "list-conn", &m);
		vici_msg_reset(&m);
	}
	vici_msg_fini(&m);
	vici_done(req);
}

void control_get_conns(struct vici_request *req, void *arg)
{
	struct shell *sh = arg;

	vici_list(vici_response(req), "conns");
	for (size_t i = 0; i < sh->conf->n_conns; i++)
		vici_item(vici_response(req), sh->conf->conns[i]->name);
	vici_list_end(vici_response(req));
	vici_done(req);
}

/* ---- Policies -------------------------------------------------------------------- */

/* strongSwan's view: one entry per child. */
void control_list_policies(struct vici_request *req, void *arg)
{
	struct shell *sh = arg;
	struct vici_msg m = { 0 };

	for (size_t i = 0; i < sh->conf->n_conns; i++)
		for (size_t j = 0; j < sh->conf->conns[i]->n_children; j++) {
			const struct conn_child *child = &sh->conf->conns[i]->children[j];
			struct vici_policy out = { .conn = sh->conf->conns[i]->name,
						   .child = child->name,
						   .mode = mode_text(child) };
			selectors_text(child->local_ts, child->n_local_ts, child->is_local_dynamic,
				       &out.local_ts);
			selectors_text(child->remote_ts, child->n_remote_ts,
				       child->is_remote_dynamic, &out.remote_ts);
			vici_list_policy_put(&m, &out);
			vici_stream(req, "list-policy", &m);
			vici_msg_reset(&m);
		}
	vici_msg_fini(&m);
	vici_done(req);
}

/* "CONNECTION/CHILD" of a slot, split in place; both "" for none. */
static void split_slot_name(struct shell *sh, uint32_t slot, struct child_name *ret_name,
			    const char **ret_conn, const char **ret_child)
{
	*ret_conn = *ret_child = NULL;
	if (!slot || child_slot_name(sh->dp, slot, ret_name))
		return;
	char *slash = strchr(ret_name->name, '/');
	if (!slash)
		return;
	*slash = '\0';
	*ret_conn = ret_name->name;
	*ret_child = slash + 1;
}

/* The SPD in force, as the programs see it. */
static void put_policy(struct shell *sh, struct vici_msg *m, const struct spd_policy *p,
		       uint32_t order)
{
	static const char *const actions[] = { "bypass", "discard", "protect" };
	static const char *const modes[] = { "PASS", "DROP", "TUNNEL" };
	struct child_name name = { 0 };
	static const char *const directions[] = { NULL, "in", "out" };
	char interface[IF_NAMESIZE];
	struct vici_policy out = { .order = order, .action = actions[p->action],
				   .mode = modes[p->action], .slot = p->child,
				   .direction = directions[p->dir],
				   .is_answered = p->is_answered };

	if (p->ifindex)
		out.interface = if_indextoname(p->ifindex, interface);

	split_slot_name(sh, p->child, &name, &out.conn, &out.child);
	if (p->action == SPD_PROTECT) {
		out.sa_out = dp_child_out(sh->dp)[p->child];
		out.state = out.sa_out ? "INSTALLED" : "NONE";
	}
	control_ts_text(&p->local, 1, &out.local_ts);
	control_ts_text(&p->remote, 1, &out.remote_ts);
	vici_policy_put(m, &out);
}

void control_policies(struct vici_request *req, void *arg)
{
	struct shell *sh = arg;
	size_t room = spd_count(sh->dp);
	struct spd_policy *list = calloc(room + 1, sizeof(*list));
	int n = list ? spd_list(sh->dp, list, room) : -ENOMEM;
	struct vici_msg m = { 0 };

	for (int i = 0; i < n; i++) {
		put_policy(sh, &m, &list[i], (uint32_t)i);
		vici_stream(req, "policy", &m);
		vici_msg_reset(&m);
	}
	vici_msg_fini(&m);
	free(list);
	if (n < 0)
		vici_fail(req, "cannot read the SPD: %s", strerror(-n));
	else
		vici_done(req);
}

/* ---- Counters -------------------------------------------------------------------- */

void control_counters(struct vici_request *req, void *arg)
{
	struct shell *sh = arg;
	uint64_t gate[GATE_OUTCOME_COUNT], worker[WORKER_OUTCOME_COUNT];
	struct vici_msg *m = vici_response(req);
	int err = counters_gate(sh->dp, gate);

	if (!err)
		err = counters_worker(sh->dp, worker);
	if (err) {
		vici_fail(req, "cannot read the counters: %s", strerror(-err));
		return;
	}
	vici_counters_open(m, "gate");
	for (int i = 0; i < GATE_OUTCOME_COUNT; i++)
		vici_counter_put(m, counters_gate_name(i), counters_gate_text(i), gate[i]);
	vici_counters_close(m);
	vici_counters_open(m, "worker");
	for (int i = 0; i < WORKER_OUTCOME_COUNT; i++)
		vici_counter_put(m, counters_worker_name(i), counters_worker_text(i), worker[i]);
	vici_counters_close(m);
	vici_counters_open(m, "ike");
	for (int i = 0; i < IKE_COUNT_MAX; i++)
		vici_counter_put(m, ike_count_name(i), ike_count_text(i), ike_counts(sh->ike)[i]);
	vici_counters_close(m);
	vici_done(req);
}

void control_put_errors(struct vici_msg *m, const struct conf_errors *errors)
{
	char line[CONF_ERROR_TEXT + 256];

	vici_list(m, VICI_ERRORS);
	for (size_t i = 0; i < errors->n; i++)
		vici_item(m, conf_error_print(&errors->list[i], line, sizeof(line)));
	vici_list_end(m);
}

void control_check(struct vici_request *req, void *arg)
{
	char path[4096];
	struct conf_errors errors = { 0 };
	struct conf *conf;

	(void)arg;
	if (vici_get(vici_args(req), "file", path, sizeof(path)) || path[0] != '/') {
		vici_fail(req, "name a file by its absolute path");
		return;
	}
	int err = conf_load(path, &conf, &errors);
	control_put_errors(vici_response(req), &errors);
	conf_errors_fini(&errors);
	if (err) {
		vici_fail(req, "%s: not usable", path);
		return;
	}
	conf_free(conf);
	vici_succeed(req);
}
