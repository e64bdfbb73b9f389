// SPDX-License-Identifier: Apache-2.0
//
// What one can do with a frame: from the strip under the graph, from the menu of the right button, by keys.
export { FRAME_ACTIONS, FrameMenu, actionButtons, canDo, exactFilter, copyText };

import { FILTER_KINDS, traitsOfKind } from './frame_filters.js';

// `needs`: 'graph' where there must be a place in the tree and not only a function
const FRAME_ACTIONS = [
	{ id: 'focus', key: 'f', label: 'Focus', what: 'only stacks with this function', inStrip: true },
	{ id: 'hide', key: 'h', label: 'Hide', what: 'merge this function into its callers', inStrip: true },
	{ id: 'ignore', label: 'Ignore', what: 'no stacks with this function' },
	{ id: 'show-from', label: 'Show from here', what: 'stacks from this function on' },
	{ id: 'callers', key: 'c', label: 'Callers', what: 'callers and callees of this function', inStrip: true },
	{ id: 'copy', key: 'y', label: 'Copy name', what: 'copy the name', inStrip: true },
	{ id: 'copy-stack', label: 'Copy stack', what: 'copy the way from the root, one frame a line' },
];

// Processes and markers are not hidden, and a marker is not met by anything.
function canDo(id, kind) {
	return !FILTER_KINDS[id] || Boolean(FILTER_KINDS[id].trait & traitsOfKind(kind));
}

function exactFilter(name) {
	return '/^' + name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&') + '$/';
}

// A page from disk may have no right to the clipboard's own interface.
async function copyText(text) {
	try {
		await navigator.clipboard.writeText(text);
	} catch (error) {
		const area = document.createElement('textarea'), before = document.activeElement;
		area.value = text;
		area.className = 'unseen';
		document.body.append(area);
		area.select();
		document.execCommand('copy');
		area.remove();
		before?.focus?.();
	}
}

function actionButtons(act) {
	const acts = document.createElement('div');
	acts.className = 'acts';
	for (const action of FRAME_ACTIONS.filter(each => each.inStrip)) {
		const button = document.createElement('button');
		button.type = 'button';
		button.dataset.action = action.id;
		button.textContent = action.label.split(' ')[0];
		button.title = `${action.what} (${action.key})`;
		button.addEventListener('click', () => act(action.id));
		acts.append(button);
	}
	return acts;
}

class FrameMenu {
	constructor(element, act) {
		this.element = element;
		for (const action of FRAME_ACTIONS) element.append(this.item(action, act));
		element.addEventListener('keydown', event => this.onKey(event));
		element.addEventListener('focusout', event => { if (!element.contains(event.relatedTarget)) this.close(); });
	}

	item(action, act) {
		const item = document.createElement('button'), key = document.createElement('kbd');
		item.type = 'button';
		item.dataset.action = action.id;
		item.tabIndex = -1;
		item.setAttribute('role', 'menuitem');
		item.textContent = action.label;
		item.title = action.what;
		key.textContent = action.key || '';
		if (action.key) item.append(key);
		item.addEventListener('click', () => {
			this.close();
			act(action.id);
		});
		return item;
	}

	// `kind`: of the frame.
	open(x, y, kind) {
		this.before = document.activeElement;
		this.element.hidden = false;
		for (const item of this.element.children) item.hidden = !canDo(item.dataset.action, kind);
		const { offsetWidth, offsetHeight } = this.element;
		this.element.style.left = Math.max(4, Math.min(x, innerWidth - offsetWidth - 4)) + 'px';
		this.element.style.top = Math.max(4, Math.min(y, innerHeight - offsetHeight - 4)) + 'px';
		this.items[0].focus();
	}

	close() {
		if (this.element.hidden) return;
		const hadFocus = this.element.contains(document.activeElement);
		this.element.hidden = true;
		if (hadFocus) this.before?.focus?.({ preventScroll: true });
	}

	get items() {
		return [...this.element.children].filter(item => !item.hidden);
	}

	onKey(event) {
		const { items } = this, at = items.indexOf(document.activeElement);
		const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
		if (to !== undefined) items.at(to % items.length).focus();
		else if (event.key === 'Escape' || event.key === 'Tab') this.close();
		else if (event.key !== 'Enter' && event.key !== ' ') return;
		if (event.key !== 'Enter' && event.key !== ' ') event.preventDefault();
		event.stopPropagation();
	}
}
