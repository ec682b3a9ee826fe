/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proposals (RFC 7296 3.3) as a flat list of transforms: what a keyword string such as
 * "aes128gcm16-prfsha256-x25519" means, what is offered, and what was chosen.
 */
#ifndef IKE_PROPOSAL_H
#define IKE_PROPOSAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sekisho/ike_num.h>
#include "base/must.h"

#define PROPOSAL_TRANSFORMS_MAX 64 /* strongSwan offers some 45 by default */
#define PROPOSAL_TEXT_MAX 256
#define PROPOSAL_DEFAULTS 2

struct transform {
	uint8_t type;	   /* enum transform_type */
	bool is_odd;	   /* received with an unknown attribute: never chosen (RFC 7296 3.3.6) */
	uint16_t id;	   /* encr_id, prf_id, integ_id, ke_id, esn_id */
	uint16_t key_bits; /* attribute 14, 0: none */
};

struct proposal {
	uint8_t number;	  /* on the wire, 1.. */
	uint8_t protocol; /* enum protocol_id */
	uint8_t spi_len;
	uint8_t spi[8];
	size_t n_transforms;
	struct transform transforms[PROPOSAL_TRANSFORMS_MAX];
};

/* strongSwan's keywords, lower case, joined by '-'; "default" is the safe default set. The PRF
 * of an IKE proposal follows from the integrity algorithm or, with AEAD, prfsha256 where none is
 * named. -EINVAL: *ret_why is a static or per-call text naming the wrong word; ret untouched. */
int proposal_parse(uint8_t protocol, const char *keywords, struct proposal *ret_proposal,
		   char *ret_why, size_t why_size) MUST_USE;
/* What "default" stands for: AEAD, then without. -EINVAL: this OpenSSL lacks something. */
int proposal_defaults(uint8_t protocol, struct proposal ret_list[PROPOSAL_DEFAULTS],
		      size_t *ret_n) MUST_USE;
/* The canonical keywords, for logs and `sekisho sas`. Returns buf. */
const char *proposal_print(const struct proposal *p, char *buf, size_t size);
/* The responder's choice, RFC 7296 2.7, 3.3.6: the first of ours (in our order) that one of
 * theirs can satisfy; one transform of each type, keeping their number and SPI.
 * -ENOENT: NO_PROPOSAL_CHOSEN. */
int proposal_choose(const struct proposal *ours, size_t n_ours, const struct proposal *theirs,
		    size_t n_theirs, struct proposal *ret_chosen) MUST_USE;
/* Is this group in any of them, as the key exchange that comes first? */
bool proposals_have_group(const struct proposal *list, size_t n, uint16_t group);
/* The transform of a type in a chosen proposal; NULL: none. */
const struct transform *proposal_get(const struct proposal *p, enum transform_type type);
void proposal_drop(struct proposal *p, uint8_t type);

/* Additional key exchanges, RFC 9370: offered at all; the nth (from 0) of a chosen proposal, NULL:
 * there are fewer; all of them away. */
bool proposal_has_addke(const struct proposal *p);
const struct transform *proposal_addke(const struct proposal *chosen, size_t nth);
void proposal_drop_addke(struct proposal *p);

#endif
