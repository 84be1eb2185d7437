// The composition root's part that packs evidence for whoever asks by the pages: one at a time, in a process of its own, into a folder that is cleared at each start.

import {type ChildProcess, spawn} from 'node:child_process';
import {mkdir, rm} from 'node:fs/promises';
import {setPriority} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import type {PackageAsked, PackageView, Window} from './api/window.ts';
import {toHex} from './base/bytes.ts';
import type {Clock} from './base/clock.ts';
import {describeError} from './base/errors.ts';
import type {Logger} from './base/logger.ts';
import type {Random} from './base/random.ts';
import type {SitePaths} from './site.ts';

/** Files that are kept: the newest. */
const keptMax = 4;
/** A package that takes longer is given up. */
const packMsMax = 3_600_000;
/** Behind what takes readings. */
const niceness = 10;

type Row = PackageView & {readonly path: string; readonly name: string};

/** What the packing process prints. */
type Said = {readonly step?: string; readonly done?: number; readonly all?: number; readonly bytes?: number; readonly problem?: string};

/** A line of it; undefined for what a library or the runtime prints beside. */
function saidIn(line: string): Said | undefined {
	try {
		const said: unknown = JSON.parse(line);
		return typeof said === 'object' && said !== null ? said : undefined;
	} catch {
		return undefined;
	}
}

export type Packaging = Window['packages'] & AsyncDisposable;

export async function openPackaging(parts: {
	readonly paths: Pick<SitePaths, 'directory' | 'packages'>;
	/** How many chains and authorities should hold the checkpoint that a package is proven under. */
	readonly anchorsNeeded: number;
	readonly random: Random;
	readonly clock: Clock;
	readonly logger: Logger;
}): Promise<Packaging> {
	const {paths, anchorsNeeded, random, clock, logger} = parts;
	await rm(paths.packages, {recursive: true, force: true});
	const rows: Row[] = [];
	let child: ChildProcess | undefined;
	const put = (id: string, change: Partial<Row>): void => {
		const at = rows.findIndex(row => row.id === id);
		if (at >= 0) rows[at] = {...rows[at]!, ...change};
	};
	const shown = ({path: _1, name: _2, ...view}: Row): PackageView => view;

	const pack = async (row: Row, {about, id: of, fromMs, toMs}: PackageAsked): Promise<void> => {
		await mkdir(paths.packages, {recursive: true, mode: 0o700});
		const program = fileURLToPath(new URL('./packing-child.js', import.meta.url));
		const words = [paths.directory, row.path, String(anchorsNeeded), JSON.stringify({about, id: of, fromMs, toMs})];
		const spawned = spawn(process.execPath, [program, ...words], {stdio: ['ignore', 'pipe', 'ignore']});
		child = spawned;
		try {
			if (spawned.pid !== undefined) setPriority(spawned.pid, niceness);
		} catch {
			// It has ended already, or the system has no priorities.
		}
		const over = new AbortController();
		void clock.sleep(packMsMax, over.signal).then(() => {
			if (!over.signal.aborted) spawned.kill('SIGKILL');
		});
		let problem: string | undefined;
		let bytes: number | undefined;
		createInterface({input: spawned.stdout}).on('line', line => {
			const said = saidIn(line);
			if (said === undefined) return;
			problem = said.problem ?? problem;
			bytes = said.bytes ?? bytes;
			if (said.step !== undefined) put(row.id, {step: said.step, done: said.done ?? 0, all: said.all ?? 0});
		});
		await new Promise<void>(resolve => {
			spawned.once('error', error => {
				problem = describeError(error);
				resolve();
			});
			spawned.once('close', () => resolve());
		});
		over.abort();
		child = undefined;
		if (bytes === undefined) {
			put(row.id, {state: 'failed', step: null, problem: problem ?? 'it broke off'});
			await rm(row.path, {force: true});
		} else put(row.id, {state: 'done', step: null, bytes});
	};

	return {
		list: () => rows.map(shown),
		start: asked => {
			if (rows.some(({state}) => state === 'packing')) return undefined;
			const id = toHex(random.bytes(8));
			const name = `${asked.about}-${asked.id}-${id.slice(0, 6)}.zip`;
			const row: Row = {
				id,
				state: 'packing',
				about: asked.about,
				of: asked.id,
				fromMs: asked.fromMs,
				toMs: asked.toMs,
				step: null,
				done: 0,
				all: 0,
				bytes: null,
				problem: null,
				path: join(paths.packages, `${id}.zip`),
				name,
			};
			rows.unshift(row);
			for (const old of rows.splice(keptMax)) void rm(old.path, {force: true}).catch(() => {});
			void pack(row, asked).catch(error => {
				put(id, {state: 'failed', step: null, problem: describeError(error)});
				logger.log('warn', 'a package could not be packed', {error: describeError(error)});
			});
			return shown(row);
		},
		file: id => {
			const row = rows.find(one => one.id === id);
			return row?.state === 'done' && row.bytes !== null ? {path: row.path, name: row.name, bytes: row.bytes} : undefined;
		},
		[Symbol.asyncDispose]: async () => {
			child?.kill('SIGKILL');
		},
	};
}
