"""Python as a parent: subprocess in its forms, pipes, environment, signals, temporary files, a process pool of its own."""
import os
import signal
import subprocess
import sys
import tempfile

print(subprocess.run(["tr", "a-z", "A-Z"], input="through tr\n", capture_output=True, text=True).stdout, end="")
print(subprocess.check_output("echo $NAME | sed s/v/V/; exit 0", shell=True, env={"NAME": "value", "PATH": os.environ["PATH"]}))
print(subprocess.run(["sh", "-c", "echo to stderr >&2; exit 3"], stderr=subprocess.PIPE))
print(subprocess.run(["sh", "-c", "kill -15 $$"]).returncode)
try:
    subprocess.run(["/no/such/program"])
except FileNotFoundError as error:
    print(error)
try:
    subprocess.run(["sleep", "5"], timeout=0.05)
except subprocess.TimeoutExpired as error:
    print(error.cmd, "timed out")

first = subprocess.Popen(["seq", "1", "2000"], stdout=subprocess.PIPE)
second = subprocess.Popen(["grep", "7$"], stdin=first.stdout, stdout=subprocess.PIPE)
first.stdout.close()
print(len(second.communicate()[0].split()), first.wait(), second.returncode)
print(subprocess.run([sys.executable, "-c", "import sys; print(sum(map(int, sys.stdin.read().split())))"],
                     input=" ".join(map(str, range(1000))), capture_output=True, text=True).stdout, end="")

readers = []
for number in range(3):
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, f"child {number}: {sum(range(number * 1000))}".encode())
        os._exit(number)
    os.close(write)
    readers.append(read)
print([os.read(read, 100).decode() for read in readers])
print(sorted(os.waitstatus_to_exitcode(os.wait()[1]) for _ in readers))

signal.signal(signal.SIGUSR1, lambda number, frame: print("signal", number))
os.kill(os.getpid(), signal.SIGUSR1)
alarms = []
signal.signal(signal.SIGALRM, lambda number, frame: alarms.append(number))
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)  # again and again: the first may come before the pause, on a busy machine
signal.pause()
signal.setitimer(signal.ITIMER_REAL, 0)
print("alarm", alarms[0])
with tempfile.TemporaryDirectory(dir=".") as directory:
    with open(f"{directory}/file", "w") as file:
        file.write("x" * 10000)
    print(os.stat(f"{directory}/file").st_size, os.listdir(directory))
print(sorted(os.listdir(".")))
