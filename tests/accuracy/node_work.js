// SPDX-License-Identifier: Apache-2.0
// Work for the compilers, the collector and the C++ half of node: node_work.js SECONDS.
"use strict";

const zlib = require("zlib");

const end = Date.now() + 1000 * Number(process.argv[2]);
while (Date.now() < end) {
	const records = Array.from({ length: 3000 }, (_, i) => ({ key: `k${i}`, values: [i, i + 1] }));
	const text = JSON.stringify(records);
	const again = JSON.parse(text).sort((a, b) => (a.key < b.key ? -1 : 1));
	zlib.gzipSync(text);
	new Map(again.map((record) => [record.key, record.values]));
	text.replace(/[0-9]+/g, (digits) => digits.length);
}
