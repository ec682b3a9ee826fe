/* SPDX-License-Identifier: BSD-2-Clause */
/* The other end of RADIUS, for tests: what a server that knows the secret answers. */
#ifndef TESTS_RADIUS_SERVER_H
#define TESTS_RADIUS_SERVER_H

#include "radius/radius.h"

#define RADIUS_UNSIGNED 1u /* without Message-Authenticator */

/* attrs: encoded attributes, behind the Message-Authenticator. Returns the packet in buf, which
 * holds RADIUS_PACKET_MAX; empty when it does not fit. */
struct reader radius_answer_make(uint8_t *buf, uint8_t code, const struct radius_ticket *ticket,
				 struct reader secret, struct reader attrs, unsigned flags);
/* An MS-MPPE key of vendor type 16 or 17 as an attribute. */
void radius_mppe_emit(struct writer *w, uint8_t type, struct reader key,
		      const struct radius_ticket *ticket, struct reader secret);

#endif
