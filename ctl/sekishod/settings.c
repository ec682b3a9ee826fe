/* SPDX-License-Identifier: BSD-2-Clause */
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "instances.h"
#include "last_error.h"
#include "log.h"
#include "policy.h"
#include "proxies.h"

int settings_load(const char *path, struct conf **ret_conf, struct conf_errors *ret_errors)
{
	char line[CONF_ERROR_TEXT + 256];
	int err = conf_load(path, ret_conf, ret_errors);

	for (size_t i = 0; i < ret_errors->n; i++) {
		conf_error_print(&ret_errors->list[i], line, sizeof(line));
		if (ret_errors->list[i].is_warning)
			log_info("%s", line);
		else
			log_error("%s", line);
	}
	return err;
}

/* ---- Slots ----------------------------------------------------------------------- */

static int slot_of(struct shell *sh, const struct conn *conn, const struct conn_child *child,
		   uint32_t *ret_child)
{
	char name[2 * CONN_NAME_MAX + 2];

	snprintf(name, sizeof(name), "%s/%s", conn->name, child->name);
	return child_slot(sh->dp, name, ret_child);
}

static int give_slots(struct shell *sh, struct conf *conf)
{
	for (size_t i = 0; i < conf->n_conns; i++)
		for (size_t j = 0; j < conf->conns[i]->n_children; j++) {
			struct conn_child *child = &conf->conns[i]->children[j];
			if (child->action != SPD_PROTECT)
				continue;
			int err = slot_of(sh, conf->conns[i], child, &child->child);
			if (err)
				return err;
		}
	return 0;
}

/* Slots in the maps that the configuration does not name any more. */
static void free_slots(struct shell *sh, const struct conf *conf)
{
	bool is_used[CHILD_MAX] = { false };
	struct child_name name;

	for (size_t i = 0; i < conf->n_conns; i++)
		for (size_t j = 0; j < conf->conns[i]->n_children; j++)
			is_used[conf->conns[i]->children[j].child] = true;
	for (uint32_t slot = 1; slot < CHILD_MAX; slot++) {
		if (child_slot_name(sh->dp, slot, &name) || !name.name[0] || is_used[slot] ||
		    instance_is_used(sh, conf, slot, &name))
			continue;
		log_info("%s is not configured any more", name.name);
		if (pairs_drop_child(&sh->pairs, slot) || child_slot_free(sh->dp, slot))
			log_error("%s: cannot free its slot %u", name.name, slot);
	}
}

/* ---- SPD ------------------------------------------------------------------------- */

struct gather {
	struct shell *sh;
	struct policies *policies;
	int err;
};

/* Selectors that the configuration cannot know: of one of several peers, or "dynamic". */
static void gather_child(const struct child_sa *sa, const char *state, uint64_t rekey_ms,
			 uint64_t life_ms, void *arg)
{
	struct gather *g = arg;

	(void)state;
	(void)rekey_ms;
	(void)life_ms;
	struct policy_kind kind = { POLICY_LIVE, sa->child, sa->conn_child };

	if (!g->err && sa->conn_child && instance_has_policies(sa))
		g->err = policy_add_selectors(g->policies, &kind, sa->local_ts, sa->n_local_ts,
					      sa->remote_ts, sa->n_remote_ts);
}

static void gather_sa(const struct ike_sa_info *info, void *arg)
{
	struct gather *g = arg;

	ike_each_child(g->sh->ike, info->unique_id, gather_child, g);
}

/* Before the policies, which do not have what goes by an interface. */
static int write_tunnels(struct shell *sh, const struct conf *conf)
{
	int err = 0;

	for (size_t i = 0; i < conf->n_conns && !err; i++)
		for (size_t j = 0; j < conf->conns[i]->n_children && !err; j++) {
			const struct conn_child *c = &conf->conns[i]->children[j];

			if (c->child)
				err = child_tunnel_set(sh->dp, c->child, c->tunnel);
		}
	return err;
}

static int write_spd(struct shell *sh, const struct conf *conf)
{
	struct policies policies = { 0 };
	struct gather g = { sh, &policies, write_tunnels(sh, conf) };

	for (size_t i = 0; i < conf->n_conns && !g.err; i++)
		for (size_t j = 0; j < conf->conns[i]->n_children && !g.err; j++)
			g.err = policy_add_child(&policies, conf->conns[i],
						 &conf->conns[i]->children[j]);
	ike_each_sa(sh->ike, gather_sa, &g);
	if (!g.err)
		g.err = instances_add_orphans(sh, &policies);
	if (!g.err)
		g.err = spd_forwarding(sh->dp, conf->dataplane.forwarding);
	if (!g.err)
		g.err = spd_hold(sh->dp, conf->dataplane.hold_packets, conf->dataplane.hold_ms);
	if (!g.err)
		g.err = spd_replace(sh->dp, policies.list, policies.n,
				    conf->dataplane.default_action);
	if (!g.err)
		g.err = proxies_write(sh->dp, conf, &policies);
	policies_free(&policies);
	return g.err;
}

int shell_write_spd(struct shell *sh)
{
	return write_spd(sh, sh->conf);
}

/* ---- In force -------------------------------------------------------------------- */

static bool conn_can_initiate(const struct conn *conn)
{
	return conn->n_remote && !addr_is_any(&conn->remote[0]);
}

/* What carried traffic when the last controller went away; start_action is the core's. */
static void start_orphans(struct shell *sh, const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_conns; i++) {
		const struct conn *conn = conf->conns[i];
		for (size_t j = 0; j < conn->n_children; j++) {
			const struct conn_child *child = &conn->children[j];
			if (child->action != SPD_PROTECT || !conn_can_initiate(conn) ||
			    !pairs_has_orphan(&sh->pairs, child->child))
				continue;
			int err = ike_initiate(sh->ike, conn->name, child->name, shell_now_ms());
			if (err && err != -EALREADY)
				log_error("%s/%s: cannot initiate: %s", conn->name, child->name,
					  strerror(-err));
		}
	}
}

int settings_apply(struct shell *sh, struct conf *conf)
{
	const struct conn **conns = calloc(conf->n_conns + 1, sizeof(*conns));
	struct conf *old = sh->conf;
	int err = conns ? give_slots(sh, conf) : -ENOMEM;

	if (!err)
		err = write_spd(sh, conf);
	if (err) {
		log_error("cannot apply the configuration: %s; nothing has changed", strerror(-err));
		free(conns);
		return err;
	}
	for (size_t i = 0; i < conf->n_conns; i++)
		conns[i] = conf->conns[i];
	sh->conf = conf; /* whoever writes the SPD from here on */
	ike_tune(sh->ike, &conf->ike);
	aaa_configure(&sh->aaa, &conf->radius);
	err = ike_configure(sh->ike, conns, conf->n_conns, shell_now_ms());
	shell_carry_out(sh);
	if (err) {
		log_error("the IKEv2 core refuses the configuration: %s", strerror(-err));
		sh->conf = old;
		free(conns);
		return err;
	}
	free(sh->conns);
	sh->conns = conns;
	if (old != conf)
		conf_free(old);
	/* Once more: policies of SAs that have just gone with their connection ("dynamic" ones). */
	if (shell_write_spd(sh))
		log_error("cannot write the SPD again; policies of connections that are gone stay");
	free_slots(sh, conf);
	last_errors_prune(sh);
	start_orphans(sh, conf);
	shell_carry_out(sh);
	return 0;
}

int shell_reload(struct shell *sh, struct conf_errors *ret_errors)
{
	struct conf *conf;
	int err = settings_load(sh->config_path, &conf, ret_errors);

	if (err) {
		log_error("%s: not applied, the configuration in force stays", sh->config_path);
		return err;
	}
	err = settings_apply(sh, conf);
	if (err)
		conf_free(conf);
	else
		log_info("configuration %s is in force", sh->config_path);
	return err;
}
