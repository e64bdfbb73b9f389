// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import { profileOf, treeOf, wholeOf } from './block.js';
import { DrawnTree } from './drawn_tree.js';
import { drawnFates, untimedLosses } from './fate_sums.js';
import { nodeThreads } from './thread_colours.js';

// In the order of a walk: 1 main, 2 idle, 3 work, 4 alloc, 5 other.
const STACKS = { 'main;idle': 4, 'main;work': 1, 'main;work;alloc': 5, other: 2 };
const SAMPLES = {
	threads: [
		{ name: 'a', pid: 1, tid: 1, rows: [[3, 0, 1], [4, 0, 2], [4, 9, 1]] },
		{ name: 'b', pid: 1, tid: 2, rows: [[2, 0, 1], [2, 5, 3], [4, 5, 2]] },
		{ name: 'c', pid: 3, tid: 3, rows: [[5, -1, 1], [5, 9, 1]] },
	],
	time: [20e6, 0, 10, 1, 20e6],
};

function draw(...filters) {
	const profile = profileOf(STACKS, SAMPLES), drawn = new DrawnTree(profile, wholeOf(profile), filters.map(([kind, text]) => ({ kind, text })));
	return { profile, drawn, stacks: treeOf(profile, drawn.tree) };
}

test('without a filter it is the whole tree', () => {
	const { drawn, stacks } = draw();
	assert.deepEqual(stacks, STACKS);
	assert.equal(drawn.tree, drawn.whole);
});

test('all threads and all times together are the whole again', () => {
	assert.deepEqual(draw(['process', 'a 1'], ['process', 'c 3']).stacks, STACKS);
	const { other, ...timed } = draw(['time', '0.00-0.20']).stacks;
	assert.deepEqual(timed, { 'main;idle': 4, 'main;work': 1, 'main;work;alloc': 5 });
	assert.equal(other, 1); // of one tick no time is known
});

test('threads and times are those that are chosen, and nothing else is in the tree', () => {
	const { drawn, stacks } = draw(['thread', 'b 1/2'], ['time', '0.10-0.12']);
	assert.deepEqual(stacks, { 'main;idle': 3, 'main;work;alloc': 2 });
	assert.deepEqual(drawn.tree.rows.map(row => row.nodes.length), [1, 1, 2, 1]);
	assert.equal(drawn.tree.all, 12);
	assert.deepEqual(draw(['thread', 'nobody 1/2']).stacks, {});
});

test('filters of functions shape what was chosen', () => {
	assert.deepEqual(draw(['process', 'a 1'], ['focus', 'work'], ['time', '0.00-0.02']).stacks, { 'main;work': 1, 'main;work;alloc': 2 });
	assert.deepEqual(draw(['hide', 'work'], ['thread', 'a 1/1']).stacks, { main: 1, 'main;alloc': 3 });
});

test('each node is told where its ticks went', () => {
	const { profile, drawn } = draw(['thread', 'b 1/2'], ['hide', 'work'], ['ignore', 'idle']), place = node => drawn.place(node);
	assert.equal(place(2), -1);
	assert.equal(place(5), -1);
	assert.equal(profile.nameOf(drawn.tree.frame[place(4)]), 'alloc');
	assert.equal(drawn.tree.total(place(4)), 2);
});

test('cells of the timeline follow threads, filters and a search', () => {
	const cells = (hits, ...filters) => Array.from(draw(...filters).drawn.sumCells(5, 2, hits));
	assert.deepEqual(cells(null), [4, 0, 5, 0, 2]);
	assert.deepEqual(cells(null, ['time', '0.00-0.02']), [4, 0, 5, 0, 2]);
	assert.deepEqual(cells(null, ['thread', 'b 1/2']), [1, 0, 5, 0, 0]);
	assert.deepEqual(cells(null, ['focus', 'work']), [3, 0, 2, 0, 1]);
	const { profile } = draw(), hits = Uint8Array.from({ length: profile.frames.count }, (_, f) => +(profile.nameOf(f) === 'work'));
	assert.deepEqual(cells(hits), [3, 0, 2, 0, 1]);
	assert.deepEqual(cells(hits, ['ignore', 'alloc']), [1, 0, 0, 0, 0]);
});

test('a node is of the thread that has more than half of it', () => {
	const { profile, drawn } = draw(), threads = nodeThreads(drawn);
	const names = Array.from(threads, thread => thread < 0 ? '' : profile.samples.threads[thread].name);
	assert.deepEqual(names, ['', 'b', 'b', 'a', 'a', 'c']); // all 12: 4 a, 6 b, 2 c; main 10: 4 a, 6 b
});

// In the order of a walk: 1 a, 2 [lost:late], 3 [truncated:x], 4 f, 5 g, 6 f, 7 g.
const FATE_STACKS = { 'a;[lost:late]': 5, 'a;[truncated:x];f': 3, 'a;[truncated:x];g': 2, 'a;f': 4, 'a;f;g': 6 };
const FATE_SAMPLES = {
	threads: [{ name: 'a', pid: 1, tid: 1, rows: [[2, -1, 4], [2, 3, 1], [4, 0, 2], [5, 3, 2], [6, 3, 4], [7, 0, 6]] }, { name: 'b', pid: 1, tid: 2, rows: [[4, 3, 1]] }],
	time: [20e6, 0, 10, 1, 20e6],
};

function fatesOf(...filters) {
	const profile = profileOf(FATE_STACKS, FATE_SAMPLES), drawn = new DrawnTree(profile, wholeOf(profile), filters.map(([kind, text]) => ({ kind, text })));
	const { due, complete, truncated, lost, reasons } = drawnFates(profile, drawn);
	return [due, complete, truncated, lost, ...reasons.map(({ text, ticks }) => `${text} ${ticks}`), untimedLosses(profile, drawn)];
}

test('the fates are those of what is drawn', () => {
	const profile = profileOf(FATE_STACKS, FATE_SAMPLES);
	assert.equal(drawnFates(profile, new DrawnTree(profile, wholeOf(profile), [])), profile.fates);
	assert.deepEqual(fatesOf(['time', '0.06-0.08']), [8, 4, 3, 1, 'late 1', 'x 3', 4]);
	assert.deepEqual(fatesOf(['time', '0.00-0.02']), [8, 6, 2, 0, 'x 2', 4]);
	assert.deepEqual(fatesOf(['thread', 'b 1/2']), [1, 0, 1, 0, 'x 1', 0]);
	assert.deepEqual(fatesOf(['focus', 'g']), [8, 6, 2, 0, 'x 2', 4]);
	assert.deepEqual(fatesOf(['hide', '/./'], ['time', '0.06-0.08']), [8, 4, 3, 1, 'late 1', 'x 3', 4]);
	assert.deepEqual(fatesOf(['focus', 'nowhere']), [0, 0, 0, 0, 4]);
});

test('a tick is of the innermost marker', () => {
	const stacks = { 'a;[truncated:x];b;[lost:y]': 5, 'a;[truncated:x];b;[truncated:x];c': 2, 'a;[truncated:x]': 1, 'a;b': 1 };
	for (const filter of [['hide', '/nothing/'], ['ignore', 'nothing']]) {
		const profile = profileOf(stacks), drawn = new DrawnTree(profile, wholeOf(profile), [{ kind: filter[0], text: filter[1] }]);
		const { due, complete, truncated, lost, reasons } = drawnFates(profile, drawn);
		assert.deepEqual([due, complete, truncated, lost], [9, 1, 3, 5]);
		assert.deepEqual(new Set(reasons.map(({ fate, text, ticks }) => `${fate} ${text} ${ticks}`)), new Set(['truncated x 3', 'lost y 5']));
	}
});

test('of very many reasons the rest are others', () => {
	const stacks = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`a;[lost:r${i}]`, 1])), profile = profileOf({ ...stacks, 'a;b': 1 });
	const { reasons, lost } = drawnFates(profile, new DrawnTree(profile, wholeOf(profile), [{ kind: 'ignore', text: 'nothing' }]));
	assert.equal(lost, 200);
	assert.equal(reasons.length, 65);
	assert.deepEqual(reasons.at(-1), { fate: 'lost', text: 'other', ticks: 136 });
});

test('siblings stand by name, by what is drawn of them, or as they came', () => {
	const orderOf = (order, ...filters) => {
		const profile = profileOf(STACKS, SAMPLES), drawn = new DrawnTree(profile, wholeOf(profile, order), filters.map(([kind, text]) => ({ kind, text })));
		return { drawn, names: Array.from(drawn.tree.frame, frame => profile.nameOf(frame)).slice(1).join(' ') };
	};
	assert.equal(orderOf('name').names, 'main idle work alloc other');
	assert.equal(orderOf('time').names, 'main idle work alloc other');
	assert.equal(orderOf('total').names, 'main work alloc idle other');
	// Of thread b idle has 4 ticks, alloc 2.
	const { drawn, names } = orderOf('total', ['thread', 'b 1/2']);
	assert.equal(names, 'main idle work alloc');
	assert.deepEqual([1, 2, 3, 4, 5].map(node => drawn.place(node)), [1, 3, 4, 2, -1]);
	assert.deepEqual(orderOf('total', ['thread', 'b 1/2'], ['hide', 'work']).names, 'main idle alloc');
	assert.deepEqual(treeOf(drawn.profile, drawn.tree), draw(['thread', 'b 1/2']).stacks);
});
