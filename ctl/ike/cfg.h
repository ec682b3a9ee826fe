/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration payloads in IKE_AUTH (RFC 7296 2.19, 3.15): the responder gives a virtual address
 * of its pools, one of each family, DNS servers, their domains (RFC 8598) and subnets; the initiator
 * asks for addresses where it has `vips`. They belong to the IKE SA, move with its rekey, and are
 * given back at its end.
 */
#ifndef IKE_CFG_H
#define IKE_CFG_H

#include "ike/exchange.h"

/* Initiator: CFG_REQUEST, if the connection wants an address; before SA and TS. */
void cfg_request(struct turn *t);
/* Initiator, before the selectors are checked: 0, or INTERNAL_ADDRESS_FAILURE: it needs one and
 * got none. */
uint16_t cfg_take(struct turn *t) MUST_USE;

/* Responder, before the selectors are narrowed: 0 and CFG_REPLY is written (if it was asked for), or
 * INTERNAL_ADDRESS_FAILURE (3.15.4). */
uint16_t cfg_answer(struct turn *t) MUST_USE;

/* The addresses of a rekeyed IKE SA. */
void cfg_move(struct ike_sa *fresh, struct ike_sa *old);
/* The IKE SA is over. */
void cfg_end(struct ike_sa *sa);

#endif
