/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/settings.h"

#include "ike/limits.h"

struct ike_settings ike_settings_default(void)
{
	return (struct ike_settings){
		.fragment_size = FRAGMENT_SIZE,
		.retransmit_timeout_ms = RETRANSMIT_BASE_MS,
		.retransmit_base_thousandths = RETRANSMIT_BASE_THOUSANDTHS,
		.retransmit_tries = RETRANSMIT_TRIES,
		.cookie_threshold = IKE_COOKIE_FROM,
		.block_threshold = IKE_HALF_OPEN_OF_ONE,
		.half_open_timeout_s = HALF_OPEN_MS / 1000,
		.keep_alive_s = KEEPALIVE_MS / 1000,
		.window_size = WINDOW_SIZE,
	};
}
