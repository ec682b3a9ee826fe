/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP in, tunnel and transport mode (RFC 4303 3.4, RFC 4106): one packet, before and after
 * decryption. */
#ifndef WORKER_ESP_IN_H
#define WORKER_ESP_IN_H

#include <stdint.h>
#include "crypto/esp_provider.h"
#include "worker/frame.h"
#include "worker/sa_cache.h"

/* Lengths, encapsulation, SPI and window; describes the decryption. The frame starts with an
 * Ethernet header; l3 and esp are where the gate found them. FRAME_KEEP or the reason. */
enum worker_outcome esp_in_check(struct frame *f, struct sa_rt *sa, struct esp_job *ret_job);
/* After decryption: window again, padding, next header, inner header, selectors, ECN. With
 * FRAME_KEEP f->data is the IP header of the clear packet and f->len its total length. */
enum worker_outcome esp_in_accept(struct frame *f, struct sa_rt *sa, const struct esp_job *job);
/* Parts of both that AH shares: SPI and window of the number; what the provider said and the window
 * again; the clear payload, in place, whose kind is `next`. */
enum worker_outcome esp_in_number(struct frame *f, struct sa_rt *sa, const struct esp_hdr *hdr);
enum worker_outcome esp_in_commit(struct frame *f, struct sa_rt *sa, int result);
enum worker_outcome esp_in_payload(struct frame *f, struct sa_rt *sa, uint8_t *payload, uint32_t len,
				   uint8_t next);

#endif
