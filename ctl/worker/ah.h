/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AH (RFC 4302), tunnel and transport mode, one packet at a time: header, ICV over what no router
 * may change, and back. Numbers, window, selectors and outer headers are those of ESP (esp_in.h,
 * esp_out.h, outer.h); the integrity algorithm is the ESP provider's, with NULL encryption.
 */
#ifndef WORKER_AH_H
#define WORKER_AH_H

#include <stdint.h>
#include "base/must.h"
#include "crypto/esp_provider.h"
#include "worker/frame.h"
#include "worker/sa_cache.h"

/* As esp_out_write() and sealing together: f->data is the outer IP header, f->esp where AH begins.
 * False: it must not go out. */
bool ah_out(const struct esp_provider *provider, struct frame *f, const struct sa_rt *sa,
	    uint64_t seq) MUST_USE;
/* As esp_in_check(), opening and esp_in_accept() together. */
enum worker_outcome ah_in(const struct esp_provider *provider, struct frame *f, struct sa_rt *sa);
/* Zeroes the fields that may change on the way (3.3.3.1, appendix A) in the IP headers of `len`
 * bytes at p, AH comes behind them. False: options that contradict each other, or headers that AH
 * cannot stand behind. */
bool ah_mutable_zero(uint8_t *p, uint32_t len) MUST_USE;

#endif
