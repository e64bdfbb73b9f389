// SPDX-License-Identifier: Apache-2.0
//
// A heat map of time: a column is a second or so, in which time goes upwards in cells, so that both what changes over minutes and what comes back
// within a second can be seen. Numbers only; timeline.js draws.
export { TimeCells };

const CELL_ROWS = [50, 25, 10, 5, 2, 1];
const COLUMNS_LEAST = 5; // with fewer, columns have fewer cells
const CELL_STEPS = [1, 2, 5];

class TimeCells {
	// `time`: { slots, slotNs, cellNs }, where no cell is narrower than cellNs; at most so many columns, that is, as can be seen.
	constructor({ slots, slotNs, cellNs = slotNs }, columnsMost) {
		const least = cellNs / slotNs;
		this.rows = CELL_ROWS.find(rows => slots / least / rows >= COLUMNS_LEAST) || 1;
		this.perCell = least;
		for (let k = 1; slots / (this.rows * this.perCell) > columnsMost; k++)
			this.perCell = least * CELL_STEPS[k % CELL_STEPS.length] * 10 ** Math.floor(k / CELL_STEPS.length);
		this.slots = slots;
		this.count = Math.ceil(slots / this.perCell);
		this.columns = Math.ceil(this.count / this.rows);
		this.cellSeconds = this.perCell * slotNs / 1e9;
		this.columnSeconds = this.rows * this.cellSeconds;
	}

	// The cell at a place of a map of that size, which also takes places outside.
	at(x, y, width, height) {
		const column = Math.min(this.columns - 1, Math.max(0, Math.floor(x / width * this.columns)));
		const row = Math.min(this.rows - 1, Math.max(0, Math.floor((1 - y / height) * this.rows)));
		return Math.min(this.count - 1, column * this.rows + row);
	}

	columnOf(cell) {
		return Math.floor(cell / this.rows);
	}

	// The slots of the cells a to b, in whichever order they come: { from, to }, `to` is behind the last one.
	span(a, b) {
		return { from: Math.min(a, b) * this.perCell, to: Math.min(this.slots, (Math.max(a, b) + 1) * this.perCell) };
	}

	column(cell) {
		const first = this.columnOf(cell) * this.rows;
		return this.span(first, first + this.rows - 1);
	}

	// What a span of slots covers, as rectangles in columns and rows from the lower left: a part of its first column, whole ones, a part of its last.
	cover(from, to) {
		const { rows, perCell } = this, first = from / perCell, end = to / perCell;
		const left = Math.floor(first / rows), right = Math.floor(end / rows), low = first - left * rows, high = end - right * rows;
		if (left === right) return [{ x: left, y: low, width: 1, height: high - low }];
		const parts = low ? [{ x: left, y: low, width: 1, height: rows - low }] : [];
		const whole = low ? left + 1 : left;
		if (right > whole) parts.push({ x: whole, y: 0, width: right - whole, height: rows });
		if (high) parts.push({ x: right, y: 0, width: 1, height: high });
		return parts;
	}

	// Seconds at which the axis has words: at most so many.
	ticks(most) {
		const all = this.columns * this.columnSeconds, ticks = [];
		let step = this.columnSeconds;
		for (let k = 1; all / step > most; k++) step = this.columnSeconds * CELL_STEPS[k % CELL_STEPS.length] * 10 ** Math.floor(k / CELL_STEPS.length);
		for (let k = 0; k * step < all; k++) ticks.push(k * step);
		return ticks;
	}
}
