/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings_table: what can be set about how earshot runs, once. From this table come the
 * parser of settings files, `--set`, the command line's options and their help, what
 * --dump-config and `earshot settings` print; tests hold the manual against it.
 *
 * A new setting is a member of struct launch_options (launch.h) and an entry here: its
 * member gets the value, checked, from wherever it was given.
 *
 * X(id, word, letter, argument, form, default, example, whose, needs, help)
 *   word      in a file, after --set, and the long option
 *   letter    the short option; 0: none
 *   argument  what the option's argument is called; "": a switch, which takes none
 *   form      type and member, below; with bounds or words where the type has them
 *   default   as a file would write it; "": none, or computed (settings.c: computed)
 *   example   for the commented file, where there is no default to show
 *   whose     the commands that take it, and where it may stand
 *   needs     what must be so for it to do something; else it is an error in a file
 *   help      one line, the manual's too
 */
#ifndef RULES_CLI_SETTINGS_TABLE_H
#define RULES_CLI_SETTINGS_TABLE_H

#include "classify/endpoint/inventory.h"
#include "rules/cli/launch.h"

/* whose: commands... */
#define FOR_READ 1u
#define FOR_RUN 2u
#define FOR_RULES 4u
#define FOR_DOCTOR 8u		/* beside FOR_RUN */
#define FOR_ALL (FOR_READ | FOR_RUN | FOR_RULES)
/* ...and where. */
#define NO_FILE 0x100u		/* an option only: it is about one call, not a sensor */
#define ONCE 0x200u		/* the program's: not in a sensor block */

/* needs: X(id, why it is idle) */
#define SETTING_NEEDS(X) \
	X(NOTHING, "") \
	X(SPOOL, "no output is a Redis with streams") \
	X(REDIS, "no output is a Redis") \
	X(TLS, "no output is a Redis with TLS (rediss:)") \
	X(STORE, "'store-size' is 0: no store is kept") \
	X(STDOUT, "no output is standard output")

enum setting_need {
#define X(id, why) NEED_##id,
	SETTING_NEEDS(X)
#undef X
	NEED_COUNT
};

enum setting_type {
	SETTING_TEXT,		/* const char * */
	SETTING_PATH,		/* const char *; absolute, in a file */
	SETTING_NAMED,		/* const char *; letters, digits, dot, dash, underscore */
	SETTING_NUMBER,		/* uint64_t */
	SETTING_BYTES,		/* uint64_t */
	SETTING_DURATION,	/* int64_t, ns */
	SETTING_SWITCH,		/* bool: on or off; as an option it means on */
	SETTING_CHOICE,		/* int: 1 is the first word, 0 none was given */
	SETTING_NAMES,		/* const char *: "eth0,eth1"; a list in a file */
	SETTING_PATHS,		/* const char *[] and how many */
	SETTING_SINKS,		/* sink[] and sinks */
	SETTING_TIMES,		/* enum log_level: each time one more */
	SETTING_ACTION,		/* of the command line itself; no member */
};

/* form: the member must have the type's C type, or it does not compile. */
#define SETTING_AT(member, ctype) \
	(offsetof(struct launch_options, member) + \
	    0 * sizeof(char[__builtin_types_compatible_p( \
		__typeof__(((struct launch_options *)0)->member), ctype) ? 1 : -1]))
#define TEXT(m) { SETTING_TEXT, SETTING_AT(m, const char *), 0, 0, 0, NULL }
#define PATH(m) { SETTING_PATH, SETTING_AT(m, const char *), 0, 0, 0, NULL }
#define NAME(m) { SETTING_NAMED, SETTING_AT(m, const char *), 0, 0, 0, NULL }
#define NUMBER(m, low, high) \
	{ SETTING_NUMBER, SETTING_AT(m, uint64_t), 0, low, high, NULL }
#define BYTES(m, low, high) { SETTING_BYTES, SETTING_AT(m, uint64_t), 0, low, high, NULL }
#define DURATION(m, low, high) \
	{ SETTING_DURATION, SETTING_AT(m, int64_t), 0, low, high, NULL }
#define SWITCH(m) { SETTING_SWITCH, SETTING_AT(m, bool), 0, 0, 0, NULL }
#define CHOICE(m, words) { SETTING_CHOICE, SETTING_AT(m, int), 0, 0, 0, words }
#define NAMES(m) { SETTING_NAMES, SETTING_AT(m, const char *), 0, 0, 0, NULL }
#define PATHS(m, count, most) \
	{ SETTING_PATHS, SETTING_AT(m, const char *[most]), \
	    SETTING_AT(count, unsigned), 0, most, NULL }
#define SINKS { SETTING_SINKS, 0, 0, 0, LAUNCH_SINKS, NULL }
#define TIMES(m) { SETTING_TIMES, SETTING_AT(m, enum log_level), 0, 0, 0, NULL }
#define ACTION { SETTING_ACTION, 0, 0, 0, 0, NULL }

#define MEGA UINT64_C(1000000)
#define SEVERITY_WORDS "critical|high|medium|low|info"	/* of SEVERITIES, in order */

#define SETTINGS(X) \
	X(INPUT, "read", 'r', "FILE", PATHS(file, files, SOURCE_FILES_MOST), "", "", \
	    FOR_READ | NO_FILE, NEED_NOTHING, \
	    "a capture, a folder of them, '-' for standard input (or just name them)") \
	X(CONFIG, "config", 'c', "FILE", ACTION, "", "", \
	    FOR_ALL | NO_FILE, NEED_NOTHING, \
	    "settings from FILE, and from *.conf in FILE.d") \
	X(SET, "set", 0, "WORD=VALUE", ACTION, "", "", \
	    FOR_ALL | NO_FILE, NEED_NOTHING, "one setting; stronger than the files'") \
	X(SENSOR, "sensor", 0, "NAME", ACTION, "", "", \
	    FOR_RUN | NO_FILE, NEED_NOTHING, \
	    "only this one of the sensors in the settings file") \
	X(DUMP, "dump-config", 0, "", ACTION, "", "", \
	    FOR_READ | FOR_RUN | NO_FILE, NEED_NOTHING, \
	    "print the settings in force, and where each is from, then leave") \
	X(INTERFACE, "interface", 'i', "IF[,IF]", NAMES(iface), "", "\"eth0\"", \
	    FOR_RUN, NEED_NOTHING, \
	    "the interface to listen on; several are heard as one wire") \
	X(LIST, "list-interfaces", 'D', "", ACTION, "", "", \
	    FOR_RUN | NO_FILE, NEED_NOTHING, \
	    "print what can be listened to, then leave") \
	X(FILTER, "filter", 'f', "BPF", TEXT(filter), "", "\"not port 6379\"", \
	    FOR_READ | FOR_RUN, NEED_NOTHING, \
	    "a tcpdump filter (or the trailing words)") \
	X(NAME, "name", 0, "NAME", NAME(name), "", "lobby", \
	    FOR_READ | FOR_RUN, NEED_NOTHING, "what this sensor is called") \
	X(ADD, "rules", 's', "PATH", PATHS(rules.add, rules.adds, RULE_PATHS), \
	    "", "\"/etc/earshot/site.rules\"", \
	    FOR_ALL, NEED_NOTHING, "adds a rule file, or a folder of them") \
	X(REPLACE, "only-rules", 'S', "PATH", \
	    PATHS(rules.replace, rules.replaces, RULE_PATHS), \
	    "", "\"/etc/earshot/rules\"", \
	    FOR_ALL, NEED_NOTHING, "replaces the shipped rules") \
	X(HOME, "home", 0, "NETS", TEXT(rules.home), "", "", \
	    FOR_ALL | NO_FILE, NEED_NOTHING, \
	    "the office's networks: 10.1.0.0/16,fd00::/8") \
	X(KNOWN, "known", 0, "FILE", TEXT(rules.known), "", "", \
	    FOR_ALL | NO_FILE, NEED_NOTHING, \
	    "destinations the office knows: domain, host, net and as lines") \
	X(INVENTORY, "inventory", 0, "FORMAT:FILE", TEXT(rules.inventory), "", "", \
	    FOR_ALL | NO_FILE, NEED_NOTHING, \
	    "the office's devices: " INVENTORY_FORMAT_NAMES) \
	X(ASN, "asn", 0, "FILE", PATH(rules.asn), "", "\"/var/lib/GeoIP/GeoLite2-ASN.mmdb\"", \
	    FOR_ALL, NEED_NOTHING, \
	    "a database in MaxMind's format: whose network a destination lies in") \
	X(COUNTRY, "country", 0, "FILE", PATH(rules.country), "", \
	    "\"/var/lib/GeoIP/GeoLite2-Country.mmdb\"", FOR_ALL, NEED_NOTHING, \
	    "the same: in which country") \
	X(OUTPUT, "output", 'o', "SINK", SINKS, "-", "", \
	    FOR_READ | FOR_RUN, NEED_NOTHING, \
	    "-, file:PATH, unix:PATH or redis://HOST; may be given again") \
	X(FORMAT, "format", 0, "text|json", CHOICE(format, "text|json"), "", "json", \
	    FOR_READ | FOR_RUN, NEED_STDOUT, \
	    "of standard output; text on a terminal") \
	X(FLOWS, "flows", 0, "", SWITCH(flows), "off", "", \
	    FOR_READ | FOR_RUN, NEED_NOTHING, "flow events too") \
	X(SPLIT_VLANS, "split-vlans", 0, "", SWITCH(split_vlans), "off", "", \
	    FOR_READ | FOR_RUN, NEED_NOTHING, \
	    "the same addresses and ports in two VLANs are two flows") \
	X(MEMORY, "memory", 0, "BYTES", BYTES(memory, 16 * MEGA, MEGA * MEGA / 2), "1100 MB", "", \
	    FOR_READ | FOR_RUN, NEED_NOTHING, \
	    "what flows, pairs of hosts and names may take at the most") \
	X(STATE, "state", 0, "DIR", PATH(state), "", "\"/var/lib/earshot\"", \
	    FOR_READ | FOR_RUN, NEED_NOTHING, \
	    "where spool, store and control socket lie") \
	X(SPOOL, "spool", 0, "BYTES", BYTES(spool_bytes, MEGA, 100000 * MEGA), \
	    "256 MB", "", FOR_READ | FOR_RUN, NEED_SPOOL, \
	    "how much waits on disk while Redis is away") \
	X(SPOOL_AGE, "spool-age", 0, "TIME", \
	    DURATION(spool_age, 60 * NS_PER_S, 3650 * 86400 * NS_PER_S), "30 d", "", \
	    FOR_READ | FOR_RUN, NEED_SPOOL, "how long it waits there") \
	X(PARTITIONS, "partitions", 0, "NUMBER", \
	    NUMBER(partitions, 1, EVENT_PARTITIONS_MOST), "16", "", \
	    FOR_READ | FOR_RUN, NEED_NOTHING, \
	    "among how many streams devices are shared out; the same for all sensors of a Redis") \
	X(REDIS_LENGTH, "redis-length", 0, "NUMBER", \
	    NUMBER(redis_length, 1000, 1000 * MEGA), "100000", "", \
	    FOR_READ | FOR_RUN, NEED_SPOOL, "about how many events a stream in Redis keeps") \
	X(REDIS_KEEP, "redis-keep", 0, "TIME", \
	    DURATION(redis_keep, 60 * NS_PER_S, 3650 * 86400 * NS_PER_S), "7 d", "", \
	    FOR_READ | FOR_RUN, NEED_SPOOL, "how long it keeps them") \
	X(STORE_SIZE, "store-size", 0, "BYTES", \
	    BYTES(store_bytes, 0, MEGA * MEGA * 100), "2 GB", "", \
	    FOR_READ | FOR_RUN, NEED_NOTHING, \
	    "how much the store of observations may hold; 0: none (read: needs --state)") \
	X(STORE_AGE, "store-age", 0, "TIME", \
	    DURATION(store_age, 3600 * NS_PER_S, 3650 * 86400 * NS_PER_S), "30 d", "", \
	    FOR_READ | FOR_RUN, NEED_STORE, "how long it keeps them") \
	X(REDIS_PASSWORD, "redis-password-file", 0, "FILE", PATH(redis_password), "", \
	    "\"/etc/earshot/redis-password\"", FOR_READ | FOR_RUN, NEED_REDIS, \
	    "its first line is the password; mode 0600") \
	X(REDIS_PLAIN, "redis-plain", 0, "", SWITCH(redis_plain), "off", "", \
	    FOR_READ | FOR_RUN, NEED_REDIS, \
	    "the password may cross the network in clear text") \
	X(REDIS_CA, "redis-ca", 0, "FILE", PATH(redis_tls.ca), "", \
	    "\"/etc/earshot/redis-ca.pem\"", FOR_READ | FOR_RUN, NEED_TLS, \
	    "who signs the certificate of a rediss: output; else the system's CAs") \
	X(REDIS_CERT, "redis-cert", 0, "FILE", PATH(redis_tls.cert), "", \
	    "\"/etc/earshot/redis-cert.pem\"", FOR_READ | FOR_RUN, NEED_TLS, \
	    "our own certificate, for a Redis that asks for one") \
	X(REDIS_KEY, "redis-key", 0, "FILE", PATH(redis_tls.key), "", \
	    "\"/etc/earshot/redis-key.pem\"", FOR_READ | FOR_RUN, NEED_TLS, \
	    "its key; mode 0600") \
	X(REDIS_TLS_NAME, "redis-tls-name", 0, "NAME", TEXT(redis_tls.name), "", \
	    "redis.example", FOR_READ | FOR_RUN, NEED_TLS, \
	    "what the certificate of the Redis is called, if not as its host") \
	X(METRICS, "metrics", 0, "ADDRESS", TEXT(metrics), "", "\"127.0.0.1:9108\"", \
	    FOR_RUN, NEED_NOTHING, \
	    "figures for a Prometheus on this machine; or unix:PATH") \
	X(USER, "user", 0, "NAME", TEXT(user), "", "earshot", \
	    FOR_RUN | ONCE, NEED_NOTHING, "who to become, started as root") \
	X(PIDFILE, "pidfile", 0, "PATH", PATH(pidfile), "", \
	    "\"/run/earshot/earshot.pid\"", FOR_RUN | ONCE, NEED_NOTHING, \
	    "a file with the number of the process, locked while it runs") \
	X(FAIL_ON, "fail-on", 0, "SEVERITY", CHOICE(fail_on, SEVERITY_WORDS), "", "", \
	    FOR_READ | NO_FILE, NEED_NOTHING, \
	    "exit 3 after an alert this severe or worse") \
	X(STATS, "stats", 0, "json", CHOICE(stats, "json"), "", "", \
	    FOR_READ | NO_FILE, NEED_NOTHING, \
	    "with -q: the counters at the end, as one event") \
	X(LISTEN, "listen", 0, "TIME", DURATION(listen_ns, NS_PER_S, 3600 * NS_PER_S), \
	    "10 s", "", FOR_DOCTOR | NO_FILE, NEED_NOTHING, \
	    "how long to listen: 30s, 5min") \
	X(TEST, "test", 'T', "", SWITCH(test_only), "", "", \
	    FOR_READ | FOR_RUN | NO_FILE, NEED_NOTHING, \
	    "check rules and settings, then leave") \
	X(VERBOSE, "verbose", 'v', "", TIMES(verbosity), "", "", \
	    FOR_ALL | NO_FILE, NEED_NOTHING, "say more; twice: even more") \
	X(QUIET, "quiet", 'q', "", SWITCH(quiet), "", "", \
	    FOR_ALL | NO_FILE, NEED_NOTHING, \
	    "no events, unless --output says where; warnings only") \
	X(HELP, "help", 'h', "", ACTION, "", "", \
	    FOR_ALL | NO_FILE, NEED_NOTHING, "this text")

#endif
