// Reads recordings of messages: JSON lines that hold them whole, and CSV files with a description of how a row becomes one.

import {AgentError} from '../agent/base/errors.ts';
import {readLines} from './lines.ts';

export type Recorded = {
	readonly deviceId: string;
	readonly topic: string;
	readonly payload: string | Uint8Array;
	/** When it was sent; recordings are replayed by the differences. */
	readonly atMs: number;
};

/** How rows of a CSV file become messages. In the texts `{column}` stands for the cell as it is, `{column:json}` for the cell as a JSON text. */
export type CsvDescription = {
	readonly device: string;
	readonly topic: string;
	readonly payload: string;
	readonly time: {readonly column: string; readonly format: 'iso' | 'unix-s' | 'unix-ms'};
};

/** A longer line is no message. */
const lineLengthMax = 1024 * 1024;

async function* linesOf(path: string): AsyncGenerator<{readonly line: string; readonly number: number}> {
	for await (const {line, number} of readLines(path)) {
		if (line.length > lineLengthMax) throw invalid(path, number, `is longer than ${lineLengthMax} characters`);
		if (line.trim() !== '') yield {line: number === 1 ? line.replace(/^\uFEFF/, '') : line, number};
	}
}

function invalid(path: string, number: number, what: string): AgentError {
	return new AgentError('FORMAT_INVALID', `${path}: line ${number} ${what}`);
}

/**
 * Lines `{"topic": …, "payload": …, "atMs": …, "device": …}`. The payload is a text, so that numbers in it stay as they were printed; bytes go into
 * `payloadBase64` instead. `device` may be left out where `device` is given here.
 */
export async function* readJsonLines(path: string, device?: string): AsyncGenerator<Recorded> {
	for await (const {line, number} of linesOf(path)) {
		let parsed: unknown;
		try {
			parsed = JSON.parse(line);
		} catch {
			throw invalid(path, number, 'is not JSON');
		}
		const {topic, payload, payloadBase64, atMs, device: own} = (parsed ?? {}) as Record<string, unknown>;
		const deviceId = own ?? device;
		if (typeof topic !== 'string') throw invalid(path, number, 'has no topic');
		if (typeof atMs !== 'number' || !Number.isFinite(atMs)) throw invalid(path, number, 'has no number atMs');
		if (typeof deviceId !== 'string') throw invalid(path, number, 'has no device, and none was given for the file');
		if (typeof payload === 'string') yield {deviceId, topic, payload, atMs};
		else if (typeof payloadBase64 === 'string') yield {deviceId, topic, payload: Buffer.from(payloadBase64, 'base64'), atMs};
		else throw invalid(path, number, 'has no text payload; write JSON payloads as text, so that their numbers stay exact');
	}
}

/** A CSV file with a header line. Cells may be quoted [RFC 4180 §2]; a line break inside a cell is refused. */
export async function* readCsv(path: string, description: CsvDescription): AsyncGenerator<Recorded> {
	let columns: ReadonlyMap<string, number> | undefined;
	for await (const {line, number} of linesOf(path)) {
		const cells = cellsOf(line);
		if (cells === undefined) throw invalid(path, number, 'has a quote that is not closed');
		if (columns === undefined) {
			columns = new Map(cells.map((name, i) => [name.trim(), i]));
			continue;
		}
		const names = columns;
		const cell = (name: string): string => {
			const at = names.get(name);
			if (at === undefined)
				throw new AgentError('ARGUMENT_INVALID', `${path} has no column "${name}"`, {hint: `It has: ${[...names.keys()].join(', ')}`});
			return cells[at] ?? '';
		};
		const fill = (text: string): string =>
			text.replaceAll(/\{([^{}":]+)(:json)?\}/g, (_, name: string, json: string | undefined) =>
				json === undefined ? cell(name) : JSON.stringify(cell(name)),
			);
		const atMs = timeOf(cell(description.time.column), description.time.format);
		if (atMs === undefined) throw invalid(path, number, `has no time in column "${description.time.column}"`);
		yield {deviceId: fill(description.device), topic: fill(description.topic), payload: fill(description.payload), atMs};
	}
}

function timeOf(text: string, format: CsvDescription['time']['format']): number | undefined {
	if (format === 'iso') {
		const timeMs = Date.parse(text);
		return Number.isNaN(timeMs) ? undefined : timeMs;
	}
	if (text.trim() === '' || !Number.isFinite(Number(text))) return undefined;
	return Math.round(Number(text) * (format === 'unix-s' ? 1000 : 1));
}

function cellsOf(line: string): string[] | undefined {
	const cells: string[] = [];
	let at = 0;
	for (;;) {
		if (line[at] === '"') {
			let cell = '';
			for (;;) {
				const end = line.indexOf('"', at + 1);
				if (end < 0) return undefined;
				cell += line.slice(at + 1, end);
				at = end + 1;
				if (line[at] !== '"') break;
				cell += '"';
			}
			cells.push(cell);
			if (at >= line.length) return cells;
			if (line[at] !== ',') return undefined;
			at += 1;
		} else {
			const end = line.indexOf(',', at);
			cells.push(end < 0 ? line.slice(at) : line.slice(at, end));
			if (end < 0) return cells;
			at = end + 1;
		}
	}
}
