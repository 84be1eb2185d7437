// Draws the demo as lines of text: pure, from its state.

import type {DemoState} from '../demo.ts';
import {firstChainOf} from '../state.ts';

export type ViewOptions = {
	readonly elapsedMs: number;
	/** How long the demo lasts; undefined: until Ctrl-C. */
	readonly forMs: number | undefined;
	readonly columns: number;
	readonly events: readonly string[];
};

const bold = (text: string): string => `\u001b[1m${text}\u001b[22m`;
const dim = (text: string): string => `\u001b[2m${text}\u001b[22m`;
const green = (text: string): string => `\u001b[32m${text}\u001b[39m`;
const yellow = (text: string): string => `\u001b[33m${text}\u001b[39m`;
const red = (text: string): string => `\u001b[31m${text}\u001b[39m`;

const labelWidth = 12;
/** With these all of it fits on 24 lines of 80. */
const anchorsShown = 2;
const reasonsShown = 2;
/** Columns that one home takes, the gap behind it included. */
const homeWidth = 17;

function label(name: string): string {
	return bold(name.padEnd(labelWidth));
}

function clock(ms: number): string {
	const seconds = Math.floor(ms / 1000);
	return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}

function count(value: number): string {
	return value.toLocaleString('en-US');
}

/** The number in front of a unit; undefined if there is no value yet. For drawing only: nothing is computed from it that is kept. */
function numberOf(text: string | undefined): number | undefined {
	const found = text === undefined ? Number.NaN : Number.parseFloat(text);
	return Number.isNaN(found) ? undefined : found;
}

function scaled(text: string | undefined, divisor: number, digits: number, unit: string, width = 0): string {
	const value = numberOf(text);
	return value === undefined ? dim('–'.padStart(width)) : `${(value / divisor).toFixed(digits).padStart(width)} ${unit}`;
}

/** Power of one home: what it takes is plain, what it gives is green. */
function homeCell(id: string, values: DemoState['values']): string {
	const watts = numberOf(values.get(`${id}:active-power`));
	const name = dim(id.slice(-2));
	if (watts === undefined) return `${name} ${dim('      –   ')} `;
	const text = `${(watts / 1000).toFixed(2).padStart(6)} kW`;
	const sun = values.has(`${id}:energy-generated`) ? yellow('*') : ' ';
	return `${name} ${watts < 0 ? green(text) : text}${sun} `;
}

/** The lines of the view, none wider than the terminal. */
export function demoView(state: DemoState, options: ViewOptions): string[] {
	return drawLines(state, options).map(line => clip(line, options.columns));
}

/** Cuts a line to so many visible characters; colours take none. */
function clip(line: string, columns: number): string {
	let visible = 0;
	let at = 0;
	while (at < line.length) {
		if (line[at] === '\u001b') {
			at = line.indexOf('m', at) + 1;
			continue;
		}
		if (visible === columns) return `${line.slice(0, at - 1)}…\u001b[0m`;
		visible += 1;
		at += 1;
	}
	return line;
}

function drawLines(state: DemoState, options: ViewOptions): string[] {
	const {values, status, sim, anchors, newestReceipt: receipt} = state;
	const homes = [...new Set([...values.keys()].map(name => name.split(':')[0]!))].filter(id => id.startsWith('home-')).sort();
	const lines: string[] = [];
	const end = options.forMs === undefined ? 'Ctrl-C ends it' : `ends at ${clock(options.forMs)}`;
	lines.push(`${bold('Kedge demo')}  ${clock(options.elapsedMs)}  ${dim(end)}`, `${label('pages')}${pagesText(state)}`, '');

	let importWh = 0;
	let exportWh = 0;
	let net = 0;
	for (const id of homes) {
		importWh += numberOf(values.get(`${id}:energy-import`)) ?? 0;
		exportWh += numberOf(values.get(`${id}:energy-export`)) ?? 0;
		net += numberOf(values.get(`${id}:active-power`)) ?? 0;
	}
	lines.push(
		`${label('street')}${homes.length} homes, ${net < 0 ? green(`giving ${(-net / 1000).toFixed(1)} kW`) : `taking ${(net / 1000).toFixed(1)} kW`}; ${(importWh / 1e6).toFixed(2)} MWh in, ${(exportWh / 1e6).toFixed(2)} out ${dim('(* has solar)')}`,
	);
	const homesPerLine = Math.max(1, Math.floor((options.columns - labelWidth) / homeWidth));
	for (let i = 0; i < homes.length; i += homesPerLine)
		lines.push(
			`${' '.repeat(labelWidth)}${homes
				.slice(i, i + homesPerLine)
				.map(id => homeCell(id, values))
				.join('')}`,
		);
	const boiler = (name: string): string | undefined => values.get(`boiler-01:${name}`);
	lines.push(
		`${label('boiler')}CO2 ${scaled(boiler('co2-mass-flow'), 1000, 1, 'g/s')}, NOx ${scaled(boiler('nox-concentration'), 1000, 0, 'mg/m3')}, O2 ${scaled(boiler('oxygen-fraction'), 1000, 1, '%')}, flue ${scaled(boiler('temperature:flue'), 1000, 0, '°C')}`,
	);
	const truck = (name: string): string | undefined => values.get(`truck-01:${name}`);
	const isOpen = numberOf(truck('door')) === 1;
	lines.push(
		`${label('truck')}${scaled(truck('temperature'), 1000, 2, '°C')}, door ${isOpen ? yellow('open') : 'closed'}, compressor ${numberOf(truck('on:compressor')) === 1 ? 'on' : 'off'}, battery ${scaled(truck('state-of-charge'), 1000, 0, '%')}`,
		'',
	);

	const seconds = Math.max(1, options.elapsedMs / 1000);
	lines.push(
		`${label('messages')}${count(sim?.sent ?? 0)} sent, ${count(sim?.acknowledged ?? 0)} acknowledged (${((sim?.acknowledged ?? 0) / seconds).toFixed(0)}/s), ${sim?.connected ?? 0} of ${sim?.devices ?? 0} devices connected`,
	);
	if (status === undefined) lines.push(`${label('log')}${red('the agent does not answer')}`);
	else {
		const refused = Object.entries(status.counters).filter(([name]) => name.startsWith('refused:'));
		const refusedSum = refused.reduce((sum, [, number]) => sum + number, 0);
		const reasons = refused
			.toSorted(([, a], [, b]) => b - a)
			.slice(0, reasonsShown)
			.map(([name, number]) => `${number} ${name.slice('refused:'.length)}`)
			.join(', ');
		lines.push(
			`${label('log')}${count(status.size)} entries in ${count(status.channels)} channels; agent ${Math.round(status.residentBytes / 1e6)} MB`,
			`${label('refused')}${count(refusedSum)}${refusedSum === 0 ? '' : `: ${reasons}${refused.length > reasonsShown ? ', …' : ''}`}; ${count(status.counters.repeats ?? 0)} repeats told apart`,
			`${label('checkpoint')}size ${count(status.newestCheckpoint?.size ?? 0)}  root ${(status.newestCheckpoint?.root ?? '').slice(0, 16)}…  ${dim(`signed by ${status.origin}`)}`,
		);
		const {anchor} = status;
		const chain = firstChainOf(status);
		if (anchor !== undefined && chain !== undefined) {
			lines.push(
				`${label('anchors')}${green(`${chain.rows.final ?? 0} final`)} on chain ${chain.chainId}, to size ${count(anchor.finalSize)}${anchor.oldestUnanchoredAgeMs === undefined ? '' : `; unanchored since ${Math.round(anchor.oldestUnanchoredAgeMs / 1000)} s`}`,
			);
			if (chain.lastError !== undefined) lines.push(`${' '.repeat(labelWidth)}${red(chain.lastError)}`);
		}
	}
	for (const shown of anchors.slice(-anchorsShown))
		lines.push(
			`${' '.repeat(labelWidth)}size ${count(shown.size).padStart(9)}  ${shown.state === 'final' ? green(shown.state.padEnd(7)) : yellow(shown.state.padEnd(7))}  ${shown.blockNumber === undefined ? '' : dim(`block ${shown.blockNumber}`)}`,
		);
	lines.push(
		`${label('receipts')}${count(state.receiptsVerified)} issued and verified${state.receiptsBad > 0 ? red(`, ${state.receiptsBad} BAD`) : ''}`,
	);
	if (receipt !== undefined)
		lines.push(
			`${' '.repeat(labelWidth)}entry ${count(receipt.index)}: ${receipt.what}, ${receipt.good ? green(receipt.strength) : red('not good')} ${dim(`(${receipt.bytes} bytes, ${receipt.tookMs.toFixed(0)} ms)`)}`,
		);
	if (options.events.length > 0) lines.push('', ...options.events.map(event => dim(event)));
	return lines;
}

/** Where the demo can be looked at in a browser. */
export function pagesText({pages: {url, password}}: Pick<DemoState, 'pages'>): string {
	return `${url}${password === undefined ? '' : `  sign in as owner with ${password}`}`;
}

/** One line for where there is no terminal. */
export function demoLine(state: DemoState, elapsedMs: number): string {
	const {status, sim} = state;
	return `${clock(elapsedMs)}  ${sim?.acknowledged ?? 0} of ${sim?.sent ?? 0} messages acknowledged, ${status?.size ?? 0} entries, ${firstChainOf(status)?.rows.final ?? 0} anchors final, ${state.receiptsVerified} receipts verified${state.receiptsBad > 0 ? `, ${state.receiptsBad} BAD` : ''}`;
}
