/* SPDX-License-Identifier: BSD-2-Clause */
/* list-sas and child-updown: the core's SAs with the counters of the maps. */
#include <string.h>
#include "control_list.h"
#include "ike/id.h"
#include "ike/ts.h"
#include "vici/layout.h"

/* One IKE SA on its way into a message. */
struct listing {
	struct shell *sh;
	struct vici_request *req;
	struct vici_msg msg;
	char ike[CONN_NAME_MAX], child[CONN_NAME_MAX]; /* filters, "": all */
	int64_t ike_id, child_id;                      /* filters, 0: all */
	const struct child_sa *only; /* for an updown: this IKE SA alone */
	bool is_wanted;
};

static int64_t seconds_since(uint64_t then_ms)
{
	uint64_t now = shell_now_ms();

	return then_ms ? (int64_t)(now > then_ms ? (now - then_ms) / 1000 : 0) : VICI_NO_TIME;
}

static int64_t seconds_until(uint64_t then_ms)
{
	uint64_t now = shell_now_ms();

	return then_ms ? ((int64_t)then_ms - (int64_t)now) / 1000 : VICI_NO_TIME;
}

static uint16_t transform_id(const struct proposal *p, enum transform_type type)
{
	const struct transform *t = proposal_get(p, type);

	return t ? t->id : 0;
}

static struct vici_algs algs_of(const struct proposal *p)
{
	const struct transform *encr = proposal_get(p, TRANSFORM_ENCR);

	struct vici_algs algs = {
		.encr = transform_id(p, TRANSFORM_ENCR),
		.encr_bits = encr ? encr->key_bits : 0,
		.integ = transform_id(p, TRANSFORM_INTEG),
		.prf = transform_id(p, TRANSFORM_PRF),
		.ke = transform_id(p, TRANSFORM_KE),
		.is_esn = transform_id(p, TRANSFORM_ESN) == ESN_YES,
	};

	for (uint8_t i = 0; i < VICI_ADDKE_MAX; i++)
		algs.addke[i] = transform_id(p, (enum transform_type)(TRANSFORM_ADDKE1 + i));
	return algs;
}

void control_ts_text(const struct ts_val *ts, size_t n, struct vici_ts *ret)
{
	ret->n = n < VICI_TS_MAX ? n : VICI_TS_MAX;
	for (size_t i = 0; i < ret->n; i++)
		ts_print(&ts[i], ret->text[i], sizeof(ret->text[i]));
}

static void fill_counters(struct shell *sh, const struct pair *pair, struct vici_child_sa *out)
{
	const struct sa_hot *in_hot = &dp_sa_hot(sh->dp)[pair->sa_in];
	const struct sa_hot *out_hot = &dp_sa_hot(sh->dp)[pair->sa_out];

	out->sa_in = pair->sa_in;
	out->sa_out = pair->sa_out;
	out->bytes_in = in_hot->bytes;
	out->packets_in = in_hot->packets;
	out->bytes_out = out_hot->bytes;
	out->packets_out = out_hot->packets;
	out->use_in = seconds_since(in_hot->last_ns / 1000000u);
	out->use_out = seconds_since(out_hot->last_ns / 1000000u);
	out->seq_in = in_hot->seq;
	out->seq_out = out_hot->seq;
	out->replayed = in_hot->replayed;
	out->bad_icv = in_hot->bad_icv;
	out->mismatched = in_hot->mismatched;
}

static void put_child(const struct child_sa *sa, const char *state, uint64_t rekey_ms,
		      uint64_t life_ms, void *arg)
{
	struct listing *l = arg;
	const struct pair *pair = pairs_find(&l->sh->pairs, sa->spi_in);
	struct vici_child_sa out = {
		.name = sa->conn_child->name, .unique_id = sa->unique_id, .slot = sa->child,
		.state = state, .mode = sa->mode == SA_TRANSPORT ? "TRANSPORT" : "TUNNEL",
		.is_ah = sa->chosen.protocol == PROTO_AH, .is_encap = sa->is_encap,
		.spi_in = sa->spi_in, .spi_out = sa->spi_out,
		.algs = algs_of(&sa->chosen), .local = sa->local, .remote = sa->remote,
		.use_in = VICI_NO_TIME, .use_out = VICI_NO_TIME,
		.replay_window = sa->conn_child->replay_window,
		.rekey = seconds_until(rekey_ms), .life = seconds_until(life_ms),
		.installed = seconds_since(sa->established_ms),
	};

	if (l->child[0] && strcmp(l->child, sa->conn_child->name))
		return;
	if (l->child_id && l->child_id != sa->unique_id)
		return;
	out.algs.is_esn = sa->is_esn;
	if (pair)
		fill_counters(l->sh, pair, &out);
	control_ts_text(sa->local_ts, sa->n_local_ts, &out.local_ts);
	control_ts_text(sa->remote_ts, sa->n_remote_ts, &out.remote_ts);
	vici_child_sa_put(&l->msg, &out);
}

static void put_sa(struct listing *l, const struct ike_sa_info *info)
{
	char local_id[ID_TEXT_MAX], remote_id[ID_TEXT_MAX];
	struct vici_ike_sa out = {
		.name = info->conn ? info->conn->name : "(unnamed)",
		.unique_id = info->unique_id, .state = info->state,
		.local = info->local, .remote = info->remote,
		.local_id = id_print(&info->local_id, local_id, sizeof(local_id)),
		.remote_id = id_print(&info->remote_id, remote_id, sizeof(remote_id)),
		.is_initiator = info->is_initiator, .is_nat_local = info->is_nat_local,
		.is_nat_remote = info->is_nat_remote, .spi_i = info->spi_i, .spi_r = info->spi_r,
		.algs = algs_of(&info->chosen), .established = seconds_since(info->established_ms),
		.rekey = seconds_until(info->rekey_ms), .reauth = seconds_until(info->reauth_ms),
		.local_vips = info->our_vips, .n_local_vips = info->n_our_vips,
		.remote_vips = info->their_vips, .n_remote_vips = info->n_their_vips,
	};

	vici_ike_sa_open(&l->msg, &out);
	ike_each_child(l->sh->ike, info->unique_id, put_child, l);
	vici_ike_sa_close(&l->msg);
}

static void list_one(const struct ike_sa_info *info, void *arg)
{
	struct listing *l = arg;

	if (l->ike[0] && (!info->conn || strcmp(l->ike, info->conn->name)))
		return;
	if (l->ike_id && l->ike_id != info->unique_id)
		return;
	put_sa(l, info);
	vici_stream(l->req, "list-sa", &l->msg);
	vici_msg_reset(&l->msg);
}

void control_list_sas(struct vici_request *req, void *arg)
{
	struct listing l = { .sh = arg, .req = req };

	(void)!vici_get(vici_args(req), "ike", l.ike, sizeof(l.ike));
	(void)!vici_get(vici_args(req), "child", l.child, sizeof(l.child));
	l.ike_id = vici_get_num(vici_args(req), "ike-id", 0);
	l.child_id = vici_get_num(vici_args(req), "child-id", 0);
	ike_each_sa(l.sh->ike, list_one, &l);
	vici_msg_fini(&l.msg);
	vici_done(req);
}

static void match_child(const struct child_sa *sa, const char *state, uint64_t rekey_ms,
			uint64_t life_ms, void *arg)
{
	struct listing *l = arg;

	(void)state;
	(void)rekey_ms;
	(void)life_ms;
	if (sa->spi_in == l->only->spi_in)
		l->is_wanted = true;
}

static void updown_one(const struct ike_sa_info *info, void *arg)
{
	struct listing *l = arg;

	l->is_wanted = false;
	ike_each_child(l->sh->ike, info->unique_id, match_child, l);
	if (l->is_wanted)
		put_sa(l, info);
}

void control_list_updown(struct shell *sh, struct vici_server *server, const struct child_sa *sa)
{
	struct listing l = { .sh = sh, .only = sa, .child_id = sa->unique_id };

	vici_updown_put(&l.msg, true);
	ike_each_sa(sh->ike, updown_one, &l);
	vici_broadcast(server, "child-updown", &l.msg);
	vici_msg_fini(&l.msg);
}
