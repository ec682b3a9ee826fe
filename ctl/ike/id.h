/* SPDX-License-Identifier: BSD-2-Clause */
/* Identities (RFC 7296 3.5) as text, written as strongSwan's ipsec.conf(5) and swanctl do. */
#ifndef IKE_ID_H
#define IKE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include "base/addr.h"
#include "base/must.h"
#include "ike/conn.h"

#define ID_TEXT_MAX (IKE_ID_MAX * 2 + 16) /* "asn1dn:#" and hexadecimal */

/* "%any" "192.0.2.1" "2001:db8::1" "gw.example.com" "@gw.example.com" "user@example.com"
 * "@@user@example.com" "@#0aff" (key ID in hexadecimal), and "TYPE:text" or "TYPE:#hex" with ipv4,
 * ipv6, fqdn, dns, email, rfc822, userfqdn, keyid, asn1dn; a text with '=' is a distinguished name
 * (crypto/dn.h). -EINVAL: not an identity; *ret_why (static text) says why. */
int id_parse(const char *text, struct ike_id *ret_id, const char **ret_why) MUST_USE;
struct ike_id id_from_addr(const struct ip_addr *addr);
/* The shortest form that id_parse reads back; what cannot be printed is hexadecimal. Returns buf.
 */
const char *id_print(const struct ike_id *id, char *buf, size_t size);

bool id_is_any(const struct ike_id *id);
/* Names without regard to case, as RFC 4343 and strongSwan have it. In a distinguished name a value
 * "*" of the pattern stands for any. */
bool id_equal(const struct ike_id *a, const struct ike_id *b);
/* pattern: %any, an identity, or a name beginning with "*" that stands for any beginning
 * ("*.example.com", "*@example.com"). 0: no match; else the better the larger: 1 %any, 2 the
 * wildcard, 3 equal. */
int id_match(const struct ike_id *pattern, const struct ike_id *id);
/* Does it stand for several identities? Such a one is nobody's name. */
bool id_is_pattern(const struct ike_id *id);

#endif
