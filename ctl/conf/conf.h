/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration file: swanctl.conf's syntax and key names (docs/configuration.md), turned
 * into the connections that the IKEv2 core runs and the few settings of the data plane.
 *
 * Loading never stops at the first mistake: every one becomes a line of struct conf_errors, and
 * a file with a mistake yields no configuration at all. What strongSwan knows and we do not do
 * yet is a mistake too ("not supported yet: ..."), never silently ignored.
 *
 *     struct conf *conf;
 *     struct conf_errors errors = {};
 *     int r = conf_load("/etc/sekisho/sekisho.conf", &conf, &errors);
 *     for (size_t i = 0; i < errors.n; i++)
 *             log("%s", conf_error_print(&errors.list[i], buf, sizeof(buf)));
 *     conf_errors_fini(&errors);
 *     if (r) ...                        (conf is untouched)
 *     ike_configure(ike, (const struct conn *const *)conf->conns, conf->n_conns, now_ms);
 *     ...
 *     conf_free(conf);                  (after the next ike_configure, or at the end)
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include "base/must.h"
#include "ike/conn.h"
#include "ike/settings.h"
#include "radius/settings.h"

#define CONF_FILE_MAX (4u * 1024 * 1024) /* bytes of one file */
#define CONF_INCLUDE_DEPTH 10            /* nested include statements */
#define CONF_INCLUDE_FILES 1024          /* files of one configuration */
#define CONF_NODES_MAX 200000            /* sections and keys of one configuration */
#define CONF_ERRORS_MAX 100              /* mistakes told; the rest is one more line */
#define CONF_ERROR_TEXT 320

/* One line for people. Secrets never get into it. */
struct conf_error {
	char *file; /* as written on the command line or found by include */
	unsigned line; /* 0: the file as a whole */
	bool is_warning;
	char text[CONF_ERROR_TEXT];
};

/* Start each load with an empty one: {}. Sorted by file and line. */
struct conf_errors {
	struct conf_error *list;
	size_t n;        /* all of them */
	size_t n_errors; /* without the warnings */
};

/* Section `dataplane`. */
struct conf_dataplane {
	uint8_t default_action; /* enum spd_action (BYPASS or DISCARD): matches no policy */
	uint8_t forwarding;	/* enum forwarding */
	bool farp;		/* the gate answers for virtual addresses of peers */
	uint32_t hold_packets, hold_ms; /* of each child, until its first SA is there */
};

struct conf {
	/* In the order of the file. Each one owns its children and its secret; conn_child.child
	 * (the slot) is 0: the shell gives slots. A child with action SPD_BYPASS or SPD_DISCARD
	 * (mode = pass | drop) is a shunt: only policies, never an SA. */
	struct conn **conns;
	size_t n_conns;
	struct conf_dataplane dataplane;
	struct ike_settings ike; /* section `ike` */
	struct radius_settings radius; /* section `radius` */
};

/*
 * Read a file and what it includes. 0: *ret_conf is to be freed with conf_free(); there may be
 * warnings in *ret_errors all the same. -EINVAL: it has mistakes, all of them in *ret_errors.
 * -errno of open or read of `path` itself (also told in *ret_errors). -ENOMEM.
 */
int conf_load(const char *path, struct conf **ret_conf, struct conf_errors *ret_errors) MUST_USE;
/* The same for a text in memory; `name` stands for the file in messages and its folder is where
 * relative includes are looked for. What the fuzzer calls. */
int conf_parse(const char *name, const char *text, size_t len, struct conf **ret_conf,
	       struct conf_errors *ret_errors) MUST_USE;
/* Wipes the secrets. NULL is fine. */
void conf_free(struct conf *conf);

/* "FILE:LINE: error: TEXT" (or "warning:") into buf. Returns buf. */
const char *conf_error_print(const struct conf_error *error, char *buf, size_t size);
void conf_errors_fini(struct conf_errors *errors);

#endif
