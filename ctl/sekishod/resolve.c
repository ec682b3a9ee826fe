/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include "log.h"

#define RESOLVED_MAX 8 /* addresses of one name; the rest is not tried */

struct resolve {
	uv_getaddrinfo_t request;
	struct shell *sh;
	uint32_t id;
};

static bool addr_from_info(const struct addrinfo *info, struct ip_addr *ret_addr)
{
	if (info->ai_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)info->ai_addr;

		*ret_addr = addr_from_v4(ntohl(in->sin_addr.s_addr));
		return true;
	}
	if (info->ai_family != AF_INET6)
		return false;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)info->ai_addr;
	memcpy(ret_addr, &in6->sin6_addr, sizeof(*ret_addr));
	return true;
}

static void done(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
	struct resolve *r = request->data;
	struct shell *sh = r->sh;
	struct ip_addr addrs[RESOLVED_MAX];
	size_t n = 0;

	for (const struct addrinfo *i = found; !status && i && n < RESOLVED_MAX; i = i->ai_next)
		n += addr_from_info(i, &addrs[n]);
	uv_freeaddrinfo(found);
	if (!sh->is_stopping) {
		ike_resolved(sh->ike, r->id, addrs, n, shell_now_ms());
		shell_carry_out(sh);
	}
	free(r);
}

void resolve_start(struct shell *sh, uint32_t id, const char *name)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	struct resolve *r = calloc(1, sizeof(*r));
	int err = r ? 0 : UV_ENOMEM;

	if (!err) {
		*r = (struct resolve){ .request.data = r, .sh = sh, .id = id };
		err = uv_getaddrinfo(&sh->loop, &r->request, done, name, NULL, &hints);
	}
	if (!err)
		return;
	log_error("cannot look for the address of %s: %s", name, uv_strerror(err));
	free(r);
	ike_resolved(sh->ike, id, NULL, 0, shell_now_ms());
}
