/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE_AUTH with EAP (RFC 7296 2.16): the processors of its further rounds, whose rows are in
 * ex_auth.c, and what they borrow from there.
 *
 *	IDi, [CP,] SA, TSi, TSr -->
 *	                        <-- IDr, [CERT,] AUTH, EAP        the responder proves itself first
 *	EAP --> <-- EAP, as often as the method needs
 *	AUTH -->                                                  by the key that EAP made
 *	                        <-- AUTH, [CP,] SA, TSi, TSr
 *
 * EAP alone (RFC 5998): where the initiator says EAP_ONLY_AUTHENTICATION and both are configured so,
 * the responder sends no AUTH before EAP, whose method has to prove both sides.
 */
#ifndef IKE_AUTH_EAP_H
#define IKE_AUTH_EAP_H

#include "ike/eap.h"
#include "ike/exchange.h"

struct auth_eap {
	struct eap eap;
	uint32_t spi_in; /* initiator: of the Child SA that it has offered, */
	uint8_t protocol; /* and its protocol */
};

void auth_eap_free(struct ike_sa *sa); /* wipes; also the kept request */

enum step_result eap_asked(struct turn *t);
enum step_result eap_answered(struct turn *t);
enum step_result eap_proved(struct turn *t);
enum step_result eap_offered(struct turn *t);
enum step_result eap_alone(struct turn *t);
enum step_result eap_start(struct turn *t);
enum step_result eap_next(struct turn *t);
enum step_result eap_finish(struct turn *t);
enum step_result eap_alone_finish(struct turn *t);
enum step_result eap_childless(struct turn *t);
enum step_result eap_redirected(struct turn *t);

/* In eap_aaa.c. The peer's packet as a question; NULL: it, or its identity, is too long for that. */
struct aaa_job *eap_aaa_ask(struct turn *t);

/* In ex_auth.c. */
void auth_log_up(struct ike_sa *sa);
enum step_result auth_find_peer(struct turn *t);
enum step_result auth_check_childless(struct turn *t);
enum step_result auth_name_peer(struct turn *t);
enum step_result auth_check_peer(struct turn *t);
/* What follows AUTH in the last answer: addresses, the Child SA if one was asked for, MOBIKE. */
void auth_answer_rest(struct turn *t);
/* The last answer has a Child SA; none, and no word of it; an error in its place. */
enum step_result auth_child_finish(struct turn *t);
enum step_result auth_alone_finish(struct turn *t);
enum step_result auth_childless_finish(struct turn *t);

#endif
