// SPDX-License-Identifier: Apache-2.0
//
// A list of the processes and their threads, heaviest first, of which one ticks those that are to be drawn.
export { ThreadPicker };

import { namesBorne, processesOf, processText, threadText } from './sample_choice.js';
import { groupDigits, shareText } from './plain_numbers.js';

const PICKER_ROWS = 200; // of processes; a search leaves fewer

class ThreadPicker {
	// `on.choose(filters)`: [{ kind, text }], none for all. `most()`: of them.
	constructor(dialog, profile, most, on) {
		const { samples } = profile;
		Object.assign(this, { dialog, profile, samples, most, on });
		this.processes = processesOf(samples);
		this.whole = samples.threads.reduce((sum, thread) => sum + thread.ticks, 0);
		this.ticked = new Map(); // "kind text" → filter
		this.open = new Set();
		this.fill();
	}

	show(filters) {
		this.ticked = new Map(filters.map(filter => [`${filter.kind} ${filter.text}`, filter]));
		this.query.value = '';
		this.told.textContent = '';
		this.list();
		this.dialog.showModal();
		this.query.focus();
	}

	fill() {
		const form = document.createElement('form'), title = document.createElement('h2'), acts = document.createElement('div');
		title.textContent = 'Processes and threads';
		this.query = document.createElement('input');
		this.query.type = 'text';
		this.query.placeholder = 'name or ID';
		this.query.setAttribute('aria-label', 'Find processes and threads by name or ID');
		this.query.addEventListener('input', () => this.list());
		this.rows = document.createElement('div');
		this.rows.className = 'rows';
		this.told = document.createElement('p');
		this.told.setAttribute('role', 'alert');
		acts.className = 'acts';
		acts.append(this.button('All', () => this.choose([])), this.button('Cancel', () => this.dialog.close()), this.button('Show'));
		form.append(title, this.query, this.rows, this.told, acts);
		form.addEventListener('submit', event => {
			event.preventDefault();
			this.choose([...this.ticked.values()]);
		});
		form.addEventListener('keydown', event => this.onKey(event));
		this.dialog.replaceChildren(form);
	}

	button(label, onClick) {
		const button = document.createElement('button');
		button.type = onClick ? 'button' : 'submit';
		button.textContent = label;
		if (onClick) button.addEventListener('click', onClick);
		return button;
	}

	choose(filters) {
		const most = this.most();
		if (filters.length > most) return void (this.told.textContent = `At most ${most} can be chosen beside the filters that there are.`);
		this.dialog.close();
		this.on.choose(filters);
	}

	// The processes that the query means, by themselves, by a thread, or by a name that one of these had.
	found() {
		const text = this.query.value.trim().toLowerCase(), has = name => name.toLowerCase().includes(text);
		const { threads } = this.samples, borne = text ? this.borne ??= namesBorne(this.profile) : [];
		return this.processes.filter(process => !text || has(processText(process)) || process.threads.some(t => has(threadText(threads[t])) || borne[t].some(has)));
	}

	// Of a process whose threads are shown: those that the query means; all where it means the process itself.
	threadsFound(process) {
		const text = this.query.value.trim().toLowerCase(), threads = process.threads.map(t => this.samples.threads[t]);
		const found = threads.filter(thread => threadText(thread).toLowerCase().includes(text));
		return found.length ? found : threads;
	}

	list() {
		const found = this.found(), rows = found.slice(0, PICKER_ROWS).flatMap(process => this.processRows(process)), { together } = this.samples;
		if (found.length > PICKER_ROWS) rows.push(this.note(`${groupDigits(found.length - PICKER_ROWS)} more: search for them.`));
		if (!found.length) rows.push(this.note('None has this name or ID.'));
		if (together) rows.push(this.note(`${groupDigits(together)} threads with the fewest samples are together in one that is unknown.`));
		this.rows.replaceChildren(...rows);
	}

	note(text) {
		const note = document.createElement('p');
		note.textContent = text;
		return note;
	}

	processRows(process) {
		const row = this.row('process', processText(process), process.ticks), many = process.threads.length, word = document.createElement('span');
		if (many < 2) return [row];
		const more = document.createElement('button'), isOpen = this.open.has(process);
		more.type = 'button';
		word.textContent = ' threads';
		more.append(groupDigits(many), word, isOpen ? ' ▴' : ' ▾');
		more.setAttribute('aria-expanded', isOpen);
		more.addEventListener('click', () => this.toggle(process, more));
		row.append(more);
		const threads = isOpen ? this.threadsFound(process) : [], rows = threads.slice(0, PICKER_ROWS).map(thread => this.row('thread', threadText(thread), thread.ticks));
		if (threads.length > PICKER_ROWS) rows.push(this.note(`${groupDigits(threads.length - PICKER_ROWS)} more threads: search for them.`));
		return [row, ...rows];
	}

	toggle(process, button) {
		const place = [...this.rows.querySelectorAll('button')].indexOf(button);
		if (!this.open.delete(process)) this.open.add(process);
		this.list();
		this.rows.querySelectorAll('button')[place].focus();
	}

	row(kind, text, ticks) {
		const row = document.createElement('div'), label = document.createElement('label'), box = document.createElement('input');
		const name = document.createElement('span'), id = document.createElement('span'), share = document.createElement('span'), key = `${kind} ${text}`;
		const behindName = text.lastIndexOf(' ') + 1; // what is short has room for its ID
		row.className = `row ${kind}`;
		box.type = 'checkbox';
		box.checked = this.ticked.has(key);
		box.addEventListener('change', () => {
			if (box.checked) this.ticked.set(key, { kind, text });
			else this.ticked.delete(key);
		});
		name.className = 'cut';
		name.textContent = text.slice(0, behindName);
		id.textContent = text.slice(behindName);
		label.title = text;
		share.className = 'share';
		share.textContent = shareText(ticks, this.whole);
		label.append(box, name, id, share);
		row.append(label);
		return row;
	}

	// Up and down go from row to row; in the field, Enter takes what was typed where it means one process alone.
	onKey(event) {
		const boxes = [...this.rows.querySelectorAll('input')], at = boxes.indexOf(document.activeElement);
		if (event.key === 'Enter' && event.target === this.query && boxes.length === 1 && !boxes[0].checked) boxes[0].click();
		const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
		if (to === undefined) return;
		(boxes[to] || this.query).focus();
		event.preventDefault();
	}
}
