"""A job with a loader of its own: datamon is told where batches come from and
what the pieces of work are. Without MON=1 these calls do nothing.

    MON=1 python own_loader.py
    datamon report
"""

import threading
import time
import zlib
from queue import Queue

import datamon

ITEMS = [zlib.compress(bytes([n % 251]) * 200_000, 9) for n in range(64)]


@datamon.stage("transform/checksum")
def checksum(data):
    return zlib.crc32(data)


def load(batch):
    values = []
    for item in range(batch * 8, batch * 8 + 8):
        with datamon.span("fetch", id=item):
            with datamon.span("decode"):
                data = zlib.decompress(ITEMS[item % len(ITEMS)])
            values.append(checksum(data))
    with datamon.span("collate", id=batch):
        return sum(values)


def batches(count):
    """Prepared by a thread, two ahead."""
    queue = Queue(maxsize=2)

    def work():
        for batch in range(count):
            queue.put(load(batch))
        queue.put(None)

    threading.Thread(target=work, daemon=True).start()
    while (batch := queue.get()) is not None:
        yield batch


def main():
    total = 0
    for batch in datamon.wrap(batches(400), name="own loader"):
        total += batch
        time.sleep(0.002)  # the training step
    print(total)


if __name__ == "__main__":
    main()
