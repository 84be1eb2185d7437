// Draws the way from an entry to its anchors as a tree hanging down: the entry on top, the root below it, and what holds it at the bottom. Every part can be chosen.

import {html, svg, type TemplateResult} from 'lit-html';
import type {Path} from '../../api/client.ts';
import {type Figures, shortHash} from './figures.ts';
import type {Words} from './words.ts';

/** An anchor as the agent tells it: of a chain or of an authority. */
export type ShownAnchor = {
	readonly chainId?: unknown;
	readonly authority?: unknown;
	readonly blockNumber?: unknown;
	readonly blockTime?: unknown;
	readonly transactionHash?: unknown;
	readonly registry?: unknown;
	readonly token?: unknown;
	readonly size?: unknown;
};

export type Node =
	| {readonly kind: 'entry'}
	| {readonly kind: 'leaf'; readonly hash: string}
	| {readonly kind: 'sum'; readonly hash: string; readonly begin: number; readonly end: number; readonly isRoot: boolean}
	| {readonly kind: 'sibling'; readonly hash: string; readonly begin: number; readonly end: number}
	| {readonly kind: 'checkpoint'}
	| {readonly kind: 'anchor'; readonly anchor: ShownAnchor}
	| {readonly kind: 'noAnchor'};

export type Placed = {readonly id: string; readonly node: Node; readonly x: number; readonly y: number; readonly width: number};
export type Edge = {readonly from: readonly [number, number]; readonly to: readonly [number, number]; readonly isWay: boolean};
export type Drawing = {readonly width: number; readonly height: number; readonly nodes: readonly Placed[]; readonly edges: readonly Edge[]};

/** On a phone everything is closer, so that its letters stay large enough. */
const sizes = {
	wide: {drawingWidth: 640, sideways: 205, boxWidth: 176, textMax: 26},
	narrow: {drawingWidth: 408, sideways: 138, boxWidth: 128, textMax: 19},
} as const;
export type Size = keyof typeof sizes;
const boxHeight = 40;
const stepHeight = 66;

/** Where everything stands. A step is as high as the others however many entries its neighbour has: the way has as many steps as the log has digits in base two. */
export function drawingOf(path: Path, size: Size = 'wide'): Drawing {
	const {drawingWidth, sideways, boxWidth} = sizes[size];
	const middle = drawingWidth / 2;
	const nodes: Placed[] = [];
	const edges: Edge[] = [];
	let y = 6;
	const put = (id: string, node: Node, x: number, at: number, width: number = boxWidth): void =>
		void nodes.push({id, node, x, y: at, width});
	const join = (fromX: number, fromY: number, toX: number, toY: number, isWay: boolean): void =>
		void edges.push({from: [fromX, fromY + boxHeight], to: [toX, toY], isWay});
	put('entry', {kind: 'entry'}, middle, y);
	join(middle, y, middle, y + stepHeight, true);
	y += stepHeight;
	put('leaf', {kind: 'leaf', hash: path.leafHash}, middle, y);
	let begin = path.index;
	let end = path.index + 1;
	path.steps.forEach((step, i) => {
		const x = step.side === 'left' ? middle - sideways : middle + sideways;
		put(`sibling-${i}`, {kind: 'sibling', hash: step.hash, begin: step.begin, end: step.end}, x, y);
		begin = Math.min(begin, step.begin);
		end = Math.max(end, step.end);
		join(x, y, middle, y + stepHeight, false);
		join(middle, y, middle, y + stepHeight, true);
		y += stepHeight;
		put(`sum-${i}`, {kind: 'sum', hash: step.sum, begin, end, isRoot: i === path.steps.length - 1}, middle, y);
	});
	join(middle, y, middle, y + stepHeight, true);
	y += stepHeight;
	put('checkpoint', {kind: 'checkpoint'}, middle, y, 230);
	const anchors = path.anchors.filter((anchor): anchor is ShownAnchor => typeof anchor === 'object' && anchor !== null);
	const below = y + stepHeight + 12;
	if (anchors.length === 0) {
		put('anchor-0', {kind: 'noAnchor'}, middle, below);
		join(middle, y, middle, below, false);
	}
	const perRow = 3;
	anchors.forEach((anchor, i) => {
		const row = Math.floor(i / perRow);
		const inRow = Math.min(perRow, anchors.length - row * perRow);
		const x = middle + ((i % perRow) - (inRow - 1) / 2) * sideways;
		const at = below + row * stepHeight;
		put(`anchor-${i}`, {kind: 'anchor', anchor}, x, at);
		join(middle, y, x, at, true);
	});
	const rows = Math.max(1, Math.ceil(anchors.length / perRow));
	return {width: drawingWidth, height: below + (rows - 1) * stepHeight + boxHeight + 6, nodes, edges};
}

export function nameOf(node: Node, said: Words): string {
	const {nodes} = said.log;
	if (node.kind === 'sum') return node.isRoot ? nodes.root : nodes.sum;
	return nodes[node.kind];
}

function lineOf(node: Node, path: Path, figures: Figures, said: Words, textMax: number): string {
	switch (node.kind) {
		case 'entry':
			return figures.whole(path.index);
		case 'leaf':
		case 'sum':
			return shortHash(node.hash);
		case 'sibling':
			return node.end - node.begin === 1 ? figures.whole(node.begin) : `${figures.whole(node.begin)} – ${figures.whole(node.end - 1)}`;
		case 'checkpoint':
			return said.overview.entriesCount(figures.whole(path.checkpoint.size));
		case 'anchor': {
			const {authority, chainId, blockNumber} = node.anchor;
			const text = typeof authority === 'string' ? authority : `${said.overview.chain} ${String(chainId)} · ${String(blockNumber)}`;
			return text.length > textMax ? `${text.slice(0, textMax - 1)}…` : text;
		}
		case 'noAnchor':
			return '–';
	}
}

export function treeView(path: Path, chosen: string, said: Words, figures: Figures, choose: (id: string) => void): TemplateResult {
	const size: Size = matchMedia('(max-width: 48rem)').matches ? 'narrow' : 'wide';
	const {width, height, nodes, edges} = drawingOf(path, size);
	return html`<div class="tree" role="group" aria-label=${said.log.tree}>
		<svg viewBox="0 0 ${width} ${height}" width=${width} height=${height}>
			${edges.map(
				({from: [fromX, fromY], to: [toX, toY], isWay}) =>
					svg`<path class=${isWay ? 'edge way' : 'edge'} d="M${fromX} ${fromY}C${fromX} ${fromY + 18} ${toX} ${toY - 18} ${toX} ${toY}" />`,
			)}
			${nodes.map(({id, node, x, y, width: boxed}) => {
				const name = nameOf(node, said);
				const line = lineOf(node, path, figures, said, sizes[size].textMax);
				const key = (event: KeyboardEvent): void => {
					if (event.key !== 'Enter' && event.key !== ' ') return;
					event.preventDefault();
					choose(id);
				};
				return svg`<g class="node ${node.kind} ${node.kind === 'sum' && node.isRoot ? 'root' : ''} ${id === chosen ? 'chosen' : ''}" role="button" tabindex="0" aria-pressed=${id === chosen ? 'true' : 'false'}
						aria-label=${`${name}${figures.colon}${line}`} data-node=${id} @click=${() => choose(id)} @keydown=${key}>
					<rect x=${x - boxed / 2} y=${y} width=${boxed} height=${boxHeight} rx="9" />
					<text class="what" x=${x} y=${y + 16}>${name}</text>
					<text class="line-of" x=${x} y=${y + 32}>${line}</text>
				</g>`;
			})}
		</svg>
	</div>`;
}
