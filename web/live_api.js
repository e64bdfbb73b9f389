// SPDX-License-Identifier: Apache-2.0
//
// What the page asks of the server that it came from (http/). Answers are kept with their ETag, so that what did not change is not sent again; of one `slot`, as "profile", only
// the last question counts: the one before is broken off.
export { LiveApi, ApiError, apiAddress };

const KEPT_ANSWERS = 32;
const PATIENCE_MS = 60000; // a question that takes longer has failed
const TRIES = 4, LONGEST_MS = 5000;
const LAST_WORDS = 300;    // letters of what a server says of an error

// `status` is HTTP's, 0 where there was no answer.
class ApiError extends Error {
	constructor(message, status) {
		super(message);
		this.status = status;
	}
}

// `params`: [key, value] pairs; what is '' or null is left out.
function apiAddress(path, params) {
	const query = new URLSearchParams(params.filter(([, value]) => value !== '' && value !== null && value !== undefined).map(([key, value]) => [key, String(value)]));
	return `/api/v1/${path}${query.size ? '?' + query : ''}`;
}

class LiveApi {
	constructor() {
		this.kept = new Map(); // address → { etag, answer }, the last one used at the end
		this.asked = new Map(); // slot → AbortController
	}

	json(slot, path, params = []) {
		return this.ask(slot, apiAddress(path, params), response => response.json());
	}

	// The first answer of one that the page has asked for already (<link rel="preload">).
	preloaded(slot, path) {
		return this.ask(slot, apiAddress(path, []), response => response.json(), 'default');
	}

	// A Uint8Array.
	bytes(slot, path, params) {
		return this.ask(slot, apiAddress(path, params), async response => new Uint8Array(await response.arrayBuffer()));
	}

	// null: another question of this slot came meanwhile.
	async ask(slot, address, read, cache = 'no-store') {
		this.asked.get(slot)?.abort();
		const controller = new AbortController(), kept = this.kept.get(address);
		this.asked.set(slot, controller);
		try {
			const signal = AbortSignal.any([controller.signal, AbortSignal.timeout(PATIENCE_MS)]);
			const response = await this.fetchSoon(address, { headers: kept ? { 'If-None-Match': kept.etag } : {}, signal, cache });
			const answer = response.status === 304 ? kept.answer : await this.readAnswer(response, read);
			this.keep(address, response.headers.get('ETag') || kept?.etag, answer);
			return controller.signal.aborted ? null : answer;
		} catch (error) {
			if (controller.signal.aborted) return null;
			throw this.failure(error);
		}
	}

	// A server that has too much to do says when to come again.
	async fetchSoon(address, options) {
		for (let left = TRIES; ; left--) {
			const response = await fetch(address, options), seconds = +(response.headers.get('Retry-After') || 0);
			if (response.status !== 503 || !seconds || left <= 1) return response;
			await new Promise(done => setTimeout(done, Math.min(seconds * 1000, LONGEST_MS)));
			options.signal.throwIfAborted();
		}
	}

	async readAnswer(response, read) {
		if (response.ok) return read(response);
		const words = (await response.text()).slice(0, LAST_WORDS);
		let message = words;
		try {
			message = String(JSON.parse(words).error);
		} catch (error) {
			// It is not of the interface: what it says is as good as it gets.
		}
		throw new ApiError(message || `the server answers ${response.status}`, response.status);
	}

	failure(error) {
		if (error instanceof ApiError) return error;
		if (error.name === 'TimeoutError') return new ApiError('no answer within a minute', 0);
		return error instanceof TypeError ? new ApiError('hearth does not answer', 0) : new ApiError(error.message, 0);
	}

	keep(address, etag, answer) {
		this.kept.delete(address);
		if (!etag) return;
		this.kept.set(address, { etag, answer });
		if (this.kept.size > KEPT_ANSWERS) this.kept.delete(this.kept.keys().next().value);
	}
}
