/* The examples of tests/unit/instructions.txt, each run by the emulator. */
#include <ctype.h>
#include <string.h>
#include <sys/mman.h>

#include "decode/decode.h"
#include "emu/block/block.h"
#include "emu/cpu/flags.h"
#include "emu/cpu/model.h"
#include "emu/mem/fault.h"
#include "tests/unit/suite.h"

enum { CODE = 0x100000, DATA = 0x200000, WORDS = 8, GPRS = 16 };

static const char *const gpr_names[GPRS] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
	"r14", "r15" };
/* clang-format off */
static const struct { char letter; flags_t bit; } flag_letters[] = {
	{ 'C', FLAG_CF }, { 'P', FLAG_PF }, { 'A', FLAG_AF }, { 'Z', FLAG_ZF }, { 'S', FLAG_SF }, { 'O', FLAG_OF },
};

static const struct { const char *name; int vector; } faults[] = {
	{ "DE", VECTOR_DE }, { "UD", VECTOR_UD }, { "GP", VECTOR_GP }, { "PF", VECTOR_PF },
};
/* clang-format on */

struct state {
	uint64_t r[GPRS], word[WORDS], rip;
	uint8_t xmm[16][16];
	flags_t flags;
	bool any_flags;
	int fault; /* or -1 */
};

static struct space space;
static struct blocks *blocks;
static struct cpu *cpu;

/* --- reading a line of words ------------------------------------------------------------------------- */

static uint64_t number(const char *text)
{
	return text[0] == '&' ? DATA + 8 * (uint64_t)(text[2] - '0') : strtoull(text, NULL, 0);
}

static flags_t flags_of(const char *letters)
{
	flags_t flags = 0;

	for (; *letters; letters++)
		for (unsigned k = 0; k < sizeof(flag_letters) / sizeof(flag_letters[0]); k++)
			flags |= flag_letters[k].letter == *letters ? flag_letters[k].bit : 0;
	return flags;
}

static void read_xmm(uint8_t xmm[16], const char *hex)
{
	ck_assert_uint_eq(strlen(hex), 32);
	for (int k = 0; k < 16; k++)
		ck_assert_int_eq(sscanf(hex + 2 * k, "%2hhx", &xmm[15 - k]), 1);
}

static int fault_of(const char *name)
{
	for (unsigned k = 0; k < sizeof(faults) / sizeof(faults[0]); k++)
		if (strcmp(faults[k].name, name) == 0)
			return faults[k].vector;
	ck_abort_msg("no fault '%s'", name);
}

static void read_word(struct state *state, const char *name, const char *value)
{
	for (int k = 0; k < GPRS; k++)
		if (strcmp(name, gpr_names[k]) == 0) {
			state->r[k] = number(value);
			return;
		}
	if (name[0] == 'm' && isdigit(name[1])) {
		state->word[name[1] - '0'] = number(value);
	} else if (strncmp(name, "xmm", 3) == 0) {
		read_xmm(state->xmm[atoi(name + 3)], value);
	} else if (strcmp(name, "flags") == 0) {
		state->any_flags = strcmp(value, "?") == 0;
		state->flags = flags_of(value);
	} else if (strcmp(name, "rip") == 0) {
		state->rip = CODE + number(value);
	} else if (strcmp(name, "fault") == 0) {
		state->fault = fault_of(value);
	} else {
		ck_abort_msg("no word '%s'", name);
	}
}

static void read_state(struct state *state, char *line)
{
	for (char *save, *word = strtok_r(line, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
		char *value = strchr(word, '=');

		ck_assert_msg(value != NULL, "'%s' has no value", word);
		*value = '\0';
		read_word(state, word, value + 1);
	}
}

/* --- running ------------------------------------------------------------------------------------------ */

static void put(const struct state *state)
{
	memcpy(cpu->r, state->r, sizeof(state->r));
	cpu->flags = state->flags;
	cpu->rip = CODE;
	for (int k = 0; k < 16; k++)
		memcpy(cpu->v[k].u8, state->xmm[k], 16);
	ck_assert(space_write(&space, DATA, state->word, sizeof(state->word)));
}

static void take(struct state *state, enum cpu_exit exit)
{
	memcpy(state->r, cpu->r, sizeof(state->r));
	state->flags = cpu->flags & FLAGS_ALL;
	state->rip = cpu->rip;
	state->fault = exit == EXIT_EXCEPTION ? cpu->exception.vector : -1;
	for (int k = 0; k < 16; k++)
		memcpy(state->xmm[k], cpu->v[k].u8, 16);
	ck_assert(space_read(&space, DATA, state->word, sizeof(state->word)));
}

static void compare(const struct state *is, const struct state *wanted, const char *text)
{
	ck_assert_msg(is->fault == wanted->fault, "%s: exception %d, wanted %d", text, is->fault, wanted->fault);
	ck_assert_msg(is->rip == wanted->rip, "%s: rip %+d, wanted %+d", text, (int)(is->rip - CODE), (int)(wanted->rip - CODE));
	for (int k = 0; k < GPRS; k++)
		ck_assert_msg(is->r[k] == wanted->r[k], "%s: %s is %#llx, wanted %#llx", text, gpr_names[k], (unsigned long long)is->r[k],
			(unsigned long long)wanted->r[k]);
	for (int k = 0; k < WORDS; k++)
		ck_assert_msg(is->word[k] == wanted->word[k], "%s: m%d is %#llx, wanted %#llx", text, k, (unsigned long long)is->word[k],
			(unsigned long long)wanted->word[k]);
	ck_assert_msg(wanted->any_flags || is->flags == wanted->flags, "%s: flags are %#x, wanted %#x", text, is->flags, wanted->flags);
	for (int k = 0; k < 16; k++)
		ck_assert_msg(memcmp(is->xmm[k], wanted->xmm[k], 16) == 0, "%s: xmm%d differs", text, k);
}

/* Reads a line of bytes and assembly. The bytes go to CODE, and decode must read the same instruction. Returns its length. */
static size_t read_instruction(char *line, char *text, size_t text_size)
{
	uint8_t code[DECODE_MAX_LENGTH] = { 0 };
	char decoded[128];
	size_t length = 0;
	char *at = line;

	for (; isxdigit(at[0]) && isxdigit(at[1]) && at[2] == ' '; at += 3)
		code[length++] = (uint8_t)strtoul(at, NULL, 16);
	at += strspn(at, " ");
	at[strcspn(at, "\n")] = '\0';
	snprintf(text, text_size, "%s", at);
	decode_text(code, length, 0, decoded, sizeof(decoded));
	if (!strchr(text, '+') || strchr(text, '[')) /* here a jump's target is relative */
		ck_assert_str_eq(decoded, text);
	space_prepare_write(&space, CODE, sizeof(code));
	ck_assert(space_write(&space, CODE, code, sizeof(code)));
	return length;
}

static void run_example(char *instruction, char *before, char *after)
{
	struct state state = { .fault = -1 }, wanted, is = { 0 };
	char text[128];
	size_t length = read_instruction(instruction, text, sizeof(text));

	read_state(&state, before);
	wanted = state;
	wanted.rip = CODE + length;
	read_state(&wanted, after);
	if (wanted.fault >= 0)
		wanted.rip = CODE;
	put(&state);
	take(&is, cpu_run(cpu, blocks, 1));
	compare(&is, &wanted, text);
}

START_TEST(test_examples)
{
	char line[3][256];
	unsigned lines = 0, examples = 0;
	FILE *file = fopen("tests/unit/instructions.txt", "re");

	ck_assert_ptr_nonnull(file);
	while (fgets(line[lines], sizeof(line[lines]), file)) {
		if (line[lines][0] == '#' || line[lines][0] == '\n')
			continue;
		if (++lines < 3)
			continue;
		run_example(line[0], line[1], line[2]);
		lines = 0;
		examples++;
	}
	fclose(file);
	ck_assert_uint_eq(lines, 0);
	ck_assert_uint_gt(examples, 30);
}
END_TEST

static void set_up(void)
{
	fault_install();
	space_init(&space);
	ck_assert_int_eq(
		space_mmap(&space, CODE, GUEST_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		CODE);
	ck_assert_int_eq(space_mmap(&space, DATA, GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		DATA);
	blocks = blocks_create(&space);
	cpu = aligned_alloc(64, (sizeof(*cpu) + 63) & ~(size_t)63);
	ck_assert_ptr_nonnull(cpu);
	memset(cpu, 0, sizeof(*cpu));
	cpu->model = cpu_model_find("x86-64-v3");
	cpu->mxcsr = 0x1f80; /* every exception masked, as the kernel starts programs */
}

int main(void)
{
	TCase *tests = tcase_create("examples");

	tcase_add_checked_fixture(tests, set_up, NULL);
	tcase_add_test(tests, test_examples);
	return run_suite("instructions", tests);
}
