/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP out, tunnel and transport mode (RFC 4303 3.3): the bytes of one packet, in place. */
#ifndef WORKER_ESP_OUT_H
#define WORKER_ESP_OUT_H

#include <stdint.h>
#include "crypto/esp_provider.h"
#include "worker/frame.h"
#include "worker/sa_cache.h"

/* Room that a frame needs in front of its IP header and behind its end, whatever the SA's
 * algorithms: outer IP, UDP, ESP and IV or AH and its ICV, an Ethernet header with a tag; padding, trailer, ICV. */
#define ESP_OUT_HEADROOM (OUTER_MAX + ESP_ICV_MAX + AH_PAD_MAX + ETH_HDR_LEN + VLAN_TAG_LEN)
#define ESP_OUT_TAILROOM (ESP_ALIGN_MAX - 1 + ESP_TRAILER_LEN + ESP_ICV_MAX)

/* Bytes of the packet's front that stay in clear: its IP headers in transport mode, else 0. */
uint32_t esp_out_kept(const struct sa_rt *sa, const struct ip_info *info);
/* Length of the outer packet for a clear one of clear_len bytes, `kept` of which stay. */
uint32_t esp_out_len(const struct sa_rt *sa, uint32_t kept, uint32_t clear_len);
/* Longest clear packet whose outer one has at most mtu bytes; 0 if none has. */
uint16_t esp_out_clear_max(const struct sa_rt *sa, uint32_t kept, uint16_t mtu);
/* What a clear packet of `len` bytes is padded to (RFC 4303 2.7), not beyond mtu; 0: nothing. */
uint16_t esp_out_padded(const struct sa_rt *sa, uint16_t len, uint16_t mtu);
/* The frame holds a whole clear packet at l3, ip_read() has taken it, with room for f->padded: put
 * the outer headers in,
 * the trailer behind, and describe the encryption. After it f->data is the outer IP header and
 * f->esp where ESP begins. False: no IV could be made, the packet must not go out. */
bool esp_out_write(struct frame *f, const struct sa_rt *sa, uint64_t seq,
		   struct esp_job *ret_job) MUST_USE;
/* Parts of it that AH shares. The outer headers up to the sequence number, at f->data; `packet`: the
 * clear one. Returns where ESP or AH begins. */
uint32_t esp_out_headers(struct frame *f, const struct sa_rt *sa, const uint8_t *packet,
			 const struct ip_info *info, uint32_t total);
/* What the trailer or AH says that follows. */
uint8_t esp_out_next(const struct sa_rt *sa, const uint8_t *packet, const struct ip_info *info);

#endif
