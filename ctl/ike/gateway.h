/* SPDX-License-Identifier: BSD-2-Clause */
/* The name of a gateway as REDIRECT and REDIRECTED_FROM carry it (RFC 5685 8.2, 8.3). */
#ifndef IKE_GATEWAY_H
#define IKE_GATEWAY_H

#include "base/addr.h"
#include "base/cursor.h"

#define GATEWAY_NAME_MAX 254		       /* a domain name of 253 characters, RFC 1035 2.3.4 */
#define GATEWAY_LEN_MAX (2 + GATEWAY_NAME_MAX) /* bytes on the wire */

/* An IPv4 or IPv6 address, or a name. Neither (name "" and addr any): none. */
struct gateway {
	struct ip_addr addr;
	char name[GATEWAY_NAME_MAX];
};

bool gateway_is_set(const struct gateway *g);
bool gateway_equal(const struct gateway *a, const struct gateway *b);
struct gateway gateway_from_addr(const struct ip_addr *addr);
/* "192.0.2.1", "2001:db8::1", "gw2.example.org". -EINVAL: none of them. */
int gateway_parse(const char *text, struct gateway *ret_gateway) MUST_USE;
const char *gateway_text(const struct gateway *g, char buf[GATEWAY_NAME_MAX]);

/* The data of a notify. Reading leaves what follows (the nonce) in *data. -EBADMSG. */
int gateway_read(struct reader *data, struct gateway *ret_gateway) MUST_USE;
void gateway_write(struct writer *w, const struct gateway *g);

#endif
