/* x87: rows come with the handlers. */
#include "emu/op/form.h"
#include "emu/op/lists.h"

static const struct form rows[] = {
	{ 0 },
};

const struct form_list x87_forms = { rows, 0 };
