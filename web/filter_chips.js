// SPDX-License-Identifier: Apache-2.0
//
// The filters as chips that can be taken away, and the form that adds one.
export { FilterChips };

import { FILTER_KINDS } from './frame_filters.js';
import { nameTester } from './frame_search.js';
import { CHOICE_KINDS, choiceText, readSpan } from './sample_choice.js';

const FILTERS_MOST = 24; // frame_filters.js has a bit for each in a number
const NO_FILTERS = '-';
const PLACEHOLDERS = { pattern: 'text or /regular expression/', name: 'the whole name of a function' };

// Filters of functions, and, where the profile has samples, those of samples, which come first.
class FilterChips {
	constructor(element, form, profile, onChange) {
		Object.assign(this, { element, form, profile, onChange });
		this.lead = null; // what stands before them
		this.offersAll = false; // also what changes nothing: of a profile of which others take the place
		this.filters = profile.hasLines ? [{ kind: 'lines', text: '' }] : []; // who asked for lines sees them
		this.first = this.text;
		this.fillForm();
	}

	get text() {
		return this.filters.map(({ kind, text }) => kind + (text ? ':' + text : '')).join('\n');
	}

	// What an address says of them.
	get fact() {
		return this.text === this.first ? '' : this.text || NO_FILTERS;
	}

	textOf(fact = this.first) {
		return fact === NO_FILTERS ? '' : fact;
	}

	// What is no filter, or can change nothing, is passed over.
	setText(text) {
		this.filters = [];
		for (const line of text.split('\n').slice(0, FILTERS_MOST)) {
			const [kind, rest = ''] = line.split(/:(.*)/s);
			if (this.isFilter(kind, rest)) this.filters.push({ kind, text: CHOICE_KINDS.includes(kind) || FILTER_KINDS[kind].asks ? rest : '' });
		}
		this.show();
	}

	isFilter(kind, text) {
		const { samples } = this.profile;
		if (!CHOICE_KINDS.includes(kind)) return Object.hasOwn(FILTER_KINDS, kind) && this.isOffered(kind) && !this.complaint(kind, text);
		return kind === 'time' ? samples?.time && readSpan(text) : samples && text;
	}

	isOffered(kind) {
		const { canChange } = FILTER_KINDS[kind];
		return this.offersAll || !canChange || canChange(this.profile);
	}

	// What is wrong with it; '': nothing.
	complaint(kind, text) {
		const { asks } = FILTER_KINDS[kind];
		if (asks && !text) return asks === 'name' ? 'Which function?' : 'Which functions?';
		return asks === 'pattern' && !this.isSound(text) ? 'Not a regular expression.' : '';
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
		const others = this.filters.filter(({ kind }) => !CHOICE_KINDS.includes(kind)), focused = document.activeElement, hadFocus = this.element.contains(focused);
		const chips = [...CHOICE_KINDS.flatMap(kind => this.of([kind])), ...others].map(filter => this.chip(filter)), add = document.createElement('button');
		add.type = 'button';
		add.className = 'chip add';
		add.textContent = '+ filter';
		add.addEventListener('click', () => {
			this.form.showModal();
			(this.form.querySelector('input[type=text]:enabled') || this.form.querySelector('input:checked')).focus();
		});
		this.element.replaceChildren(...(this.lead ? [this.lead] : []), ...chips, add);
		if (hadFocus) (this.lead?.contains(focused) ? focused : add).focus();
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
		for (const kind of Object.keys(FILTER_KINDS)) if (this.isOffered(kind)) choice.append(this.choiceOf(kind, FILTER_KINDS[kind].what));
		text.type = 'text';
		text.placeholder = PLACEHOLDERS.pattern;
		text.setAttribute('aria-label', 'Functions');
		told.setAttribute('role', 'alert');
		add.textContent = 'Add';
		close.textContent = 'Close';
		close.type = 'button';
		close.addEventListener('click', () => this.form.close());
		acts.className = 'acts';
		acts.append(add, close);
		form.append(choice, text, told, acts);
		choice.addEventListener('change', () => {
			const { asks } = FILTER_KINDS[form.elements.kind.value];
			text.disabled = !asks;
			text.placeholder = asks ? PLACEHOLDERS[asks] : '';
			told.textContent = '';
		});
		form.addEventListener('submit', event => {
			event.preventDefault();
			const kind = form.elements.kind.value;
			told.textContent = this.filters.length >= FILTERS_MOST ? `There are ${FILTERS_MOST} filters: take one away first.` : this.complaint(kind, text.value);
			if (told.textContent) return;
			this.form.close();
			this.add(kind, FILTER_KINDS[kind].asks ? text.value : '');
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
