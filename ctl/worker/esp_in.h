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

#endif
