// SPDX-License-Identifier: Apache-2.0
//
// CPU over time as stacked bands, in which one chooses a span, with the pointer or by keys, and a second one to compare it with. Where nothing was recorded there is a gap, and no zero.
export { LiveChart, stackBands, niceMost, showTimes };

import { eventColour } from './live_events.js';
import { axisTimes, clockText, lengthText, momentText, spanWords } from './live_times.js';

const SPAN_PIXELS = 3;  // less is a click
const KEY_STEPS = 120;  // of the arrows, from edge to edge
const AXIS_PIXELS = 80; // a word of the axis has
const ROUND_STEPS = [1, 10, 100, 1000, 10000, 60000, 600000, 3600000]; // milliseconds
const OTHERS = 'others';

// Of an answer to /api/v1/series: runs of points between gaps, { from, to } (`to` is behind the last one), and per band the lower and upper edge of each point, in cores. `others` is on top.
function stackBands({ points, total, series, others }) {
	const bands = series.map(({ value, cores }) => ({ value, cores }));
	if (others?.some(Boolean)) bands.push({ value: null, cores: others });
	const upper = new Float64Array(points), runs = [];
	for (const band of bands) {
		band.low = Float64Array.from(upper);
		for (let i = 0; i < points; i++) upper[i] += band.cores[i] || 0;
		band.high = Float64Array.from(upper);
	}
	for (let i = 0; i < points; i++) {
		if (total[i] === null || total[i] === undefined) continue;
		if (runs.length && runs.at(-1).to === i) runs.at(-1).to++;
		else runs.push({ from: i, to: i + 1 });
	}
	return { bands, runs, most: upper.reduce((a, b) => Math.max(a, b), 0) };
}

// A round number of cores that all bands are below of.
function niceMost(most) {
	if (!(most > 0)) return 1;
	const unit = 10 ** Math.floor(Math.log10(most));
	return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map(step => step * unit).find(step => step >= most * 1.02) || 10 * unit;
}

const coresText = cores => `${+cores.toFixed(cores < 1 ? 3 : 2)} ${cores === 1 ? 'core' : 'cores'}`;

// Words under a picture of a span that is so wide; one that would be cut off is left out.
function showTimes(axis, { from, to }, width) {
	const partOf = time => (time - from) / (to - from), times = axisTimes({ from, to }, Math.max(2, Math.floor(width / AXIS_PIXELS)));
	axis.replaceChildren(...times.filter(({ time }) => (1 - partOf(time)) * width > AXIS_PIXELS / 2).map(({ time, text }) => {
		const tick = document.createElement('span');
		tick.textContent = text;
		tick.title = new Date(time).toISOString().replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
		tick.style.left = partOf(time) * 100 + '%';
		return tick;
	}));
}

class LiveChart {
	// `parts`: { plot, areas, marks, most, axis, words, acts }, elements. `on`: { select(span, isSecond), clear(), all(), around(time) }: what one did; `isSecond`: it is to be compared with.
	constructor(parts, theme, colours, nameOf, on) {
		Object.assign(this, { parts, theme, colours, nameOf, on });
		this.answer = this.range = this.span = this.before = this.draft = null;
		this.events = [];
		this.cursor = null; // a time
		this.anchor = null;
		this.wantsSecond = false;
		this.hovered = null; // where the mouse is: [x, y]
		this.size = { width: 0, height: 0 };
		this.lit = undefined; // the band that is pointed at in the legend
		this.listen();
	}

	// --- what is shown -----------------------------------------------------------------------------

	// `answer`: of /api/v1/series, null as long as there is none. `range`: the time in sight. `now`: of the machine.
	show(answer, { range, span, before, now }) {
		const isOther = answer !== this.answer;
		Object.assign(this, { answer, range, span, before, now });
		if (isOther) this.stack = answer ? stackBands(answer) : null;
		this.parts.plot.classList.toggle('waiting', !answer);
		this.layOut();
	}

	// Of /api/v1/events.
	showEvents(events) {
		this.events = events;
		this.drawMarks();
	}

	// Ones that were chosen, while what belongs to them is not there yet.
	mark(span, before, now) {
		Object.assign(this, { span, before, now });
		this.drawAreas();
		this.drawMarks();
		this.tell();
	}

	layOut() {
		const { clientWidth: width, clientHeight: height } = this.parts.plot, ratio = window.devicePixelRatio || 1;
		this.size = { width, height }; // to ask for it lays the page out
		if (!width || !this.range) return;
		for (const canvas of [this.parts.areas, this.parts.marks]) {
			canvas.width = Math.round(width * ratio);
			canvas.height = Math.round(height * ratio);
			canvas.getContext('2d').setTransform(ratio, 0, 0, ratio, 0, 0);
		}
		this.most = niceMost(this.stack?.most || 0);
		this.parts.most.textContent = this.stack?.runs.length ? coresText(this.most) : '';
		this.drawAreas();
		this.drawMarks();
		this.showAxis();
		this.tell();
	}

	tell() {
		if (this.hovered && !this.draft) this.sayAt(...this.hovered);
		else this.say();
	}

	xOf(time) {
		return (time - this.range.from) / (this.range.to - this.range.from) * this.size.width;
	}

	timeAt(x) {
		const { from, to } = this.range, perPixel = (to - from) / this.size.width, step = ROUND_STEPS.find(each => each >= perPixel / 2) || ROUND_STEPS.at(-1);
		return Math.min(to, Math.max(from, Math.round((from + Math.max(0, Math.min(this.size.width, x)) * perPixel) / step) * step));
	}

	// Pale where it is not chosen.
	drawAreas() {
		const context = this.parts.areas.getContext('2d'), { width, height } = this.size;
		context.clearRect(0, 0, width, height);
		if (!this.stack) return;
		const spans = [this.span, this.before].filter(Boolean);
		context.globalAlpha = spans.length ? .42 : 1;
		this.drawBands(context);
		context.globalAlpha = 1;
		for (const span of spans) {
			const x = this.xOf(span.from), wide = Math.max(1, this.xOf(span.to) - x);
			context.save();
			context.beginPath();
			context.rect(x, 0, wide, height);
			context.clip();
			context.clearRect(x, 0, wide, height);
			this.drawBands(context);
			context.restore();
		}
	}

	drawBands(context) {
		const { bands, runs } = this.stack, alpha = context.globalAlpha;
		for (const band of bands) {
			context.fillStyle = this.colourOf(band.value);
			if (this.lit !== undefined && this.lit !== band.value) context.globalAlpha = alpha * .35;
			for (const run of runs) this.fillRun(context, band, run);
			context.globalAlpha = alpha;
		}
	}

	// Points are means of a step: the line goes through the middles of the steps, and to the edges of the run.
	fillRun(context, { low, high }, { from, to }) {
		const { start_ms: start, step_ms: step } = this.answer, { height } = this.size, yOf = cores => height - cores / this.most * height;
		const x = i => this.xOf(start + (i + .5) * step), left = this.xOf(start + from * step), right = this.xOf(start + to * step);
		context.beginPath();
		context.moveTo(left, yOf(high[from]));
		for (let i = from; i < to; i++) context.lineTo(x(i), yOf(high[i]));
		context.lineTo(right, yOf(high[to - 1]));
		context.lineTo(right, yOf(low[to - 1]));
		for (let i = to - 1; i >= from; i--) context.lineTo(x(i), yOf(low[i]));
		context.lineTo(left, yOf(low[from]));
		context.fill();
	}

	colourOf(value) {
		return this.theme.colour(value === null ? 'band-rest' : `band-${this.colours.get(value)}`);
	}

	drawMarks() {
		const context = this.parts.marks.getContext('2d'), { width, height } = this.size;
		context.clearRect(0, 0, width, height);
		if (!this.range) return;
		this.drawEvents(context, height);
		if (this.before) this.drawFrame(context, this.before, 'before', true);
		if (this.span) this.drawFrame(context, this.span, 'accent', false);
		if (this.draft) this.drawFrame(context, this.draft.span, this.draft.isSecond ? 'before' : 'accent', this.draft.isSecond);
		if (this.cursor === null) return;
		context.fillStyle = this.theme.colour('ink');
		context.fillRect(Math.round(this.xOf(this.cursor)) - 1, 0, 2, height);
	}

	drawFrame(context, { from, to }, colour, isDashed) {
		const { height } = this.size, x = this.xOf(from), wide = Math.max(2, this.xOf(to) - x);
		context.strokeStyle = this.theme.colour(colour);
		context.lineWidth = 1.5;
		context.setLineDash(isDashed ? [4, 3] : []);
		context.strokeRect(x, .75, wide, height - 1.5);
		context.setLineDash([]);
	}

	// Little marks at the foot, where something of note happened; of processes strokes, for there are more of them.
	drawEvents(context, height) {
		for (const event of this.events) {
			const x = this.xOf(event.time_ms);
			context.fillStyle = this.theme.colour(eventColour(event));
			if (event.kind.startsWith('process')) {
				context.fillRect(Math.round(x), height - 7, 1.5, 7);
				continue;
			}
			context.beginPath();
			context.moveTo(x - 4, height);
			context.lineTo(x + 4, height);
			context.lineTo(x, height - 6);
			context.fill();
		}
	}

	showAxis() {
		showTimes(this.parts.axis, this.range, this.size.width);
	}

	light(value) {
		if (this.lit === value) return;
		this.lit = value;
		this.drawAreas();
	}

	// --- what is said ------------------------------------------------------------------------------

	say() {
		const { words } = this.parts, { range, span, draft, now } = this;
		if (!range) return;
		const shown = draft ? draft.span : span, text = shown ? `${spanWords(shown, now)} · ${lengthText(shown)} ${draft?.isSecond ? 'to compare with' : 'selected'}` : `${spanWords(range, now)} · ${lengthText(range)}`;
		words.textContent = words.title = text;
	}

	sayAt(x, y) {
		const { answer, stack, now, range } = this, time = range.from + x / this.size.width * (range.to - range.from);
		if (!stack) return;
		const i = Math.floor((time - answer.start_ms) / answer.step_ms), event = this.eventAt(time);
		const when = momentText(time, now, answer.step_ms >= 1000 ? 1000 : 1);
		this.parts.plot.classList.toggle('at-event', Boolean(event));
		if (event) this.parts.words.textContent = `${clockText(event.time_ms)} · ${event.text} · a click compares before and after`;
		else if (!stack.runs.some(run => i >= run.from && i < run.to)) this.parts.words.textContent = `${when} · nothing recorded`;
		else this.parts.words.textContent = [when, coresText(answer.total[i]), this.bandWords(i, y)].filter(Boolean).join(' · ');
	}

	bandWords(i, y) {
		const cores = (1 - y / this.size.height) * this.most, band = this.stack.bands.find(({ low, high }) => cores >= low[i] && cores < high[i]);
		return band ? `${band.value === null ? OTHERS : this.nameOf(band.value)} ${coresText(band.high[i] - band.low[i])}` : '';
	}

	eventAt(time) {
		const near = 4 / this.size.width * (this.range.to - this.range.from);
		return this.events.find(event => Math.abs(event.time_ms - time) <= near); // those of note come first
	}

	// --- choosing ----------------------------------------------------------------------------------

	listen() {
		const { plot } = this.parts;
		plot.addEventListener('pointerdown', event => this.press(event));
		plot.addEventListener('pointermove', event => this.move(event));
		plot.addEventListener('pointerup', event => this.release(event));
		plot.addEventListener('pointercancel', () => this.drop());
		plot.addEventListener('pointerleave', () => this.leave());
		plot.addEventListener('dblclick', () => this.on.all());
		plot.addEventListener('keydown', event => this.onKey(event));
		plot.addEventListener('blur', () => this.drop());
		new ResizeObserver(() => this.layOut()).observe(plot);
	}

	placeOf(event) {
		const box = this.parts.plot.getBoundingClientRect();
		return { x: event.clientX - box.left, y: event.clientY - box.top };
	}

	// The next span that is dragged is the second one, also without Shift: a finger has none.
	wantSecond() {
		this.wantsSecond = true;
		this.parts.plot.focus();
		this.parts.words.textContent = 'Drag over the span to compare with.';
	}

	press(event) {
		if (event.button || !this.range || event.target.closest('button')) return;
		const { x } = this.placeOf(event);
		this.pressed = { x, time: this.timeAt(x), isSecond: event.shiftKey || this.wantsSecond };
		this.parts.plot.setPointerCapture(event.pointerId);
	}

	// What is told of a moment stays while it is pointed at, whatever comes.
	hover(x, y) {
		this.hovered = [x, y];
		this.sayAt(x, y);
	}

	leave() {
		this.hovered = null;
		this.parts.plot.classList.remove('at-event');
		if (!this.pressed && this.range) this.say();
	}

	move(event) {
		if (!this.range) return;
		const { x, y } = this.placeOf(event), { pressed } = this;
		if (!pressed) {
			if (event.pointerType === 'mouse') this.hover(x, y);
			return;
		}
		if (this.draft || Math.abs(x - pressed.x) > SPAN_PIXELS) this.setDraft(pressed.time, this.timeAt(x), pressed.isSecond);
	}

	release() {
		const { draft, pressed } = this;
		this.pressed = this.draft = this.hovered = null;
		if (pressed && draft) this.wantsSecond = false;
		const event = pressed && !draft && !pressed.isSecond && this.eventAt(pressed.time);
		if (pressed && draft) this.on.select(draft.span, draft.isSecond);
		else if (event) this.on.around(event.time_ms);
		else if (this.range) this.drawMarks();
	}

	setDraft(a, b, isSecond) {
		const span = { from: Math.min(a, b), to: Math.max(a, b) };
		this.draft = span.to > span.from ? { span, isSecond } : null;
		this.drawMarks();
		this.say();
	}

	drop() {
		this.pressed = this.draft = this.cursor = this.anchor = null;
		this.wantsSecond = false;
		if (!this.range) return;
		this.drawMarks();
		this.say();
	}

	// Where a key leads from a time; null: it is no such key.
	follow(key, time) {
		const { from, to } = this.range, step = (to - from) / KEY_STEPS;
		const next = { ArrowLeft: time - step, ArrowRight: time + step, PageUp: time - 10 * step, PageDown: time + 10 * step, Home: from, End: to }[key];
		return next === undefined ? null : Math.min(to, Math.max(from, Math.round(next)));
	}

	onKey(event) {
		if (event.ctrlKey || event.metaKey || event.altKey || !this.range) return;
		const start = this.cursor ?? this.span?.from ?? Math.round((this.range.from + this.range.to) / 2), to = this.follow(event.key, start);
		if (to !== null) this.moveCursor(this.cursor === null && !event.shiftKey ? start : to, event.shiftKey, start);
		else if ((event.key === 'Enter' || event.key === ' ') && this.draft) this.choose(this.wantsSecond);
		else if (event.key === 'b' && this.draft) this.choose(true);
		else if (event.key === 'Escape' && (this.draft || this.cursor !== null)) this.drop();
		else if (event.key === 'Escape' && (this.span || this.before)) this.on.clear();
		else return;
		event.preventDefault();
		event.stopPropagation();
	}

	choose(isSecond) {
		const { span } = this.draft;
		this.drop();
		this.on.select(span, isSecond);
	}

	moveCursor(to, extends_, from) {
		if (!extends_) this.anchor = null;
		else this.anchor ??= from;
		this.cursor = to;
		if (this.anchor !== null) return this.setDraft(this.anchor, to, false);
		this.draft = null;
		this.drawMarks();
		this.sayAt(this.xOf(to), -1);
	}
}
