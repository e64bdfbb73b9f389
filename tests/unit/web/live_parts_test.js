// SPDX-License-Identifier: Apache-2.0
//
// What of the live page is a matter of numbers and texts alone.
import assert from 'node:assert/strict';
import test from 'node:test';
import { axisTimes, clockText, lengthText, readLength, spanWords } from './live_times.js';
import { profileParams, readState, sameState, writeState } from './live_state.js';
import { niceMost, stackBands } from './live_chart.js';
import { BandColours } from './live_palette.js';
import { serverPattern, shapingParams } from './live_download.js';
import { chooseTerm, excludeTerm, readTerm, termFor } from './live_where.js';
import { earlierSpans } from './live_compare.js';
import { heatQuestion } from './live_heat.js';

const noon = new Date(2026, 10, 28, 12, 0, 0).getTime();

test('moments are as fine as they must be', () => {
	assert.equal(clockText(noon), '12:00:00');
	assert.equal(clockText(noon, 60000), '12:00');
	assert.equal(clockText(noon + 250, 1), '12:00:00.250');
	assert.equal(spanWords({ from: noon, to: noon + 61000 }, noon), '12:00:00 – 12:01:01');
	assert.match(spanWords({ from: noon, to: noon + 61000 }, noon + 86400000), /28.* 12:00:00 – 12:01:01/);
	assert.equal(lengthText({ from: 0, to: 170000 }), '2 min 50 s');
	assert.equal(lengthText({ from: 0, to: 7 * 86400000 }), '7 days');
});

test('an axis has round moments, and not too many', () => {
	for (const length of [1000, 61000, 900000, 3600000, 86400000, 7 * 86400000, 365 * 86400000]) {
		const span = { from: noon + 1234, to: noon + 1234 + length }, times = axisTimes(span, 12);
		assert.ok(times.length >= 1 && times.length <= 13, `${length}: ${times.length}`);
		for (const { time } of times) assert.ok(time >= span.from && time < span.to);
	}
	assert.deepEqual(axisTimes({ from: noon + 1, to: noon + 3600000 }, 6).map(({ text }) => text), ['12:10', '12:20', '12:30', '12:40', '12:50']);
});

test('lengths', () => {
	assert.equal(readLength('15m'), 900000);
	assert.equal(readLength('7d'), 604800000);
	for (const bad of ['', '15', 'm', '-1m', '1w', '9999999d', null, undefined]) assert.equal(readLength(bad), 0);
});

test('a state comes back from its address', () => {
	for (const search of ['', '?last=1h', '?range=1000-2000&by=user', '?span=1000.5-2000&before=1-2&where=comm%3Da&where=user%21%3Db', '?width=before&scale=share']) {
		assert.equal(writeState(readState(search)), search);
		assert.ok(sameState(readState(search), readState(writeState(readState(search)))));
	}
});

test('what is no state is passed over', () => {
	const state = readState('?last=x&range=5-1&span=a-b&by=%3Cb%3E&width=none&scale=none&other=1&where=');
	assert.equal(writeState(state), '');
	assert.equal(readState('?' + 'where=a%3Db&'.repeat(100)).where.length, 32);
});

test('a span is asked for in seconds', () => {
	assert.deepEqual(profileParams({ from: 1500, to: 2000 }, ['comm=a']), [['from', '@1.5'], ['to', '@2'], ['where', 'comm=a']]);
	assert.deepEqual(profileParams({ from: 1760000040000, to: 1760000040000.125 }, [])[1], ['to', '@1760000040.000125']);
});

test('bands stand on one another, and gaps are none', () => {
	const { bands, runs, most } = stackBands({ points: 4, total: [3, null, 1, 2], series: [{ value: 'a', cores: [1, null, 1, 0] }, { value: 'b', cores: [1.5, null, 0, 2] }], others: [.5, null, 0, 0] });
	assert.deepEqual(runs, [{ from: 0, to: 1 }, { from: 2, to: 4 }]);
	assert.deepEqual(bands.map(({ value }) => value), ['a', 'b', null]);
	assert.deepEqual(Array.from(bands[1].low), [1, 0, 1, 0]);
	assert.deepEqual(Array.from(bands[2].high), [3, 0, 1, 2]);
	assert.equal(most, 3);
	assert.equal(stackBands({ points: 1, total: [0], series: [], others: [0] }).bands.length, 0);
});

test('the scale is round and has room', () => {
	assert.equal(niceMost(0), 1);
	assert.equal(niceMost(NaN), 1);
	for (const most of [.0123, .99, 1, 3.7, 7.9, 10, 63.9, 1000]) {
		assert.ok(niceMost(most) >= most && niceMost(most) <= 2.1 * most, `${most}: ${niceMost(most)}`);
	}
});

test('a value keeps its colour, and those in sight differ', () => {
	const colours = new BandColours(), first = colours.choose(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
	assert.equal(new Set(first).size, 7);
	assert.deepEqual(colours.choose(['g', 'a', 'c']), [first[6], first[0], first[2]]);
	for (let i = 0; i < 200; i++) {
		const values = Array.from({ length: 8 }, (_, k) => `p${(i * 3 + k) % 40}`);
		assert.equal(new Set(colours.choose(values)).size, 8);
	}
});

test('patterns become expressions of the server', () => {
	assert.equal(serverPattern('a.b'), '[aA]\\.[bB]');
	assert.equal(serverPattern('Vec<T>'), 'Vec<T>');
	assert.equal(serverPattern('/^main$/'), '^main$');
	assert.equal(serverPattern('/^ab$/i'), '^[aA][bB]$');
	const asks = kind => ({ focus: 'pattern', base: 'name' })[kind];
	assert.deepEqual(shapingParams([{ kind: 'focus', text: 'X' }, { kind: 'base', text: 'a.b' }, { kind: 'no-kernel', text: '' }], asks), [['focus', 'X'], ['base', 'a.b'], ['no-kernel', '1']]);
});

test('terms', () => {
	assert.equal(termFor('comm', 'nginx'), 'comm=nginx');
	assert.equal(termFor('comm', 'a,b+'), 'comm~^a.b\\+$');
	assert.equal(termFor('container', ''), 'container!~.');
	assert.equal(termFor('comm', 'M\ufffd'), 'comm~^M..?.?.?$'); // of a name that was cut within a letter
	assert.deepEqual(readTerm('comm!~a=b'), { label: 'comm', sign: '!~', text: 'a=b' });
	assert.equal(readTerm('nothing'), null);
});

test('a value that is chosen takes the place of what it contradicts', () => {
	assert.deepEqual(chooseTerm(['comm=a', 'user!=b', 'comm!=c', 'nothing'], 'comm', 'd'), ['user!=b', 'comm!=c', 'nothing', 'comm=d']);
	assert.deepEqual(chooseTerm(['comm!=a', 'comm!=b'], 'comm', 'a'), ['comm!=b', 'comm=a']);
	assert.deepEqual(chooseTerm(['container!~.', 'container!~^b'], 'container', 'web-1'), ['container!~^b', 'container=web-1']);
	assert.deepEqual(chooseTerm(['container=web-1', 'container!=web-2'], 'container', ''), ['container!~.']);
	assert.deepEqual(excludeTerm(['comm=a', 'comm!=b'], 'comm', 'a'), ['comm!=b', 'comm!=a']);
	assert.deepEqual(excludeTerm(['container!~.', 'user=b'], 'container', ''), ['user=b', 'container~.']);
});

test('a day before is at the same time of the day, and as long', () => {
	const zone = process.env.TZ;
	process.env.TZ = 'Europe/Berlin'; // where on 2026-10-25 it was an hour earlier from 3 o'clock on
	const from = new Date(2026, 9, 26, 12).getTime(), spans = earlierSpans({ from, to: from + 60000 }).map(({ span }) => span);
	assert.deepEqual(spans.map(span => span.from), [from - 60000, from - 3600000, new Date(2026, 9, 25, 12).getTime(), new Date(2026, 9, 19, 12).getTime()]);
	assert.equal(from - spans[3].from, 7 * 86400000 + 3600000);
	assert.ok(spans.every(span => span.to - span.from === 60000));
	if (zone === undefined) delete process.env.TZ;
	else process.env.TZ = zone;
});

test('a column of the heat map is a second where there is room', () => {
	assert.deepEqual(heatQuestion({ from: 0, to: 60000 }, 1200), { columns: 60, rows: 50 });
	assert.deepEqual(heatQuestion({ from: 0, to: 3600000 }, 1200), { columns: 240, rows: 50 });
	assert.deepEqual(heatQuestion({ from: 0, to: 1000 }, 1200), { columns: 5, rows: 50 });
	assert.deepEqual(heatQuestion({ from: 0, to: 1000 }, 0), { columns: 5, rows: 50 });
});
