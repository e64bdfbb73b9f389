// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import { TimeCells } from './time_cells.js';

const MS = 1e6, WIDTH = 1000, HEIGHT = 100;

test('a column is a second where there are seconds, and never too narrow', () => {
	const shape = (slots, slotMs) => {
		const cells = new TimeCells({ slots, slotNs: slotMs * MS }, 600);
		return [cells.columns, cells.rows, cells.columnSeconds];
	};
	assert.deepEqual(shape(1500, 20), [30, 50, 1]);
	assert.deepEqual(shape(1500, 2), [30, 50, .1]);
	assert.deepEqual(shape(150, 20), [6, 25, .5]);
	assert.deepEqual(shape(180000, 20), [360, 50, 10]); // an hour
	assert.deepEqual(shape(4320000, 20), [432, 50, 200]); // a day
	assert.deepEqual(shape(40, 1000), [8, 5, 5]);
	assert.deepEqual(shape(1, 20), [1, 1, .02]);
});

test('no cell is narrower than what can be seen, however fine slots are', () => {
	const shape = (slots, slotNs, cellNs) => {
		const cells = new TimeCells({ slots, slotNs, cellNs }, 600);
		return [cells.columns, cells.rows, cells.perCell, cells.columnSeconds];
	};
	assert.deepEqual(shape(30e6, 1e3, 20e6), [30, 50, 20000, 1]);
	assert.deepEqual(shape(3e6, 1e3, 20e6), [6, 25, 20000, .5]);
	assert.deepEqual(shape(3e6, 1e3, 2e6), [30, 50, 2000, .1]);
});

test('each cell is found where it is drawn', () => {
	for (const [slots, most] of [[1500, 600], [150, 600], [7, 3], [999, 4], [1, 1]]) {
		const cells = new TimeCells({ slots, slotNs: 20 * MS }, most);
		assert.ok(cells.columns <= most, `${slots} in ${most}`);
		for (let cell = 0; cell < cells.count; cell++) {
			const column = cells.columnOf(cell), row = cell - column * cells.rows;
			const x = (column + .5) / cells.columns * WIDTH, y = HEIGHT - (row + .5) / cells.rows * HEIGHT;
			assert.equal(cells.at(x, y, WIDTH, HEIGHT), cell);
		}
		assert.equal(cells.at(-50, HEIGHT + 50, WIDTH, HEIGHT), 0);
		assert.equal(cells.at(WIDTH + 50, -50, WIDTH, HEIGHT), cells.count - 1);
	}
});

test('spans go either way, and columns are whole', () => {
	const cells = new TimeCells({ slots: 1498, slotNs: 20 * MS }, 600);
	assert.deepEqual(cells.span(70, 30), { from: 30, to: 71 });
	assert.deepEqual(cells.column(70), { from: 50, to: 100 });
	assert.deepEqual(cells.column(1490), { from: 1450, to: 1498 });
	const wide = new TimeCells({ slots: 100, slotNs: 20 * MS }, 2);
	assert.deepEqual(wide.span(0, 0), { from: 0, to: wide.perCell });
});

// As many cells as the span has, none of them twice.
test('what a span covers is its cells', () => {
	const cells = new TimeCells({ slots: 500, slotNs: 20 * MS }, 600);
	for (let from = 0; from < 500; from += 7) {
		for (let to = from + 1; to <= 500; to += 31) {
			const parts = cells.cover(from, to), area = parts.reduce((sum, part) => sum + part.width * part.height, 0);
			assert.equal(area, to - from, `${from} to ${to}`);
			assert.ok(parts.every(part => part.x >= 0 && part.x + part.width <= cells.columns && part.y + part.height <= cells.rows));
		}
	}
});

test('words on the axis stand at columns, and are not too many', () => {
	const cells = new TimeCells({ slots: 1500, slotNs: 20 * MS }, 600);
	assert.deepEqual(cells.ticks(3), [0, 10, 20]);
	assert.equal(cells.ticks(40).length, 30);
	assert.ok(cells.ticks(7).length <= 7);
});
