// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import { amountText, bytesText, durationText } from './plain_numbers.js';

// The same as tests/unit/render_text_test.c and count_words_test.c.
test('time and memory choose their unit', () => {
	const durations = [[0, '0 s'], [1, '1 ns'], [999, '999 ns'], [1000, '1.0 µs'], [999949, '999.9 µs'], [999950, '1.0 ms'], [412600000, '412.6 ms'], [999950000, '1.00 s']];
	const bytes = [[0, '0 B'], [1023, '1023 B'], [1024, '1.0 KiB'], [1536, '1.5 KiB'], [1048524, '1023.9 KiB'], [1048525, '1.0 MiB'], [5e9, '4.7 GiB'], [2 ** 64, '16.0 EiB'], [2 ** 70, '1.0 ZiB'], [2 ** 93, '8192.0 YiB']];
	for (const [ns, text] of durations) assert.equal(durationText(ns / 1e9), text);
	for (const [count, text] of bytes) assert.equal(bytesText(count), text);
});

test('amounts are said as what they are, and counts as what the user calls them', () => {
	assert.equal(amountText({ per_second: '1000000000', is_amount: '1', countname: 'cpu' }, 412600000), '412.6 ms');
	assert.equal(amountText({ bytes: '1024', is_amount: '1', countname: 'space', factor: '.5' }, 3 << 20), '1.5 GiB');
	assert.equal(amountText({ bytes: String(2 ** 30), is_amount: '1', countname: 'space' }, 2 ** 40), '1.0 ZiB');
	assert.equal(amountText({ per_second: String(1 / 60), is_amount: '1', countname: 'wall' }, 3), '3 min 00 s');
	assert.equal(amountText({ bytes: '1', countname: 'B' }, 3 << 20), '3,145,728 B');
	assert.equal(amountText({ per_second: '99' }, 198), '2.00 s');
});
