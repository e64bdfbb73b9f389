// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import { chooseSpan, chooseThreads, choiceWords, processText, processesOf, readSpan, spanText, threadText } from './sample_choice.js';

const THREADS = [
	{ name: 'worker', pid: 10, tid: 11, ticks: 50 }, { name: 'db', pid: 20, tid: 20, ticks: 40 }, { name: 'web', pid: 10, tid: 10, ticks: 30 },
	{ name: 'lone', pid: -1, tid: 5, ticks: 2 }, { name: 'lone', pid: -1, tid: 6, ticks: 1 }, { name: '', pid: -1, tid: -1, ticks: 1 },
];
const SAMPLES = { threads: THREADS, time: { slotNs: 20e6, cellNs: 20e6, slots: 600 } };

test('threads are together in their process, which has the name of its first one', () => {
	const processes = processesOf(SAMPLES).map(process => [processText(process), process.ticks, process.threads]);
	assert.deepEqual(processes, [['web 10', 80, [0, 2]], ['db 20', 40, [1]], ['lone', 3, [3, 4]], ['unknown', 1, [5]]]);
	assert.deepEqual(THREADS.map(threadText), ['worker 10/11', 'db 20/20', 'web 10/10', 'lone ?/5', 'lone ?/6', '?/?']);
	assert.equal(threadText({ name: 'loader', pid: -1, tid: -1 }), 'loader');
});

test('processes and threads that are chosen add up', () => {
	const chosen = (...filters) => chooseThreads(SAMPLES, filters.map(([kind, text]) => ({ kind, text })));
	assert.equal(chosen(), null);
	assert.equal(chosen(['focus', 'web 10'], ['time', '1-2']), null);
	assert.deepEqual([...chosen(['process', 'web 10'])], [1, 0, 1, 0, 0, 0]);
	assert.deepEqual([...chosen(['process', 'lone'], ['thread', 'worker 10/11'])], [1, 0, 0, 1, 1, 0]);
	assert.deepEqual([...chosen(['process', 'gone 3'])], [0, 0, 0, 0, 0, 0]);
});

test('a span is read as it was written', () => {
	for (const [from, to] of [[0, 600], [1, 2], [333, 599]]) {
		const text = spanText({ from, to }, SAMPLES.time);
		assert.deepEqual(chooseSpan(SAMPLES, [{ kind: 'time', text }]), { from, to }, text);
	}
	assert.equal(spanText({ from: 1, to: 50 }, SAMPLES.time), '0.02-1.00');
	assert.equal(spanText({ from: 1, to: 50 }, { slotNs: 2e6, cellNs: 2e6 }), '0.002-0.100');
	assert.equal(spanText({ from: 2000, to: 100001 }, { slotNs: 1e3, cellNs: 2e6 }), '0.002-0.102');
	assert.equal(spanText({ from: 1, to: 50 }, { slotNs: 2e9, cellNs: 2e9 }), '2-100');
});

test('what is no span is none, and what lies outside is empty', () => {
	for (const text of ['', '1', '2-1', '1-1', '-1-2', 'a-b', '1-2-3', '1e3-2e3']) assert.equal(readSpan(text), null, text);
	const { from, to } = chooseSpan(SAMPLES, [{ kind: 'time', text: '100-200' }]);
	assert.equal(from, to);
	assert.deepEqual(chooseSpan(SAMPLES, []), { from: -1, to: -1 });
	assert.deepEqual(chooseSpan({ ...SAMPLES, time: null }, [{ kind: 'time', text: '1-2' }]), { from: -1, to: -1 });
});

test('words of a choice', () => {
	const filters = [{ kind: 'process', text: 'web 10' }, { kind: 'time', text: '1.00-2.50' }, { kind: 'collapse-recursion', text: '' }];
	assert.equal(choiceWords(filters), 'process web 10 · time 1.00 – 2.50 s · collapse-recursion');
	assert.equal(choiceWords([]), '');
});
