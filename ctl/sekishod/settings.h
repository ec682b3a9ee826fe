/* SPDX-License-Identifier: BSD-2-Clause */
/* A loaded configuration put in force: slots, SPD, connections, and what is to start now. */
#ifndef SEKISHOD_SETTINGS_H
#define SEKISHOD_SETTINGS_H

#include "shell.h"

/* Reads and checks the file; every mistake and warning is logged, and appended to *ret_errors. */
int settings_load(const char *path, struct conf **ret_conf,
		  struct conf_errors *ret_errors) MUST_USE;
/* Takes ownership of `conf` when it returns 0; sh->conf is then the new one. */
int settings_apply(struct shell *sh, struct conf *conf) MUST_USE;

#endif
