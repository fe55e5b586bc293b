/* Mutated traces: the replay never crashes, its status is 0, 1 or 2, and every message names file and line. Mutated images: none is
 * continued into a crash. TICK86_SEED repeats a run. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/scripted_host.h"
#include "tests/unit/suite.h"

#define FOLDER "traces/clock"
#define ROUNDS 60000
#define FILES_MAX 100
#define BYTES_MAX 6000

static uint64_t seed;

static uint64_t random_below(uint64_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (seed >> 24) % limit;
}

struct text {
	char bytes[BYTES_MAX];
	size_t length;
};

static struct text files[FILES_MAX];
static unsigned file_count;

static struct text whole_lines(FILE *file)
{
	struct text text;

	text.length = fread(text.bytes, 1, BYTES_MAX - 500, file);
	while (text.length > 0 && text.bytes[text.length - 1] != '\n')
		text.length--;
	return text;
}

static void read_files(void)
{
	DIR *folder = opendir(FOLDER);
	struct dirent *entry;

	ck_assert_ptr_nonnull(folder);
	while ((entry = readdir(folder)) && file_count < FILES_MAX) {
		char path[400];
		FILE *file;

		if (!strstr(entry->d_name, ".clk"))
			continue;
		snprintf(path, sizeof(path), FOLDER "/%s", entry->d_name);
		file = fopen(path, "r");
		files[file_count] = whole_lines(file);
		file_count++;
		fclose(file);
	}
	closedir(folder);
	ck_assert_uint_gt(file_count, 0);
}

/* --- mutations ------------------------------------------------------------------------------------ */

static void replace(struct text *text, size_t at, size_t length, const char *by, size_t by_length)
{
	if (at + length > text->length || text->length - length + by_length > BYTES_MAX)
		return;
	memmove(text->bytes + at + by_length, text->bytes + at + length, text->length - at - length);
	memcpy(text->bytes + at, by, by_length);
	text->length = text->length - length + by_length;
}

/* clang-format off */
static const char *const spice[] = {
	"0", "-1", "18446744073709551615", "-9223372036854775808", "9223372036854775807", "0x",
	"1_0", "=", " => ", "\n", "#", "auto", "vcpu=63", "vcpus=64", "cpu=1023", "1/65536",
	"65536/1", "khz=1", "khz=4294967295", "clock", "restore", "save\n", "stop\n", "cont\n",
	"idle ns=-5\n", "tick\n", "pvclock\n", "mode=icount", "mode=host", "shift=auto",
	"ns-per-insn=4294967295/1", "policy=apparent", "policy=always-emulate", "guard=catchup",
	"table=1:2,3:-4", "inject at=5 jump=-100\n", "inject drift=-9223372036854775808\n",
	"run insns=18446744073709551615\n", "wrmsr msr=0x6e0 value=5\n", "hostwrite value=0\n",
	"away=9223372036854775807", "\xff", "create\n",
};

static const char *const numbers[] = {
	"0", "1", "7", "-1", "1_000_000", "18446744073709551615", "-9223372036854775808",
	"9223372036854775807", "0xffffffff",
};
/* clang-format on */

/* Replaces the number at `at` or after it. */
static void replace_number(struct text *text, size_t at, const char *by)
{
	size_t length = 0;

	while (at < text->length && (text->bytes[at] < '0' || text->bytes[at] > '9'))
		at++;
	while (at + length < text->length && text->bytes[at + length] > ' ')
		length++;
	replace(text, at, length, by, strlen(by));
}

static size_t line_start(const struct text *text, size_t at)
{
	while (at > 0 && text->bytes[at - 1] != '\n')
		at--;
	return at;
}

/* Copies the line at `from` before the one at `to`, or removes it. */
static void move_line(struct text *text, size_t from, size_t to, bool copy)
{
	size_t start = line_start(text, from);
	const char *end = memchr(text->bytes + start, '\n', text->length - start);
	size_t length = end ? (size_t)(end + 1 - text->bytes) - start : text->length - start;
	char line[300];

	if (length > sizeof(line))
		return;
	memcpy(line, text->bytes + start, length);
	if (copy)
		replace(text, line_start(text, to), 0, line, length);
	else
		replace(text, start, length, "", 0);
}

static void mutate(struct text *text)
{
	size_t at = random_below(text->length);
	const char *word = spice[random_below(sizeof(spice) / sizeof(spice[0]))];
	const char *number = numbers[random_below(sizeof(numbers) / sizeof(numbers[0]))];

	switch (random_below(12)) {
	case 0: text->bytes[at] = (char)random_below(256); break;
	case 1: replace(text, at, random_below(20), "", 0); break;
	case 2: replace(text, at, 0, word, strlen(word)); break;
	case 3: replace_number(text, at, word); break;
	case 4: replace(text, line_start(text, at), 0, word, strlen(word)); break;
	case 5:
	case 6: move_line(text, at, 0, false); break;
	case 7:
	case 8: move_line(text, at, random_below(text->length), true); break;
	default: replace_number(text, at, number); break;
	}
}

/* --- invariants of any replay --------------------------------------------------------------------- */

static bool names_its_line(const char *message)
{
	size_t digits = strspn(message + 2, "0123456789");

	return strncmp(message, "F:", 2) == 0 && digits > 0 && strncmp(message + 2 + digits, ": ", 2) == 0
		&& strlen(message + 2 + digits) > 2;
}

static void check_messages(char *messages, int status)
{
	unsigned lines = 0;
	char *line, *rest;

	for (line = strtok_r(messages, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (!names_its_line(line))
			ck_abort_msg("'%s' does not name its line", line);
		lines++;
	}
	MUST(status == 0 ? lines == 0 : lines > 0);
}

static int replay(const struct text *text)
{
	char *messages = NULL;
	size_t size;
	FILE *in = fmemopen((void *)text->bytes, text->length ? text->length : 1, "r");
	FILE *out = fopen("/dev/null", "w");
	FILE *err = open_memstream(&messages, &size);
	int status = tk_trace_replay(in, "F", out, err);

	fclose(in);
	fclose(out);
	fclose(err);
	MUST(status >= 0 && status <= 2);
	check_messages(messages, status);
	free(messages);
	return status;
}

START_TEST(no_mutation_crashes_the_replay)
{
	unsigned statuses[3] = { 0 };

	read_files();
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct text text = files[random_below(file_count)];

		for (uint64_t n = 1 + random_below(3); n > 0 && text.length > 0; n--)
			mutate(&text);
		statuses[replay(&text)]++;
	}
	printf("statuses: %u held, %u failed, %u malformed\n", statuses[0], statuses[1], statuses[2]);
	ck_assert_uint_gt(statuses[0], 0);
	ck_assert_uint_gt(statuses[1], 0);
	ck_assert_uint_gt(statuses[2], 0);
}
END_TEST

static void use(const struct tk *tk)
{
	uint64_t id, value;
	int64_t ns;
	struct tk_sync_result sync;
	struct tk_pvclock page;

	for (unsigned vcpu = 0; vcpu < tk_vcpus(tk); vcpu++) {
		tk_rdtsc(tk, vcpu, 5);
		tk_rdmsr(tk, vcpu, 5, 0x10, &value);
		tk_pvclock_refresh(tk, vcpu, 5, &page);
	}
	tk_tick(tk, 1000);
	tk_budget(tk, 1000);
	tk_arm(tk, 1, 5);
	tk_host_write(tk, 0, 1000, 7, &sync);
	tk_idle_begin(tk, 1000, true, &ns);
	tk_idle_end(tk, 1000, TK_WAKE_TIMER);
	for (unsigned i = 0; i < 2 * TK_MAX_TIMERS && tk_pop_expired(tk, 1000, &id, &ns); i++)
		;
	tk_stop(tk, 1000);
	tk_cont(tk, 1000);
}

static void corrupt(unsigned char *image, size_t size)
{
	image[random_below(size)] = (unsigned char)random_below(256);
}

START_TEST(no_corrupted_image_crashes_the_clock)
{
	struct script script = { .tsc = 1000000 };
	struct tk_host host = script_host(&script);
	struct tk tk = { calloc(1, tk_size()), &host };
	unsigned char *good = malloc(tk_size()), *bad = malloc(tk_size());
	struct tk_restore how = { .policy = TK_ADVANCE, .away_ns = 5 };
	unsigned continued = 0;
	char error[200];

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct tk_config config = tk_config_default();

		config.mode = i % 2 ? TK_ICOUNT : TK_OFFSET;
		config.host_khz = 1000000;
		config.vcpus = 3;
		MUST(tk_create(&tk, &config, error, sizeof(error)) == 0);
		tk_arm(&tk, 9, 50);
		tk_save(&tk, 10, good);
		memcpy(bad, good, tk_size());
		for (uint64_t n = 1 + random_below(4); n > 0; n--)
			corrupt(bad, random_below(2) ? 400 : tk_size());
		error[0] = '\0';
		if (tk_restore(&tk, bad, tk_size(), &how, 10, error, sizeof(error)) == 0) {
			continued++;
			use(&tk);
		} else {
			MUST(error[0] != '\0');
		}
	}
	ck_assert_uint_gt(continued, 0);
	ck_assert_int_eq(tk_restore(&tk, good, tk_size() - 1, &how, 10, error, sizeof(error)), -1);
	free(good);
	free(bad);
	free(tk.state);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("fuzz");

	seed = suite_seed();
	tcase_add_test(tcase, no_mutation_crashes_the_replay);
	tcase_add_test(tcase, no_corrupted_image_crashes_the_clock);
	return run_suite("clock fuzz", tcase);
}
