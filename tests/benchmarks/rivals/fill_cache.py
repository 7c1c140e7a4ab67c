"""Fill our own cache of decoded pictures, and print the seconds it took: `fill_cache.py TREE`."""

import sys
import time
from pathlib import Path

from trainables.cifar10_net import TASK
from trainables.data.request import DataRequest

if __name__ == "__main__":
    start = time.perf_counter()
    TASK.load(DataRequest("real", Path(sys.argv[1])))
    print(time.perf_counter() - start)
