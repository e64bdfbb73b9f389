// SPDX-License-Identifier: Apache-2.0
//
// What a span is compared with: the form that offers what one means most often, and the bar that says what is compared, and how.
export { CompareForm, PairBar, aroundSpans, earlierSpans };

import { STATE_WIDTHS } from './live_state.js';
import { durationText, shareText } from './plain_numbers.js';
import { lengthText, momentText, spanWords } from './live_times.js';

const AROUND_MS = 300000; // before and after a moment
const EVENTS_SHOWN = 50; // of each list
const HOUR_MS = 3600000;
const EARLIER = { 'a day before': 1, 'a week before': 7 }; // days
const WIDTH_WORDS = { larger: 'the larger of both', after: 'after', before: 'before' };

// At the same time of a day, also of one that has 23 hours or 25.
function daysBefore(time, days) {
	const at = new Date(time);
	at.setDate(at.getDate() - days);
	return at.getTime();
}

// [{ what, span }], all as long.
function earlierSpans({ from, to }) {
	const since = start => ({ from: start, to: start + to - from }), same = (what, start) => ({ what: `the same span ${what}`, span: since(start) });
	return [{ what: 'just before it, as long', span: since(2 * from - to) }, same('an hour before', from - HOUR_MS),
		...Object.entries(EARLIER).map(([what, days]) => same(what, daysBefore(from, days)))];
}

// After a moment, and before it.
function aroundSpans(time, now) {
	return { span: { from: time, to: Math.min(now, time + AROUND_MS) }, before: { from: time - AROUND_MS, to: time } };
}

class CompareForm {
	// `on`: { before(span), around(time), drag(): the next span that is dragged is meant, events(): a promise of [{ title, events }], of each the last one first }
	constructor(dialog, on) {
		Object.assign(this, { dialog, on });
	}

	row(what, when, act) {
		const row = document.createElement('button'), name = document.createElement('span'), detail = document.createElement('span');
		row.type = 'button';
		row.className = 'row';
		name.className = 'cut';
		name.textContent = what;
		detail.className = 'share';
		detail.textContent = when;
		row.append(name, detail);
		row.addEventListener('click', () => {
			this.dialog.close();
			act();
		});
		return row;
	}

	open(span, now) {
		const title = document.createElement('h2'), rows = document.createElement('div'), told = document.createElement('p'), close = document.createElement('button'), acts = document.createElement('div');
		title.id = 'pair-title';
		title.textContent = `${spanWords(span, now)} compared with`;
		rows.className = 'rows';
		rows.append(...earlierSpans(span).map(({ what, span: before }) => this.row(what, spanWords(before, now), () => this.on.before(before))),
			this.row('any other span', 'drag over it', () => this.on.drag()));
		told.textContent = 'Dragging with Shift does this at once; of a span that was chosen by keys, b.';
		close.type = 'button';
		close.textContent = 'Close';
		close.addEventListener('click', () => this.dialog.close());
		acts.className = 'acts';
		acts.append(close);
		this.dialog.replaceChildren(title, rows, told, acts);
		this.dialog.showModal();
		rows.firstChild.focus();
		this.addEvents(rows, now);
	}

	async addEvents(rows, now) {
		for (const { title, events } of await this.on.events().catch(() => [])) {
			if (!events.length) continue;
			const heading = document.createElement('h3');
			heading.textContent = title;
			rows.append(heading, ...events.slice(0, EVENTS_SHOWN).map(({ time_ms: time, text }) => this.row(text, momentText(time, now), () => this.on.around(time))));
		}
	}
}

class PairBar {
	// `on.change(change)`: of the state
	constructor(element, on) {
		Object.assign(this, { element, on });
		this.words = document.createElement('span');
		this.words.className = 'cut';
		this.amounts = document.createElement('span');
		this.amounts.setAttribute('role', 'status');
		this.width = document.createElement('select');
		this.width.append(...STATE_WIDTHS.map(width => new Option(WIDTH_WORDS[width], width)));
		this.width.addEventListener('change', () => on.change({ width: this.width.value }));
		this.scale = document.createElement('select');
		this.scale.append(new Option('CPU time', ''), new Option('share of the whole', 'share'));
		this.scale.addEventListener('change', () => on.change({ isShare: this.scale.value === 'share' }));
		element.append(this.words, this.amounts, this.labelled('width', this.width), this.labelled('by', this.scale),
			this.button('Swap', 'the earlier one as the later one', () => on.change({ span: this.state.before, before: this.span })),
			this.button('Compare no more', 'only the span itself', () => on.change({ before: null })));
	}

	labelled(word, control) {
		const label = document.createElement('label');
		label.append(word + ' ', control);
		return label;
	}

	button(text, title, act) {
		const button = document.createElement('button');
		button.type = 'button';
		button.textContent = text;
		button.title = title;
		button.addEventListener('click', act);
		return button;
	}

	show(state, span, now) {
		this.element.hidden = !state.before;
		if (!state.before) return;
		Object.assign(this, { state, span });
		this.words.textContent = `${spanWords(span, now)} compared with ${spanWords(state.before, now)}`;
		this.words.title = `${lengthText(span)}, and ${lengthText(state.before)}`;
		this.width.value = state.width;
		this.scale.value = state.isShare ? 'share' : '';
	}

	// How much CPU both took, in CPUs' worth.
	tell({ pair: { after, before, factor }, facts }) {
		const all = column => column.reduce((sum, ticks) => sum + ticks, 0), rate = +facts.per_second || 0, { span, state } = this;
		const raw = [all(after), all(before) / factor];
		if (!rate) return void (this.amounts.textContent = '');
		const [now, then] = raw.map((ticks, k) => ticks / rate / (((k ? state.before : span).to - (k ? state.before : span).from) / 1000));
		const change = then ? `, ${now < then ? '−' : '+'}${shareText(Math.abs(now - then), then).replace('<', '')}` : '';
		this.amounts.textContent = `${then.toFixed(2)} → ${now.toFixed(2)} cores${change}`;
		this.amounts.title = raw.reverse().map(ticks => durationText(ticks / rate)).join(' → ');
	}
}
