/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `earshot trace`: which flow carried this recording? The words of the command line, the
 * files, the line that says how far it is. What is found is rules/trace's. */
#include "rules/cli/commands.h"
#include "rules/cli/launch.h"
#include "rules/cli/settings_read.h"

#include "classify/content/recording.h"
#include "rules/event/human.h"
#include "rules/event/parse.h"
#include "rules/lang/lang.h"
#include "rules/trace/tell.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define INPUTS 1024

/* X(id, word, argument, what it says) */
#define TRACE_OPTIONS(X) \
	X(LENGTH, "length", "TIME", "how long the recording is: 43m10s, 1:12:05, 2590s") \
	X(SIZE, "size", "BYTES", "how large its file is: 20.7MB, 20712345") \
	X(CODEC, "codec", "NAME", "only this codec's rates") \
	X(FROM, "from", "TIME", "nothing that ended before: 2026-11-22, or with T10:00:00Z") \
	X(TO, "to", "TIME", "nothing that began after") \
	X(DEVICE, "device", "NAME", "only this device: key, name or address; '*' is any") \
	X(MOST, "most", "N", "show so many (20)") \
	X(CHANCE, "chance", "NUMBER", \
	    "leave out what fits more often than this by chance (1)") \
	X(STATE, "state", "DIR", "where spool, store and control socket lie") \
	X(FORMAT, "format", "text|json", "of standard output; text on a terminal")

enum option_id {
#define X(id, word, arg, help) OPTION_##id,
	TRACE_OPTIONS(X)
#undef X
	OPTION_COUNT
};

static const struct {
	const char *word, *arg, *help;
} option[] = {
#define X(id, word, arg, help) { word, arg, help },
	TRACE_OPTIONS(X)
#undef X
};

struct command {
	struct trace_want want;
	struct recording recording;
	const char *file;		/* of the recording */
	char device[256], store[4200];
	const char *input[INPUTS];
	unsigned inputs;
	uint64_t most;
	double chance;
	bool json, has_state;
	uint64_t total;			/* bytes there are to read; 0: unknown */
};

static void
usage(FILE *out)
{
	fputs("usage: earshot trace [--length TIME] [--size BYTES] [options] [RECORDING]\n"
	    "\t[EVENTS|STORE ...]\n"
	    "Which flow could have carried this recording? EVENTS are files with flow events,\n"
	    "STORE is the folder of a sensor's store; without either, this machine's.\n\n",
	    out);
	for (unsigned i = 0; i < OPTION_COUNT; i++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "    --%s %s", option[i].word,
		    option[i].arg);
		fprintf(out, "  %-31s %s\n", left, option[i].help);
	}
}

static int
mistake(const struct fault *why, int rc)
{
	fprintf(stderr, "earshot trace: %s\n", why->what);
	if (why->remedy[0] != '\0')
		fprintf(stderr, "  try: %s\n", why->remedy);
	return rc;
}

/* "43m10s", "1h2m", "1:12:05", "43:10", "2590", "2590.5s". */
static bool
take_length(const char *s, int64_t *ns)
{
	double sum = 0, part;
	bool any = false, colons = strchr(s, ':') != NULL;
	char *end;

	while (*s != '\0') {
		double unit = 1;

		while (*s == ' ')
			s++;
		if (*s < '0' || *s > '9')
			return false;
		part = strtod(s, &end);
		s = end;
		if (colons) {
			sum = sum * 60 + part;
			if (*s != ':' && *s != '\0')
				return false;
			s += *s == ':';
			any = true;
			continue;
		}
		while (*s == ' ')
			s++;
		if (strncmp(s, "min", 3) == 0) {
			unit = 60;
			s += 3;
		} else if (*s == 'h' || *s == 'm' || *s == 's') {
			unit = *s == 'h' ? 3600 : *s == 'm' ? 60 : 1;
			s++;
		} else if (*s != '\0') {
			return false;
		}
		sum += part * unit;
		any = true;
	}
	if (!any || !(sum >= 0.001) || sum > 366 * 86400.0)
		return false;
	*ns = (int64_t)(sum * 1e9);
	return true;
}

static bool
take_size(const char *s, uint64_t *bytes)
{
	static const struct {
		const char *word;
		double times;
	} unit[] = { { "", 1 }, { "B", 1 }, { "kB", 1e3 }, { "KB", 1e3 }, { "MB", 1e6 },
		{ "GB", 1e9 }, { "KiB", 1024 }, { "MiB", 1048576 }, { "GiB", 1073741824 },
		{ "k", 1e3 }, { "M", 1e6 }, { "G", 1e9 } };
	char *end;
	double n;

	if (*s < '0' || *s > '9')
		return false;
	n = strtod(s, &end);
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++) {
		if (strcmp(end, unit[i].word) != 0)
			continue;
		n *= unit[i].times;
		if (!(n >= 1) || n > 1e15)
			return false;
		*bytes = (uint64_t)n;
		return true;
	}
	return false;
}

/* A date is its first moment; for --to its last. */
static bool
take_moment(const char *s, bool to, int64_t *ns)
{
	static const char *const rest[] = { "T00:00:00.000000Z", ":00.000000Z", ".000000Z" };
	size_t n = strlen(s), plain = n > 0 && s[n - 1] == 'Z' ? n - 1 : n;
	char text[40];

	if (plain != 10 && plain != 16 && plain != 19) {
		(void)snprintf(text, sizeof(text), "%.30s", s);
		return parse_time(text, ns);
	}
	(void)snprintf(text, sizeof(text), "%.*s%s", (int)plain, s,
	    rest[plain == 10 ? 0 : plain == 16 ? 1 : 2]);
	text[10] = 'T';
	if (!parse_time(text, ns))
		return false;
	*ns += to && plain == 10 ? 86400 * NS_PER_S - 1 : 0;
	return true;
}

static bool
take_codec(const char *s, const char **codec, struct fault *why)
{
	struct guess g = guess_start(s);
	char remedy[200];

	for (unsigned i = 0; i < CODEC_COUNT; i++) {
		if (strcmp(codec_table[i].name, s) == 0) {
			*codec = codec_table[i].name;
			return true;
		}
		guess_try(&g, codec_table[i].name);
	}
	(void)fault_set(why, guess_remedy(&g, "amr, amr-wb, opus, mp3, aac, g711, g722, g729, "
	    "gsm, wav or flac", remedy, sizeof(remedy)), "no codec is called '%.40s'", s);
	return false;
}

static int
take(struct command *c, enum option_id id, const char *arg, struct fault *why)
{
	struct trace_want *w = &c->want;
	char *end;

	switch (id) {
	case OPTION_LENGTH:
		if (take_length(arg, &w->length))
			return 0;
		return fault_set(why, "write it as 43m10s, 1:12:05 or 2590s",
		    "'%.40s' is no length", arg);
	case OPTION_SIZE:
		if (take_size(arg, &w->size))
			return 0;
		return fault_set(why, "write it as 20.7MB or 20712345", "'%.40s' is no size",
		    arg);
	case OPTION_CODEC:
		return take_codec(arg, &w->codec, why) ? 0 : -1;
	case OPTION_FROM:
	case OPTION_TO:
		if (take_moment(arg, id == OPTION_TO, id == OPTION_TO ? &w->to : &w->from))
			return 0;
		return fault_set(why, "write it as 2026-11-22 or 2026-11-22T10:00:00Z",
		    "'%.40s' is no time", arg);
	case OPTION_DEVICE:
		w->device = arg;
		return 0;
	case OPTION_MOST:
		c->most = strtoull(arg, &end, 10);
		if (*end == '\0' && c->most > 0 && c->most <= TRACE_BEST && *arg != '-')
			return 0;
		return fault_set(why, "write a number from 1 to 256", "'%.40s' is no number of "
		    "candidates", arg);
	case OPTION_CHANCE:
		c->chance = strtod(arg, &end);
		if (*end == '\0' && c->chance > 0 && *arg != '\0')
			return 0;
		return fault_set(why, "write a number above 0, like 0.1",
		    "'%.40s' is no chance", arg);
	case OPTION_STATE:
		(void)snprintf(c->store, sizeof(c->store), "%.4000s/store", arg);
		c->has_state = true;
		return 0;
	case OPTION_FORMAT:
		c->json = strcmp(arg, "json") == 0;
		if (c->json || strcmp(arg, "text") == 0)
			return 0;
		return fault_set(why, "write text or json", "'%.40s' is no format", arg);
	case OPTION_COUNT:
		break;
	}
	return 0;
}

/* A file whose first bytes are sound is the recording; anything else is to be read. */
static int
take_file(struct command *c, const char *path, struct fault *why)
{
	struct recording r = { .class = CONTENT_UNKNOWN };
	int fd = strcmp(path, "-") == 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *bytes;

	if (fd == -1 && strcmp(path, "-") != 0)
		return fault_set(why, NULL, "cannot open '%s': %s", path, strerror(errno));
	if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (bytes != MAP_FAILED) {
			recording_of(span_of(bytes, (size_t)st.st_size), &r);
			(void)munmap(bytes, (size_t)st.st_size);
		}
	}
	if (fd != -1)
		close(fd);
	if (r.class == CONTENT_AUDIO || r.class == CONTENT_VIDEO || r.ns > 0) {
		if (c->file != NULL)
			return fault_set(why, "ask for one after the other",
			    "two recordings: '%s' and '%s'", c->file, path);
		c->file = path;
		c->recording = r;
		if (c->want.size == 0)
			c->want.size = (uint64_t)st.st_size;
		return 0;
	}
	if (c->inputs == INPUTS)
		return fault_set(why, "name a folder, or join them: cat ... | earshot trace -",
		    "more than %u files", INPUTS);
	c->input[c->inputs++] = path;
	return 0;
}

/* 0 go on, else an exit code + 1. */
static int
words(int argc, char **argv, struct command *c, struct fault *why)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i], *arg = NULL;
		size_t n;
		unsigned id = 0;

		if (word[0] != '-' || word[1] == '\0') {
			if (take_file(c, word, why) == -1)
				return mistake(why, EXIT_COULD_NOT) + 1;
			continue;
		}
		if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
			usage(stdout);
			return EXIT_DONE + 1;
		}
		word += 2;
		n = strcspn(word, "=");
		while (id < OPTION_COUNT && (strlen(option[id].word) != n ||
		    strncmp(option[id].word, word, n) != 0))
			id++;
		if (argv[i][1] != '-' || id == OPTION_COUNT) {
			(void)fault_set(why, "earshot trace -h",
			    "'%.60s' is no option of this command", argv[i]);
			return mistake(why, EXIT_USAGE) + 1;
		}
		arg = word[n] == '=' ? word + n + 1 : i + 1 < argc ? argv[++i] : NULL;
		if (arg == NULL) {
			(void)fault_set(why, "earshot trace -h", "'--%s' needs an argument",
			    option[id].word);
			return mistake(why, EXIT_USAGE) + 1;
		}
		if (take(c, (enum option_id)id, arg, why) == -1)
			return mistake(why, EXIT_USAGE) + 1;
	}
	return 0;
}

/* What the file says and nobody said otherwise; then: is it enough? */
static int
settle(struct command *c, struct fault *why)
{
	if (c->file != NULL && c->want.length == 0)
		c->want.length = c->recording.ns;
	if (c->file != NULL && c->want.length == 0)
		return fault_set(why, "--length TIME, as a player shows it",
		    "'%s' does not say how long it is", c->file);
	if (c->want.length == 0 && c->want.size == 0)
		return fault_set(why, "--length 43m10s, --size 20.7MB, or the recording's file",
		    "nothing is said of the recording");
	if (c->want.from != 0 && c->want.to != 0 && c->want.to < c->want.from)
		return fault_set(why, NULL, "--to lies before --from");
	if (c->inputs == 0) {
		char state[4000];

		if (!c->has_state)
			(void)snprintf(c->store, sizeof(c->store), "%s/store",
			    state_folder(state, sizeof(state)));
		if (trace_store_size(c->store) == -1)
			return fault_set(why, "name files with flow events ('earshot run --flows "
			    "--output file:PATH'), or --state DIR",
			    "no store lies in '%s'", c->store);
		c->input[c->inputs++] = c->store;
	}
	return 0;
}

static void
progress(void *arg, uint64_t bytes)
{
	const struct command *c = arg;
	char a[24], b[24];

	if (c->total > 0)
		fprintf(stderr, "\rearshot trace: %3.0f %% of %s ",
		    fmin(100, 100 * (double)bytes / (double)c->total),
		    human_bytes(c->total, b));
	else
		fprintf(stderr, "\rearshot trace: %s ", human_bytes(bytes, a));
}

/* A folder is a store, or holds one; NULL: it is a file. */
static const char *
store_in(const char *path, char buf[4200])
{
	struct stat st;

	if (stat(path, &st) == -1 || !S_ISDIR(st.st_mode))
		return NULL;
	(void)snprintf(buf, 4200, "%.4000s/store", path);
	return trace_store_size(path) == -1 && trace_store_size(buf) != -1 ? buf : path;
}

static int
read_all(struct command *c, const struct trace_reader *r, const struct siphash_key *hash,
    struct fault *why)
{
	char buf[4200];
	struct stat st;

	for (unsigned i = 0; i < c->inputs; i++) {
		const char *store = store_in(c->input[i], buf);

		if (store != NULL)
			c->total += (uint64_t)(trace_store_size(store) > 0 ?
			    trace_store_size(store) : 0);
		else if (stat(c->input[i], &st) == 0 && S_ISREG(st.st_mode))
			c->total += (uint64_t)st.st_size;
	}
	for (unsigned i = 0; i < c->inputs; i++) {
		const char *store = store_in(c->input[i], buf);

		if (store != NULL && trace_store_size(store) == -1)
			return fault_set(why, "name the folder 'store' in a sensor's state, or "
			    "event files", "no store lies in '%s'", c->input[i]);
		if ((store != NULL ? trace_read_store(r, store, hash, why) :
		    trace_read_events(r, c->input[i], why)) == -1)
			return -1;
	}
	return 0;
}

int
command_trace(int argc, char **argv)
{
	struct command c = { .most = 20, .chance = 1, .json = isatty(STDOUT_FILENO) == 0 };
	struct trace_read counts = { 0 };
	struct trace_reader r = { .counts = &counts, .arg = &c };
	struct trace_answer a = { .want = &c.want, .read = &counts };
	struct fault why = { "", "" };
	struct siphash_key hash;
	int rc = words(argc, argv, &c, &why);
	bool draws;

	if (rc != 0)
		return rc - 1;
	if (settle(&c, &why) == -1)
		return mistake(&why, EXIT_USAGE);
	if (getrandom(&hash, sizeof(hash), 0) != sizeof(hash))
		memset(&hash, 0x5a, sizeof(hash));
	r.trace = trace_create(&c.want, &hash);
	if (r.trace == NULL) {
		(void)fault_set(&why, NULL, "not enough memory");
		return mistake(&why, EXIT_COULD_NOT);
	}
	draws = isatty(STDERR_FILENO) != 0;
	r.progress = draws ? progress : NULL;
	rc = read_all(&c, &r, &hash, &why);
	if (draws)
		fputs("\r\033[K", stderr);
	if (rc == -1) {
		trace_destroy(r.trace);
		return mistake(&why, EXIT_COULD_NOT);
	}
	trace_finish(r.trace);
	a.trace = r.trace;
	a.recording = c.file;
	a.format = c.file == NULL ? NULL : vocabulary_word(VOCABULARY_FORMAT,
	    c.recording.format);
	a.coded = c.file == NULL || c.recording.codec == CODED_UNKNOWN ? NULL :
	    vocabulary_word(VOCABULARY_CODEC, c.recording.codec);
	a.most = (unsigned)c.most;
	a.limit = c.chance;
	(c.json ? trace_tell_json : trace_tell_text)(&a, stdout);
	rc = fflush(stdout) != 0 || trace_told(&a) == 0 ? EXIT_COULD_NOT : EXIT_DONE;
	trace_destroy(r.trace);
	return rc;
}
