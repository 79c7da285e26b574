/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `earshot read`, `earshot run` and `earshot settings`: which sensors, from options and
 * settings; then launch, once for each. */
#include "rules/cli/commands.h"
#include "rules/cli/fleet.h"
#include "rules/cli/options.h"
#include "rules/cli/settings_read.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int go(int argc, char **argv, unsigned who, const char *usage);

int
command_read(int argc, char **argv)
{
	return go(argc, argv, FOR_READ,
	    "usage: earshot read [OPTIONS] FILE|FOLDER ... [FILTER ...]");
}

int
command_run(int argc, char **argv)
{
	return go(argc, argv, FOR_RUN,
	    "usage: earshot run -i IF[,IF] [OPTIONS] [FILTER ...], or "
	    "earshot run -c FILE");
}

int
command_settings(int argc, char **argv)
{
	if (argc > 1) {
		bool help = strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0;

		fputs("usage: earshot settings\n"
		    "  prints every setting, as a commented settings file\n",
		    help ? stdout : stderr);
		return help ? EXIT_DONE : EXIT_USAGE;
	}
	settings_explain(stdout);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_COULD_NOT;
}

/* Behind the first capture, a word is another or begins the filter. A filter's words have
 * no capture's ending, and those with a dot or a slash are addresses, no files. */
static bool
is_capture(const char *word)
{
	return strcmp(word, "-") == 0 || source_named_capture(word) ||
	    (strpbrk(word, "./") != NULL && access(word, F_OK) == 0);
}

/* The words that are no option: captures, then one filter. */
static int
take_words(struct options *o, unsigned who, struct fault *why)
{
	struct launch_options now;
	bool first = true, any;
	char *filter;
	size_t len = 1;
	int rc;

	settings_fill(o->settings, 0, &now);
	any = now.files > 0;
	for (; who == FOR_READ && !any && o->n > 0 && (first || is_capture(*o->words));
	     o->words++, o->n--, first = false)
		if (settings_option(o->settings, SETTING_INPUT, *o->words, why) == -1)
			return -1;
	if (o->n == 0)
		return 0;
	if (now.filter != NULL)
		return fault_set(why, "one of them", "two filters: -f and '%s'",
		    o->words[0]);
	for (int i = 0; i < o->n; i++)
		len += strlen(o->words[i]) + 1;
	filter = calloc(1, len);
	if (filter == NULL)
		return fault_set(why, NULL, "not enough memory");
	for (int i = 0; i < o->n; i++) {
		if (i > 0)
			strcat(filter, " ");
		strcat(filter, o->words[i]);
	}
	rc = settings_option(o->settings, SETTING_FILTER, filter, why);
	free(filter);
	return rc;
}

/* What the table cannot know. */
static void
compute(struct options *o, unsigned who)
{
	char name[72] = "", state[4096];

	if (who == FOR_READ) {
		settings_computed(o->settings, SETTING_NAME, "file");
		return;
	}
	if (gethostname(name, sizeof(name) - 1) == -1 || !settings_name_ok(name))
		(void)snprintf(name, sizeof(name), "sensor");
	settings_computed(o->settings, SETTING_NAME, name);
	settings_computed(o->settings, SETTING_STATE, state_folder(state, sizeof(state)));
}

static void
print_interface(void *arg, const struct iface_listing *l)
{
	fprintf(arg, "%-16s %s", l->name, l->state);
	if (l->addresses[0] != '\0')
		fprintf(arg, "%*s%s", 13 - (int)strlen(l->state), "", l->addresses);
	if (l->description[0] != '\0')
		fprintf(arg, " (%s)", l->description);
	fputc('\n', arg);
}

static int
list_interfaces(void)
{
	struct fault why;

	if (source_list_interfaces(print_interface, stdout, &why) == -1) {
		fprintf(stderr, "earshot: %s\n", why.what);
		return EXIT_COULD_NOT;
	}
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_COULD_NOT;
}

static int
dump(struct options *o)
{
	char here[4096];

	settings_dump(o->settings, getcwd(here, sizeof(here)) == NULL ? "" : here,
	    stdout);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_COULD_NOT;
}

/* Every sensor has what it is to read from. */
static int
check_sources(struct options *o, unsigned who, const char *usage, struct fault *why)
{
	for (unsigned i = 0; i < settings_sensors(o->settings); i++) {
		struct iface_names names = { .n = 0 };
		struct launch_options one;

		settings_fill(o->settings, i, &one);
		if (one.iface != NULL && iface_names_add(&names, one.iface, why) == -1)
			return -1;
		/* What a service checks before it starts is whether it can start. */
		if (one.test_only && (who == FOR_READ || o->config == NULL))
			continue;
		if (who == FOR_READ ? one.files > 0 : one.iface != NULL)
			continue;
		if (who == FOR_READ)
			return fault_set(why, usage, "no capture was named");
		if (o->config != NULL)
			return fault_set(why,
			    "write interface \"eth0\" into the settings",
			    "no interface was named for sensor '%s'", one.name);
		return fault_set(why, usage, "no interface was named");
	}
	return 0;
}

static int
go(int argc, char **argv, unsigned who, const char *usage)
{
	struct fault why = { "", "" };
	struct options o;
	int rc = options_read(argc, argv, who, usage, &o);

	if (rc != 0)
		return rc - 1;
	if (o.list) {
		options_free(&o);
		return list_interfaces();
	}
	compute(&o, who);
	if (take_words(&o, who, &why) == -1)
		goto fail;
	rc = options_settle(&o, argv[0]);
	if (rc == 0 && !o.dump && check_sources(&o, who, usage, &why) == -1)
		goto fail;
	if (rc == 0)
		rc = 1 + (o.dump ? dump(&o) : fleet_run(o.settings));
	options_free(&o);
	return rc - 1;
fail:
	fprintf(stderr, "earshot %s: %s\n  try: %s\n", argv[0], why.what, why.remedy);
	options_free(&o);
	return EXIT_USAGE;
}
