// SPDX-License-Identifier: Apache-2.0
//
// The page: reads its profile, puts the parts together, and keeps the address in step with what is shown.

import { readEmbedded } from './profile_data.js';
import { StackTree } from './stack_tree.js';
import { FrameSearch } from './frame_search.js';
import { PageTheme } from './page_theme.js';
import { FlameView } from './flame_view.js';
import { showDetail } from './frame_words.js';
import { showFates } from './fates_split.js';
import { fillHelp } from './page_help.js';
import { showHeading } from './page_heading.js';
import { groupDigits, shareText } from './plain_numbers.js';
import { followPath, pathOf, readAddress, writeAddress } from './view_address.js';

const VIEWS = { flame: 'Flame', icicle: 'Icicle' };
const element = id => document.getElementById(id);

class Page {
	constructor(profile) {
		this.profile = profile;
		this.tree = this.whole = new StackTree(profile.nodes);
		this.search = new FrameSearch(profile);
		this.theme = new PageTheme(() => this.onTheme());
		this.view = profile.facts.inverted ? 'icicle' : 'flame';
		this.firstView = this.view;
		this.missing = '';
		const parts = {};
		for (const id of ['graph', 'stage', 'sheet', 'frames', 'marks', 'twin']) parts[id] = element(id);
		this.flame = new FlameView(parts, profile, this.theme, this.search,
			{ describe: i => this.describe(i), zoomed: isNew => this.onZoom(isNew) });
		this.flame.canvas.isInverted = this.view === 'icicle';
		this.flame.setTree(this.tree);
		this.fill();
		this.listen();
	}

	// --- what stands around the graph ----------------------------------------------------------

	fill() {
		const { profile } = this;
		if (profile.facts.theme) this.theme.chosen = profile.facts.theme;
		showHeading(profile, element('heading'), element('origin'));
		showFates(profile.fates, { split: element('fates-split'), text: element('fates-text'), reasons: element('fates-reasons') });
		fillHelp(element('help'));
		element('notes').textContent = profile.facts.notes || '';
		element('notes').hidden = !profile.facts.notes;
		for (const [view, label] of Object.entries(VIEWS)) element('tabs').append(this.tab(view, label));
		if (!this.tree.whole) this.showEmpty();
		this.theme.apply();
		this.showTabs();
	}

	tab(view, label) {
		const tab = document.createElement('button');
		tab.type = 'button';
		tab.setAttribute('role', 'tab');
		tab.setAttribute('aria-controls', 'graph');
		tab.dataset.view = view;
		tab.textContent = label;
		tab.addEventListener('click', () => this.chooseView(view));
		return tab;
	}

	showTabs() {
		for (const tab of element('tabs').children) {
			const isChosen = tab.dataset.view === this.view;
			tab.setAttribute('aria-selected', isChosen);
			tab.tabIndex = isChosen ? 0 : -1;
		}
	}

	chooseView(view) {
		if (!Object.hasOwn(VIEWS, view) || view === this.view) return;
		this.view = view;
		this.flame.setInverted(view === 'icicle');
		this.showTabs();
		this.visit(false);
	}

	showEmpty() {
		const empty = document.createElement('div'), what = document.createElement('b');
		empty.className = 'empty';
		what.textContent = 'No samples.';
		empty.append(what, 'Nothing was on a CPU while this was recorded, or a filter left nothing.');
		element('stage').hidden = true;
		element('graph').append(empty);
	}

	onTheme() {
		const name = this.theme.isDark ? 'light' : 'dark';
		element('theme').setAttribute('aria-label', `Change to ${name}`);
		element('theme').title = `Change to ${name} (t)`;
		this.flame?.setColours();
	}

	describe(i) {
		const shown = i >= 0 ? i : this.flame.zoomed;
		showDetail(element('detail'), this.profile, this.tree, shown, this.flame.zoomed);
	}

	showCrumb() {
		const path = this.tree.path(this.flame.zoomed), parts = [];
		const kept = path.length > 8 ? [...path.slice(0, 2), -1, ...path.slice(-5)] : path;
		for (const i of kept) {
			const separator = document.createElement('i'), step = document.createElement('button');
			separator.textContent = '›';
			if (parts.length) parts.push(separator);
			if (i < 0) {
				parts.push('…');
				continue;
			}
			step.type = 'button';
			step.textContent = step.title = this.profile.nameOf(this.tree.frame[i]);
			step.addEventListener('click', () => this.flame.zoom(i));
			parts.push(step);
		}
		if (this.missing) {
			const gone = document.createElement('span');
			gone.className = 'gone cut';
			gone.textContent = `not in this profile: ${this.missing}`;
			parts.push(gone);
		}
		element('crumb').replaceChildren(...parts);
	}

	// --- search --------------------------------------------------------------------------------

	find(text) {
		this.search.run(text, this.tree);
		this.flame.current = -1;
		this.flame.redraw();
		this.showFound();
	}

	showFound() {
		const { query, problem, nodes, mass, current } = this.search, found = element('found');
		found.classList.toggle('bad', Boolean(problem));
		found.textContent = problem || (!query ? '' : (current >= 0 ? `${groupDigits(current + 1)} of ` : '') +
			`${groupDigits(nodes.length)} ${nodes.length === 1 ? 'match' : 'matches'}, ` +
			`${shareText(mass, this.tree.whole)} of ${this.profile.facts.countname || 'samples'}`);
		element('previous').disabled = element('next').disabled = !nodes.length;
	}

	step(by) {
		this.flame.showMatch(this.search.step(by));
		this.showFound();
	}

	clearSearch() {
		element('query').value = '';
		this.find('');
		this.visit(false);
	}

	// --- the address ---------------------------------------------------------------------------

	onZoom(isNew) {
		this.missing = '';
		this.showCrumb();
		this.visit(isNew);
	}

	visit(isNew) {
		const view = this.view === this.firstView ? '' : this.view;
		const to = writeAddress(pathOf(this.profile, this.tree, this.flame.zoomed),
			{ s: this.search.query, v: view, t: this.theme.chosen });
		if (to === (location.hash || '#')) return;
		try {
			history[isNew ? 'pushState' : 'replaceState'](null, '', to);
		} catch (error) {
			// A browser may refuse, or ask for fewer calls; the view does not depend on it.
		}
	}

	restore() {
		const { path, facts } = readAddress(location.hash);
		if (facts.t) this.theme.choose(facts.t);
		this.chooseView(facts.v || this.firstView);
		const { node, missing } = followPath(this.profile, this.tree, path);
		this.missing = missing;
		this.flame.show(node);
		this.showCrumb();
		if (node) this.flame.focus(node);
		if ((facts.s || '') === this.search.query) return;
		element('query').value = facts.s || '';
		this.find(facts.s || '');
	}

	// --- keys ----------------------------------------------------------------------------------

	listen() {
		const query = element('query');
		let typing = 0;
		query.addEventListener('keydown', event => this.onQueryKey(event));
		query.addEventListener('input', () => {
			this.find(query.value);
			clearTimeout(typing); // browsers take only so many changes of the address
			typing = setTimeout(() => this.visit(false), 300);
		});
		element('previous').addEventListener('click', () => this.step(-1));
		element('next').addEventListener('click', () => this.step(1));
		element('theme').addEventListener('click', () => this.toggleTheme());
		element('help-button').addEventListener('click', () => element('help').showModal());
		element('tabs').addEventListener('keydown', event => this.onTabKey(event));
		addEventListener('keydown', event => this.onKey(event));
		addEventListener('popstate', () => this.restore());
	}

	toggleTheme() {
		this.theme.toggle();
		this.visit(false);
	}

	onTabKey(event) {
		const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
		if (!by) return;
		const tabs = [...event.currentTarget.children], at = tabs.indexOf(document.activeElement);
		const next = tabs[(at + by + tabs.length) % tabs.length];
		next.focus();
		this.chooseView(next.dataset.view);
		event.preventDefault();
		event.stopPropagation();
	}

	onQueryKey(event) {
		if (event.isComposing) return;
		if (event.key === 'Enter') {
			this.step(event.shiftKey ? -1 : 1);
		} else if (event.key === 'Escape') {
			this.clearSearch();
			if (this.tree.whole) this.flame.focus(this.flame.home);
		} else {
			return;
		}
		event.preventDefault();
		event.stopPropagation();
	}

	escape() {
		const { flame } = this;
		if (flame.zoomed || flame.canvas.span < this.tree.whole) flame.zoomOut();
		else if (this.search.query) this.clearSearch();
	}

	commandFor(key) {
		const query = element('query');
		const commands = {
			'/': () => { query.focus(); query.select(); },
			'?': () => element('help').showModal(),
			0: () => this.flame.zoom(0),
			Escape: () => this.escape(),
			n: () => this.step(1),
			N: () => this.step(-1),
			i: () => this.chooseView(this.view === 'icicle' ? 'flame' : 'icicle'),
			t: () => this.toggleTheme(),
		};
		return Object.hasOwn(commands, key) ? commands[key] : null;
	}

	onKey(event) {
		const { target, key } = event, query = element('query');
		if ((event.ctrlKey || event.metaKey) && key === 'f' && target !== query) {
			event.preventDefault();
			this.commandFor('/')();
			return;
		}
		if (event.ctrlKey || event.metaKey || event.altKey || target === query || element('help').open) return;
		if (this.onGraphKey(event)) return event.preventDefault();
		const command = this.commandFor(key);
		if (!command) return;
		command();
		event.preventDefault();
	}

	// Keys that mean a frame: from the one that has the focus, or else the one that had it.
	onGraphKey(event) {
		const { flame } = this, onFrame = flame.focused;
		if (!this.tree.whole) return false;
		if (event.key === 'Enter' || event.key === ' ') {
			if (onFrame >= 0) flame.zoom(onFrame);
			return onFrame >= 0;
		}
		const to = flame.follow(event.key, flame.home);
		if (to >= 0) flame.focus(onFrame >= 0 ? to : flame.home);
		return to >= 0;
	}
}

try {
	const page = new Page(await readEmbedded(element('profile')));
	page.flame.layOut();
	page.describe(-1);
	page.restore();
	document.documentElement.dataset.ready = '1';
	performance.mark('hearth-ready');
} catch (error) {
	const failed = document.createElement('p');
	failed.className = 'empty';
	failed.textContent = `The profile in this page cannot be shown: ${error.message}`;
	element('card').replaceChildren(failed);
	throw error;
}
