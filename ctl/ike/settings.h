/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What holds for all connections of a gateway: section `ike` of the configuration, with the names
 * and defaults of strongswan.conf(5).
 */
#ifndef IKE_SETTINGS_H
#define IKE_SETTINGS_H

#include <stdint.h>

struct ike_settings {
	uint32_t fragment_size; /* bytes of the whole IP datagram that carries a fragment */
	/* Try n follows timeout * base^n after the one before, less up to jitter per cent of
	 * that, and at most limit later. Base in thousandths: no floating point in the core. */
	uint32_t retransmit_timeout_ms, retransmit_base_thousandths;
	uint32_t retransmit_tries, retransmit_jitter, retransmit_limit_ms; /* limit 0: none */
	uint32_t cookie_threshold;  /* half-open IKE SAs from which on cookies are asked for */
	uint32_t block_threshold;   /* of one address no more half-open ones; 0: no such limit */
	uint32_t half_open_timeout_s;
	uint32_t keep_alive_s; /* RFC 3948 4, behind a NAT; 0: none */
	uint32_t window_size; /* requests of the peer that are taken at once, RFC 7296 2.3 */
};

#define FRAGMENT_SIZE_MIN 200
#define FRAGMENT_SIZE_MAX 65535

struct ike_settings ike_settings_default(void);

#endif
