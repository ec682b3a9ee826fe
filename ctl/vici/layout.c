/* SPDX-License-Identifier: BSD-2-Clause */
/* The spelling of every answer: see layout.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <sekisho/ike_num.h>
#include "vici/layout.h"

struct alg_name {
	uint8_t type;
	uint16_t id;
	const char *name;
};

/* strongSwan's names. */
static const struct alg_name alg_names[] = {
	{ TRANSFORM_ENCR, ENCR_3DES, "3DES_CBC" },
	{ TRANSFORM_ENCR, ENCR_NULL, "NULL" },
	{ TRANSFORM_ENCR, ENCR_AES_CBC, "AES_CBC" },
	{ TRANSFORM_ENCR, ENCR_AES_CTR, "AES_CTR" },
	{ TRANSFORM_ENCR, ENCR_AES_CCM_8, "AES_CCM_8" },
	{ TRANSFORM_ENCR, ENCR_AES_CCM_12, "AES_CCM_12" },
	{ TRANSFORM_ENCR, ENCR_AES_CCM_16, "AES_CCM_16" },
	{ TRANSFORM_ENCR, ENCR_AES_GCM_8, "AES_GCM_8" },
	{ TRANSFORM_ENCR, ENCR_AES_GCM_12, "AES_GCM_12" },
	{ TRANSFORM_ENCR, ENCR_AES_GCM_16, "AES_GCM_16" },
	{ TRANSFORM_ENCR, ENCR_NULL_AUTH_AES_GMAC, "NULL_AES_GMAC" },
	{ TRANSFORM_ENCR, ENCR_CHACHA20_POLY1305, "CHACHA20_POLY1305" },
	{ TRANSFORM_PRF, PRF_HMAC_SHA1, "PRF_HMAC_SHA1" },
	{ TRANSFORM_PRF, PRF_AES128_XCBC, "PRF_AES128_XCBC" },
	{ TRANSFORM_PRF, PRF_HMAC_SHA2_256, "PRF_HMAC_SHA2_256" },
	{ TRANSFORM_PRF, PRF_HMAC_SHA2_384, "PRF_HMAC_SHA2_384" },
	{ TRANSFORM_PRF, PRF_HMAC_SHA2_512, "PRF_HMAC_SHA2_512" },
	{ TRANSFORM_PRF, PRF_AES128_CMAC, "PRF_AES128_CMAC" },
	{ TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, "HMAC_SHA1_96" },
	{ TRANSFORM_INTEG, INTEG_AES_XCBC_96, "AES_XCBC_96" },
	{ TRANSFORM_INTEG, INTEG_AES_CMAC_96, "AES_CMAC_96" },
	{ TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, "HMAC_SHA2_256_128" },
	{ TRANSFORM_INTEG, INTEG_HMAC_SHA2_384_192, "HMAC_SHA2_384_192" },
	{ TRANSFORM_INTEG, INTEG_HMAC_SHA2_512_256, "HMAC_SHA2_512_256" },
	{ TRANSFORM_KE, KE_MODP_2048, "MODP_2048" },
	{ TRANSFORM_KE, KE_MODP_3072, "MODP_3072" },
	{ TRANSFORM_KE, KE_MODP_4096, "MODP_4096" },
	{ TRANSFORM_KE, KE_MODP_6144, "MODP_6144" },
	{ TRANSFORM_KE, KE_MODP_8192, "MODP_8192" },
	{ TRANSFORM_KE, KE_ECP_256, "ECP_256" },
	{ TRANSFORM_KE, KE_ECP_384, "ECP_384" },
	{ TRANSFORM_KE, KE_ECP_521, "ECP_521" },
	{ TRANSFORM_KE, KE_BRAINPOOL_256, "ECP_256_BP" },
	{ TRANSFORM_KE, KE_BRAINPOOL_384, "ECP_384_BP" },
	{ TRANSFORM_KE, KE_BRAINPOOL_512, "ECP_512_BP" },
	{ TRANSFORM_KE, KE_X25519, "CURVE_25519" },
	{ TRANSFORM_KE, KE_X448, "CURVE_448" },
	{ TRANSFORM_KE, KE_ML_KEM_512, "ML_KEM_512" },
	{ TRANSFORM_KE, KE_ML_KEM_768, "ML_KEM_768" },
	{ TRANSFORM_KE, KE_ML_KEM_1024, "ML_KEM_1024" },
};

/* Its name, or the number where we have none; nothing for 0. */
static void put_alg(struct vici_msg *m, const char *key, uint8_t type, uint16_t id)
{
	if (!id)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(alg_names); i++)
		if (alg_names[i].type == type && alg_names[i].id == id) {
			vici_kv(m, key, alg_names[i].name);
			return;
		}
	vici_num(m, key, id);
}

static void put_algs(struct vici_msg *m, const struct vici_algs *a)
{
	put_alg(m, "encr-alg", TRANSFORM_ENCR, a->encr);
	if (a->encr_bits)
		vici_num(m, "encr-keysize", a->encr_bits);
	put_alg(m, "integ-alg", TRANSFORM_INTEG, a->integ);
	put_alg(m, "prf-alg", TRANSFORM_PRF, a->prf);
	put_alg(m, "dh-group", TRANSFORM_KE, a->ke);
	for (size_t i = 0; i < VICI_ADDKE_MAX; i++) {
		const char key[] = { 'k', 'e', (char)('1' + i), '-', 'a', 'l', 'g', '\0' };

		put_alg(m, key, TRANSFORM_KE, a->addke[i]);
	}
	if (a->is_esn)
		vici_kv(m, "esn", "1");
}

static void put_text(struct vici_msg *m, const char *key, const char *text)
{
	if (text)
		vici_kv(m, key, text);
}

static void put_yes(struct vici_msg *m, const char *key, bool is_true)
{
	if (is_true)
		vici_kv(m, key, "yes");
}

/* Seconds; what is overdue is 0, as swanctl cannot show less. */
static void put_time(struct vici_msg *m, const char *key, int64_t seconds)
{
	if (seconds != VICI_NO_TIME)
		vici_num(m, key, seconds < 0 ? 0 : (uint64_t)seconds);
}

static const char *addr_text(const struct ip_addr *a, char *buf)
{
	return addr_is_any(a) ? "%any" : addr_print(a, buf, ADDR_TEXT_MAX);
}

static void put_endpoint(struct vici_msg *m, const char *side, const struct endpoint *e)
{
	char buf[ADDR_TEXT_MAX], key[32];

	snprintf(key, sizeof(key), "%s-host", side);
	vici_kv(m, key, addr_text(&e->addr, buf));
	snprintf(key, sizeof(key), "%s-port", side);
	vici_num(m, key, e->port);
}

static void put_addrs(struct vici_msg *m, const char *key, const struct ip_addr *addrs, size_t n)
{
	char buf[ADDR_TEXT_MAX];

	vici_list(m, key);
	for (size_t i = 0; i < n; i++)
		vici_item(m, addr_text(&addrs[i], buf));
	if (!n)
		vici_item(m, "%any");
	vici_list_end(m);
}

static void put_ts(struct vici_msg *m, const char *key, const struct vici_ts *ts)
{
	vici_list(m, key);
	for (size_t i = 0; i < ts->n && i < VICI_TS_MAX; i++)
		vici_item(m, ts->text[i]);
	vici_list_end(m);
}

/* As strongSwan: only where there are any. */
static void put_vips(struct vici_msg *m, const char *key, const struct ip_addr *vips, size_t n)
{
	if (n)
		put_addrs(m, key, vips, n);
}

void vici_ike_sa_open(struct vici_msg *m, const struct vici_ike_sa *sa)
{
	vici_section(m, sa->name);
	vici_num(m, "uniqueid", sa->unique_id);
	vici_num(m, "version", 2);
	vici_kv(m, "state", sa->state);
	put_endpoint(m, "local", &sa->local);
	put_text(m, "local-id", sa->local_id);
	put_endpoint(m, "remote", &sa->remote);
	put_text(m, "remote-id", sa->remote_id);
	put_yes(m, "initiator", sa->is_initiator);
	vici_kvf(m, "initiator-spi", "%016" PRIx64, sa->spi_i);
	vici_kvf(m, "responder-spi", "%016" PRIx64, sa->spi_r);
	put_yes(m, "nat-local", sa->is_nat_local);
	put_yes(m, "nat-remote", sa->is_nat_remote);
	put_yes(m, "nat-any", sa->is_nat_local || sa->is_nat_remote);
	put_algs(m, &sa->algs);
	put_time(m, "established", sa->established);
	put_time(m, "rekey-time", sa->rekey);
	put_time(m, "reauth-time", sa->reauth);
	put_vips(m, "local-vips", sa->local_vips, sa->n_local_vips);
	put_vips(m, "remote-vips", sa->remote_vips, sa->n_remote_vips);
	vici_section(m, "child-sas");
}

void vici_ike_sa_close(struct vici_msg *m)
{
	vici_section_end(m);
	vici_section_end(m);
}

static void put_child_counts(struct vici_msg *m, const struct vici_child_sa *sa)
{
	vici_num(m, "bytes-in", sa->bytes_in);
	vici_num(m, "packets-in", sa->packets_in);
	put_time(m, "use-in", sa->use_in);
	vici_num(m, "bytes-out", sa->bytes_out);
	vici_num(m, "packets-out", sa->packets_out);
	put_time(m, "use-out", sa->use_out);
	vici_num(m, "seq-in", sa->seq_in);
	vici_num(m, "seq-out", sa->seq_out);
	vici_num(m, "replayed", sa->replayed);
	vici_num(m, "bad-icv", sa->bad_icv);
	vici_num(m, "mismatched", sa->mismatched);
	vici_num(m, "replay-window", sa->replay_window);
}

void vici_child_sa_put(struct vici_msg *m, const struct vici_child_sa *sa)
{
	vici_sectionf(m, "%s-%" PRIu32, sa->name, sa->unique_id);
	vici_kv(m, "name", sa->name);
	vici_num(m, "uniqueid", sa->unique_id);
	vici_num(m, "reqid", sa->slot);
	vici_num(m, "slot", sa->slot);
	vici_kv(m, "state", sa->state);
	vici_kv(m, "mode", sa->mode);
	vici_kv(m, "protocol", sa->is_ah ? "AH" : "ESP");
	put_yes(m, "encap", sa->is_encap);
	vici_kvf(m, "spi-in", "%08" PRIx32, sa->spi_in);
	vici_kvf(m, "spi-out", "%08" PRIx32, sa->spi_out);
	vici_num(m, "sa-in", sa->sa_in);
	vici_num(m, "sa-out", sa->sa_out);
	put_endpoint(m, "local", &sa->local);
	put_endpoint(m, "remote", &sa->remote);
	put_algs(m, &sa->algs);
	put_child_counts(m, sa);
	put_time(m, "rekey-time", sa->rekey);
	put_time(m, "life-time", sa->life);
	put_time(m, "install-time", sa->installed);
	put_ts(m, "local-ts", &sa->local_ts);
	put_ts(m, "remote-ts", &sa->remote_ts);
	vici_section_end(m);
}

void vici_updown_put(struct vici_msg *m, bool is_up)
{
	put_yes(m, "up", is_up);
}

void vici_list_policy_put(struct vici_msg *m, const struct vici_policy *p)
{
	vici_sectionf(m, "%s/%s", p->conn ? p->conn : "", p->child ? p->child : "");
	put_text(m, "child", p->child);
	put_text(m, "ike", p->conn);
	put_text(m, "mode", p->mode);
	put_ts(m, "local-ts", &p->local_ts);
	put_ts(m, "remote-ts", &p->remote_ts);
	vici_section_end(m);
}

void vici_policy_put(struct vici_msg *m, const struct vici_policy *p)
{
	vici_num(m, "order", p->order);
	vici_kv(m, "action", p->action);
	put_text(m, "conn", p->conn);
	put_text(m, "child", p->child);
	vici_num(m, "slot", p->slot);
	vici_num(m, "sa-out", p->sa_out);
	put_text(m, "state", p->state);
	put_text(m, "interface", p->interface);
	put_text(m, "direction", p->direction);
	put_yes(m, "reject", p->is_answered);
	put_ts(m, "local-ts", &p->local_ts);
	put_ts(m, "remote-ts", &p->remote_ts);
}

static void put_auth(struct vici_msg *m, const char *section, const char *class, const char *id)
{
	vici_section(m, section);
	vici_kv(m, "class", class);
	vici_kv(m, "id", id ? id : "%any");
	vici_section_end(m);
}

void vici_conn_open(struct vici_msg *m, const struct vici_conn *c)
{
	vici_section(m, c->name);
	put_addrs(m, "local_addrs", c->local, c->n_local);
	put_addrs(m, "remote_addrs", c->remote, c->n_remote);
	vici_kv(m, "version", "IKEv2");
	vici_num(m, "reauth_time", c->reauth_s);
	vici_num(m, "rekey_time", c->rekey_s);
	vici_num(m, "dpd_delay", c->dpd_delay_s);
	vici_kv(m, "unique", c->unique);
	put_auth(m, "local-1", c->local_class, c->local_id);
	put_auth(m, "remote-1", c->remote_class, c->remote_id);
	vici_section(m, "children");
}

void vici_conn_child_put(struct vici_msg *m, const struct vici_conn_child *c)
{
	vici_section(m, c->name);
	vici_kv(m, "mode", c->mode);
	vici_num(m, "rekey_time", c->rekey_s);
	vici_num(m, "rekey_bytes", 0);
	vici_num(m, "rekey_packets", c->rekey_packets);
	put_text(m, "dpd_action", c->dpd_action);
	put_text(m, "close_action", c->close_action);
	put_ts(m, "local-ts", &c->local_ts);
	put_ts(m, "remote-ts", &c->remote_ts);
	vici_section_end(m);
}

void vici_conn_close(struct vici_msg *m)
{
	vici_section_end(m);
	vici_section_end(m);
}

void vici_version_put(struct vici_msg *m, const char *version)
{
	struct utsname u = {};

	(void)uname(&u);
	vici_kv(m, "daemon", "sekishod");
	vici_kv(m, "version", version);
	vici_kv(m, "sysname", u.sysname);
	vici_kv(m, "release", u.release);
	vici_kv(m, "machine", u.machine);
}

/* "3 days", the biggest whole unit, as strongSwan says it. */
static void put_span(struct vici_msg *m, const char *key, int64_t s)
{
	static const struct {
		int64_t s;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	size_t i = 0;

	while (i < ARRAY_SIZE(units) - 1 && s < 2 * units[i].s)
		i++;
	s /= units[i].s;
	vici_kvf(m, key, "%" PRId64 " %s%s", s, units[i].name, s == 1 ? "" : "s");
}

/* strongSwan's four priorities; all our jobs are of one. */
static void put_priorities(struct vici_msg *m, const char *section, unsigned n)
{
	vici_section(m, section);
	vici_num(m, "critical", 0);
	vici_num(m, "high", 0);
	vici_num(m, "medium", n);
	vici_num(m, "low", 0);
	vici_section_end(m);
}

void vici_stats_put(struct vici_msg *m, const struct vici_stats *s)
{
	time_t since = time(NULL) - (time_t)s->uptime_s;
	struct tm tm = {};
	char text[64];

	vici_section(m, "uptime");
	put_span(m, "running", s->uptime_s);
	localtime_r(&since, &tm);
	strftime(text, sizeof(text), "%b %d %H:%M:%S %Y", &tm);
	vici_kv(m, "since", text);
	vici_section_end(m);
	vici_section(m, "workers");
	vici_num(m, "total", s->threads);
	vici_num(m, "idle", s->idle);
	put_priorities(m, "active", s->threads - s->idle);
	vici_section_end(m);
	put_priorities(m, "queues", s->jobs_queued);
	vici_num(m, "scheduled", s->timers);
	vici_section(m, "ikesas");
	vici_num(m, "total", s->ike_sas);
	vici_num(m, "half-open", s->half_open);
	vici_section_end(m);
	vici_list(m, "plugins");
	vici_list_end(m);
}

void vici_counters_open(struct vici_msg *m, const char *section)
{
	vici_section(m, section);
}

void vici_counter_put(struct vici_msg *m, const char *name, const char *text, uint64_t value)
{
	vici_section(m, name);
	vici_num(m, "value", value);
	vici_kv(m, "text", text);
	vici_section_end(m);
}

void vici_counters_close(struct vici_msg *m)
{
	vici_section_end(m);
}

void vici_status_put(struct vici_msg *m, const struct vici_status *s)
{
	vici_kv(m, "daemon", "sekishod");
	vici_kv(m, "version", s->version);
	vici_kv(m, "instance", s->instance ? s->instance : "");
	put_text(m, "config", s->config);
	vici_num(m, "pid", s->pid);
	put_time(m, "uptime", s->uptime_s);
	put_text(m, "default-action", s->default_action);
	vici_num(m, "policies", s->policies);
	vici_num(m, "sas", s->sas);
	vici_section(m, "worker");
	vici_bool(m, "alive", s->is_worker_alive);
	vici_num(m, "ports", s->worker_ports);
	vici_section_end(m);
	vici_section(m, "conns");
}

void vici_status_conn_open(struct vici_msg *m, const struct vici_status_conn *c)
{
	vici_section(m, c->name);
	vici_kv(m, "state", c->state);
	put_endpoint(m, "remote", &c->remote);
	put_text(m, "last-error", c->last_error);
	if (c->last_error)
		put_time(m, "last-error-age", c->last_error_s);
	vici_section(m, "children");
}

void vici_status_child_put(struct vici_msg *m, const struct vici_status_child *c)
{
	vici_section(m, c->name);
	vici_kv(m, "state", c->state);
	put_text(m, "start", c->start);
	vici_section_end(m);
}

void vici_status_conn_close(struct vici_msg *m)
{
	vici_section_end(m);
	vici_section_end(m);
}

void vici_status_close(struct vici_msg *m)
{
	vici_section_end(m);
}
