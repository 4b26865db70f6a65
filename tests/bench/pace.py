#!/usr/bin/env python3
"""What a fixed piece of arithmetic takes of a processor now and then, until this is terminated: appends the mean, in seconds,
of the middle half of what it saw to a file. Ends without a word when who started it is gone.

usage: pace.py FILE

Interrupts (timers of limited links, packets) and others of the same physical processor take time from whoever runs, and no
process's account shows it: the same piece of work then takes more processor time."""

import hashlib
import os
import signal
import statistics
import sys
import time

EVERY_SECONDS = 0.02
ROUNDS = 1500  # about half a millisecond


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    taken = []

    def end(*_):
        if not taken:
            sys.exit("pace: ended before it had seen anything")
        quarter = len(taken) // 4
        with open(sys.argv[1], "a", encoding="utf-8") as file:
            print(statistics.mean(taken[quarter : len(taken) - quarter]), file=file)
        sys.exit()

    signal.signal(signal.SIGTERM, end)
    parent = os.getppid()
    while os.getppid() == parent:
        began = time.thread_time()
        hashlib.pbkdf2_hmac("sha256", b"fixed", b"work", ROUNDS)
        taken.append(time.thread_time() - began)
        time.sleep(EVERY_SECONDS)


if __name__ == "__main__":
    main()
