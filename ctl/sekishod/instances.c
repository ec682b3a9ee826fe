/* SPDX-License-Identifier: BSD-2-Clause */
#include "instances.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ike/ts.h"
#include "log.h"

#define MARK '#' /* begins a comment in the configuration, so no name has it */

static bool is_instance(const struct child_name *name)
{
	return strchr(name->name, MARK);
}

int instances_init(struct shell *sh)
{
	struct child_name name;

	for (uint32_t slot = 1; slot < CHILD_MAX; slot++) {
		int err = child_slot_name(sh->dp, slot, &name);
		if (err)
			return err;
		const char *mark = strchr(name.name, MARK);
		unsigned long n = mark ? strtoul(mark + 1, NULL, 10) : 0;
		if (n > sh->last_instance && n < UINT32_MAX)
			sh->last_instance = (uint32_t)n;
	}
	return 0;
}

uint32_t instance_new(struct shell *sh, const struct conn *conn, const struct conn_child *child)
{
	char name[2 * CONN_NAME_MAX + 16];
	uint32_t slot;

	snprintf(name, sizeof(name), "%s/%s%c%u", conn->name, child->name, MARK,
		 ++sh->last_instance);
	int err = child_slot(sh->dp, name, &slot);
	if (!err)
		return slot;
	log_error("%s: no slot for another peer: %s", name, strerror(-err));
	return 0;
}

bool instance_has_policies(const struct child_sa *sa)
{
	return sa->child != sa->conn_child->child || policy_is_dynamic(sa->conn, sa->conn_child);
}

/* ---- What the last controller left ------------------------------------------------- */

static bool has_sa(const struct shell *sh, uint32_t slot)
{
	for (size_t i = 0; i < sh->pairs.n; i++)
		if (sh->pairs.list[i].child == slot)
			return true;
	return false;
}

static bool is_named(const struct child_name *name, const struct conn *conn,
		     const struct conn_child *child)
{
	char base[2 * CONN_NAME_MAX + 2];
	int len = snprintf(base, sizeof(base), "%s/%s%c", conn->name, child->name, MARK);

	return !strncmp(name->name, base, (size_t)len);
}

bool instance_is_used(const struct shell *sh, const struct conf *conf, uint32_t slot,
		      const struct child_name *name)
{
	if (!is_instance(name) || !has_sa(sh, slot))
		return false;
	for (size_t i = 0; i < conf->n_conns; i++)
		for (size_t j = 0; j < conf->conns[i]->n_children; j++)
			if (is_named(name, conf->conns[i], &conf->conns[i]->children[j]))
				return true;
	return false;
}

/* Whether this pair is an orphan in an instance, with its selectors: of its outbound SA, so that
 * each instance is seen once. */
static bool is_orphan(struct shell *sh, const struct pair *pair, struct child_name *ret_name,
		      struct sa_ts *ret_ts)
{
	return !pair->spi_in && pair->sa_out && !child_slot_name(sh->dp, pair->child, ret_name) &&
	       is_instance(ret_name) && !sad_ts(sh->dp, pair->sa_out, ret_ts) &&
	       ret_ts->n_local <= SA_TS_MAX && ret_ts->n_remote <= SA_TS_MAX;
}

int instances_add_orphans(struct shell *sh, struct policies *policies)
{
	struct child_name name;
	struct sa_ts ts;
	int err = 0;

	for (size_t i = 0; i < sh->pairs.n && !err; i++) {
		struct policy_kind kind = { POLICY_ORPHAN, sh->pairs.list[i].child, NULL };
		if (is_orphan(sh, &sh->pairs.list[i], &name, &ts))
			err = policy_add_selectors(policies, &kind, ts.local, ts.n_local,
						   ts.remote, ts.n_remote);
	}
	return err;
}

bool instance_retire_orphans(struct shell *sh, const struct child_sa *sa)
{
	struct child_name name;
	struct sa_ts ts;
	bool is_any = false;

	for (size_t i = 0; i < sh->pairs.n; i++) {
		const struct pair *pair = &sh->pairs.list[i];

		if (!is_orphan(sh, pair, &name, &ts) || !is_named(&name, sa->conn, sa->conn_child) ||
		    !ts_all_within(ts.remote, ts.n_remote, sa->remote_ts, sa->n_remote_ts))
			continue;
		pairs_retire_orphans(&sh->pairs, pair->child, shell_now_ms());
		is_any = true;
	}
	return is_any;
}

void instance_orphan_ended(struct shell *sh, uint32_t slot)
{
	struct child_name name;

	if (child_slot_name(sh->dp, slot, &name) || !is_instance(&name))
		return;
	log_info("%s: its SAs, left by the last controller, reached their end", name.name);
	if (pairs_drop_child(&sh->pairs, slot))
		log_error("%s: cannot remove its SAs", name.name);
	sh->is_spd_stale = true;
}

/* ---- What has gone ------------------------------------------------------------------ */

static void free_empty(struct shell *sh)
{
	struct child_name name;

	for (uint32_t slot = 1; slot < CHILD_MAX; slot++)
		if (!child_slot_name(sh->dp, slot, &name) && is_instance(&name) &&
		    !has_sa(sh, slot) && child_slot_free(sh->dp, slot))
			log_error("%s: cannot free its slot %u", name.name, slot);
}

/* A slot is free for the next one when no policy points at it any more. */
void instances_settle(struct shell *sh)
{
	if (!sh->is_spd_stale)
		return;
	sh->is_spd_stale = false;
	if (shell_write_spd(sh))
		log_error("cannot write the policies without those of peers that have gone");
	else
		free_empty(sh);
}
