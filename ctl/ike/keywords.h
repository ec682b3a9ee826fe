/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of proposals: strongSwan's, all aliases of what exists here. */
#ifndef IKE_KEYWORDS_H
#define IKE_KEYWORDS_H

#include "ike/proposal.h"

#define KEYWORD_MAX 32

/* What a word means in a proposal of this protocol. -EINVAL: *ret_why says what is wrong with the
 * word: unknown (and which one is near), weak, not for this protocol, or not in this OpenSSL. */
int keyword_parse(uint8_t protocol, const char *word, struct transform *ret_transform,
		  char *ret_why, size_t why_size) MUST_USE;
/* The i-th word that may stand in a proposal of this protocol, on this machine; NULL: no more. For
 * tests and lists. */
const char *keyword_nth(uint8_t protocol, size_t i, struct transform *ret_transform);
/* "IKE", "ESP", "AH". */
const char *protocol_text(uint8_t protocol);
/* The canonical word; numbers for what has none: "encr3", "ke2", "encr12:129". Returns buf. */
const char *keyword_print(const struct transform *t, char *buf, size_t size);

#endif
