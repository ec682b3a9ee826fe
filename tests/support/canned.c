/* SPDX-License-Identifier: BSD-2-Clause */
/* The canned gateway: connection "gw" with child "net" up, and two policies. */
#include "support/canned.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>
#include "vici/layout.h"
#include "vici/server.h"

struct canned {
	uv_loop_t loop;
	uv_thread_t thread;
	uv_async_t stop;
	uv_timer_t timer; /* a slow initiation */
	struct vici_request *slow;
	bool is_completing; /* no other command may run meanwhile */
	struct vici_server *server;
};

static const struct vici_child_sa child_sa = {
	.name = "net",
	.unique_id = 7,
	.slot = 3,
	.state = "INSTALLED",
	.mode = "TUNNEL",
	.is_encap = true,
	.spi_in = 0xc1234567,
	.spi_out = 0x00abcdef,
	.sa_in = 11,
	.sa_out = 12,
	.algs = { .encr = 20, .encr_bits = 128, .is_esn = true },
	.bytes_in = 840,
	.packets_in = 10,
	.bytes_out = 924,
	.packets_out = 11,
	.use_in = 2,
	.use_out = VICI_NO_TIME,
	.seq_in = 10,
	.seq_out = 11,
	.replayed = 1,
	.mismatched = 4,
	.replay_window = 1024,
	.rekey = 3000,
	.life = 3600,
	.installed = 60,
	.local_ts = { 1, { "10.1.0.0/16" } },
	.remote_ts = { 2, { "10.2.0.0/16", "10.3.0.0/16[tcp/80]" } },
};

static void run_version(struct vici_request *req, void *arg)
{
	struct canned *c = arg;

	vici_version_put(vici_response(req), c->is_completing ? "nested" : "0.1");
	vici_done(req);
}

static void run_stats(struct vici_request *req, void *arg)
{
	struct vici_stats s = { .uptime_s = 7300, .threads = 4, .idle = 3, .ike_sas = 1 };

	(void)arg;
	vici_stats_put(vici_response(req), &s);
	vici_done(req);
}

static void run_list_sas(struct vici_request *req, void *arg)
{
	struct ip_addr vips[2] = { addr_from_v4(0x0a630001), { .b = { 0xfd, 0x99, [15] = 1 } } };
	struct vici_ike_sa sa = {
		.name = "gw",
		.unique_id = 1,
		.state = "ESTABLISHED",
		.local = { addr_from_v4(0xc0000201), 4500 },
		.remote = { addr_from_v4(0xc0000202), 4500 },
		.local_id = "a.example",
		.remote_id = "b.example",
		.is_initiator = true,
		.is_nat_remote = true,
		.spi_i = 0x0102030405060708,
		.spi_r = 0xf1f2f3f4f5f6f7f8,
		.algs = { .encr = 20, .encr_bits = 256, .prf = 6, .ke = 31 },
		.established = 65,
		.rekey = 14000,
		.remote_vips = vips,
		.n_remote_vips = 2,
		.reauth = VICI_NO_TIME,
	};
	struct vici_child_sa child = child_sa;
	struct vici_msg m = {};

	(void)arg;
	child.local = sa.local;
	child.remote = sa.remote;
	vici_ike_sa_open(&m, &sa);
	vici_child_sa_put(&m, &child);
	vici_ike_sa_close(&m);
	vici_stream(req, "list-sa", &m);
	vici_msg_fini(&m);
	vici_done(req);
}

static const struct vici_policy policies[] = {
	{ 0, "protect", "gw", "net", "TUNNEL", 3, 12, "INSTALLED", { 1, { "10.1.0.0/16" } },
	  { 2, { "10.2.0.0/16", "10.3.0.0/16[tcp/80]" } }, NULL, NULL, false },
	{ 1, "discard", "shunts", "bad", "DROP", 0, 0, NULL, { 1, { "0.0.0.0/0" } },
	  { 1, { "198.51.100.0/24" } }, "eth0", "in", true },
};

static void run_policies(struct vici_request *req, void *arg)
{
	bool is_ours = !strcmp(vici_command_name(req), "policies");

	(void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		struct vici_msg m = {};

		if (is_ours)
			vici_policy_put(&m, &policies[i]);
		else
			vici_list_policy_put(&m, &policies[i]);
		vici_stream(req, is_ours ? "policy" : "list-policy", &m);
		vici_msg_fini(&m);
	}
	vici_done(req);
}

static void run_list_conns(struct vici_request *req, void *arg)
{
	struct ip_addr local = addr_from_v4(0xc0000201), remote = addr_from_v4(0xc0000202);
	struct vici_conn conn = {
		.name = "gw",
		.local = &local,
		.remote = &remote,
		.n_local = 1,
		.n_remote = 1,
		.rekey_s = 14400,
		.dpd_delay_s = 30,
		.local_id = "a.example",
		.local_class = "pre-shared key",
		.remote_class = "EAP",
		.unique = "UNIQUE_REPLACE",
	};
	struct vici_conn_child child = {
		.name = "net",
		.mode = "TUNNEL",
		.rekey_s = 3600,
		.dpd_action = "clear",
		.close_action = "none",
		.local_ts = { 1, { "dynamic" } },
		.remote_ts = { 1, { "10.2.0.0/16" } },
	};
	struct vici_msg m = {};

	(void)arg;
	vici_conn_open(&m, &conn);
	vici_conn_child_put(&m, &child);
	vici_conn_close(&m);
	vici_stream(req, "list-conn", &m);
	vici_msg_fini(&m);
	vici_done(req);
}

static void run_get_counters(struct vici_request *req, void *arg)
{
	struct vici_msg *m = vici_response(req);

	(void)arg;
	vici_section(m, "counters");
	vici_section(m, "");
	vici_num(m, "ike-init-in-req", 5);
	vici_section_end(m);
	vici_section_end(m);
	vici_succeed(req);
}

static void run_counters(struct vici_request *req, void *arg)
{
	struct vici_msg *m = vici_response(req);

	(void)arg;
	vici_counters_open(m, "gate");
	vici_counter_put(m, "ARP_REPLY", "ARP request answered", 0);
	vici_counter_put(m, "FORWARD", "bypassed and forwarded by the kernel's FIB", 42);
	vici_counters_close(m);
	vici_counters_open(m, "worker");
	vici_counter_put(m, "SEALED", "packets encrypted", 11);
	vici_counters_close(m);
	vici_done(req);
}

static void run_status(struct vici_request *req, void *arg)
{
	struct vici_status status = {
		.version = "0.1",
		.instance = "",
		.config = "/etc/sekisho/sekisho.conf",
		.pid = 4242,
		.uptime_s = 7300,
		.is_worker_alive = true,
		.worker_ports = 2,
		.default_action = "bypass",
		.policies = 2,
		.sas = 2,
	};
	struct vici_status_conn conn = { .name = "gw",
					 .state = "ESTABLISHED",
					 .remote = { addr_from_v4(0xc0000202), 4500 },
					 .last_error = "peer is dead",
					 .last_error_s = 90 };
	struct vici_status_child child = { "net", "INSTALLED", "trap" };
	struct vici_msg *m = vici_response(req);

	(void)arg;
	vici_status_put(m, &status);
	vici_status_conn_open(m, &conn);
	vici_status_child_put(m, &child);
	vici_status_conn_close(m);
	vici_status_close(m);
	vici_done(req);
}

/* ---- initiate: child "net" comes up later, "bad" fails, "never" waits for its timeout -------- */

static void on_slow(uv_timer_t *timer)
{
	struct canned *c = timer->data;
	struct vici_request *req = c->slow;

	c->slow = NULL;
	vici_control_log(req, "gw", 1, "CHILD_SA net{7} established");
	c->is_completing = true;
	vici_succeed(req);
	c->is_completing = false;
}

static void on_timeout(struct vici_request *req, void *arg)
{
	(void)arg;
	vici_fail(req, "timeout");
}

static void run_initiate(struct vici_request *req, void *arg)
{
	struct canned *c = arg;
	char child[64] = "";

	(void)!vici_get(vici_args(req), "child", child, sizeof(child));
	if (!strcmp(child, "net") && !c->slow) {
		c->slow = req;
		vici_control_log(req, "gw", 1, "initiating gw[1] to 192.0.2.2");
		uv_timer_start(&c->timer, on_slow, 50, 0);
	} else if (!strcmp(child, "never")) {
		vici_expire(req, (uint64_t)vici_get_num(vici_args(req), "timeout", 0), on_timeout,
			    NULL);
	} else {
		vici_fail(req, "no child '%s' in the configuration", child);
	}
}

static void run_terminate(struct vici_request *req, void *arg)
{
	(void)arg;
	vici_num(vici_response(req), "matches", 1);
	vici_num(vici_response(req), "terminated", 1);
	vici_succeed(req);
}

static void run_reload(struct vici_request *req, void *arg)
{
	struct vici_msg *m = vici_response(req);

	(void)arg;
	vici_list(m, VICI_ERRORS);
	vici_item(m, "/etc/sekisho/sekisho.conf:3: error: unknown key 'versio'");
	vici_list_end(m);
	vici_fail(req, "not applied");
}

/* More than the queue of a client may hold, to one that reads and to one that does not. */
static void run_flood(struct vici_request *req, void *arg)
{
	struct vici_msg m = {};
	char chunk[1001];

	(void)arg;
	memset(chunk, 'x', sizeof(chunk) - 1);
	chunk[sizeof(chunk) - 1] = '\0';
	vici_list(&m, "chunks");
	for (int i = 0; i < 400; i++)
		vici_item(&m, chunk);
	vici_list_end(&m);
	for (int i = 0; i < 60; i++)
		vici_stream(req, "flood-piece", &m);
	vici_msg_fini(&m);
	vici_done(req);
}

static const struct vici_command commands[] = {
	{ "version", run_version },
	{ "stats", run_stats },
	{ "list-sas", run_list_sas },
	{ "list-policies", run_policies },
	{ "policies", run_policies },
	{ "list-conns", run_list_conns },
	{ "get-counters", run_get_counters },
	{ "counters", run_counters },
	{ "status", run_status },
	{ "initiate", run_initiate },
	{ "terminate", run_terminate },
	{ "reload-settings", run_reload },
	{ "flood", run_flood },
	{ NULL, NULL },
};

static const char *const events[] = { "list-sa", "list-policy", "list-conn",   "policy",
				      "log",	 "control-log", "flood-piece", NULL };

static void on_stop(uv_async_t *async)
{
	struct canned *c = async->data;

	vici_server_stop(c->server);
	if (c->slow)
		vici_done(c->slow);
	uv_close((uv_handle_t *)&c->timer, NULL);
	uv_close((uv_handle_t *)&c->stop, NULL);
}

static void run_loop(void *arg)
{
	struct canned *c = arg;

	uv_run(&c->loop, UV_RUN_DEFAULT);
}

struct canned *canned_start(const char *path)
{
	static struct vici_api api = { commands, events, NULL };
	struct canned *c = calloc(1, sizeof(*c));

	api.arg = c;
	if (!c || uv_loop_init(&c->loop) || uv_timer_init(&c->loop, &c->timer) ||
	    uv_async_init(&c->loop, &c->stop, on_stop) ||
	    vici_server_start(&c->loop, path, &api, &c->server))
		abort();
	c->timer.data = c;
	c->stop.data = c;
	if (uv_thread_create(&c->thread, run_loop, c))
		abort();
	return c;
}

void canned_stop(struct canned *c)
{
	uv_async_send(&c->stop);
	uv_thread_join(&c->thread);
	if (uv_loop_close(&c->loop))
		abort(); /* a handle was left open */
	free(c);
}
