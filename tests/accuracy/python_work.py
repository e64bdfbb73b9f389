# SPDX-License-Identifier: Apache-2.0
"""Work for the interpreter, its hash tables, its sorting and three of its C modules: python_work.py SECONDS."""

import json
import re
import sys
import time
import zlib

end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    text = json.dumps({str(i): [i] * 20 for i in range(2000)}, indent=1)
    numbers = re.findall(r"[0-9]+", text)
    values = sorted(json.loads(text).values(), key=str)
    zlib.compress(text.encode())
    words = {word: len(word) for word in numbers}
