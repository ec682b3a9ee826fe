/* SPDX-License-Identifier: BSD-2-Clause */
/* Distinguished names (RFC 5280 4.1.2.4) as people write them: "C=CH, O=Example, CN=gw". */
#ifndef CRYPTO_DN_H
#define CRYPTO_DN_H

#include <stddef.h>
#include <stdint.h>
#include "base/cursor.h"
#include "base/must.h"

/* "C=CH, O=Example, CN=gw" or "/C=CH/O=Example/CN=gw"; a backslash takes the next character as it
 * is. The order is kept. -EINVAL: no such name; -ENOSPC. */
int dn_parse(const char *text, uint8_t *ret_der, size_t size, size_t *ret_len) MUST_USE;
/* Graphic ASCII that dn_parse reads back. -EBADMSG: no distinguished name; -ENOSPC. */
int dn_print(struct reader der, char *buf, size_t size) MUST_USE;
/* Type by type in order, values without regard to case, blanks and string type (RFC 5280 7.1). In
 * the pattern a value may be "*". 0: no match; 2 by a wildcard, 3 equal. */
int dn_match(struct reader pattern, struct reader der);

#endif
