"""Commands for a gdb that debugs tick86 itself (make debug; gdb -x tools/gdb.py --args build-debug/tick86 -- PROGRAM).

guest registers     of the thread that runs, or of the one in the selected frame
guest threads       every thread: id, state, instructions, what it waits for
guest maps          the guest's mappings
guest backtrace     the guest's call stack: by frame pointers, then return addresses found on the stack
guest insns [N]     N instructions from the guest's RIP

They look for a variable `task`, `cpu` or `process` in the selected frame and its callers.
"""
import gdb

NAMES = ("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15")
RSP, RBP = 4, 5


def from_frames(name):
    """The value of a variable that is a pointer of that name, in the innermost frame that has one; or None."""
    frame = gdb.selected_frame()
    while frame:
        try:
            value = frame.read_var(name)
            if value.type.code == gdb.TYPE_CODE_PTR and int(value) != 0:
                return value
        except (ValueError, gdb.error):
            pass
        frame = frame.older()
    return None


def current_task():
    task = from_frames("task")
    if task is not None:
        return task.dereference()
    cpu = from_frames("cpu")
    if cpu is not None:  # a task begins with its CPU
        return cpu.cast(gdb.lookup_type("struct task").pointer()).dereference()
    process = from_frames("process")
    if process is not None:
        return process["current"].dereference()
    raise gdb.GdbError("no frame here has a task, a cpu or a process: go up to one that runs the guest")


def current_process():
    process = from_frames("process")
    return process.dereference() if process is not None else current_task()["process"].dereference()


def mappings(process):
    space = process["space"]
    for k in range(int(space["count"])):
        vma = space["vma"][k]
        name = vma["name"].string() if int(vma["name"]) else ""
        yield int(vma["start"]), int(vma["end"]), int(vma["prot"]), int(vma["offset"]), name


def place_of(process, address):
    """What the address is in: FILE+OFFSET, or None."""
    for start, end, prot, offset, name in mappings(process):
        if start <= address < end:
            return f"{name or 'anonymous memory'}+{address - start + offset:#x}", prot & 4
    return None, 0


def word_at(address):
    try:
        return int.from_bytes(gdb.selected_inferior().read_memory(address, 8).tobytes(), "little")
    except gdb.MemoryError:
        return None


class Guest(gdb.Command):
    __doc__

    def __init__(self):
        super().__init__("guest", gdb.COMMAND_DATA, prefix=True)


class Registers(gdb.Command):
    """The general registers, RIP and flags of the guest thread."""

    def __init__(self):
        super().__init__("guest registers", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        task = current_task()
        cpu = task["cpu"]
        for k, name in enumerate(NAMES):
            print(f"{name:<4}{int(cpu['r'][k]):#018x}", end="\n" if k % 4 == 3 else "  ")
        print(f"rip {int(cpu['rip']):#018x}  {place_of(task['process'].dereference(), int(cpu['rip']))[0]}  "
              f"(as of the last leaving of guest code), thread {int(task['tid'])}")


class Threads(gdb.Command):
    """Every guest thread."""

    def __init__(self):
        super().__init__("guest threads", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        process = current_process()
        task = process["tasks"]
        while int(task):
            wait = task["wait"]
            what = f"futex {int(wait['futex']):#x}" if int(wait["futex"]) else f"{int(wait['fds'])} descriptors" if int(wait["fds"]) else ""
            mark = "*" if int(task) == int(process["current"]) else " "
            print(f"{mark} {int(task['tid']):<8}{str(task['state']):<15}{int(task['insns']):>14} instructions  "
                  f"rip {int(task['cpu']['rip']):#x}  system call {int(task['syscall_number'])}  {what}")
            task = task["next"]


class Maps(gdb.Command):
    """The guest's mappings."""

    def __init__(self):
        super().__init__("guest maps", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        for start, end, prot, offset, name in mappings(current_process()):
            rights = "".join(letter if prot & bit else "-" for letter, bit in zip("rwx", (1, 2, 4)))
            print(f"{start:012x}-{end:012x} {rights} {offset:08x} {name}")


class Backtrace(gdb.Command):
    """The guest's call stack: by frame pointers as far as they lead, then what on the stack points into code."""

    def __init__(self):
        super().__init__("guest backtrace", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        task = current_task()
        process, registers = task["process"].dereference(), task["cpu"]["r"]
        print(f"#0  {int(task['cpu']['rip']):#x}  {place_of(process, int(task['cpu']['rip']))[0]}")
        depth, frame = 1, int(registers[RBP])
        while depth < 64:
            back, link = word_at(frame + 8), word_at(frame)
            name, runs = place_of(process, back) if back else (None, 0)
            if not runs:
                break
            print(f"#{depth:<3}{back:#x}  {name}")
            depth += 1
            if not link or link <= frame:
                return
            frame = link
        for slot in range(int(registers[RSP]), int(registers[RSP]) + 2048, 8):
            value = word_at(slot)
            name, runs = place_of(process, value) if value else (None, 0)
            if runs:
                print(f"?   {value:#x}  {name}  (on the stack at {slot:#x})")


class Insns(gdb.Command):
    """Instructions from the guest's RIP."""

    def __init__(self):
        super().__init__("guest insns", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        gdb.execute(f"x/{int(argument or 8)}i {int(current_task()['cpu']['rip'])}")


for command in (Guest, Registers, Threads, Maps, Backtrace, Insns):
    command()
