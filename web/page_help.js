// SPDX-License-Identifier: Apache-2.0
//
// What keys and gestures do.
export { HELP_ROWS, fillHelp };

const HELP_ROWS = [
	['click, Enter', 'zoom to a frame'],
	['Esc', 'one step out'],
	['0', 'all the way out'],
	['arrows', 'to the caller, a callee, a neighbour'],
	['f, h', 'focus on this function; hide it'],
	['+ filter', 'keep stacks with a function or without it, hide functions, the kernel\'s too, begin at one, ...'],
	['c', 'its callers and callees'],
	['y', 'copy its name'],
	['right click, Menu', 'all that one can do with a frame'],
	['Home, End', 'first and last of the row'],
	['/, Ctrl-F', 'search: plain text, or /regular expression/'],
	['Enter, Shift-Enter', 'next and previous match (outside the field: n, N)'],
	['p', 'choose processes and threads, where the profile tells them'],
	['w, then arrows', 'choose a span of time, where the profile tells times'],
	['i', 'flame or icicle'],
	['o', 'order side by side: by name, the largest first, as they came'],
	['t', 'light or dark'],
	['wheel', 'scroll; with Ctrl, or a pinch, zoom at the pointer'],
	['drag', 'move sideways while zoomed'],
	['Back', 'the view before; the address holds the view, so it can be sent'],
	['?', 'this'],
];

function fillHelp(dialog, rows = HELP_ROWS) {
	const title = document.createElement('h2'), list = document.createElement('dl'), close = document.createElement('button');
	title.id = 'help-title';
	title.textContent = 'Keys and gestures';
	for (const [keys, what] of rows) {
		const term = document.createElement('dt'), meaning = document.createElement('dd');
		term.textContent = keys;
		meaning.textContent = what;
		list.append(term, meaning);
	}
	close.type = 'button';
	close.textContent = 'Close';
	close.addEventListener('click', () => dialog.close());
	title.tabIndex = -1;
	title.autofocus = true; // the dialog opens at its beginning
	dialog.replaceChildren(title, list, close);
}
