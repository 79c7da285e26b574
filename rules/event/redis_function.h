/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * redis_function: the library `earshot` that runs inside Redis, as text, and its
 * contract.
 *
 *	FCALL ear_append 2 {ear:pNN}:LANE {ear:pNN}:seq  FIELD first maxlen gap json...
 *		-> ["OK", last] or ["GAP", last]
 *	FCALL ear_last 1 {ear:pNN}:seq  FIELD	-> last (0: never heard of it)
 *	FCALL ear_version 0			-> EARSHOT_FUNCTION_VERSION
 *
 * FIELD is sensor/boot/lane. Events first, first + 1, ... are appended when they go on
 * where the field stands; what is there already is skipped, a hole is refused unless gap
 * is "1". An entry of the stream has the fields s (sensor), b (boot), n (seq)
 * and e (the JSON).
 */
#ifndef RULES_EVENT_REDIS_FUNCTION_H
#define RULES_EVENT_REDIS_FUNCTION_H

#define EARSHOT_FUNCTION_VERSION 1
#define REDIS_MAXLEN 100000	/* entries per stream, about;
				 * 120 MB at full-size alerts */

const char *redis_function_text(void);

#endif
