/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AUTH payloads by every method (RFC 7296 2.15): what the exchanges ask for. How is the business of
 * the methods (auth_method.h, auth_ops.h), each in its own auth_NAME.c.
 */
#ifndef IKE_AUTH_H
#define IKE_AUTH_H

#include "ike/exchange.h"

/* ---- In IKE_SA_INIT ---------------------------------------------------------------- */

/* N(SIGNATURE_HASH_ALGORITHMS), RFC 7427 4. */
void auth_hashes_emit(struct payload_writer *pw);
/* The peer's, and whether it sent a CERTREQ: kept in sa->init. */
void auth_note(struct ike_sa *sa, const struct message *m);
/* The responder does not know yet who comes: the CAs of all connections with these addresses. */
void auth_certreq_any(struct turn *t);

/* ---- In IKE_AUTH ------------------------------------------------------------------- */

#define AUTH_CHECK 1u /* the peer's AUTH in t->in, of the ID payload `theirs` */
#define AUTH_MAKE 2u  /* ours */

/* Give out what is slow of it. STEP_WAIT: the row's resume goes on; STEP_NEXT: nothing is slow, or
 * the job is back. STEP_FAIL: it cannot be, t->sa->why says why. */
enum step_result auth_begin(struct turn *t, unsigned what, const struct id_view *theirs) MUST_USE;
/* After that: STEP_NEXT: the peer is who it says. STEP_FAIL: refused, with a line. */
enum step_result auth_check(struct turn *t, const struct id_view *theirs) MUST_USE;
/* CERT payloads, if they are wanted; before AUTH. */
void auth_certs_emit(struct turn *t);
/* CERTREQ for the CAs of the connection, which may vouch for the peer. */
void auth_certreq_emit(struct turn *t);
/* AUTH, or what a method has in its place, with its notifies. STEP_FAIL: it cannot be computed. */
enum step_result auth_emit_ours(struct turn *t) MUST_USE;

/* AUTH by a shared key: the pre-shared one, or what EAP has made (2.16). */
bool auth_is_mac_good(struct turn *t, struct reader key, struct reader id_body);
enum step_result auth_emit_mac(struct turn *t, uint8_t number, struct reader key) MUST_USE;
enum step_result auth_not_computed(struct turn *t);
/* A line for each certificate that somebody was asked about: notes of struct revocation_check. */
void auth_log_revocation(struct ike_sa *sa, const char *notes);
/* "authentication of peer ID failed: REASON" */
enum step_result auth_failed(struct turn *t, const char *reason);
/* Is this AUTH payload of the method that the connection wants of its peer? */
bool auth_fits(const struct conn *conn, const struct auth *auth);

#endif
