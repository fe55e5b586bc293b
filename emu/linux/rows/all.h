/* Every row list. */
#include "emu/linux/rows/file.h"
#include "emu/linux/rows/ipc.h"
#include "emu/linux/rows/memory.h"
#include "emu/linux/rows/net.h"
#include "emu/linux/rows/process.h"
#include "emu/linux/rows/signal.h"
#include "emu/linux/rows/time.h"
