/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that only tell: from the core, the configuration and the maps (docs/vici.md). */
#ifndef SEKISHOD_CONTROL_LIST_H
#define SEKISHOD_CONTROL_LIST_H

#include "shell.h"
#include "vici/server.h"

void control_version(struct vici_request *req, void *arg);
void control_stats(struct vici_request *req, void *arg);
void control_list_sas(struct vici_request *req, void *arg);
void control_list_conns(struct vici_request *req, void *arg);
void control_get_conns(struct vici_request *req, void *arg);
void control_list_policies(struct vici_request *req, void *arg);
void control_policies(struct vici_request *req, void *arg);
void control_status(struct vici_request *req, void *arg);
void control_counters(struct vici_request *req, void *arg);
/* Selectors as text, at most VICI_TS_MAX. */
struct vici_ts;
void control_ts_text(const struct ts_val *ts, size_t n, struct vici_ts *ret);

/* The list "errors": a line for each mistake and warning of a configuration. */
void control_put_errors(struct vici_msg *m, const struct conf_errors *errors);

void control_check(struct vici_request *req, void *arg);

/* The command "drops", which lasts a second, and the message of its event. */
void control_drops(struct vici_request *req, void *arg);
void control_put_drop(struct shell *sh, struct vici_msg *m, const struct drop_sample *s);

/* Event "child-updown" to whoever registered for it. */
void control_list_updown(struct shell *sh, struct vici_server *server, const struct child_sa *sa);

#endif
