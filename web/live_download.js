// SPDX-License-Identifier: Apache-2.0
//
// What is shown as a file, in each format that the server writes (render/formats.def): links, so that a browser's own ways with links work.
export { DownloadMenu, shapingParams, serverPattern, DOWNLOAD_FORMATS };

import { apiAddress } from './live_api.js';

// By name, what it is good for.
const DOWNLOAD_FORMATS = {
	html: 'page in one file, .html',
	svg: 'flame graph, .svg',
	pprof: 'go tool pprof, .pb.gz',
	folded: 'folded stacks, .folded',
	speedscope: 'speedscope, .json',
	firefox: 'Firefox Profiler, .json',
	cpuprofile: 'Chrome DevTools, .cpuprofile',
	callgrind: 'KCachegrind, .callgrind',
	json: 'all of it, .json',
	top: 'table of functions, .txt',
	tree: 'tree of stacks, .txt',
};

// A pattern as the page has it (frame_search.js) as a POSIX extended expression, which the server takes.
function serverPattern(text) {
	const expression = /^\/(.+)\/(i?)$/s.exec(text);
	const plain = expression ? expression[1] : text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
	const anyCase = expression ? expression[2] && !/[\\[]/.test(plain) : text === text.toLowerCase();
	return anyCase ? plain.replace(/[a-z]/gi, letter => `[${letter.toLowerCase()}${letter.toUpperCase()}]`) : plain;
}

// The filters, [{ kind, text }], as the words of hearth render.
function shapingParams(filters, asks) {
	return filters.map(({ kind, text }) => [kind, asks(kind) === 'pattern' ? serverPattern(text) : asks(kind) ? text : '1']);
}

class DownloadMenu {
	// `on`: { params(): of what is shown, path(): 'profile' or 'diff', save() }
	constructor(button, menu, on) {
		Object.assign(this, { button, menu, on });
		button.addEventListener('click', () => this.menu.hidden ? this.open() : this.close());
		menu.addEventListener('keydown', event => this.onKey(event));
		menu.addEventListener('focusout', event => { if (!menu.contains(event.relatedTarget) && event.relatedTarget !== button) this.close(); });
	}

	open() {
		const save = document.createElement('button');
		save.type = 'button';
		save.textContent = 'picture of this view, .svg';
		save.addEventListener('click', () => {
			this.close();
			this.on.save();
		});
		this.menu.replaceChildren(...Object.entries(DOWNLOAD_FORMATS).map(([format, what]) => this.link(format, what)), save);
		for (const item of this.menu.children) {
			item.tabIndex = -1;
			item.setAttribute('role', 'menuitem');
		}
		this.menu.hidden = false;
		this.button.setAttribute('aria-expanded', 'true');
		const box = this.button.getBoundingClientRect(), { offsetWidth, offsetHeight } = this.menu;
		this.menu.style.left = Math.max(4, Math.min(box.right - offsetWidth, innerWidth - offsetWidth - 4)) + 'px';
		this.menu.style.top = Math.max(4, Math.min(box.bottom + 4, innerHeight - offsetHeight - 4)) + 'px';
		this.menu.firstChild.focus();
	}

	link(format, what) {
		const link = document.createElement('a'), words = document.createElement('span');
		link.href = apiAddress(this.on.path(), [['format', format], ...this.on.params(), ['download', '1']]);
		link.download = '';
		words.textContent = what;
		link.append(format, words);
		link.addEventListener('click', () => this.close());
		return link;
	}

	close() {
		if (this.menu.hidden) return;
		const hadFocus = this.menu.contains(document.activeElement);
		this.menu.hidden = true;
		this.button.setAttribute('aria-expanded', 'false');
		if (hadFocus) this.button.focus({ preventScroll: true });
	}

	onKey(event) {
		const items = [...this.menu.children], at = items.indexOf(document.activeElement);
		const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
		if (to !== undefined) items.at(to % items.length).focus();
		else if (event.key === 'Escape' || event.key === 'Tab') this.close();
		else if (event.key === ' ') document.activeElement.click();
		else return;
		event.preventDefault();
		event.stopPropagation();
	}
}
