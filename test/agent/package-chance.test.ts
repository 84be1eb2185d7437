// Evidence under chance: whatever a log has of sites, shipments and certificates, in whatever order it came, an honest package of it verifies, and its answer is that of the accounts.
import {join} from 'node:path';
import test from 'ava';
import {createLedgers, ledgersFor} from '../../agent/accounts.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {openDatabase, takeProcessLock} from '../../agent/base/sqlite.ts';
import {openFollowing} from '../../agent/following.ts';
import {encodeArrival} from '../../agent/format/arrival.ts';
import {correctionArrival, encodeCorrection} from '../../agent/format/correction.ts';
import type {Json} from '../../agent/format/document.ts';
import {noteKinds, qualities} from '../../agent/format/entry.ts';
import {accountUrn, channelUrn} from '../../agent/format/subject.ts';
import {emptyTrust} from '../../agent/format/trust.ts';
import {factorBodyOf} from '../../agent/ledgers/emissions/factor-body.ts';
import type {Basis, Question} from '../../agent/ledgers/ledger.ts';
import type {Channel} from '../../agent/log/channels.ts';
import {packFrom, verifyPackageFile} from '../../agent/packing.ts';
import {createStatementDesk} from '../../agent/stating.ts';
import {verdictText} from '../../agent/verify/verdict.ts';
import {append, createLogWorld, createSeededRandom, draftOf, startMs} from '../helpers/log-world.ts';
import {assigning, opening} from '../helpers/shipment-world.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const hours = 10;
const site = accountUrn('site', 'plant');
const seeds = Number(process.env.KEDGE_RUNS ?? 3);

const quantities: Readonly<Record<string, readonly [code: number, exponent: number]>> = {
	'energy-import': [1, 0],
	'energy-export': [2, 0],
	temperature: [30, 0],
	'co2-concentration': [112, 0],
	'stack-flow': [47, 0],
};

test('whatever came when, an honest package verifies and says what the accounts say', async t => {
	for (let seed = 0; seed < seeds; seed += 1) {
		const world = await createLogWorld(t);
		const log = await world.open();
		const random = createSeededRandom(`${process.env.KEDGE_SEED ?? ''}${seed}`);
		const below = (n: number): number => {
			const bytes = new Uint8Array(4);
			random.fill(bytes, 0, 4);
			return new DataView(bytes.buffer).getUint32(0) % n;
		};
		const one = <T>(...among: readonly T[]): T => among[below(among.length)]!;
		const enrol = (device: string, quantityName: string): Channel => {
			const [quantity, exponent] = quantities[quantityName]!;
			return log.enrol({urn: channelUrn(device, quantityName), quantity, quantityName, exponent});
		};
		log.note(noteKinds.start, {note: 'start', agent: '1', synchronisation: 'synchronised'}, 0n);
		const channels = [
			enrol('m1', 'energy-import'),
			enrol('m1', 'energy-export'),
			enrol('s1', 'co2-concentration'),
			enrol('s1', 'stack-flow'),
			enrol('b1', 'temperature'),
		];
		const reader = await world.reader();
		const following = await openFollowing({
			path: join(world.folder, 'ledgers.db'),
			reader,
			ledgers: createLedgers(),
			openDatabase,
			takeProcessLock,
		});
		const desk = createStatementDesk({log, following, mayAppend: () => true, clock: world.clock, logger: silentLogger});
		const state = async (...wish: Parameters<typeof desk.state>): Promise<void> => void (await desk.state(...wish).catch(() => {}));
		const factor = (value: string, validFrom: string, validTo?: string) => {
			const made = factorBodyOf({value, mass: 'kg', per: 'kWh', source: 'chance', validFrom, validTo});
			if ('problem' in made) throw new Error(made.problem);
			return made.value;
		};
		const grid = {id: 'grid', scope: 2, method: 'factor', channels: [{urn: channels[0]!.urn}], locationFactors: ['grid']};
		const stack = (substitution: string) => ({
			id: 'stack',
			scope: 1,
			method: 'direct',
			concentration: {urn: channels[2]!.urn},
			flow: {urn: channels[3]!.urn},
			quadrantsMin: 1,
			substitution,
		});
		const statements = [
			() => state({says: 'site', urn: site, body: {zone: 'UTC', sources: [grid, stack('maximum')]} as never}),
			() =>
				state({
					says: 'site',
					urn: site,
					body: {zone: 'Europe/Berlin', sources: one([grid], [stack('none')], [stack('maximum'), grid])} as never,
				}),
			() => state({says: 'factor', urn: accountUrn('factor', 'grid'), body: factor('0.5306', '2020-01-01')}),
			() =>
				state({
					says: 'factor',
					urn: accountUrn('factor', 'grid'),
					body: factor(`0.${1 + below(9)}`, '2023-11-14', one('2023-11-14', '2023-11-15', undefined)),
				}),
			() => state({says: 'shipment', urn: accountUrn('shipment', 'S1'), body: opening({fromMs: startMs})}),
			() =>
				state({
					says: 'assignment',
					urn: accountUrn('shipment', 'S1'),
					body: assigning({
						id: `A${below(4)}`,
						channel: channels[4]!.urn,
						lots: one(['L1'], ['L1', 'L2']),
						fromMs: startMs + below(hours) * hourMs,
						toMs: one(undefined, startMs + (below(hours) + 1) * hourMs),
					}),
				}),
			() =>
				state({
					says: 'certificate',
					urn: accountUrn('certificates', 'm1'),
					body: {
						does: 'open',
						channel: 'energy-export',
						cadenceMs: 15 * minuteMs,
						owner: 'alice',
						issuer: 'I',
						energySource: 'solar',
						country: 'DE',
						fromMs: startMs,
					} as never,
				}),
		];
		// In any order; some of it in the middle of the readings, and some twice.
		const due = statements
			.map(run => ({minute: one(0, 0, below(hours * 60)), run}))
			.concat(statements.slice(1, 6).map(run => ({minute: below(hours * 60), run})));
		const counts = channels.map(() => 10_000);
		const spans = channels.map(() => 0);
		let delayMs = 0;
		for (let minute = 0; minute < hours * 60; minute += 5) {
			const atMs = startMs + minute * minuteMs;
			for (const {run} of due.filter(({minute: when}) => when >= minute && when < minute + 5)) {
				await log.settled();
				await run();
			}
			if (below(40) === 0) delayMs = one(0, 0, 20 * minuteMs, 3 * hourMs, -2 * hourMs);
			if (below(30) === 0) log.note(noteKinds.clockStep, {note: 'clock step', expectedMs: atMs, foundMs: atMs + 1}, 0n);
			if (below(30) === 0)
				log.note(
					noteKinds.beacon,
					{note: 'beacon', chainId: 1, blockNumber: minute, blockHash: '0x00', blockTimeS: Math.floor(atMs / 1000)},
					BigInt(minute),
				);
			for (const [i, channel] of channels.entries()) {
				if (below(8) === 0) continue;
				const isRegister = i < 2;
				if (isRegister && below(60) === 0) [counts[i], spans[i]] = [below(100), spans[i]! + 1];
				else if (isRegister) counts[i]! += below(300);
				const value = isRegister ? counts[i]! : i === 4 ? 2000 + below(7000) : below(1000) - 3;
				const lateMs = below(12) === 0 ? below(4 * 60) * minuteMs : 0;
				const measuredAtMs = below(50) === 0 ? 0 : atMs + below(4) * 1000 - lateMs;
				const quality = one(0, 0, 0, 0, 0, 0, 0, 0, qualities.late, qualities.noValue, qualities.conflict, qualities.estimated);
				const changes = {value: (quality & qualities.noValue) === 0 ? BigInt(value) : 0n, measuredAtMs, quality, span: spans[i]!};
				void append(log, [draftOf(channel, changes)], {arrivedAtMs: Math.max(1, atMs + delayMs + 500)}).catch(() => {});
				if (below(40) !== 0 || measuredAtMs === 0) continue;
				const number = channel.lastNumber - below(Math.min(5, channel.lastNumber - 1));
				const record = encodeArrival({
					...correctionArrival,
					payload: encodeCorrection({corrects: {index: 0, number, leaf: '00'.repeat(32)}, value: '1', unit: 'kWh', reason: 'chance'}),
					flags: 0,
					arrivedAtMs: atMs,
					deviceSignature: new Uint8Array(0),
				});
				const corrected = {...changes, value: BigInt(below(12_000)), quality: qualities.correction | qualities.substituted};
				void append(log, [draftOf(channel, corrected)], {record, arrivedAtMs: Math.max(1, atMs + delayMs + 500)}).catch(() => {});
			}
			if (below(20) === 0) await following.step();
		}
		await log.settled();
		world.clock.move((hours + 8) * hourMs);
		const {note} = await log.tally();
		await log.settled();
		for (const about of ['site', 'shipment', 'certificates', 'device', 'device'] as const) {
			const from = below(hours);
			const id = about === 'site' ? 'plant' : about === 'shipment' ? 'S1' : about === 'certificates' ? 'm1' : one('m1', 's1', 'b1');
			const question: Question = {
				about,
				id,
				fromMs: startMs + from * hourMs - (startMs % hourMs),
				toMs: startMs + (from + 1 + below(hours)) * hourMs - (startMs % hourMs),
			};
			let basis: Basis | undefined;
			let answer: Json | undefined;
			if (about === 'device') {
				const [ledger] = ledgersFor(question);
				for (const {urn} of channels) ledger!.wants(urn);
				basis = await ledger!.basis(question, undefined as never);
			} else [basis, answer] = [await following.basis(question), (await following.answer(question))?.answer];
			if (basis === undefined) continue;
			const out = join(world.folder, `${about}-${below(2 ** 31)}.zip`);
			const from0 = {...reader, released: reader.head, anchoredAbove: async () => ({note, anchors: [], timestamps: []})};
			const {manifest} = await packFrom(from0, basis, {question, out, madeAtMs: startMs, withArrivals: one(true, false)});
			if (answer !== undefined)
				t.deepEqual(JSON.parse(JSON.stringify(manifest.answer)), JSON.parse(JSON.stringify(answer)), `seed ${seed}, ${about}`);
			const verdict = await verifyPackageFile(out, {...emptyTrust, logs: [log.key]});
			t.true(verdict.good && verdict.facts.package?.completeness === 'complete', `seed ${seed}, ${about}\n${verdictText(verdict)}`);
		}
		// Made again in one go they are the same, wherever they were saved on the way.
		const digest = await following.digest();
		await following[Symbol.asyncDispose]();
		const again = await openFollowing({
			path: join(world.folder, 'again.db'),
			reader,
			ledgers: createLedgers(),
			openDatabase,
			takeProcessLock,
		});
		await again.catchUp();
		t.deepEqual(await again.digest(), digest, `seed ${seed}`);
		await again[Symbol.asyncDispose]();
		await world.close();
	}
});
