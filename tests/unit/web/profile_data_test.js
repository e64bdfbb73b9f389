// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import { profileOf, treeOf, wholeOf, writeBlock } from './block.js';
import { decodeProfile } from './profile_data.js';

const STACKS = { 'a;b': 3, 'a;c;d': 4, 'a;c': 2 ** 40, e: 1 };

test('a block is read as it was written, and has no samples unless it says so', () => {
	const profile = profileOf(STACKS), tree = wholeOf(profile);
	assert.deepEqual(treeOf(profile, tree), STACKS);
	assert.equal(tree.whole, 8 + 2 ** 40);
	assert.equal(profile.samples, null);
});

test('samples are read by thread, node and slot', () => {
	const rows = [[[1, 0, 2], [1, 7, 1], [3, 7, 4], [4, 1000, 2 ** 33]], [[0, -1, 5], [2, -1, 1], [2, 0, 1]], []];
	const { samples } = profileOf(STACKS, {
		threads: [{ name: 'web', pid: 7, tid: 8, rows: rows[0] }, { name: '', pid: -1, tid: -1, rows: rows[1] }, { name: 'web', pid: 0, tid: 0, rows: rows[2] }],
		together: 3,
		time: [20e6, 12345678901234, 1001, 2, 40e6],
	});
	const read = samples.threads.map((_, t) => Array.from({ length: samples.first[t + 1] - samples.first[t] }, (_row, k) => {
		const i = samples.first[t] + k;
		return [samples.node[i], samples.slot[i], samples.ticks[i]];
	}));
	assert.deepEqual(read, rows);
	assert.deepEqual(samples.threads, [
		{ name: 'web', pid: 7, tid: 8, ticks: 7 + 2 ** 33 }, { name: '', pid: -1, tid: -1, ticks: 7 }, { name: 'web', pid: 0, tid: 0, ticks: 0 },
	]);
	assert.equal(samples.together, 3);
	assert.deepEqual(samples.time, { slotNs: 20e6, startNs: 12345678901234, slots: 1001, wider: 2, cellNs: 40e6 });
});

test('a block that is cut off anywhere is refused', () => {
	const whole = writeBlock(STACKS, { threads: [{ name: 'x', pid: 1, tid: 1, rows: [[1, 0, 1]] }], time: [20e6, 0, 1, 1, 20e6] });
	for (let size = 0; size < whole.length; size++) {
		let profile = null;
		try {
			profile = decodeProfile(whole.subarray(0, size));
		} catch (error) {
			assert.ok(error instanceof RangeError || error instanceof TypeError, `${size}: ${error}`);
		}
		assert.ok(!profile?.samples, `${size} of ${whole.length} bytes`); // one that ends between sections has no samples
	}
});
