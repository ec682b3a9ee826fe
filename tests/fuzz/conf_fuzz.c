/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration parser on any text. Includes are left out: they would read this machine. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_errors errors = {};
	struct conf *conf = NULL;

	if (memmem(data, size, "include", 7))
		return 0;
	if (conf_parse("fuzz", (const char *)data, size, &conf, &errors) == 0) {
		if (errors.n_errors)
			abort(); /* a mistake, and yet a configuration */
		conf_free(conf);
	} else if (!errors.n_errors || conf) {
		abort(); /* refused without a word */
	}
	conf_errors_fini(&errors);
	return 0;
}
