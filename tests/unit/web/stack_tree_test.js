// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import { profileOf, treeOf, wholeOf } from './block.js';
import { FrameSearch } from './frame_search.js';
import { StackTree } from './stack_tree.js';
import { calleesOf, callersOf, functionSums, shapeNodes } from './tree_shaping.js';

// In the order of a walk: 1 a, 2 b, 3 c, 4 a, 5 d, 6 d.
const STACKS = { a: 1, 'a;b': 2, 'a;b;c': 3, 'a;b;c;a': 4, 'a;d': 5, d: 6 };

test('children stand side by side from the left edge of their parent', () => {
	const tree = wholeOf(profileOf(STACKS));
	assert.deepEqual(Array.from({ length: tree.count }, (_, i) => [tree.start(i), tree.stop(i), tree.self(i)]),
		[[0, 21, 0], [0, 15, 1], [0, 9, 2], [0, 7, 3], [0, 4, 4], [9, 14, 5], [15, 21, 6]]);
	assert.deepEqual(tree.rows.map(row => Array.from(row.nodes)), [[0], [1, 6], [2, 5], [3], [4]]);
	assert.deepEqual([tree.nodeAt(2, 9), tree.nodeAt(2, 14), tree.nodeAt(3, 7), tree.nodeAt(5, 0)], [5, -1, -1, -1]);
	assert.equal(tree.total(1), 15);
});

test('what has no ticks of a choice is nowhere', () => {
	const profile = profileOf(STACKS), tree = wholeOf(profile).withTicks(Float64Array.of(0, 0, 0, 3, 0, 5, 0));
	assert.deepEqual(treeOf(profile, tree), { 'a;b;c': 3, 'a;d': 5 });
	assert.deepEqual([tree.whole, tree.deepest], [8, 3]);
	assert.deepEqual(tree.rows.map(row => Array.from(row.nodes)), [[0], [1], [2, 5], [3]]);
	assert.deepEqual([Array.from(tree.children(0)), Array.from(tree.children(3)), tree.hasChildren(3), tree.hasChildren(1)], [[1], [], false, true]);
	const d = tree.frame[5];
	assert.deepEqual([Array.from(tree.nodesOf(d)), tree.massOfFrame(d)], [[5], 5]);
	const nothing = wholeOf(profile).withTicks(new Float64Array(7));
	assert.deepEqual([nothing.whole, nothing.deepest, Array.from(nothing.children(0))], [0, 0, []]);
});

// --- a choice is what a profile of only these samples would be -----------------------------------------

// The same numbers each time (Numerical Recipes' linear congruential generator).
function* numbers(seed) {
	for (;;) {
		seed = Math.imul(seed, 1664525) + 1013904223 >>> 0;
		yield seed / 2 ** 32;
	}
}

// { "a;b": ticks }, of few names, so that they come again in a stack.
function randomStacks(random) {
	const stacks = {}, next = most => Math.floor(random.next().value * most);
	for (let left = 1 + next(60); left > 0; left--)
		stacks[Array.from({ length: 1 + next(7) }, () => 'abcdef'[next(6)]).join(';')] = 1 + next(9);
	return stacks;
}

const NOTHING = { kind: 'hide', text: 'nothing' };

// All that views take of a tree, in names.
function told(profile, tree) {
	const name = i => profile.nameOf(tree.frame[i]), search = new FrameSearch(profile), sums = functionSums(tree, profile.frames.count);
	const pathOf = i => tree.path(i).map(name).join(';'), frames = Object.fromEntries(Array.from({ length: profile.frames.count }, (_, f) => [profile.nameOf(f), f]));
	const ofFunctions = Object.fromEntries(Object.entries(frames).filter(([, f]) => sums.total[f]).map(([key, f]) => [key, [sums.self[f], sums.total[f], tree.massOfFrame(f),
		Array.from(tree.nodesOf(f), pathOf), ...[callersOf, calleesOf].map(of => treeOf(profile, new StackTree(of(profile, tree, f))))]]));
	search.run('a', tree);
	return {
		rows: tree.rows.map(({ nodes, starts, ends }) => [Array.from(nodes, pathOf), Array.from(starts), Array.from(ends)]),
		edges: tree.rows.flatMap(({ nodes }) => Array.from(nodes, i => [tree.start(i), tree.stop(i), tree.total(i), tree.self(i)])),
		children: tree.rows.flatMap(({ nodes }) => Array.from(nodes, i => [tree.hasChildren(i), ...Array.from(tree.children(i), pathOf)])),
		ofFunctions,
		search: [search.sums, Array.from(search.nodes, pathOf), tree.rows.map((_, d) => search.row(d)).map(({ nodes, ends }) => [Array.from(nodes, pathOf), Array.from(ends)])],
		shaped: treeOf(profile, new StackTree(shapeNodes(profile, tree, [NOTHING]))),
	};
}

test('a choice is what a profile of only these samples is', () => {
	const random = numbers(1);
	for (let round = 0; round < 60; round++) {
		const stacks = randomStacks(random), kept = Object.entries(stacks).filter(() => random.next().value < .4);
		const profile = profileOf(stacks), whole = wholeOf(profile), ticks = Float64Array.from({ length: whole.count }, () => 0);
		for (let i = 0; i < whole.count; i++) {
			const stack = whole.path(i).slice(1).map(node => profile.nameOf(whole.frame[node])).join(';');
			if (kept.some(([key]) => key === stack)) ticks[i] = stacks[stack];
		}
		whole.withTicks(whole.depth); // what was chosen before leaves nothing behind
		const alone = profileOf(Object.fromEntries(kept));
		assert.deepEqual(told(profile, whole.withTicks(ticks)), told(alone, wholeOf(alone)), `round ${round}`);
	}
});
