// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import { profileOf } from './block.js';
import { changeWords, isChance, pairProfiles } from './live_pair.js';
import { DrawnTree, wholeTree } from './drawn_tree.js';
import { blankProfile } from './profile_data.js';

// Numbers from 0 to 1, the same each time.
function numbers(seed) {
	let state = seed;
	return () => {
		state = Math.imul(state, 1664525) + 1013904223 >>> 0;
		return state / 2 ** 32;
	};
}

const SAME = { after: 1, before: 1 };

// A profile that became both, and the tree of it.
function paired(after, before, how = {}, filters = [], order = 'name') {
	const profile = blankProfile();
	profile.take(pairProfiles(after, before, { width: 'larger', isShare: false, lengths: SAME, ...how }));
	const drawn = new DrawnTree(profile, wholeTree(profile, order), filters);
	return { profile, drawn, tree: drawn.tree, totals: profile.pair.totals(drawn) };
}

// { "a;b": [after, before, width] } of all nodes.
function pathsOf({ profile, tree, totals }) {
	const paths = {};
	for (let i = 1; i < tree.count; i++) {
		const path = tree.path(i).slice(1).map(node => profile.nameOf(tree.frame[node])).join(';');
		paths[path] = [totals.after[i], totals.before[i], Math.round(tree.total(i) * 1000) / 1000];
	}
	return paths;
}

test('stacks of both are in the tree, with what they have of each', () => {
	const found = pathsOf(paired(profileOf({ 'a;b': 10, 'a;new': 5 }), profileOf({ 'a;b': 4, 'a;gone;x': 8, z: 1 })));
	assert.deepEqual(found, { a: [15, 12, 23], 'a;b': [10, 4, 10], 'a;gone': [0, 8, 8], 'a;gone;x': [0, 8, 8], 'a;new': [5, 0, 5], z: [0, 1, 1] });
});

test('what has no width is still there', () => {
	const after = profileOf({ 'a;b': 10 }), before = profileOf({ 'a;gone': 8 });
	assert.deepEqual(pathsOf(paired(after, before, { width: 'after' })), { a: [10, 8, 10], 'a;b': [10, 0, 10], 'a;gone': [0, 8, 0] });
	assert.deepEqual(pathsOf(paired(after, before, { width: 'before' })), { a: [10, 8, 8], 'a;b': [10, 0, 0], 'a;gone': [0, 8, 8] });
});

test('before is scaled to the time after, or to all of it', () => {
	const after = profileOf({ a: 30, b: 10 }), before = profileOf({ a: 100, b: 100 });
	assert.deepEqual(pathsOf(paired(after, before, { lengths: { after: 1, before: 4 } })), { a: [30, 25, 30], b: [10, 25, 25] });
	assert.deepEqual(pathsOf(paired(after, before, { isShare: true })), { a: [30, 20, 30], b: [10, 20, 20] });
});

test('frames are one where all of them is the same', () => {
	const found = paired(profileOf({ 'f|lib|native': 1, 'f|other|native': 2, 'f||kernel': 4 }), profileOf({ 'f|other|native': 8, 'g|lib|native': 16 }));
	const rows = Array.from({ length: found.tree.count - 1 }, (_, k) => [found.profile.kindOf(found.tree.frame[k + 1]), found.profile.moduleOf(found.tree.frame[k + 1]), found.totals.after[k + 1], found.totals.before[k + 1]]);
	assert.deepEqual(rows.sort((a, b) => a[2] - b[2]), [['native', 'lib', 0, 16], ['native', 'lib', 1, 0], ['native', 'other', 2, 8], ['kernel', '', 4, 0]]);
});

test('filters and orders take both along', () => {
	const after = profileOf({ 'a;b;c': 10, 'a;d': 3 }), before = profileOf({ 'a;b;c': 4, 'x;c': 5, 'a;d': 9 });
	for (const order of ['name', 'total', 'time']) {
		assert.deepEqual(pathsOf(paired(after, before, {}, [{ kind: 'hide', text: 'b' }, { kind: 'focus', text: 'c' }], order)), { a: [10, 4, 10], 'a;c': [10, 4, 10], x: [0, 5, 5], 'x;c': [0, 5, 5] });
	}
});

test('one of both may be of nothing', () => {
	assert.deepEqual(pathsOf(paired(profileOf({ a: 3 }), blankProfile())), { a: [3, 0, 3] });
	assert.deepEqual(pathsOf(paired(blankProfile(), profileOf({ a: 3 }))), { a: [0, 3, 3] });
	assert.deepEqual(pathsOf(paired(blankProfile(), blankProfile())), {});
});

test('sums are those of both, whatever they are', () => {
	const next = numbers(7), names = ['a', 'b|lib', 'c', 'd||kernel', 'e'];
	const stacks = () => Object.fromEntries(Array.from({ length: 40 }, () => [Array.from({ length: 1 + Math.floor(next() * 5) }, () => names[Math.floor(next() * 5)]).join(';'), 1 + Math.floor(next() * 100)]));
	for (let round = 0; round < 30; round++) {
		const sides = [stacks(), stacks()], sum = side => Object.values(side).reduce((a, b) => a + b, 0), { totals } = paired(...sides.map(side => profileOf(side)));
		assert.deepEqual([totals.after[0], totals.before[0]], sides.map(sum));
	}
});

test('chance is no change', () => {
	const one = { factor: 1, unit: 1 };
	assert.ok(isChance(100, 120, one) && isChance(0, 8, one) && isChance(5, 5, one));
	assert.ok(!isChance(1000, 1200, one) && !isChance(0, 10, one));
	assert.ok(isChance(0, 10, { factor: 10, unit: 1 })); // one sample
	assert.ok(isChance(1e9, 1.2e9, { factor: 1, unit: 1e-7 })); // nanoseconds of samples of 10 ms
	const facts = { per_second: '100' };
	assert.equal(changeWords(facts, 1000, 1000, one), 'none');
	assert.equal(changeWords(facts, 1500, 1000, one), '+5.00 s, +50.0 %');
	assert.equal(changeWords(facts, 0, 1000, one), 'gone, −10.00 s');
	assert.equal(changeWords(facts, 1000, 0, one), 'new, +10.00 s');
	assert.equal(changeWords(facts, 11, 10, one), '+10.0 ms, which may be chance');
});

test('time alone is as many samples as the rate makes of it', () => {
	const [after, before] = [1.2e9, 1e9].map(ns => profileOf({ a: ns }));
	for (const profile of [after, before]) profile.facts = { per_second: '1000000000', is_amount: '1' };
	const unitOf = how => paired(after, before, how).profile.pair.unit * 1e9;
	assert.equal(Math.round(unitOf({ rate: 19 })), 19);
	after.facts.rate_hz = '99';
	assert.equal(Math.round(unitOf({ rate: 19 })), 99);
});

test('more is red, less is blue, chance is grey, and every text can be read', () => {
	const { profile } = paired(profileOf({ a: 1000 }), profileOf({ a: 500 })), { pair, ramps } = profile;
	assert.deepEqual([pair.look(1000, 500, 0), pair.look(500, 1000, 0), pair.look(10, 11, 0)].map(({ ramp }) => ramps[ramp].name), ['more', 'less', 'chance']);
	assert.ok(pair.look(1000, 0, 0).shade < pair.look(1000, 800, 0).shade);
	const light = hex => [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16) / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4).reduce((sum, v, k) => sum + v * [.2126, .7152, .0722][k], 0);
	for (const { shades } of ramps.slice(0, 3)) for (const shade of shades) for (const { fill, ink } of [shade.light, shade.dark]) {
		const [a, b] = [light(fill), light(ink)].sort((x, y) => y - x);
		assert.ok((a + .05) / (b + .05) >= 4.5, `${ink} on ${fill}`);
	}
});
