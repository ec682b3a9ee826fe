/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP learns from its first packets how long its segments may be (RFC 9293 3.7.1): those that pass
 * a tunnel say no more than what fits into its SA, so that nothing has to be cut or refused. */
#ifndef WORKER_MSS_H
#define WORKER_MSS_H

#include "worker/ip.h"

/* Whether the packet, a whole one as ip_read() found it, says how long segments may be. */
bool mss_is_said(const uint8_t *packet, const struct ip_info *info);
/* Packets of the flow are at most mtu bytes long. All but SYNs of TCP with the option are left
 * alone; the checksum is kept. */
void mss_clamp(uint8_t *packet, const struct ip_info *info, uint16_t mtu);

#endif
