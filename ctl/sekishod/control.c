/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands that act, and those who wait for their outcome. A wait holds the request of one
 * client until the core says how it ended, or until the client's own timeout.
 */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "control_list.h"
#include "log.h"
#include "settings.h"
#include "vici/layout.h"

#define WAITS_MAX (2 * VICI_CLIENTS_MAX)

enum wait_for { WAIT_FREE, WAIT_UP, WAIT_DOWN };

struct wait {
	enum wait_for what;
	struct vici_request *req;
	char conn[CONN_NAME_MAX], child[CONN_NAME_MAX]; /* child "": the whole connection */
};

struct control {
	struct vici_server *server;
	struct vici_api api;
	struct wait waits[WAITS_MAX];
};

/* ---- Waiting --------------------------------------------------------------------- */

static struct wait *wait_find(struct control *c, const struct vici_request *req)
{
	for (size_t i = 0; i < WAITS_MAX; i++)
		if (c->waits[i].what != WAIT_FREE && c->waits[i].req == req)
			return &c->waits[i];
	return NULL;
}

static void on_timeout(struct vici_request *req, void *arg)
{
	struct shell *sh = arg;
	struct wait *w = wait_find(sh->control, req);

	if (!w)
		return;
	vici_fail(req, "'%s%s%s' is not %s yet; it goes on in the background", w->conn,
		  w->child[0] ? "/" : "", w->child, w->what == WAIT_UP ? "up" : "down");
	w->what = WAIT_FREE;
}

/* Requests whose client has gone need no answer and make room. */
static void sweep_gone(struct control *c)
{
	for (size_t i = 0; i < WAITS_MAX; i++)
		if (c->waits[i].what != WAIT_FREE && vici_is_gone(c->waits[i].req)) {
			c->waits[i].what = WAIT_FREE;
			vici_done(c->waits[i].req);
		}
}

static struct wait *wait_add(struct control *c, enum wait_for what, struct vici_request *req,
			     const char *conn, const char *child)
{
	sweep_gone(c);
	for (size_t i = 0; i < WAITS_MAX; i++) {
		struct wait *w = &c->waits[i];
		if (w->what != WAIT_FREE)
			continue;
		*w = (struct wait){ .what = what, .req = req };
		snprintf(w->conn, sizeof(w->conn), "%s", conn);
		snprintf(w->child, sizeof(w->child), "%s", child ? child : "");
		return w;
	}
	return NULL;
}

static bool wait_matches(const struct wait *w, enum wait_for what, const char *conn,
			 const char *child)
{
	return w->what == what && !strcmp(w->conn, conn) &&
	       (!w->child[0] || !child || !strcmp(w->child, child));
}

void control_child_up(struct shell *sh, const struct child_sa *sa)
{
	struct control *c = sh->control;

	for (size_t i = 0; c && i < WAITS_MAX; i++) {
		struct wait *w = &c->waits[i];
		if (!wait_matches(w, WAIT_UP, sa->conn->name, sa->conn_child->name))
			continue;
		w->what = WAIT_FREE;
		vici_succeed(w->req);
	}
	if (c && vici_wants(c->server, "child-updown"))
		control_list_updown(sh, c->server, sa);
}

void control_dropped(struct shell *sh, const struct drop_sample *s)
{
	struct control *c = sh->control;
	struct vici_msg m = { 0 };

	if (!c || !vici_wants(c->server, "drop"))
		return;
	control_put_drop(sh, &m, s);
	vici_broadcast(c->server, "drop", &m);
	vici_msg_fini(&m);
}

static void fail_ups(struct control *c, const char *conn, const char *child, const char *why)
{
	for (size_t i = 0; c && i < WAITS_MAX; i++) {
		struct wait *w = &c->waits[i];
		if (!wait_matches(w, WAIT_UP, conn, child))
			continue;
		w->what = WAIT_FREE;
		vici_fail(w->req, "%s", why);
	}
}

void control_failed(struct shell *sh, const struct conn *conn, const struct conn_child *child,
		    const char *why)
{
	fail_ups(sh->control, conn->name, child ? child->name : NULL, why);
}

void control_log(struct shell *sh, const struct conn *conn, const char *text)
{
	struct control *c = sh->control;

	for (size_t i = 0; c && conn && i < WAITS_MAX; i++)
		if (c->waits[i].what != WAIT_FREE && !strcmp(c->waits[i].conn, conn->name))
			vici_control_log(c->waits[i].req, conn->name, 0, text);
}

/* Is anything of a connection or child there, up or not? And is a Child SA of it up? */
struct presence {
	struct shell *sh;
	const char *conn, *child; /* child "": the whole connection */
	bool is_there, is_up;
};

static void see_child(const struct child_sa *sa, const char *state, uint64_t rekey_ms,
		      uint64_t life_ms, void *arg)
{
	struct presence *p = arg;

	(void)state;
	(void)rekey_ms;
	(void)life_ms;
	if (p->child[0] && strcmp(sa->conn_child->name, p->child) != 0)
		return;
	p->is_there = true;
	if (sa->spi_out)
		p->is_up = true;
}

static void see_sa(const struct ike_sa_info *info, void *arg)
{
	struct presence *p = arg;

	if (!info->conn || strcmp(info->conn->name, p->conn))
		return;
	if (!p->child[0])
		p->is_there = true;
	ike_each_child(p->sh->ike, info->unique_id, see_child, p);
}

static struct presence presence_of(struct shell *sh, const char *conn, const char *child)
{
	struct presence p = { .sh = sh, .conn = conn, .child = child };

	ike_each_sa(sh->ike, see_sa, &p);
	return p;
}

static bool is_configured(const struct conf *conf, const struct wait *w)
{
	for (size_t i = 0; i < conf->n_conns; i++)
		if (!strcmp(conf->conns[i]->name, w->conn))
			return !w->child[0] || conn_child_by_name(conf->conns[i], w->child);
	return false;
}

void control_settle(struct shell *sh)
{
	struct control *c = sh->control;

	for (size_t i = 0; c && i < WAITS_MAX; i++) {
		struct wait *w = &c->waits[i];
		if (w->what == WAIT_DOWN && !presence_of(sh, w->conn, w->child).is_there) {
			w->what = WAIT_FREE;
			vici_succeed(w->req);
		} else if (w->what == WAIT_UP && !is_configured(sh->conf, w)) {
			w->what = WAIT_FREE;
			vici_fail(w->req, "it was taken out of the configuration");
		}
	}
}

/* ---- Commands that act ----------------------------------------------------------- */

struct target {
	char conn[CONN_NAME_MAX], child[CONN_NAME_MAX]; /* child "": none named */
};

static const struct conn *conn_of_child(const struct conf *conf, const char *child)
{
	for (size_t i = 0; i < conf->n_conns; i++)
		for (size_t j = 0; j < conf->conns[i]->n_children; j++)
			if (!strcmp(conf->conns[i]->children[j].name, child))
				return conf->conns[i];
	return NULL;
}

/* From the arguments "ike" and "child"; completes the request when they name nothing. */
static bool target_find(struct shell *sh, struct vici_request *req, struct target *ret)
{
	*ret = (struct target){ 0 };
	bool has_ike = !vici_get(vici_args(req), "ike", ret->conn, sizeof(ret->conn));
	bool has_child = !vici_get(vici_args(req), "child", ret->child, sizeof(ret->child));

	if (has_child && !has_ike) {
		const struct conn *conn = conn_of_child(sh->conf, ret->child);
		if (conn)
			snprintf(ret->conn, sizeof(ret->conn), "%s", conn->name);
		has_ike = conn;
	}
	if (!has_ike)
		vici_fail(req,
			  has_child ? "no child '%s' in the configuration"
				    : "name a connection or a child%s",
			  ret->child);
	return has_ike;
}

/* 0: in ms; timeout -1: does not wait at all. */
static void wait_or_done(struct shell *sh, struct vici_request *req, enum wait_for what,
			 const struct target *t)
{
	int64_t timeout = vici_get_num(vici_args(req), "timeout", 0);

	if (timeout < 0) {
		vici_succeed(req);
	} else if (!wait_add(sh->control, what, req, t->conn, t->child)) {
		vici_fail(req, "too many clients wait already");
	} else if (timeout > 0) {
		vici_expire(req, (uint64_t)timeout, on_timeout, sh);
	}
	shell_carry_out(sh);
}

static void cmd_initiate(struct vici_request *req, void *arg)
{
	struct shell *sh = arg;
	struct target t;

	if (!target_find(sh, req, &t))
		return;
	int err = ike_initiate(sh->ike, t.conn, t.child[0] ? t.child : NULL, shell_now_ms());
	if (err == -EALREADY && presence_of(sh, t.conn, t.child).is_up)
		vici_succeed(req);
	else if (err && err != -EALREADY) /* what is already under way is waited for */
		vici_fail(req, "cannot initiate '%s%s%s': %s", t.conn, t.child[0] ? "/" : "",
			  t.child, err == -ENOENT ? "not configured" : strerror(-err));
	else
		wait_or_done(sh, req, WAIT_UP, &t);
}

static void cmd_terminate(struct vici_request *req, void *arg)
{
	struct shell *sh = arg;
	struct target t;

	if (!target_find(sh, req, &t))
		return;
	int err = ike_terminate(sh->ike, t.conn, t.child[0] ? t.child : NULL, shell_now_ms());
	if (!err)
		fail_ups(sh->control, t.conn, t.child[0] ? t.child : NULL, "it was terminated");
	if (err)
		vici_fail(req, "cannot terminate '%s%s%s': %s", t.conn, t.child[0] ? "/" : "",
			  t.child, err == -ENOENT ? "it is not up" : strerror(-err));
	else
		wait_or_done(sh, req, WAIT_DOWN, &t);
}

static void cmd_rekey(struct vici_request *req, void *arg)
{
	struct shell *sh = arg;
	struct target t;

	if (!target_find(sh, req, &t))
		return;
	bool is_reauth = vici_get_bool(vici_args(req), "reauth", false);
	int err = t.child[0]  ? ike_rekey_child(sh->ike, t.conn, t.child, shell_now_ms())
		  : is_reauth ? ike_reauth(sh->ike, t.conn, shell_now_ms())
			      : ike_rekey(sh->ike, t.conn, shell_now_ms());
	if (err) {
		vici_fail(req, "cannot rekey '%s': %s", t.child[0] ? t.child : t.conn,
			  err == -ENOENT ? "it is not up" : strerror(-err));
	} else {
		vici_num(vici_response(req), "matches", 1);
		vici_succeed(req);
	}
	shell_carry_out(sh);
}

static void cmd_reload(struct vici_request *req, void *arg)
{
	struct shell *sh = arg;
	struct conf_errors errors = { 0 };
	int err = shell_reload(sh, &errors);

	control_put_errors(vici_response(req), &errors);
	conf_errors_fini(&errors);
	if (err)
		vici_fail(req, "not applied, the configuration in force stays");
	else
		vici_succeed(req);
}

/* ---- The socket ------------------------------------------------------------------ */

static const struct vici_command commands[] = {
	{ "version", control_version },
	{ "stats", control_stats },
	{ "list-sas", control_list_sas },
	{ "list-conns", control_list_conns },
	{ "list-policies", control_list_policies },
	{ "get-conns", control_get_conns },
	{ "status", control_status },
	{ "policies", control_policies },
	{ "counters", control_counters },
	{ "check", control_check },
	{ "drops", control_drops },
	{ "initiate", cmd_initiate },
	{ "terminate", cmd_terminate },
	{ "rekey", cmd_rekey },
	{ "redirect", control_redirect },
	{ "reload-settings", cmd_reload },
	{ NULL, NULL },
};

static const char *const events[] = { "list-sa",     "list-conn",    "list-policy", "policy",
				      "control-log", "child-updown", "drop",	    NULL };

int control_start(struct shell *sh)
{
	char dir[DP_PATH_MAX], path[DP_PATH_MAX + sizeof(VICI_SOCKET_NAME)];
	struct control *c = calloc(1, sizeof(*c));
	int err = c ? dp_run_dir(sh->instance, dir, sizeof(dir)) : -ENOMEM;

	if (err) {
		free(c);
		return err;
	}
	snprintf(path, sizeof(path), "%s/%s", dir, VICI_SOCKET_NAME);
	c->api = (struct vici_api){ commands, events, sh };
	err = vici_server_start(&sh->loop, path, &c->api, &c->server);
	if (err) {
		free(c);
		return err;
	}
	sh->control = c;
	return 0;
}

void control_stop(struct shell *sh)
{
	struct control *c = sh->control;

	if (!c)
		return;
	vici_server_stop(c->server);
	for (size_t i = 0; i < WAITS_MAX; i++)
		if (c->waits[i].what != WAIT_FREE)
			vici_fail(c->waits[i].req, "sekishod is ending");
	sh->control = NULL;
	free(c);
}
