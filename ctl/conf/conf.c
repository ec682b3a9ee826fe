/* SPDX-License-Identifier: BSD-2-Clause */
/* The story: read, inherit, build, check; all of it or nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "conf/build.h"
#include "conf/creds.h"
#include "crypto/secret.h"

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->n_conns; i++)
		conn_free(conf->conns[i]);
	free(conf->conns);
	secret_wipe(&conf->radius, sizeof(conf->radius));
	free(conf);
}

/* Sections that others inherit are not looked at by themselves. */
static void build_top(struct build *b)
{
	const struct node *root = b->tree->root, *section;

	for (struct node *n = root->first; n; n = n->next)
		if (n->is_base && !row_find(SCOPE_TOP, n->name, true))
			n->is_junk = true;
	scope_take(b, SCOPE_TOP, root, NULL);
	b->conf->dataplane = (struct conf_dataplane){
		.farp = true, .hold_packets = HOLD_PACKETS, .hold_ms = HOLD_MS
	};
	section = node_find(root, "dataplane");
	if (section && !section->value)
		scope_take(b, SCOPE_DATAPLANE, section, &b->conf->dataplane);
	b->conf->ike = ike_settings_default();
	section = node_find(root, "ike");
	if (section && !section->value)
		scope_take(b, SCOPE_IKE, section, &b->conf->ike);
	section = node_find(root, "radius");
	if (section && !section->value)
		build_radius(b, section);
	section = node_find(root, "secrets"); /* before the connections, which need them */
	if (section && !section->value)
		build_secrets(b, section);
	section = node_find(root, "pools");
	if (section && !section->value)
		build_pools(b, section);
	section = node_find(root, "connections");
	if (section && !section->value)
		build_connections(b, section);
	check_connections(b);
}

static void check_modes(const struct tree *t)
{
	for (const struct source *s = t->sources; s; s = s->next) {
		if (s->has_secret && s->mode & 0044)
			errors_warn(t->errors, s, 0,
				    "holds secrets, and others may read it (mode %04o): chmod 600",
				    s->mode);
		if (s->mode & 0022)
			errors_warn(t->errors, s, 0, "others may write it (mode %04o): chmod 600",
				    s->mode);
	}
}

static int build(struct tree *t, struct conf **ret_conf)
{
	struct build b = { .tree = t, .conf = calloc(1, sizeof(struct conf)) };
	int r = 0;

	if (!b.conf)
		return -ENOMEM;
	tree_inherit(t);
	build_top(&b);
	check_modes(t);
	secrets_fini(&b);
	free(b.pools);
	creds_free(b.creds);
	if (b.is_out_of_memory || t->is_out_of_memory)
		r = -ENOMEM;
	else if (t->errors->n_errors)
		r = -EINVAL;
	if (r)
		conf_free(b.conf);
	else
		*ret_conf = b.conf;
	return r;
}

int conf_parse(const char *name, const char *text, size_t len, struct conf **ret_conf,
	       struct conf_errors *ret_errors)
{
	struct source *source;
	struct tree t;
	int r = tree_init(&t, ret_errors);

	if (r)
		return r;
	source = tree_source(&t, name, 0);
	if (source) {
		tree_parse(&t, source, text, len);
		r = build(&t, ret_conf);
		errors_sort(ret_errors, &t);
	} else {
		r = -ENOMEM;
	}
	tree_fini(&t);
	return r;
}

int conf_load(const char *path, struct conf **ret_conf, struct conf_errors *ret_errors)
{
	struct tree t;
	int r = tree_init(&t, ret_errors);

	if (r)
		return r;
	r = tree_read(&t, path);
	if (r) {
		errors_add(ret_errors, NULL, 0, "cannot read %s: %s", path, strerror(-r));
	} else {
		r = build(&t, ret_conf);
		errors_sort(ret_errors, &t);
	}
	tree_fini(&t);
	return r;
}
