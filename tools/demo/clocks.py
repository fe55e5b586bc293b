"""Shows what time it is by every means that a Python program has; RDTSC comes from a few bytes of machine code."""
import ctypes
import mmap
import time

RDTSC = bytes.fromhex("0f31 48c1e220 4809d0 c3")  # rdtsc; shl rdx, 32; or rax, rdx; ret

code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(RDTSC)
rdtsc = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(ctypes.c_char.from_buffer(code)))


def work():
    return sum(i * i % 7 for i in range(100000))


def measure(what, action):
    before = rdtsc(), time.monotonic_ns()
    action()
    after = rdtsc(), time.monotonic_ns()
    ticks, ns = after[0] - before[0], after[1] - before[1]
    print(f"{what:<16} {ticks:12} ticks  {ns / 1e6:12.6f} ms  {ticks / ns:.5f} GHz")


print("date", time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()), "UTC, TSC now", rdtsc())
measure("nothing", int)
measure("computing", work)
measure("computing again", work)
measure("sleeping 50 ms", lambda: time.sleep(0.05))
print(f"CPU time used {time.process_time() * 1e3:.6f} ms")
