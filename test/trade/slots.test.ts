import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {type Entry, kinds, qualities} from '../../agent/format/entry.ts';
import {formatHistory} from '../../agent/format/history.ts';
import {formatTrust} from '../../agent/format/trust.ts';
import {kedge, testFolder} from '../helpers/site.ts';
import {createSmallLog, energyUrn, startMs, temperatureUrn} from '../helpers/small-log.ts';

test('kedge slots gives the energy of each quarter of an hour of a good history, and of no other', async t => {
	const directory = testFolder(t);
	const log = createSmallLog({readings: 100, tally: true});
	const text = formatHistory(nodeHasher, log.history(energyUrn));
	await writeFile(join(directory, 'trust.json'), formatTrust(log.trust));
	await writeFile(join(directory, 'energy.json'), text);
	await writeFile(join(directory, 'other.json'), formatHistory(nodeHasher, log.history(temperatureUrn)));
	await writeFile(join(directory, 'damaged.json'), text.replace('"entries": "A', '"entries": "B'));
	const table = await kedge(t, ['verify', 'energy.json', '--csv', 'energy.csv'], {directory});
	t.is(table.code, 0, table.err);

	const ran = await kedge(t, ['slots', 'energy.json', '--json'], {directory});
	t.is(ran.code, 0, ran.err);
	const {slots} = JSON.parse(ran.out) as {
		slots: {startMs: number; energyWh: number; spread: boolean; fromNumber: number; toNumber: number}[];
	};
	t.true(slots.length >= 5);
	t.true(slots.every(({startMs: slotMs, spread}) => slotMs % 900_000 === 0 && slotMs >= startMs && !spread));
	// Each rests on the entry at whose number the slot before ended.
	for (const [i, slot] of slots.entries()) if (i > 0) t.is(slot.fromNumber, slots[i - 1]!.toNumber);
	t.true(slots.every(({energyWh}) => Number.isInteger(energyWh) && energyWh >= 0));

	const rows = await kedge(t, ['slots', 'energy.json'], {directory});
	t.is(rows.out.trimEnd().split('\r\n').length, slots.length + 1);
	// A cadence at which every boundary is too far from its neighbours: nothing can be said.
	const sparse = await kedge(t, ['slots', 'energy.json', '--cadence', '1', '--json'], {directory});
	t.true((JSON.parse(sparse.out) as {slots: {energyWh?: number}[]}).slots.every(({energyWh}) => energyWh === undefined));
	t.is((await kedge(t, ['slots', 'other.json'], {directory})).code, 2);
	t.is((await kedge(t, ['slots', 'damaged.json'], {directory})).code, 1);
	t.is((await kedge(t, ['slots'], {directory})).code, 2);
});

test('a boundary at a reading that does not count, or was corrected, is none: the slots beside it are spread', async t => {
	const directory = testFolder(t);
	const boundaryMs = Math.ceil((startMs + 1_200_000) / 900_000) * 900_000;
	const {exception, substituted, correction} = qualities;
	const spreadOf = async (change: (entry: Entry) => Partial<Entry>): Promise<boolean[]> => {
		const log = createSmallLog({readings: 100, lie: entry => (entry.kind === kinds.reading ? {...entry, ...change(entry)} : entry)});
		await writeFile(join(directory, 'trust.json'), formatTrust(log.trust));
		await writeFile(join(directory, 'energy.json'), formatHistory(nodeHasher, log.history(energyUrn)));
		const {out, err} = await kedge(t, ['slots', 'energy.json', '--json'], {directory});
		t.is(err, '');
		const {slots} = JSON.parse(out) as {slots: {startMs: number; spread: boolean}[]};
		return slots.filter(slot => slot.startMs === boundaryMs - 900_000 || slot.startMs === boundaryMs).map(({spread}) => spread);
	};
	const isNear = ({measuredAtMs}: Entry): boolean => Math.abs(measuredAtMs - boundaryMs) <= 300_000;
	t.deepEqual(await spreadOf(() => ({})), [false, false]);
	t.deepEqual(await spreadOf(entry => (isNear(entry) ? {quality: exception} : {})), [true, true]);
	// Far behind, corrections of all that stands at the boundary: they have its times.
	let at = 0;
	const corrected = await spreadOf(entry => {
		if (isNear(entry) || entry.measuredAtMs < boundaryMs + 2_700_000) return {};
		at += 1;
		return {quality: substituted | correction, measuredAtMs: boundaryMs - 300_000 + (at % 11) * 60_000};
	});
	t.deepEqual(corrected, [true, true]);
});
