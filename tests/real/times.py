"""Prints times, random numbers, hashes and addresses: under icount they are the same in every run."""
import ctypes
import mmap
import random
import threading
import time

code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(bytes.fromhex("0f31 48c1e220 4809d0 c3"))  # rdtsc; shl rdx, 32; or rax, rdx; ret
rdtsc = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(ctypes.c_char.from_buffer(code)))

for _ in range(3):
    print(rdtsc(), time.time_ns(), time.monotonic_ns(), time.perf_counter_ns(), time.process_time_ns())
    time.sleep(0.002)
print(time.strftime("%c"), time.thread_time_ns(), random.random(), hash("text"), id(object()), threading.get_native_id() > 0)
