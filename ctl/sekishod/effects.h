/* SPDX-License-Identifier: BSD-2-Clause */
/* Carries one effect of the IKEv2 core out: sockets, maps, thread pool, log, control clients. */
#ifndef SEKISHOD_EFFECTS_H
#define SEKISHOD_EFFECTS_H

#include "shell.h"

void effect_carry_out(struct shell *sh, const struct ike_effect *fx);

#endif
