/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The controller's shell: the only place that knows the sockets, the loop, the maps and the
 * IKEv2 core. Everything runs on one libuv loop; only job_run() leaves it, for the thread pool.
 *
 * Every call into the core is followed by shell_carry_out(), which takes the core's effects in
 * order. Time in the core is CLOCK_BOOTTIME in ms: the clock of the maps.
 */
#ifndef SEKISHOD_SHELL_H
#define SEKISHOD_SHELL_H

#include <uv.h>
#include "aaa.h"
#include "conf/conf.h"
#include "dataplane/dataplane.h"
#include "fetch.h"
#include "ike/ike.h"
#include "leases.h"
#include "pairs.h"
#include "roam.h"
#include "udp.h"

#define DP_RETRY_MS 1000 /* how often to look for the worker's pins: are they there, still ours? */

struct control; /* the VICI socket and who waits on it */

struct shell {
	uv_loop_t loop;
	uv_timer_t core_timer, orphan_timer, pins_timer;
	uv_signal_t signals[3]; /* TERM, INT, HUP */
	uv_poll_t events_poll;
	const char *instance, *config_path;
	struct conf *conf;
	const struct conn **conns; /* what ike_configure() has borrowed */
	struct dataplane *dp;
	struct dp_events *events;
	struct ike *ike;
	struct udp udp;
	struct aaa aaa;
	struct fetcher fetcher;
	struct work *fetching; /* jobs.c: jobs that have something fetched */
	struct pairs pairs;
	struct leases leases;
	struct control *control;
	struct last_error *last_errors;
	struct roam roam;
	uint64_t started_ms;
	uint32_t last_instance; /* see instances.h */
	bool is_spd_stale;      /* an instance has gone, or an address changed: policies follow */
	bool is_stopping;
	bool is_unpinned; /* the loop ended because the maps serve nobody any more */
};

uint64_t shell_now_ms(void); /* CLOCK_BOOTTIME */

/* 0 once everything stands; -errno after one logged line. */
int shell_start(struct shell *sh) MUST_USE;
void shell_stop(struct shell *sh); /* closes the handles; the loop ends when jobs are done */
void shell_fini(struct shell *sh);

/* Read the configuration again and apply it; on errors nothing changes. Mistakes and warnings are
 * logged and in *ret_errors, which the caller ends with conf_errors_fini(). */
int shell_reload(struct shell *sh, struct conf_errors *ret_errors) MUST_USE;
/* Takes and carries out all effects that the core has ready. */
void shell_carry_out(struct shell *sh);
/* The SPD anew from the configuration and the SAs. */
int shell_write_spd(struct shell *sh) MUST_USE;

#endif
