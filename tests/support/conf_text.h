/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts of configurations in tests: right ones, and ones with a mistake. */
#ifndef TESTS_CONF_TEXT_H
#define TESTS_CONF_TEXT_H

#include "conf/conf.h"

/* A secret for everybody, and the ends of a connection that proves itself by it. */
#define PSK "secrets { ike { secret = \"correct horse\" } }\n"
#define AUTH "local { auth = psk\nid = a.example\n}\nremote { auth = psk\nid = b.example\n}\n"

/* Fails the test, with all mistakes, unless the text is right. */
struct conf *load(const char *text);
/* The text has one mistake: in this line, and its message holds these words. */
void assert_mistake(const char *text, unsigned line, const char *words);

#endif
