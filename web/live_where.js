// SPDX-License-Identifier: Apache-2.0
//
// Which samples are asked for, by their labels: terms as --where has them (model/label_filter.h), shown as chips, and the form that adds one out of what there is.
export { LiveWhere, chooseTerm, excludeTerm, termFor, readTerm, labelWord };

import { durationText, shareText } from './plain_numbers.js';

const LABEL_WORDS = { comm: 'process', tid: 'thread' };
const LABELS_FIRST = ['comm', 'container', 'user', 'pid', 'cgroup', 'cpu'];
const VALUES_ASKED = 200;
const PAUSE_MS = 150; // while one is typing

const labelWord = label => LABEL_WORDS[label] || label;

const CUT = '\ufffd'; // what answers have for a byte or character that is no text, as where a name was cut within a letter
const ANY_CHARACTER = '..?.?.?'; // of up to four bytes, which is what the server's expressions are of; {1,4} would end the term

// A value that holds what separates terms, or is not told exactly, is met by an expression, a label that is not known by one that no text meets.
function termFor(label, value) {
	if (value === '') return `${label}!~.`;
	if (!value.includes(',') && !value.includes(CUT)) return `${label}=${value}`;
	return `${label}~^${value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll(',', '.').replaceAll(CUT, ANY_CHARACTER)}$`;
}

// { label, sign, text } with the sign =, !=, ~ or !~; null: it is no term.
function readTerm(term) {
	const [, label, sign, text] = /^([a-z_]+)(!?[=~])(.*)$/s.exec(term) || [];
	return label ? { label, sign, text } : null;
}

const SIGN_WORDS = { '=': '', '!=': 'not ', '~': 'like ', '!~': 'not like ' };

const isNone = ({ sign, text }) => sign === '!~' && text === '.';

// "postgres", "not postgres", "like ^post", "none"
function termText(read) {
	return isNone(read) ? 'none' : SIGN_WORDS[read.sign] + read.text;
}

// What is true where the term is not.
function opposite(term) {
	const { label, sign, text } = readTerm(term);
	return label + (sign.startsWith('!') ? sign.slice(1) : '!' + sign) + text;
}

// The terms with one for this value, in the place of all that say what the label's value is, or contradict it.
function chooseTerm(terms, label, value) {
	const term = termFor(label, value), isKept = each => {
		const read = readTerm(each);
		return read?.label !== label || value !== '' && read.sign.startsWith('!') && !isNone(read) && each !== opposite(term);
	};
	return [...terms.filter(isKept), term];
}

// The terms with one that takes this value out.
function excludeTerm(terms, label, value) {
	const term = termFor(label, value), other = opposite(term);
	return [...terms.filter(each => each !== term && each !== other), other];
}

class LiveWhere {
	// `on`: { change(terms), values(label): a promise of an answer of /api/v1/labels, labels(): one of the list of them }
	constructor(dialog, chips, on) {
		Object.assign(this, { dialog, chips, on });
		this.terms = [];
		this.label = LABELS_FIRST[0];
		this.fill();
		this.lead = document.createElement('span');
		this.lead.className = 'terms';
		chips.lead = this.lead;
	}

	// What stands there already stays, and what has the focus keeps it; of what goes away the focus goes to the button that adds one.
	show(terms) {
		const isSame = this.isShown && terms.length === this.terms.length && terms.every((term, i) => term === this.terms[i]);
		const hadFocus = this.chips.element.contains(document.activeElement);
		this.terms = terms;
		if (isSame) return;
		this.isShown = true;
		this.lead.replaceChildren(...terms.map(term => this.chip(term)), this.addButton());
		this.chips.show();
		if (hadFocus) this.lead.querySelector('#where').focus();
	}

	chip(term) {
		const chip = document.createElement('span'), text = document.createElement('b'), away = document.createElement('button'), read = readTerm(term);
		chip.className = 'chip term';
		text.className = 'cut';
		text.textContent = read ? termText(read) : term;
		text.title = term;
		away.type = 'button';
		away.textContent = '×';
		away.setAttribute('aria-label', `Remove ${term}`);
		away.addEventListener('click', () => this.on.change(this.terms.filter(each => each !== term)));
		chip.append(read ? labelWord(read.label) + ' ' : '', text, away);
		return chip;
	}

	addButton() {
		const button = document.createElement('button'), any = document.createElement('b');
		button.type = 'button';
		any.textContent = 'any';
		button.className = this.terms.length ? 'chip add lead' : 'chip lead';
		button.id = 'where';
		button.replaceChildren(...(this.terms.length ? ['+ process'] : ['process ', any]));
		button.title = 'choose processes, containers, users (p)';
		button.addEventListener('click', () => this.open());
		return button;
	}

	choose(label, value) {
		this.on.change(chooseTerm(this.terms, label, value));
	}

	// --- the form ----------------------------------------------------------------------------------

	fill() {
		const form = document.createElement('form'), title = document.createElement('h2'), close = document.createElement('button'), like = document.createElement('button'), acts = document.createElement('div');
		const label = document.createElement('label'), isNot = document.createElement('label');
		title.id = 'where-title';
		title.textContent = 'Whose CPU time';
		this.select = document.createElement('select');
		this.text = document.createElement('input');
		this.negate = document.createElement('input');
		this.rows = document.createElement('div');
		this.rows.className = 'rows';
		this.text.type = 'text';
		this.text.placeholder = 'part of a name, or a regular expression';
		this.text.setAttribute('aria-label', 'Values');
		this.negate.type = 'checkbox';
		label.append('by ', this.select);
		isNot.append(this.negate, 'not these');
		like.textContent = 'All that match';
		close.type = 'button';
		close.textContent = 'Close';
		close.addEventListener('click', () => this.dialog.close());
		acts.className = 'acts';
		acts.append(isNot, like, close);
		form.append(title, label, this.text, this.rows, acts);
		this.select.addEventListener('change', () => this.ask(this.select.value));
		this.text.addEventListener('input', () => this.later());
		form.addEventListener('submit', event => {
			event.preventDefault();
			this.addMatch();
		});
		this.dialog.replaceChildren(form);
	}

	async open() {
		this.dialog.showModal();
		this.text.value = '';
		this.text.focus();
		this.ask(this.label);
		try {
			const { labels } = await this.on.labels(), names = labels.map(({ name }) => name);
			const sorted = [...LABELS_FIRST.filter(name => names.includes(name)), ...names.filter(name => !LABELS_FIRST.includes(name))];
			this.select.replaceChildren(...sorted.map(name => new Option(labelWord(name), name)));
			this.select.value = this.label;
		} catch (error) {
			this.tell(error.message);
		}
	}

	later() {
		clearTimeout(this.typing);
		this.typing = setTimeout(() => this.showRows(), PAUSE_MS);
	}

	tell(text) {
		const told = document.createElement('p');
		told.textContent = text;
		this.rows.replaceChildren(told);
	}

	async ask(label) {
		this.label = label;
		this.answer = null;
		this.tell('…');
		try {
			const answer = await this.on.values(label, VALUES_ASKED);
			if (!answer || this.label !== label) return;
			this.answer = answer;
			this.showRows();
		} catch (error) {
			this.tell(error.message);
		}
	}

	showRows() {
		if (!this.answer) return;
		const { values, total_ns: total } = this.answer, text = this.text.value.toLowerCase();
		const found = values.filter(({ value }) => value.toLowerCase().includes(text));
		if (!found.length) return this.tell(values.length ? 'None is called so: "All that match" takes it as a regular expression.' : 'Nothing was on a CPU then.');
		this.rows.replaceChildren(...found.map(({ value, cpu_ns: ns }) => this.row(value, ns, total)));
	}

	row(value, ns, total) {
		const row = document.createElement('button'), name = document.createElement('span'), share = document.createElement('span');
		row.type = 'button';
		row.className = 'row';
		name.className = 'cut mono';
		name.textContent = value === '' ? 'none' : value;
		share.className = 'share';
		share.textContent = `${durationText(ns / 1e9)} · ${shareText(ns, total)}`;
		row.append(name, share);
		row.addEventListener('click', () => this.take(value));
		return row;
	}

	take(value) {
		const { label, negate: { checked } } = this;
		this.dialog.close();
		this.on.change((checked ? excludeTerm : chooseTerm)(this.terms, label, value));
	}

	// An expression of the server's: what separates terms is any letter in it.
	addMatch() {
		const text = this.text.value.replaceAll(',', '.');
		if (!text) return;
		this.dialog.close();
		this.on.change([...this.terms, `${this.label}${this.negate.checked ? '!~' : '~'}${text}`]);
	}
}
