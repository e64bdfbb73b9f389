// SPDX-License-Identifier: Apache-2.0
//
// The filters as chips that can be taken away, and the form that adds one.
export { FilterChips };

import { nameTester } from './frame_search.js';
import { CHOICE_KINDS, choiceText, readSpan } from './sample_choice.js';
import { FILTER_KINDS } from './tree_shaping.js';

const WITHOUT_TEXT = 'collapse-recursion';
const FILTERS_MOST = 24; // tree_shaping.js has a bit for each in a number

// Filters of functions, and, where the profile has samples, those of samples, which come first.
class FilterChips {
	constructor(element, form, samples, onChange) {
		Object.assign(this, { element, form, samples, onChange });
		this.lead = null; // what stands before them
		this.filters = [];
		this.fillForm();
	}

	get text() {
		return this.filters.map(({ kind, text }) => kind + (text ? ':' + text : '')).join('\n');
	}

	// What an address says; what is no filter is passed over.
	setText(text) {
		this.filters = [];
		for (const line of text.split('\n').slice(0, FILTERS_MOST)) {
			const [kind, rest = ''] = line.split(/:(.*)/s);
			if (this.isFilter(kind, rest)) this.filters.push({ kind, text: rest });
		}
		this.show();
	}

	isFilter(kind, text) {
		if (!CHOICE_KINDS.includes(kind)) return Object.hasOwn(FILTER_KINDS, kind) && (text || kind === WITHOUT_TEXT) && this.isSound(text);
		return kind === 'time' ? this.samples?.time && readSpan(text) : this.samples && text;
	}

	isSound(text) {
		try {
			nameTester(text);
			return true;
		} catch (error) {
			return false;
		}
	}

	add(kind, text) {
		if (this.filters.length >= FILTERS_MOST || this.filters.some(filter => filter.kind === kind && filter.text === text)) return;
		this.filters.push({ kind, text });
		this.show();
		this.onChange();
	}

	// The filters of these kinds become those.
	replace(kinds, filters) {
		const others = this.filters.filter(({ kind }) => !kinds.includes(kind)), before = this.text;
		this.filters = [...others, ...filters].slice(0, FILTERS_MOST);
		if (this.text === before) return;
		this.show();
		this.onChange();
	}

	// How many of these kinds there can be.
	roomFor(kinds) {
		return FILTERS_MOST - this.filters.filter(({ kind }) => !kinds.includes(kind)).length;
	}

	of(kinds) {
		return this.filters.filter(({ kind }) => kinds.includes(kind));
	}

	remove(filter) {
		this.filters = this.filters.filter(each => each !== filter);
		this.show();
		this.onChange();
		this.element.querySelector('button').focus();
	}

	show() {
		const others = this.filters.filter(({ kind }) => !CHOICE_KINDS.includes(kind));
		const chips = [...CHOICE_KINDS.flatMap(kind => this.of([kind])), ...others].map(filter => this.chip(filter)), add = document.createElement('button');
		add.type = 'button';
		add.className = 'chip add';
		add.textContent = '+ filter';
		add.addEventListener('click', () => {
			this.form.showModal();
			this.form.querySelector('input[type=text]').focus();
		});
		this.element.replaceChildren(...(this.lead ? [this.lead] : []), ...chips, add);
	}

	chip(filter) {
		const chip = document.createElement('span'), text = document.createElement('b'), away = document.createElement('button');
		chip.className = 'chip';
		text.textContent = text.title = choiceText(filter);
		text.className = 'cut';
		away.type = 'button';
		away.textContent = '×';
		away.setAttribute('aria-label', `Remove the filter ${filter.kind} ${choiceText(filter)}`);
		away.addEventListener('click', () => this.remove(filter));
		chip.append(filter.kind, text, away);
		return chip;
	}

	fillForm() {
		const form = document.createElement('form'), choice = document.createElement('fieldset'), text = document.createElement('input');
		const add = document.createElement('button'), close = document.createElement('button'), told = document.createElement('p');
		const title = document.createElement('legend'), acts = document.createElement('div');
		title.textContent = 'Add a filter';
		choice.append(title);
		for (const [kind, what] of Object.entries(FILTER_KINDS)) choice.append(this.choiceOf(kind, what));
		text.type = 'text';
		text.placeholder = 'text or /regular expression/';
		text.setAttribute('aria-label', 'Functions: text or /regular expression/');
		told.setAttribute('role', 'alert');
		add.textContent = 'Add';
		close.textContent = 'Close';
		close.type = 'button';
		close.addEventListener('click', () => this.form.close());
		acts.className = 'acts';
		acts.append(add, close);
		form.append(choice, text, told, acts);
		form.addEventListener('submit', event => {
			event.preventDefault();
			const kind = form.elements.kind.value, isPlain = kind === WITHOUT_TEXT;
			if (this.filters.length >= FILTERS_MOST) return void (told.textContent = `There are ${FILTERS_MOST} filters: take one away first.`);
			told.textContent = !isPlain && !text.value ? 'Which functions?' : this.isSound(text.value) ? '' : 'Not a regular expression.';
			if (told.textContent) return;
			this.form.close();
			this.add(kind, isPlain ? '' : text.value);
			text.value = '';
		});
		this.form.replaceChildren(form);
	}

	choiceOf(kind, what) {
		const label = document.createElement('label'), radio = document.createElement('input'), meaning = document.createElement('span');
		radio.type = 'radio';
		radio.name = 'kind';
		radio.value = kind;
		radio.checked = kind === 'focus';
		meaning.textContent = what;
		label.append(radio, kind, meaning);
		return label;
	}
}
