// SPDX-License-Identifier: Apache-2.0
//
// A heat map of a span, as the server counts it: a column is a part of it, in which time goes upwards, so that what comes back within a second is seen. One chooses a span in it, too.
export { LiveHeat, heatQuestion };

import { showTimes } from './live_chart.js';
import { clockText, spanWords } from './live_times.js';
import { Timeline } from './timeline.js';
import { groupDigits, stepText } from './plain_numbers.js';

const HEAT_ROWS = 50;
const HEAT_COLUMNS_MOST = 600, HEAT_COLUMNS_LEAST = 5; // with fewer, columns would have fewer cells (time_cells.js)
const COLUMN_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400]; // seconds
const PIXELS_OF_COLUMN = 4;

// How many columns and rows are asked for: a column is a second where there is room.
function heatQuestion(span, width) {
	const room = Math.min(HEAT_COLUMNS_MOST, Math.max(HEAT_COLUMNS_LEAST, Math.floor(width / PIXELS_OF_COLUMN))), seconds = (span.to - span.from) / 1000;
	const step = COLUMN_STEPS.find(each => seconds / each <= room) || seconds / room;
	return { columns: Math.max(HEAT_COLUMNS_LEAST, Math.round(seconds / step)), rows: HEAT_ROWS };
}

class HeatLine extends Timeline {
	// `on.dropped()`: nothing is being chosen any more
	constructor(element, theme, start, profile, on) {
		super(element, profile, theme, on);
		this.startMs = start;
	}

	drop() {
		super.drop();
		this.on.dropped();
	}

	timeOf(slot) {
		return this.startMs + slot * this.time.slotNs / 1e6;
	}

	secondsOf(slot) {
		return clockText(this.timeOf(slot), this.time.slotNs / 1e6 < 1000 ? 1 : 1000);
	}

	showAxis() {
		const span = { from: this.startMs, to: this.startMs + this.cells.columns * this.cells.columnSeconds * 1000 };
		showTimes(this.element.querySelector('.time-axis'), span, this.size.width);
	}

	// When the cell begins that the keys are at; null: they are at none.
	get moment() {
		return this.cells && this.cursor >= 0 ? this.timeOf(this.cells.span(this.cursor, this.cursor).from) : null;
	}

	// The keys go on from there, or from the next moment that is in the map.
	goTo(moment) {
		if (moment === null || !this.cells) return;
		const { count, perCell } = this.cells, slot = Math.round((moment - this.startMs) * 1e6 / this.time.slotNs);
		this.moveCursor(Math.min(count - 1, Math.max(0, Math.floor(slot / perCell))), false);
	}

	say() {
		const { cells, draft } = this, from = this.timeOf(0), to = this.timeOf(this.time.slots);
		const whole = `${spanWords({ from, to }, to)} · a column is ${stepText(cells.columnSeconds)}, a cell ${stepText(cells.cellSeconds)}; the stronger the more`;
		this.words.textContent = draft ? `${this.secondsOf(draft.from)} – ${this.secondsOf(draft.to)}` : whole;
		this.words.title = whole;
		if (!draft && this.cursor >= 0 && document.activeElement === this.map) this.sayCell(this.cursor);
	}

	sayCell(cell) {
		const { from, to } = this.cells.span(cell, cell), count = Math.round(this.sums[cell]);
		this.words.textContent = `${this.secondsOf(from)} – ${this.secondsOf(to)} · ${groupDigits(count)} ${count === 1 ? 'sample' : 'samples'}`;
	}
}

class LiveHeat {
	// `on.choose(span)`: in milliseconds
	constructor(box, theme, on) {
		Object.assign(this, { box, theme, on });
		this.line = null;
		this.late = null; // an answer that came while one was choosing
	}

	// Of an answer to /api/v1/heat.
	show(answer) {
		const isChoosing = this.line && (this.line.pressed !== undefined || this.line.draft);
		this.late = isChoosing ? answer : null;
		if (isChoosing) return;
		const hadFocus = this.box.contains(document.activeElement), moment = this.line?.moment ?? null;
		this.draw(answer);
		if (!hadFocus) return;
		this.line.map.focus();
		this.line.goTo(moment);
	}

	draw({ start_ms: start, column_ms: column, rows, counts }) {
		const slotNs = column * 1e6 / rows, time = { slots: counts.length * rows, slotNs, cellNs: slotNs }, flat = Float64Array.from(counts.flat());
		this.box.replaceChildren(this.makeMap());
		this.line = new HeatLine(this.box, this.theme, start, { facts: {}, samples: { time } }, {
			choose: span => this.choose(span),
			dropped: () => this.late && this.show(this.late),
		});
		this.line.show('', (cells, perCell, isMatch) => isMatch ? null : this.sumCells(flat, cells, perCell), null);
	}

	choose(span) {
		const { line } = this, chosen = span && { from: line.timeOf(span.from), to: line.timeOf(span.to) };
		line.drop();
		if (chosen) this.on.choose(chosen);
	}

	// The map may have fewer cells than were counted, where it is narrow.
	sumCells(flat, cells, perCell) {
		const sums = new Float64Array(cells);
		for (let i = 0; i < flat.length; i++) sums[Math.floor(i / perCell)] += flat[i];
		return sums;
	}

	makeMap() {
		const words = document.createElement('p'), map = document.createElement('div'), axis = document.createElement('div'), all = document.createDocumentFragment();
		words.className = 'time-words cut';
		words.setAttribute('role', 'status');
		map.id = 'cells';
		map.tabIndex = 0;
		map.setAttribute('role', 'group');
		map.setAttribute('aria-label', 'Samples by time. Arrows go from cell to cell, with Shift they choose, Enter draws what is chosen.');
		for (const id of ['heat', 'heat-marks']) {
			const canvas = document.createElement('canvas');
			canvas.id = id;
			canvas.setAttribute('aria-hidden', 'true');
			map.append(canvas);
		}
		axis.className = 'time-axis';
		axis.setAttribute('aria-hidden', 'true');
		all.append(words, map, axis);
		return all;
	}

	setColours() {
		this.line?.draw();
	}
}
