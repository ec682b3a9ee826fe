/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Section `radius` of the configuration: the servers, in the order in which they are asked, with the
 * names and defaults of strongSwan's plugin eap-radius.
 */
#ifndef RADIUS_SETTINGS_H
#define RADIUS_SETTINGS_H

#include "radius/radius.h"

#define RADIUS_SERVERS_MAX 8
#define RADIUS_NAME_MAX 64
#define RADIUS_SECRET_MAX 256

struct radius_server {
	char name[RADIUS_NAME_MAX];
	struct endpoint at;
	char nas_identifier[RADIUS_VALUE_MAX + 1]; /* "": that of all */
	uint8_t secret[RADIUS_SECRET_MAX];
	size_t secret_len;
};

struct radius_settings {
	char nas_identifier[RADIUS_VALUE_MAX + 1];
	/* A request is sent again timeout * base^n after the n-th time. Base in thousandths. */
	uint32_t retransmit_timeout_ms, retransmit_base_thousandths, retransmit_tries;
	struct radius_server servers[RADIUS_SERVERS_MAX];
	size_t n_servers;
};

#endif
