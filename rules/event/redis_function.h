/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * redis_function: the library `earshot` that runs inside Redis, as text, and its
 * contract.
 *
 *	FCALL ear_append 2 {ear:pNN}:LANE {ear:pNN}:seq  FIELD first maxlen OPTIONS json...
 *		-> ["OK", last] or ["GAP", last]
 *	FCALL ear_last 1 {ear:pNN}:seq  FIELD	-> last (0: never heard of it)
 *	FCALL ear_trim 1 {ear:pNN}:LANE  maxlen keep	-> entries removed by age
 *	FCALL ear_lag 1 {ear:pNN}:LANE	-> [behind, group, entries]
 *	FCALL ear_version 0			-> EARSHOT_FUNCTION_VERSION
 *
 * FIELD is sensor/boot/lane. Events first, first + 1, ... are appended when they go on
 * where the field stands; what is there already is skipped. OPTIONS are words with a space
 * between; a version 1 of this said 0, or 1 for gap=1:
 *
 *	gap=1	a hole is no reason to refuse
 *	id=ID	the machine. The first one has the name of the sensor; another one under
 *		that name is refused: -CLONED
 *	of=N	partitions; who has another number of them is refused: -PARTITIONS
 *	keep=MS	entries older than this are removed
 *
 * An entry of the stream has the fields s (sensor), b (boot), n (seq)
 * and e (the JSON).
 */
#ifndef RULES_EVENT_REDIS_FUNCTION_H
#define RULES_EVENT_REDIS_FUNCTION_H

#define EARSHOT_FUNCTION_VERSION 2
#define REDIS_MAXLEN 100000	/* entries per stream, about;
				 * 120 MB at full-size alerts */

const char *redis_function_text(void);

#endif
