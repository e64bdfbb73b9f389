// SPDX-License-Identifier: Apache-2.0
//
// The elements of one graph.
export { graphParts };

// { graph, stage, sheet, frames, marks, twin }: graph scrolls, sheet stays in sight, and the canvases fill it.
function graphParts(id, label, graph = document.createElement('div')) {
	const parts = { graph };
	for (const name of ['stage', 'sheet', 'twin']) parts[name] = document.createElement('div');
	for (const name of ['frames', 'marks']) {
		parts[name] = document.createElement('canvas');
		parts[name].setAttribute('aria-hidden', 'true');
	}
	for (const [name, part] of Object.entries(parts)) {
		part.classList.add(name);
		if (id) part.id = id + '-' + name;
	}
	parts.twin.classList.add('unseen');
	parts.twin.setAttribute('role', 'tree');
	parts.twin.setAttribute('aria-label', label);
	parts.sheet.append(parts.frames, parts.marks);
	parts.stage.append(parts.sheet);
	graph.append(parts.stage, parts.twin);
	return parts;
}
