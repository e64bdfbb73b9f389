# SPDX-License-Identifier: Apache-2.0
"""The compile storm: many small compilations at once, whose processes live for 10 to 50 ms each."""

import os

from work import Work

FILES = 400
SOURCE = """
#include <stdio.h>
#include <string.h>

int compare_{i}(const char *left, const char *right) {{ return strcmp(left + {i}, right); }}

int main(int argc, char **argv)
{{
	for (int i = 1; i < argc; i++)
		if (compare_{i}(argv[i], argv[0]))
			printf("%d: %s\\n", i, argv[i]);
	return argc > {i};
}}
"""


def prepare(folder):
    for i in range(FILES):
        (folder / f"{i}.c").write_text(SOURCE.format(i=i))
    workers = str(os.cpu_count())
    return Work(["sh", "-c", f"ls *.c | xargs -P {workers} -n 1 cc -O1 -c"], folder=folder)
