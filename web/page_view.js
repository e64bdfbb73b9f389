// SPDX-License-Identifier: Apache-2.0
//
// The views of a profile: puts the parts together, and keeps the address in step with what is shown.
export { PageView, element };

import { FrameSearch } from './frame_search.js';
import { DrawnTree, wholeTree } from './drawn_tree.js';
import { FrameClasses } from './frame_classes.js';
import { SIBLING_ORDERS } from './sibling_order.js';
import { PageTheme } from './page_theme.js';
import { FlameView } from './flame_view.js';
import { ChartView } from './chart_view.js';
import { CallersView } from './callers_view.js';
import { FunctionTable } from './function_table.js';
import { TreeTable } from './tree_table.js';
import { FilterChips } from './filter_chips.js';
import { SampleControls } from './sample_controls.js';
import { CHOICE_KINDS, choiceWords } from './sample_choice.js';
import { COLOUR_CHOICES, colouring, showLegend, showShareLegend } from './colour_choice.js';
import { chartColouring, showThreadLegend, threadColouring } from './thread_colours.js';
import { FRAME_ACTIONS, FrameMenu, actionButtons, canDo, copyText, exactFilter } from './frame_actions.js';
import { SvgSheet, fileName } from './svg_sheet.js';
import { crumbParts } from './crumb_path.js';
import { frameWords, showDetail } from './frame_words.js';
import { SEEN_FATES, fateWords, showFates } from './fates_split.js';
import { drawnFates, untimedLosses } from './fate_sums.js';
import { fillHelp } from './page_help.js';
import { showHeading } from './page_heading.js';
import { groupDigits, shareText } from './plain_numbers.js';
import { followPath, pathOf, putAddress, readAddress, writeAddress } from './view_address.js';

const VIEWS = { flame: 'Flame', icicle: 'Icicle', chart: 'Chart', callers: 'Callers / callees', table: 'Table', tree: 'Tree' };
const PANELS = { flame: 'graph', icicle: 'graph', chart: 'chart', callers: 'callers', table: 'table', tree: 'tree' };
const FATE_COLOURS = { complete: 'ok', truncated: 'cut', lost: 'lost' };
const element = id => document.getElementById(id);

class PageView {
	static NAMES = VIEWS;
	static PANELS = PANELS;
	static TABLE = FunctionTable;

	// `on`: what the page around it is told, and asked for.
	constructor(profile, on = {}) {
		this.on = on;
		this.profile = profile;
		this.firstOrder = profile.facts.sort || 'name';
		this.whole = this.tree = wholeTree(profile, this.firstOrder);
		this.search = new FrameSearch(profile);
		this.theme = new PageTheme(() => this.onTheme());
		this.graphView = profile.facts.inverted ? 'icicle' : 'flame';
		this.view = this.firstView = profile.facts.flamechart && profile.samples?.time ? 'chart' : this.graphView;
		this.missing = '';
		this.colour = 'kind';
		this.stale = new Set();
		this.makeViews();
		this.fill();
		this.listen();
		this.setTree(this.drawnTree());
	}

	makeViews() {
		const { profile, theme, search } = this, parts = {};
		for (const id of ['graph', 'stage', 'sheet', 'frames', 'marks', 'twin']) parts[id] = element(id);
		this.flame = new FlameView(parts, profile, theme, search, {
			describe: i => this.describe(this.flame, i),
			zoomed: isNew => this.onZoom(isNew),
			menu: (i, x, y) => this.openMenu(x, y),
		});
		this.flame.canvas.isInverted = this.graphView === 'icicle';
		this.chart = profile.samples?.time ? this.makeChartView() : null;
		this.callers = new CallersView(element('callers'), profile, theme,
			{ describe: (view, i) => this.describe(view, i), choose: frame => this.showCallers(frame) });
		this.table = new this.constructor.TABLE(element('table'), profile, search, { choose: frame => this.showCallers(frame) });
		this.rows = new TreeTable(element('tree'), profile, search,
			{ describe: i => this.describe(this.rows, i), choose: i => this.showInGraph(i) });
		this.chips = new FilterChips(element('chips'), element('filter-form'), profile, () => this.onFilters(true));
		this.controls = new SampleControls({ time: element('time'), dialog: element('thread-form') }, profile, theme, this.chips);
		this.menu = new FrameMenu(element('menu'), id => this.act(id));
		this.acts = actionButtons(id => this.act(id));
	}

	makeChartView() {
		const chart = new ChartView(element('chart'), this.profile, this.theme, {
			describe: i => this.describe(this.chart, i),
			zoomed: isNew => this.onZoom(isNew),
			menu: (i, x, y) => this.openMenu(x, y),
		});
		chart.canvas.isInverted = this.flame.canvas.isInverted;
		return chart;
	}

	// --- what stands around the views ----------------------------------------------------------

	fill() {
		const { profile } = this;
		if (profile.facts.theme) this.theme.chosen = profile.facts.theme;
		this.showHeading();
		this.fillHelp();
		this.chips.show();
		this.showNotes();
		for (const view of this.views) element('tabs').append(this.tab(view, this.constructor.NAMES[view]));
		this.fillColours();
		for (const order of Object.keys(SIBLING_ORDERS)) element('order').append(new Option(order, order));
		this.showOrder();
		this.theme.apply();
	}

	showHeading() {
		showHeading(this.profile, this.whole.whole, element('heading'), element('origin'));
	}

	fillHelp() {
		fillHelp(element('help'));
	}

	showNotes() {
		element('notes').textContent = this.notes();
		element('notes').hidden = !element('notes').textContent;
	}

	notes() {
		const { notes, untold_samples: untold } = this.profile.facts;
		const left = untold ? `Threads and times are left out: ${groupDigits(untold)} samples are too many for a page.` : '';
		return [notes, left].filter(Boolean).join(' ');
	}

	tab(view, label) {
		const tab = document.createElement('button');
		tab.type = 'button';
		tab.setAttribute('role', 'tab');
		tab.setAttribute('aria-controls', this.constructor.PANELS[view]);
		tab.dataset.view = view;
		tab.textContent = label;
		tab.addEventListener('click', () => this.chooseView(view));
		return tab;
	}

	// A chart is along time.
	get views() {
		return Object.keys(this.constructor.NAMES).filter(view => view !== 'chart' || this.chart);
	}

	get graphs() {
		return [this.flame, ...(this.chart ? [this.chart] : []), ...this.callers.panes];
	}

	// The graph whose zoom and matches are told.
	get main() {
		return this.view === 'chart' && this.chart?.tree?.whole ? this.chart : this.flame;
	}

	// The graph that keys mean.
	get active() {
		return this.constructor.PANELS[this.view] === 'graph' || this.view === 'chart' ? this.main : this.view === 'callers' ? this.callers.active : null;
	}

	onTheme() {
		const name = this.theme.isDark ? 'light' : 'dark';
		element('theme').setAttribute('aria-label', `Change to ${name}`);
		element('theme').title = `Change to ${name} (t)`;
		for (const graph of this.graphs) graph.setColours();
		this.controls.find();
		this.showLegend();
	}

	get colours() {
		return Object.keys(COLOUR_CHOICES).filter(choice => choice !== 'thread' || this.controls.picker);
	}

	fillColours() {
		element('colour').replaceChildren(...this.colours.map(choice => new Option(COLOUR_CHOICES[choice], choice)));
	}

	chooseColour(choice) {
		this.colour = this.colours.includes(choice) ? choice : 'kind';
		element('colour').value = this.colour;
		const colourOf = colouring(this.colour, this.profile, this.tree);
		for (const graph of this.graphs) {
			graph.canvas.colourOf = colourOf;
			graph.canvas.colourOfNode = this.colour === 'thread' ? this.threadColours(graph) : null;
			graph.setColours();
		}
		this.showLegend();
	}

	threadColours(graph) {
		if (graph === this.flame) return threadColouring(this.profile, this.drawn);
		return graph === this.chart && graph.tree ? chartColouring(this.profile, this.drawn, graph.tree) : null;
	}

	showLegend() {
		const side = this.theme.isDark ? 'dark' : 'light', legend = element('legend');
		legend.hidden = !['kind', 'thread', 'share'].includes(this.colour);
		if (this.colour === 'share') showShareLegend(legend, this.profile, this.tree, side);
		else if (this.colour === 'thread') showThreadLegend(legend, this.profile, this.drawn, side);
		else showLegend(legend, this.profile, side);
	}

	// --- views ---------------------------------------------------------------------------------

	chooseView(view) {
		if (!this.views.includes(view) || view === this.view) return;
		this.view = view;
		this.showView();
		this.visit(false);
	}

	// A view that is not seen is brought up to date when it is.
	showView() {
		const { view } = this;
		if (view === 'chart' && this.tree.whole && this.stale.delete('chart')) this.makeChart();
		const panel = this.tree.whole && (view !== 'chart' || this.chart.tree?.whole) ? this.constructor.PANELS[view] : 'empty';
		for (const tab of element('tabs').children) {
			const isChosen = tab.dataset.view === view;
			tab.setAttribute('aria-selected', isChosen);
			tab.tabIndex = isChosen ? 0 : -1;
		}
		for (const id of [...Object.values(this.constructor.PANELS), 'empty']) element(id).hidden = id !== panel;
		if (panel === 'empty') this.showEmpty();
		else this.refresh(panel);
		this.showCrumb();
		this.showFound(); // a chart has other places than a graph
	}

	refresh(panel) {
		const isStale = this.stale.delete(panel);
		if (panel === 'graph') {
			const isInverted = this.view === 'icicle';
			this.flame.layOut();
			if (this.flame.canvas.isInverted !== isInverted) this.flame.setInverted(isInverted);
			this.describe(this.flame, this.flame.focused);
		} else if (panel === 'chart') {
			if (this.chart.search.query !== this.search.query) this.chart.find(this.search.query);
			this.chart.layOut();
			this.describe(this.chart, this.chart.focused);
		} else if (panel === 'callers') {
			if (isStale) this.callers.setFrame(this.tree, this.callers.frame);
			this.callers.find(this.search.query);
			this.callers.layOut();
			this.describe(this.callers.active, 0);
		} else if (panel === 'table') {
			this.table.show();
			this.describe(this.flame, 0);
		} else if (isStale || panel === 'tree') {
			this.rows.show();
			this.describe(this.rows, this.rows.at);
		}
	}

	makeChart() {
		this.chart.setDrawn(this.drawn, this.search.query);
		if (this.colour === 'thread') this.chooseColour(this.colour);
	}

	showEmpty() {
		if (this.tree.whole) return this.showUntimed();
		const what = document.createElement('b'), { filters } = this.chips;
		what.textContent = filters.length ? 'Nothing is left.' : 'No samples.';
		element('empty').replaceChildren(what, !filters.length ? 'Nothing was on a CPU while this was recorded, or a filter left nothing.' :
			filters.some(({ kind }) => CHOICE_KINDS.includes(kind)) ? 'What is chosen above was not on a CPU, or no stack of it passes the filters: take one away.' :
				'No stack passes the filters above: take one away.');
	}

	showUntimed() {
		const what = document.createElement('b');
		what.textContent = 'Nothing here has a time.';
		element('empty').replaceChildren(what, 'The chart is along time, and of what is drawn it is not known when it was, as of lost samples that were only counted: the other views show it.');
	}

	// Another profile takes the place of the one that is shown. What is zoomed to, pointed at and open stays, by the names of functions, and so does the focus.
	setProfile(next) {
		const { profile, flame, rows, callers, table } = this, pivot = callers.frame < 0 ? '' : profile.nameOf(callers.frame);
		const [place, ...places] = [flame, rows, table, callers].map(view => view.place), hadChart = this.chart?.focused >= 0;
		profile.take(next);
		this.whole = wholeTree(profile, this.whole.order);
		for (const graph of this.graphs) graph.canvas.forgetNames();
		this.setTree(this.drawnTree());
		this.chooseColour(this.colour);
		flame.restorePlace(place);
		[rows, table].forEach((view, k) => view.findPlace(places[k]));
		callers.frame = this.frameOf(pivot);
		this.showNotes();
		this.showView();
		[rows, table, callers].forEach((view, k) => view.restorePlace(places[k]));
		if (hadChart && this.main === this.chart) this.chart.twin.focus(0);
		this.showFound();
	}

	drawnTree() {
		return new DrawnTree(this.profile, this.whole, this.chips.filters);
	}

	setTree(drawn) {
		const { tree } = drawn, isOther = !drawn.classes.isLike(this.profile.classes);
		this.drawn = drawn;
		this.tree = tree;
		this.profile.classes = drawn.classes;
		if (isOther) for (const graph of this.graphs) graph.canvas.forgetNames();
		this.flame.setTree(tree);
		this.table.setTree(tree);
		this.rows.setTree(tree);
		this.stale.add('callers').add('tree').add('chart');
		this.search.run(this.search.query, tree);
		this.controls.show(drawn, this.search);
		this.showFates();
		if (isOther || this.colour === 'share' || this.colour === 'thread') this.chooseColour(this.colour);
	}

	// Of what is drawn.
	showFates() {
		const { profile, drawn } = this, parts = { split: element('fates-split'), text: element('fates-text'), reasons: element('fates-reasons') };
		showFates({ facts: profile.facts, fates: drawnFates(profile, drawn), all: profile.fates, untimed: drawn.span.from < 0 ? 0 : untimedLosses(profile, drawn) }, parts);
	}

	chooseOrder(order) {
		if (!Object.hasOwn(SIBLING_ORDERS, order) || order === this.whole.order) return;
		this.redraw(() => { this.whole = wholeTree(this.profile, order); });
		this.showOrder();
	}

	nextOrder() {
		const orders = Object.keys(SIBLING_ORDERS);
		this.chooseOrder(orders[(orders.indexOf(this.whole.order) + 1) % orders.length]);
		this.visit(false);
	}

	showOrder() {
		const { order } = this.whole;
		element('order').value = order;
		element('order').parentElement.classList.toggle('told', order !== 'name');
	}

	onFilters(isNew) {
		this.redraw();
		if (isNew) this.visit(true);
	}

	// Of another tree what was zoomed to, by the names of functions where these are called by other ones now.
	redraw(change = () => {}) {
		const { profile, flame, main, chips: { filters } } = this, isLike = new FrameClasses(profile, filters).isLike(profile.classes);
		const names = isLike ? profile : { nameOf: profile.functionOf };
		const [path, mainPath] = [flame, main].map(({ tree, zoomed }) => tree ? pathOf(names, tree, zoomed) : '');
		change();
		this.setTree(this.drawnTree());
		flame.show(followPath(names, this.tree, path).node);
		this.showView();
		if (main !== flame && main.tree) main.show(followPath(names, main.tree, mainPath).node);
		this.showFound();
	}

	showCallers(frame) {
		if (frame < 0) return;
		this.callers.setFrame(this.tree, frame);
		this.stale.delete('callers');
		this.view = 'callers';
		this.showView();
		this.visit(true);
	}

	showInGraph(i) {
		this.view = this.graphView;
		this.flame.zoom(i);
		this.showView();
		this.visit(true);
	}

	describe(view, i) {
		const { tree } = view, shown = i >= 0 ? i : view.zoomed || 0;
		if (!tree || (view === this.flame && ['callers', 'chart'].includes(this.view))) return;
		this.subject = { tree, node: shown };
		this.acts.hidden = tree.frame[shown] < 0;
		for (const button of this.acts.children) button.disabled = !canDo(button.dataset.action, this.subjectKind);
		showDetail(element('detail'), this.profile, tree, shown, view.zoomed || 0, this.acts);
	}

	showCrumb() {
		const { profile, main } = this;
		const parts = this.view === 'callers' ? [`${profile.nameOf(this.callers.frame)}`] :
			crumbParts(profile, main.tree, main.zoomed, i => this.showInView(i));
		if (this.missing) {
			const gone = document.createElement('span');
			gone.className = 'gone cut';
			gone.textContent = `not in this profile: ${this.missing}`;
			parts.push(gone);
		}
		element('crumb').replaceChildren(...parts);
		element('crumb').hidden = this.view === 'table' || this.view === 'tree';
	}

	showInView(i) {
		if (this.active === this.main) this.main.zoom(i);
		else this.showInGraph(i);
	}

	// --- what is done with a frame -------------------------------------------------------------

	get subjectKind() {
		return this.profile.kindOf(this.subject.tree.frame[this.subject.node]);
	}

	openMenu(x, y) {
		this.menu.open(x, y, this.subjectKind);
	}

	act(id) {
		const { tree, node } = this.subject, frame = tree.frame[node];
		if (frame < 0 || !canDo(id, this.subjectKind)) return;
		const name = this.profile.nameOf(frame);
		if (id === 'copy') copyText(name);
		else if (id === 'copy-stack') copyText(tree.path(node).map(i => this.profile.nameOf(tree.frame[i])).join('\n'));
		else if (id === 'callers') this.showCallers(frame);
		else this.chips.add(id, exactFilter(this.profile.functionOf(frame)));
	}

	// What the picture is of, as the page says it above the view and below.
	sheetWords(graph) {
		const { profile, drawn, view, search: { query } } = this, { due, isKnown, ...fates } = drawnFates(profile, drawn), isTold = isKnown && due;
		const zoomed = this.view === 'callers' ? this.callers.frame : graph.zoomed ? graph.tree.frame[graph.zoomed] : -1;
		return {
			heading: element('heading').textContent,
			above: [Array.from(element('origin').children, part => part.textContent), [`${this.constructor.NAMES[this.constructor.PANELS[view] === 'graph' || graph !== this.flame ? view : this.graphView]}${zoomed >= 0 ? ': ' + profile.nameOf(zoomed) : ''}`,
				query && `${query}: ${element('found').textContent}`]],
			bar: isTold ? SEEN_FATES.map(fate => ({ colour: this.theme.colour(FATE_COLOURS[fate]), share: fates[fate] / due })) : [],
			below: [isTold ? fateWords({ due, ...fates }) : [element('fates-text').textContent], [profile.facts.notes],
				[choiceWords(this.chips.filters), SIBLING_ORDERS[this.whole.order]]],
		};
	}

	save() {
		const graph = this.active || this.flame, { canvas } = graph, link = document.createElement('a'), { profile, theme } = this;
		const words = this.sheetWords(graph), wordsOf = i => frameWords(profile, graph.tree, i, graph.zoomed);
		const sheet = new SvgSheet(canvas.width, canvas.wholeHeight, document.title, canvas.solid, wordsOf);
		canvas.drawInto(sheet);
		sheet.frame(words, { ground: theme.colour('panel'), ink: theme.colour('ink'), quiet: theme.colour('ink2') });
		link.href = URL.createObjectURL(new Blob([sheet.text], { type: 'image/svg+xml' }));
		link.download = fileName([profile.facts.command || profile.facts.input || 'hearth', this.active ? this.view : this.graphView]);
		link.click();
		setTimeout(() => URL.revokeObjectURL(link.href), 10000);
	}

	// --- search --------------------------------------------------------------------------------

	find(text) {
		this.search.run(text, this.tree);
		this.flame.current = this.table.current = this.rows.current = -1;
		if (this.view === 'callers') this.callers.find(text);
		else if (this.view === 'table') this.table.show();
		else if (this.view === 'tree') this.rows.show();
		else if (this.view === 'chart') this.chart.find(text);
		else this.flame.redraw();
		this.controls.find();
		this.showFound();
	}

	showFound() {
		const { search: { query, problem, sums: { count, mass }, current }, tree } = this.main, found = element('found');
		const at = this.view === 'table' ? this.table.current : this.view === 'callers' ? -1 : current;
		found.classList.toggle('bad', Boolean(problem));
		found.textContent = problem || (!query ? '' : (at >= 0 ? `${groupDigits(at + 1)} of ` : '') +
			(at >= 0 && this.view === 'table' ? `${groupDigits(this.table.count)} ${this.table.count === 1 ? 'function' : 'functions'}, ` : '') +
			`${groupDigits(count)} ${count === 1 ? 'match' : 'matches'}, ` +
			`${shareText(mass, tree.whole)} of ${this.profile.facts.countname || 'samples'}`);
		element('previous').disabled = element('next').disabled = !count;
	}

	// To the next match, in the view that is open.
	step(by) {
		const { view, main, search } = this;
		if (view === 'table') this.table.step(by);
		else if (view === 'tree' && search.sums.count) this.rows.showMatch(search.step(by));
		else if (view === 'callers') this.callers.step(by);
		else if (this.active === main) main.showMatch(main.search.step(by));
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
		const to = writeAddress(pathOf(this.profile, this.main.tree, this.main.zoomed), {
			s: this.search.query,
			v: this.view === this.firstView ? '' : this.view,
			p: this.view === 'callers' ? this.profile.nameOf(this.callers.frame) : '',
			f: this.chips.fact,
			o: this.whole.order === this.firstOrder ? '' : this.whole.order,
			c: this.colour === 'kind' ? '' : this.colour,
			t: this.theme.chosen,
		});
		if (to !== (location.hash || '#')) putAddress(to, isNew);
	}

	restore() {
		const { path, facts } = readAddress(location.hash);
		if (facts.t) this.theme.choose(facts.t);
		this.chooseOrder(facts.o || this.firstOrder);
		if (this.chips.textOf(facts.f) !== this.chips.text) {
			this.chips.setText(this.chips.textOf(facts.f));
			this.onFilters(false);
		}
		if ((facts.c || 'kind') !== this.colour) this.chooseColour(facts.c);
		this.restoreView(facts);
		const { main } = this, { node, missing } = followPath(this.profile, main.tree, path);
		this.missing = missing;
		main.show(node);
		this.showCrumb();
		if (node && this.active === main) main.focus(node);
		if ((facts.s || '') === this.search.query) return;
		element('query').value = facts.s || '';
		this.find(facts.s || '');
	}

	// That is drawn and called so; -1: there is none.
	frameOf(name) {
		for (let f = 0; f < this.profile.frames.count; f++) if (this.profile.nameOf(f) === name && this.tree.nodesOf(f).length) return f;
		return -1;
	}

	restoreView({ v, p }) {
		const frame = p === undefined ? -1 : this.frameOf(p);
		this.view = this.views.includes(v) ? v : this.firstView;
		if (this.view === 'callers' && frame >= 0) {
			this.callers.setFrame(this.tree, frame);
			this.stale.delete('callers');
		}
		this.showView();
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
		element('save').addEventListener('click', () => this.save());
		element('colour').addEventListener('change', event => {
			this.chooseColour(event.target.value);
			this.visit(false);
		});
		element('order').addEventListener('change', event => {
			this.chooseOrder(event.target.value);
			this.visit(false);
		});
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
		const tabs = [...event.currentTarget.children].filter(tab => !tab.hidden), at = tabs.indexOf(document.activeElement);
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
			if (this.tree.whole && this.active) this.active.focus(this.active.home);
			else element('query').blur();
		} else {
			return;
		}
		event.preventDefault();
		event.stopPropagation();
	}

	escape() {
		const { active } = this;
		if (active && (active.zoomed || active.canvas.span < active.tree.whole)) active.zoomOut();
		else if (this.search.query) this.clearSearch();
	}

	openMenuAtFocus() {
		const { active } = this;
		if (!active || active.focused < 0 || this.subject.tree.frame[this.subject.node] < 0) return;
		const at = active.canvas.extent(active.focused), box = active.sheet.getBoundingClientRect();
		this.openMenu(box.left + (at ? at.x : 0), box.top + active.canvas.top(active.tree.depth[active.focused]));
	}

	commandFor(key) {
		const query = element('query');
		const commands = {
			'/': () => { query.focus(); query.select(); },
			'?': () => element('help').showModal(),
			0: () => this.active?.zoom(0),
			Escape: () => this.escape(),
			n: () => this.step(1),
			N: () => this.step(-1),
			i: () => this.chooseView(this.view === 'icicle' ? 'flame' : 'icicle'),
			o: () => this.nextOrder(),
			t: () => this.toggleTheme(),
			p: () => this.controls.openPicker(),
			w: () => element('cells').focus(),
			ContextMenu: () => this.openMenuAtFocus(),
		};
		for (const action of FRAME_ACTIONS) if (action.key) commands[action.key] = () => this.act(action.id);
		return Object.hasOwn(commands, key) ? commands[key] : null;
	}

	onKey(event) {
		const { target, key } = event, query = element('query');
		if ((event.ctrlKey || event.metaKey) && key === 'f' && target !== query) {
			event.preventDefault();
			this.commandFor('/')();
			return;
		}
		const isTyping = target.matches?.('input, select, textarea') || document.querySelector('dialog[open]');
		if (event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
		if (this.onGraphKey(event)) return event.preventDefault();
		const command = this.commandFor(key);
		if (!command) return;
		command();
		event.preventDefault();
	}

	// Keys that mean a frame: from the one that has the focus, or else the one that had it.
	onGraphKey(event) {
		const graph = this.active;
		if (!this.tree.whole || !graph?.tree) return false;
		if (event.key === 'Enter' || event.key === ' ') {
			if (graph.focused < 0) return false;
			graph.choose(graph.focused);
			return true;
		}
		const to = graph.follow(event.key, graph.home);
		if (to >= 0) graph.focus(graph.focused >= 0 ? to : graph.home);
		return to >= 0;
	}
}
