// SPDX-License-Identifier: Apache-2.0
//
// When the samples were: a heat map in which one chooses a span of time, with the pointer or by keys.
export { Timeline };

import { TimeCells } from './time_cells.js';
import { amountText, durationText, secondsText, stepText } from './plain_numbers.js';

const COLUMN_PIXELS = 2; // the least
const HEAT_STEPS = 32;
const HOT_PART = .98;    // so many of the cells are below the strongest colour

class Timeline {
	// `on.choose(span)`: { from, to } in slots, null for all. `samples` has times.
	constructor(element, profile, theme, on) {
		Object.assign(this, { element, profile, theme, on });
		this.time = profile.samples.time;
		this.map = element.querySelector('#cells');
		this.heat = element.querySelector('#heat');
		this.marks = element.querySelector('#heat-marks');
		this.words = element.querySelector('.time-words');
		this.chosen = this.draft = null;
		this.cursor = this.anchor = -1;
		this.small = document.createElement('canvas');
		element.hidden = false;
		this.listen();
	}

	// --- what is shown -----------------------------------------------------------------------------

	// `sum(cells, perCell, isMatch)` gives ticks per cell, or null, and the same while `key` is the same; `span` is { from, to } in slots, or null.
	show(key, sum, span) {
		this.sum = sum;
		this.chosen = span;
		this.draft = null;
		if (!this.cells || key !== this.key) {
			this.key = key;
			this.layOut();
		} else {
			this.drawMarks();
			this.say();
		}
	}

	get size() {
		return { width: this.map.clientWidth, height: this.map.clientHeight };
	}

	layOut() {
		const { width, height } = this.size, ratio = window.devicePixelRatio || 1;
		if (!width || !this.sum) return;
		this.cells = new TimeCells(this.time, Math.max(1, Math.floor(width / COLUMN_PIXELS)));
		for (const canvas of [this.heat, this.marks]) {
			canvas.width = Math.round(width * ratio);
			canvas.height = Math.round(height * ratio);
		}
		this.sums = this.sum(this.cells.count, this.cells.perCell, false);
		this.cursor = Math.min(this.cursor, this.cells.count - 1);
		this.draw();
		this.showAxis();
		this.say();
	}

	// What matches a search is tinted.
	draw() {
		if (!this.cells) return;
		const { cells, sums, small } = this, matches = this.sum(cells.count, cells.perCell, true), colours = this.colours();
		const most = this.strongest(), context = this.heat.getContext('2d'), ratio = this.heat.width / this.size.width;
		small.width = cells.columns;
		small.height = cells.rows;
		const drawing = small.getContext('2d'), image = drawing.createImageData(cells.columns, cells.rows);
		for (let i = 0; i < cells.count; i++) {
			if (!sums[i]) continue;
			const colour = matches?.[i] ? colours.matches : colours.heat, strength = matches?.[i] ? matches[i] : sums[i];
			const column = cells.columnOf(i), row = cells.rows - 1 - (i - column * cells.rows);
			image.data.set(colour[Math.min(HEAT_STEPS - 1, Math.floor(strength / most * HEAT_STEPS))], 4 * (row * cells.columns + column));
		}
		drawing.putImageData(image, 0, 0);
		context.imageSmoothingEnabled = false;
		context.clearRect(0, 0, this.heat.width, this.heat.height);
		context.drawImage(small, 0, 0, Math.round(this.size.width * ratio), this.heat.height);
		this.drawMarks();
	}

	strongest() {
		const ticks = this.sums.filter(Boolean).sort();
		return ticks.length ? ticks[Math.min(ticks.length - 1, Math.floor(ticks.length * HOT_PART))] : 1;
	}

	colours() {
		const parts = name => this.theme.colour(name).match(/[\d.]+/g).slice(0, 3).map(Number);
		const ramp = (low, high) => Array.from({ length: HEAT_STEPS }, (_, k) =>
			[...low.map((value, at) => Math.round(value + (high[at] - value) * k / (HEAT_STEPS - 1))), 255]);
		return { heat: ramp(parts('heat-low'), parts('heat-high')), matches: ramp(parts('heat-match-low'), parts('match')) };
	}

	// What is not chosen is under a veil, what is has an edge.
	drawMarks() {
		const { cells, marks } = this, context = marks.getContext('2d'), { width, height } = this.size, ratio = marks.width / width;
		const across = width / cells.columns, up = height / cells.rows, span = this.draft || this.chosen;
		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		context.clearRect(0, 0, width, height);
		if (span) {
			const parts = cells.cover(span.from, span.to).map(part => ({
				x: part.x * across, y: height - (part.y + part.height) * up, width: part.width * across, height: part.height * up,
			}));
			context.fillStyle = this.theme.colour('veil');
			context.fillRect(0, 0, width, height);
			context.fillStyle = context.strokeStyle = this.theme.colour('accent');
			context.lineWidth = 3;
			for (const part of parts) context.strokeRect(part.x, part.y, part.width, part.height);
			for (const part of parts) context.clearRect(part.x, part.y, part.width, part.height);
		}
		if (this.cursor < 0 || document.activeElement !== this.map) return;
		const column = cells.columnOf(this.cursor), row = this.cursor - column * cells.rows;
		context.strokeStyle = this.theme.colour('ink');
		context.lineWidth = 1.5;
		context.strokeRect(column * across - 1, height - (row + 1) * up - 1, Math.max(4, across + 2), Math.max(4, up + 2));
	}

	showAxis() {
		const { cells } = this, axis = this.element.querySelector('.time-axis'), most = Math.max(2, Math.floor(this.size.width / 70));
		axis.replaceChildren(...cells.ticks(most).map(seconds => {
			const tick = document.createElement('span');
			tick.textContent = secondsText(seconds, cells.columnSeconds);
			tick.style.left = seconds / (cells.columns * cells.columnSeconds) * 100 + '%';
			return tick;
		}));
	}

	// --- what is said ------------------------------------------------------------------------------

	secondsOf(slot) {
		return secondsText(slot * this.time.slotNs / 1e9, this.time.cellNs / 1e9);
	}

	say() {
		const { cells, time, chosen, draft } = this, span = draft || chosen;
		const wide = time.wider > 1 ? ' (finer ones would make this file too large)' : '';
		const whole = `${this.wholeText()} · a column is ${stepText(cells.columnSeconds)}, a cell ${stepText(cells.cellSeconds)}${wide}`;
		this.words.textContent = !span ? whole : `${this.secondsOf(span.from)} – ${this.secondsOf(span.to)} · ${this.secondsOf(span.to - span.from)} selected`;
		this.words.title = whole;
	}

	// As the heading says it, where that is so long: the last cell is seldom full.
	wholeText() {
		const { time, profile: { facts } } = this, told = +facts.duration_ns || 0, seen = time.slots * time.slotNs;
		return Math.abs(told - seen) < this.cells.cellSeconds * 1e9 ? durationText(told / 1e9) : this.secondsOf(time.slots);
	}

	sayCell(cell) {
		const { from, to } = this.cells.span(cell, cell);
		this.words.textContent = `${this.secondsOf(from)} – ${this.secondsOf(to)} · ${amountText(this.profile.facts, this.sums[cell])}`;
	}

	// --- choosing ----------------------------------------------------------------------------------

	listen() {
		const { map } = this;
		map.addEventListener('pointerdown', event => this.press(event));
		map.addEventListener('pointermove', event => this.move(event));
		map.addEventListener('pointerup', event => this.release(event));
		map.addEventListener('pointercancel', () => this.drop());
		map.addEventListener('pointerleave', () => this.pressed === undefined && this.cells && this.say());
		map.addEventListener('dblclick', () => this.on.choose(null));
		map.addEventListener('keydown', event => this.onKey(event));
		map.addEventListener('focus', () => this.cells && this.drawMarks());
		map.addEventListener('blur', () => this.drop());
		new ResizeObserver(() => this.layOut()).observe(map);
	}

	cellAt(event) {
		const box = this.map.getBoundingClientRect();
		return this.cells.at(event.clientX - box.left, event.clientY - box.top, box.width, box.height);
	}

	press(event) {
		if (event.button) return;
		this.pressed = this.cellAt(event);
		this.map.setPointerCapture(event.pointerId);
	}

	move(event) {
		const cell = this.cellAt(event);
		if (this.pressed === undefined) {
			if (event.pointerType === 'mouse') this.sayCell(cell);
			return;
		}
		if (cell === this.pressed && !this.draft) return;
		this.setDraft(this.cells.span(this.pressed, cell));
	}

	// A click is its column.
	release(event) {
		if (this.pressed === undefined) return;
		const cell = this.cellAt(event), span = this.draft ? this.cells.span(this.pressed, cell) : this.cells.column(cell);
		this.pressed = undefined;
		this.on.choose(span);
	}

	setDraft(draft) {
		this.draft = draft;
		this.drawMarks();
		this.say();
	}

	clear() {
		this.chosen = null;
		this.drop();
	}

	drop() {
		this.pressed = undefined;
		this.anchor = -1;
		if (this.cells) this.setDraft(null);
	}

	// Where a key leads from a cell; -1: it is no such key.
	follow(key, cell) {
		const { rows, count } = this.cells;
		const to = { ArrowLeft: cell - rows, ArrowRight: cell + rows, ArrowUp: cell + 1, ArrowDown: cell - 1, Home: 0, End: count - 1 }[key];
		return to === undefined ? -1 : Math.min(count - 1, Math.max(0, to));
	}

	onKey(event) {
		if (event.ctrlKey || event.metaKey || event.altKey || !this.cells) return;
		const start = this.cursor < 0 ? (this.chosen ? Math.floor(this.chosen.from / this.cells.perCell) : 0) : this.cursor;
		const to = this.follow(event.key, start);
		if (to >= 0) this.moveCursor(this.cursor < 0 && !event.shiftKey ? start : to, event.shiftKey, start);
		else if (event.key === 'Enter' || event.key === ' ') this.on.choose(this.draft || this.cells.column(start));
		else if (event.key === 'Escape' && this.draft) this.drop();
		else if (event.key === 'Escape' && this.chosen) this.on.choose(null);
		else return;
		event.preventDefault();
		event.stopPropagation();
	}

	moveCursor(to, extends_, from) {
		if (!extends_) this.anchor = -1;
		else if (this.anchor < 0) this.anchor = from;
		this.cursor = to;
		this.setDraft(this.anchor < 0 ? null : this.cells.span(this.anchor, to));
		if (this.anchor < 0) this.sayCell(to);
	}
}
