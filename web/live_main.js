// SPDX-License-Identifier: Apache-2.0
//
// The page of hearth serve: keeps what is asked for (live_state.js), the answers and what is shown in step.

import { LiveApi } from './live_api.js';
import { LiveChart } from './live_chart.js';
import { LiveView } from './live_view.js';
import { LiveWhere } from './live_where.js';
import { CompareForm, PairBar, aroundSpans } from './live_compare.js';
import { DownloadMenu, shapingParams } from './live_download.js';
import { BandColours } from './live_palette.js';
import { RangeForm, RANGES } from './live_range.js';
import { fillCost, fillLive } from './live_status.js';
import { heatQuestion } from './live_heat.js';
import { lengthText, momentText, readLength, spanWords } from './live_times.js';
import { labelWord, readTerm } from './live_where.js';
import { eventWords } from './live_events.js';
import { FILTER_KINDS } from './frame_filters.js';
import { blankProfile, decodeProfile } from './profile_data.js';
import { element } from './page_view.js';
import { pairProfiles } from './live_pair.js';
import { putAddress, readAddress } from './view_address.js';
import { profileParams, readState, sameState, writeState } from './live_state.js';

const SERIES_LIMIT = 7;
const POINT_PIXELS = 4;
const POINTS_MOST = 500, POINTS_LEAST = 2;
const POINT_TICKS = 10, POINT_LEAST_MS = 1000;
const POLL_MS = 5000, POLL_LEAST_MS = 100;
const WAIT_MS = 150;     // an answer that comes sooner is not waited for in sight
const LATE_WINDOWS = 3;
const EVENTS_ASKED = 500;
const CHART_BYS = ['comm', 'container', 'user', 'cgroup', 'pid', 'cpu'];
const CHART_MOST_MS = 3600000; // each sample is sent
const NOTHING = new Uint8Array(0);
const STARTS_MOST = 60; // of processes, as marks: more would tell nothing

function sameBytes(a, b) {
	return a === b || (a.length === b.length && a.every((byte, i) => byte === b[i]));
}

class LivePage {
	constructor() {
		this.api = new LiveApi();
		this.state = readState(location.search);
		this.status = null;
		this.gone = 0;
		this.range = null;
		this.isFirst = true;
		this.colours = new BandColours();
		this.view = new LiveView(blankProfile(), this.viewHooks());
		this.chart = new LiveChart(this.chartParts(), this.view.theme, { get: value => this.bandOf.get(value) }, value => this.nameOf(value), {
			select: (span, isSecond) => this.select(span, isSecond),
			clear: () => this.go({ span: null, before: null }),
			all: () => this.go({ span: null, before: null }),
			around: time => this.go(aroundSpans(time, this.now)),
		});
		this.bandOf = new Map();
		this.where = new LiveWhere(element('where-form'), this.view.chips, {
			change: where => this.go({ where }),
			labels: () => this.api.json('labels', 'labels'),
			values: (name, limit) => this.api.json('values', 'labels', [['name', name], ...profileParams(this.span, this.state.where.filter(term => !term.startsWith(name))), ['limit', limit]]),
		});
		this.ranges = new RangeForm(element('ranges'), element('range-form'), { last: last => this.go({ last, range: null, span: null }), range: range => this.go({ range, last: '', span: null }) });
		this.compare = new CompareForm(element('pair-form'), { before: before => this.go({ before }), around: time => this.go(aroundSpans(time, this.now)), drag: () => this.chart.wantSecond(), events: () => this.happenings() });
		this.pairBar = new PairBar(element('pair'), { change: change => this.go(change) });
		this.download = new DownloadMenu(element('download'), element('download-menu'), this.downloadHooks());
		this.listen();
		this.where.show(this.state.where);
		this.poll();
	}

	chartParts() {
		return { plot: element('plot'), areas: element('areas'), marks: element('plot-marks'), most: element('plot-most'), axis: element('time-axis'), words: element('time-words') };
	}

	viewHooks() {
		return {
			emptyWords: () => this.emptyWords(),
			chartWords: () => this.chartWords(),
			wantTimes: () => this.wantTimes(),
			showHeat: () => this.loadHeat(),
			chooseSpan: span => this.go({ span }),
			onTheme: () => this.onTheme(),
			commands: {
				w: () => element('plot').focus(),
				l: () => this.toggleLive(),
				p: () => this.where.open(),
				s: () => this.download.open(),
				d: () => this.openCompare(),
				'[': () => this.shift(-.5),
				']': () => this.shift(.5),
			},
		};
	}

	downloadHooks() {
		return {
			path: () => this.state.before ? 'diff' : 'profile',
			params: () => [...profileParams(this.span, this.state.where), ...this.beforeParams(), ...shapingParams(this.view.chips.filters, kind => FILTER_KINDS[kind].asks), ...this.view.drawingParams()],
			save: () => this.view.save(),
		};
	}

	beforeParams() {
		const { before, isShare } = this.state;
		if (!before) return [];
		return [...profileParams(before, []).map(([key, value]) => [`before-${key}`, value]), [isShare ? 'normalize' : 'per-time', '1']];
	}

	openCompare() {
		if (this.range) this.compare.open(this.span, this.now);
	}

	listen() {
		this.timeButton('Compare…', 'with another span (d)', () => this.openCompare());
		this.zoomButton = this.timeButton('Zoom in', 'only this span in sight', () => this.go({ range: this.state.span, last: '', span: null }));
		this.allButton = this.timeButton('All', 'all that is in sight (double click)', () => this.go({ span: null }));
		for (const label of CHART_BYS) element('by').append(new Option(labelWord(label), label));
		element('by').addEventListener('change', event => this.go({ by: event.target.value }));
		element('live').addEventListener('click', () => this.toggleLive());
		addEventListener('popstate', () => this.onPop());
		document.addEventListener('visibilitychange', () => { if (!document.hidden) this.poll(); });
	}

	// --- time --------------------------------------------------------------------------------------

	get now() {
		return this.status ? this.status.now_ms : Date.now();
	}

	timeButton(text, title, act) {
		const button = document.createElement('button');
		button.type = 'button';
		button.textContent = text;
		button.title = title;
		button.addEventListener('click', act);
		element('time-acts').append(button);
		return button;
	}

	get isLive() {
		return !this.state.range;
	}

	// What is in sight. That which follows ends where the store does, but where nothing came for long with the last window that should be there.
	rangeNow() {
		if (this.state.range) return this.state.range;
		const { now_ms: now, window_ms: window, store: { newest_ms: newest } } = this.status;
		const to = newest && newest <= now && now - newest < LATE_WINDOWS * window ? Math.ceil(newest) : Math.floor(now / window) * window;
		return { from: to - readLength(this.state.last), to };
	}

	// What is drawn.
	get span() {
		return this.state.span || this.range;
	}

	// The span that one drags must be in sight for as long as it is meant.
	// What is shown is all that there will be of it: it was over before it was asked for.
	get isSettled() {
		const { shown, state } = this;
		return Boolean(shown && shown.state === state && state.span && state.span.to <= shown.newest && (!state.before || state.before.to <= shown.newest));
	}

	select(span, isSecond) {
		if (!isSecond) return this.go({ span });
		this.go({ before: span });
	}

	toggleLive() {
		if (!this.status) return;
		if (this.isLive) return this.go({ range: this.range, last: '' });
		this.go({ range: null, last: this.ranges.nearest(this.range) });
	}

	shift(part) {
		if (!this.range) return;
		const by = Math.round((this.range.to - this.range.from) * part), to = Math.min(this.rangeEnd, this.range.to + by);
		this.go({ range: { from: to - (this.range.to - this.range.from), to }, last: '', span: null });
	}

	get rangeEnd() {
		return Math.max(this.range.to, this.now);
	}

	// --- what is asked for -------------------------------------------------------------------------

	go(change) {
		const state = { ...this.state, ...change };
		if (sameState(state, this.state)) return;
		this.state = state;
		putAddress(location.pathname + writeState(state) + location.hash, true);
		this.update();
	}

	onPop() {
		const state = readState(location.search);
		if (sameState(state, this.state)) return;
		this.state = state;
		this.isFirst = true; // how it was looked at is in the address, too
		this.update();
	}

	// `isNews`: only time went on.
	update(isNews = false) {
		if (!this.status) return;
		const { state } = this, { activeElement: focused } = document;
		this.range = this.rangeNow();
		element('by').value = state.by;
		this.where.show(state.where);
		this.ranges.show(state);
		this.zoomButton.hidden = this.allButton.hidden = !state.span;
		this.pairBar.show(state, this.span, this.now);
		if (focused?.closest('[hidden]')) element('time-acts').firstChild.focus();
		this.chart.range ??= this.range;
		this.chart.mark(state.span, state.before, this.now);
		fillLive(element('live'), this.isLive, this.gone, this.now);
		this.loadSeries();
		if (!isNews || !this.isSettled && !this.view.isHeld) this.loadProfile(isNews);
		if (this.view.view === 'heat') this.loadHeat();
	}

	// --- the recorder ------------------------------------------------------------------------------

	async poll() {
		clearTimeout(this.timer);
		const question = this.hasAsked ? this.api.json('status', 'status') : this.api.preloaded('status', 'status'), status = await question.catch(error => this.onSilence(error));
		this.hasAsked = true;
		if (status) this.onStatus(status);
		if (status !== null && !document.hidden) this.timer = setTimeout(() => this.poll(), Math.max(POLL_LEAST_MS, Math.min(POLL_MS, (this.status?.window_ms || POLL_MS) / 2)));
	}

	// Who was refused is not told why by asking again, but by the page that asks for the token.
	onSilence(error) {
		this.gone ||= this.now;
		if (error.status === 401) this.fail(`hearth asks for its token: ${error.message}`, () => location.reload());
		else if (!this.status) this.fail(`hearth’s state cannot be read: ${error.message}`, () => this.poll());
		else this.fail(`hearth has not answered since ${momentText(this.gone, this.gone)}. What is shown stays; it is asked again by itself.`, () => this.poll());
		fillLive(element('live'), this.isLive, this.gone, this.now);
	}

	onStatus(status) {
		const before = this.status, wasGone = this.gone;
		this.status = status;
		this.gone = 0;
		if (wasGone) element('failure').hidden = true;
		fillCost(element('cost-button'), element('cost-reasons'), status);
		if (!before || before.host !== status.host) this.showMachine(status);
		fillLive(element('live'), this.isLive, 0, this.now);
		if (!before || wasGone || (this.isLive && this.rangeNow().to !== this.range.to)) this.update(Boolean(before && !wasGone));
	}

	showMachine({ host, kernel, version }) {
		element('origin').replaceChildren(...[host].map(text => {
			const span = document.createElement('span');
			span.textContent = text;
			return span;
		}));
		element('origin').title = `${host} · Linux ${kernel} · hearth ${version}`;
		document.title = `hearth · ${host}`;
	}

	// --- the chart of time -------------------------------------------------------------------------

	// As many as can be seen, but of each so many ticks of a CPU that it tells more than when they fell.
	get points() {
		const { range, status: { rate_hz: rate } } = this, least = Math.max(POINT_LEAST_MS, POINT_TICKS * 1000 / (rate || 1));
		const most = Math.min(POINTS_MOST, Math.floor(element('plot').clientWidth / POINT_PIXELS), Math.floor((range.to - range.from) / least));
		return Math.max(POINTS_LEAST, most);
	}

	async loadSeries() {
		const { state, range, points } = this;
		const params = [['by', state.by], ['limit', SERIES_LIMIT], ['points', points], ...profileParams(range, state.where)];
		try {
			const events = this.loadEvents(range), answer = await this.api.json('series', 'series', params);
			if (!answer) return;
			this.tellChart('');
			this.series = answer;
			this.showSeries();
			this.chart.showEvents(await events);
		} catch (error) {
			this.tellChart(`CPU over time cannot be read: ${error.message}`, () => this.loadSeries());
		}
	}

	// The chart does without. Of processes there are thousands: they are marked where they are few.
	async loadEvents(range) {
		try {
			const [notable, starts] = await Promise.all([this.events('events', range, '!process'), this.startsOf('marks', range)]);
			return [...notable, ...(starts.length > STARTS_MOST ? [] : starts)];
		} catch (error) {
			return [];
		}
	}

	// [{ time_ms, kind, text }], text in words.
	async events(slot, range, kind, more = []) {
		const answer = await this.api.json(slot, 'events', [['kind', kind], ...more, ...profileParams(range, []), ['limit', EVENTS_ASKED]]);
		return answer ? answer.events.map(event => ({ ...event, text: eventWords(event) })) : [];
	}

	// Of processes: of those that are chosen by name, where one is. None is called two names, or nothing.
	async startsOf(slot, range) {
		const names = new Set(this.state.where.map(readTerm).filter(term => term?.label === 'comm' && term.sign === '=').map(({ text }) => text));
		return names.size > 1 || names.has('') ? [] : this.events(slot, range, 'process_start', [...names].map(name => ['comm', name]));
	}

	showSeries() {
		const { series: answer, state, range, now } = this, values = answer.series.map(({ value }) => value), indexes = this.colours.choose(values);
		this.bandOf = new Map(values.map((value, i) => [value, indexes[i]]));
		this.chart.show(answer, { range, span: state.span, before: state.before, now });
		this.showBands(answer);
		document.documentElement.dataset.charted = '1';
	}

	nameOf(value) {
		return value === '' ? `no ${labelWord(this.state.by)}` : value;
	}

	showBands({ series, others }) {
		const values = [...series.map(({ value }) => value), ...(others?.some(Boolean) ? [null] : [])], of = JSON.stringify([this.state.by, this.state.where]), told = of + JSON.stringify(values);
		if (told === this.toldBands) return; // they stay, and what has the focus keeps it
		if (of === this.bandsOf && element('bands').matches(':hover, :focus-within')) return; // what one is about to click at does not move away
		const hadFocus = element('bands').contains(document.activeElement);
		this.bandsOf = of;
		this.toldBands = told;
		element('bands').replaceChildren(...values.map(value => this.band(value)));
		this.chart.light(undefined);
		if (hadFocus) element('where').focus(); // bands with the focus would stay as they are
	}

	// Of the rest there is no term.
	band(value) {
		const band = document.createElement(value === null ? 'span' : 'button'), swatch = document.createElement('i'), name = document.createElement('span');
		swatch.className = value === null ? 'band-rest' : `band-${this.bandOf.get(value)}`;
		name.className = 'cut';
		name.textContent = value === null ? 'others' : this.nameOf(value);
		band.append(swatch, name);
		if (value === null) band.title = `${labelWord(this.state.by)}: less than the others, or none`;
		if (value === null) return band;
		band.type = 'button';
		band.title = `only ${labelWord(this.state.by)} ${this.nameOf(value)}`;
		band.addEventListener('click', () => this.where.choose(this.state.by, value));
		for (const type of ['pointerenter', 'focus']) band.addEventListener(type, () => this.chart.light(value));
		for (const type of ['pointerleave', 'blur']) band.addEventListener(type, () => this.chart.light(undefined));
		return band;
	}

	tellChart(text, again) {
		const told = element('plot-told');
		told.hidden = !text;
		told.replaceChildren(...(text ? [text + ' ', this.againButton(again)] : []));
	}

	againButton(again) {
		const button = document.createElement('button');
		button.type = 'button';
		button.textContent = 'Try again';
		button.addEventListener('click', again);
		return button;
	}

	// --- the profile -------------------------------------------------------------------------------

	// Waiting shows only where there is something to wait for.
	wait(isWaiting) {
		clearTimeout(this.waiting);
		element('card').setAttribute('aria-busy', isWaiting);
		if (!isWaiting) return element('card').classList.remove('waiting');
		this.waiting = setTimeout(() => element('card').classList.add('waiting'), WAIT_MS);
	}

	// null: another one is asked for meanwhile. An answer of nothing is a profile of nothing.
	async block(slot, span, more = []) {
		try {
			return await this.api.bytes(slot, 'profile', [['format', 'block'], ...profileParams(span, this.state.where), ...more]);
		} catch (error) {
			if (error.status === 404) return NOTHING;
			throw error;
		}
	}

	// What came since is not shown where one has zoomed to something meanwhile that it would take away.
	async loadProfile(isNews = false) {
		const { span, state, wantsTimes } = this, newest = this.status.store.newest_ms || 0;
		this.wait(true);
		try {
			const blocks = await Promise.all([this.block('profile', span, wantsTimes ? [['flamechart', '1']] : []), state.before ? this.block('before', state.before) : NOTHING]);
			if (blocks.includes(null) || !sameState(state, this.state)) return;
			if (isNews && this.view.isHeld) this.wait(false);
			else this.showProfile(blocks, { span, newest, wantsTimes });
		} catch (error) {
			if (sameState(state, this.state)) this.fail(`The profile of ${spanWords(span, this.now)} cannot be read: ${error.message}`, () => this.loadProfile());
		}
	}

	// What did not change stays as it is.
	showProfile(blocks, { span, newest, wantsTimes }) {
		const { before, width, isShare } = this.state, key = [before, width, isShare];
		const isSame = this.shown && this.shown.key.every((part, i) => part === key[i]) && this.shown.blocks.every((block, i) => sameBytes(block, blocks[i]));
		this.wait(false);
		this.hadTimes = wantsTimes;
		element('failure').hidden = true;
		element('card').classList.remove('blank');
		if (!isSame) this.view.setProfile(this.makeProfile(blocks, span));
		this.shown = { key, blocks, state: this.state, newest };
		if (this.isFirst) this.view.restore();
		this.isFirst = false;
		if (!document.documentElement.dataset.ready) performance.mark('hearth-ready');
		document.documentElement.dataset.ready = '1';
	}

	// Of a chart: before there is a view it is in the address.
	get wantsTimes() {
		const view = this.isFirst ? readAddress(location.hash).facts.v : this.view.view;
		return view === 'chart' && !this.state.before && this.span.to - this.span.from <= CHART_MOST_MS;
	}

	wantTimes() {
		if (this.wantsTimes && !this.hadTimes) this.loadProfile();
	}

	chartWords() {
		const { from, to } = this.span;
		if (to - from > CHART_MOST_MS) return ['A chart shows each sample.', 'An hour is the most that it takes: drag over a part of the time above.'];
		return this.hadTimes ? ['Nothing here has a time.', 'Of what is older the store keeps how much it was, and not when: the other views show it.'] : ['', ''];
	}

	makeProfile(blocks, span) {
		const { before, width, isShare } = this.state, decode = block => block.length ? decodeProfile(block) : blankProfile(), [after, other] = blocks.map(decode);
		if (!before) return after;
		const pair = pairProfiles(after, other, { width, isShare, lengths: { after: span.to - span.from, before: before.to - before.from }, rate: this.status.rate_hz });
		this.pairBar.tell(pair);
		return pair;
	}

	// That one may want to look before and after, the last ones first. Starts are many, and leave the others their place.
	async happenings() {
		const [notable, starts] = await Promise.all([this.events('happened', this.range, '!process'), this.startsOf('started', this.range)]);
		return [{ title: 'Before and after', events: notable.reverse() }, { title: 'Before and after a start', events: starts.reverse() }];
	}

	// What is told already stays, with what has the focus in it.
	fail(text, again) {
		const failure = element('failure'), words = document.createElement('span');
		this.wait(false);
		document.documentElement.dataset.ready = '1';
		if (!failure.hidden && failure.firstElementChild?.textContent === text) return;
		words.textContent = text;
		failure.replaceChildren(words, this.againButton(() => {
			failure.hidden = true;
			again();
		}));
		failure.hidden = false;
	}

	emptyWords() {
		const { span, state: { where }, status } = this;
		if (!status || !span) return ['Nothing yet.', 'hearth was not asked yet.'];
		const when = spanWords(span, this.now), started = status.start_ms;
		if (where.length) return ['No sample is left.', `No tick hit ${where.join(', ')} in ${when}: it slept, or did not run. Take a filter away, or look at more time.`];
		if (status.store.oldest_ms && span.to <= status.store.oldest_ms) return ['Nothing is kept of that time.', `The store begins at ${spanWords({ from: status.store.oldest_ms, to: this.now }, this.now).split(' – ')[0]}.`];
		if (this.now - started < 2 * status.window_ms) return ['hearth has just started.', `The first window is there ${lengthText({ from: 0, to: status.window_ms })} after the start; it shows here by itself.`];
		return ['Nothing was on a CPU.', `In ${when} no tick hit anything, or hearth did not run.`];
	}

	// --- the heat map ------------------------------------------------------------------------------

	async loadHeat() {
		if (!this.range) return;
		const { columns, rows } = heatQuestion(this.span, element('heat-panel').clientWidth);
		try {
			const answer = await this.api.json('heat', 'heat', [['columns', columns], ['rows', rows], ...profileParams(this.span, this.state.where)]);
			if (!answer || answer === this.shownHeat) return;
			this.shownHeat = answer;
			this.view.heat.show(answer);
		} catch (error) {
			this.fail(`The heat map cannot be read: ${error.message}`, () => this.loadHeat());
		}
	}

	onTheme() {
		this.chart?.layOut();
	}
}

// What needs no data is painted first: to make the views takes longer than a frame. (In a tab that is not seen there is none.)
function afterPaint(act) {
	if (document.hidden) act();
	else requestAnimationFrame(() => setTimeout(act));
}

afterPaint(() => new LivePage());
