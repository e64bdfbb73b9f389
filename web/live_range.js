// SPDX-License-Identifier: Apache-2.0
//
// How much time is in sight: up to now, or any other.
export { RangeForm, RANGES };

import { readLength } from './live_times.js';

const RANGES = { '15m': '15 m', '1h': '1 h', '6h': '6 h', '24h': '24 h', '7d': '7 d' };

// As an input of dates and times takes it, in the viewer's zone.
function inputText(time) {
	const local = new Date(time - new Date(time).getTimezoneOffset() * 60000);
	return local.toISOString().slice(0, 19);
}

class RangeForm {
	// `on`: { last(length), range(span) }
	constructor(element, dialog, on) {
		Object.assign(this, { element, dialog, on });
		for (const [last, text] of Object.entries(RANGES)) this.button(last, text, () => on.last(last));
		this.button('', '…', () => this.open()).setAttribute('aria-label', 'Another span of time');
		this.fill();
	}

	button(last, text, act) {
		const button = document.createElement('button');
		button.type = 'button';
		button.dataset.last = last;
		button.textContent = text;
		button.addEventListener('click', act);
		this.element.append(button);
		return button;
	}

	show({ last, range }) {
		this.range = range;
		for (const button of this.element.children) button.setAttribute('aria-pressed', range || !RANGES[last] ? button.dataset.last === '' : button.dataset.last === last);
	}

	// That which is as long as a span, or nearly so.
	nearest({ from, to }) {
		const far = last => Math.abs(Math.log(readLength(last) / (to - from)));
		return Object.keys(RANGES).reduce((best, last) => far(last) < far(best) ? last : best);
	}

	fill() {
		const form = document.createElement('form'), title = document.createElement('h2'), told = document.createElement('p'), acts = document.createElement('div'), show = document.createElement('button'), close = document.createElement('button');
		title.id = 'range-title';
		title.textContent = 'Time in sight';
		const [from, to] = ['from', 'to'].map(word => {
			const label = document.createElement('label'), input = document.createElement('input');
			input.type = 'datetime-local';
			input.step = 1;
			input.required = true;
			label.append(word, input);
			form.append(label);
			return input;
		});
		this.inputs = { from, to };
		told.setAttribute('role', 'alert');
		show.textContent = 'Show';
		close.type = 'button';
		close.textContent = 'Close';
		close.addEventListener('click', () => this.dialog.close());
		acts.className = 'acts';
		acts.append(show, close);
		form.prepend(title);
		form.append(told, acts);
		form.addEventListener('submit', event => {
			event.preventDefault();
			const range = { from: new Date(from.value).getTime(), to: new Date(to.value).getTime() };
			told.textContent = range.from < range.to ? '' : 'It has to end after it begins.';
			if (told.textContent) return;
			this.dialog.close();
			this.on.range(range);
		});
		this.dialog.replaceChildren(form);
	}

	open() {
		const now = Date.now(), { from, to } = this.range || { from: now - 3600000, to: now };
		this.inputs.from.value = inputText(from);
		this.inputs.to.value = inputText(to);
		this.dialog.showModal();
	}
}
