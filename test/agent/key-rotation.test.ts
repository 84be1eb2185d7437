// A rotation of the anchoring key is an entry of the log: once, whoever saw it first, and again after a start.
import test from 'ava';
import {silentLogger} from '../../agent/base/logger.ts';
import {decodeNote, type NoteBody} from '../../agent/format/body.ts';
import {kinds, noteKinds} from '../../agent/format/entry.ts';
import {createKeyRotation, type OperatorSight, rotationToNote} from '../../agent/key-rotation.ts';
import {checkLog} from '../helpers/check-log.ts';
import {createLogWorld} from '../helpers/log-world.ts';

const address = (digit: string): string => `0x${digit.repeat(40)}`;
const [first, second, third] = [address('1'), address('2'), address('3')];
const sight: OperatorSight = {
	chainId: 31337,
	registry: address('a'),
	logId: `0x${'b'.repeat(64)}`,
	opener: first,
	operator: first,
};
const {chainId, registry, logId} = sight;

test('a rotation is what differs from the last one noted, or from the opener', t => {
	t.is(rotationToNote(undefined, sight), undefined);
	t.is(rotationToNote(second, {...sight, operator: second}), undefined);
	t.deepEqual(rotationToNote(undefined, {...sight, operator: second}), {chainId, registry, logId, from: first, to: second});
	t.deepEqual(rotationToNote(second, {...sight, operator: third}), {chainId, registry, logId, from: second, to: third});
	// Back to the opener is a rotation as well.
	t.deepEqual(rotationToNote(second, sight), {chainId, registry, logId, from: second, to: first});
});

test('each rotation is one note of the log, with what changed, also over a start and on two chains', async t => {
	const world = await createLogWorld(t);
	let mayAppend = true;
	const open = async () => {
		const log = await world.open();
		return {log, rotation: await createKeyRotation({log, mayAppend: () => mayAppend, logger: silentLogger})};
	};
	let {log, rotation} = await open();
	const notes = async (): Promise<NoteBody[]> => {
		await log.settled();
		const {entries} = await checkLog(t, world.path);
		return entries
			.filter(({entry}) => entry.kind === kinds.note && entry.quantity === noteKinds.rotation)
			.map(({entry, record}) => {
				t.is(entry.value, 0n);
				return decodeNote(record)!;
			});
	};
	await rotation.saw(sight);
	t.deepEqual(await notes(), []);

	// Nothing is lost while the log takes nothing: the next look finds it again.
	mayAppend = false;
	await rotation.saw({...sight, operator: second});
	t.deepEqual(await notes(), []);
	mayAppend = true;
	await Promise.all([rotation.saw({...sight, operator: second}), rotation.saw({...sight, operator: second})]);
	const note = {note: 'rotation', chainId, registry, logId, from: first, to: second};
	t.deepEqual(await notes(), [note]);

	({log, rotation} = await open());
	await rotation.saw({...sight, operator: second});
	t.deepEqual(await notes(), [note]);
	const elsewhere = {...sight, chainId: 1, logId: `0x${'c'.repeat(64)}`};
	await rotation.saw(elsewhere);
	await rotation.saw({...elsewhere, operator: third});
	await rotation.saw({...sight, operator: third});
	t.deepEqual(await notes(), [note, {...note, chainId: 1, logId: elsewhere.logId, to: third}, {...note, from: second, to: third}]);
});

test('a log that takes no note is no rejection', async t => {
	const rotation = await createKeyRotation({
		log: {
			note: () => {
				throw new Error('closed');
			},
			putDocument: async () => {},
			documents: async () => [],
		},
		mayAppend: () => true,
		logger: silentLogger,
	});
	await t.notThrowsAsync(rotation.saw({...sight, operator: second}));
});
