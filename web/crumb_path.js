// SPDX-License-Identifier: Apache-2.0
//
// The way from the root to what is shown, each step a button.
export { crumbParts };

const CRUMB_MOST = 8; // of a longer way the first two steps and the last five

function crumbStep(name, onClick) {
	const step = document.createElement('button');
	step.type = 'button';
	step.textContent = step.title = name;
	step.addEventListener('click', onClick);
	return step;
}

function crumbParts(profile, tree, node, zoom) {
	const path = tree.path(node), parts = [];
	const kept = path.length > CRUMB_MOST ? [...path.slice(0, 2), -1, ...path.slice(-5)] : path;
	for (const i of kept) {
		const separator = document.createElement('i');
		separator.textContent = '›';
		if (parts.length) parts.push(separator);
		parts.push(i < 0 ? '…' : crumbStep(profile.nameOf(tree.frame[i]), () => zoom(i)));
	}
	return parts;
}
