/* SPDX-License-Identifier: BSD-2-Clause */
/* Command "redirect" (swanctl --redirect): clients are sent to another gateway (RFC 5685). */
#include "control.h"
#include "ike/id.h"
#include "vici/server.h"

/* The text of an argument, or NULL. */
static const char *argument(struct vici_request *req, const char *name, char *buf, size_t size)
{
	return vici_get(vici_args(req), name, buf, size) ? NULL : buf;
}

void control_redirect(struct vici_request *req, void *arg)
{
	struct shell *sh = arg;
	char conn[CONN_NAME_MAX], peers[2 * ADDR_TEXT_MAX], id[ID_TEXT_MAX], to[GATEWAY_NAME_MAX];
	struct ike_redirect what = { .conn = argument(req, "ike", conn, sizeof(conn)) };
	const char *range = argument(req, "peer-ip", peers, sizeof(peers)), *why;
	const char *peer = argument(req, "peer-id", id, sizeof(id));
	struct addr_range addrs;
	struct ike_id peer_id;

	what.unique_id = (uint32_t)vici_get_num(vici_args(req), "ike-id", 0);
	if (!argument(req, "gateway", to, sizeof(to)) || gateway_parse(to, &what.to))
		return vici_fail(req, "gateway: an address or the name of a host is missing");
	if (range && addr_parse_range(range, &addrs))
		return vici_fail(req, "peer-ip: '%s' is no address, subnet or range", range);
	if (peer && id_parse(peer, &peer_id, &why))
		return vici_fail(req, "peer-id: '%s' is no identity: %s", peer, why);
	if (!what.conn && !what.unique_id && !range && !peer)
		return vici_fail(req, "say whom: ike, ike-id, peer-ip or peer-id");
	what.peers = range ? &addrs : NULL;
	what.peer_id = peer ? &peer_id : NULL;
	unsigned n = ike_redirect(sh->ike, &what, shell_now_ms());
	if (n) {
		vici_num(vici_response(req), "matches", n);
		vici_succeed(req);
	} else {
		vici_fail(req, "no such IKE_SA whose peer initiated it and follows redirects");
	}
	shell_carry_out(sh);
}
