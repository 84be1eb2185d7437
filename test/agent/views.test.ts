// What people are shown of the agent, without the agent: pure functions over its state.

import test from 'ava';
import fc from 'fast-check';
import {deviceViews} from '../../agent/agent-views.ts';
import {viewOf} from '../../agent/base/bytes.ts';
import {readBuiltPages} from '../../agent/built-pages.ts';
import {createChannelTable} from '../../agent/channel-table.ts';
import {curveOfReadings} from '../../agent/curve-views.ts';
import type {ListedDevice} from '../../agent/device-desk.ts';
import {encodeEntry, kinds, orderKinds, qualities, subjectRange} from '../../agent/format/entry.ts';
import {addReading, createBucket, marks} from '../../agent/ledgers/curves/bucket.ts';
import {type Reading, timeOf} from '../../agent/ledgers/ledger.ts';
import type {Channel} from '../../agent/log/channels.ts';
import {sealedUntilMs} from '../../agent/log-views.ts';

const reading = fc.record({
	index: fc.nat(1000),
	number: fc.nat(),
	quantity: fc.constant(1),
	exponent: fc.constant(0),
	quality: fc.subarray(Object.values(qualities), {maxLength: 3}).map(bits => bits.reduce((all, bit) => all | bit, 0)),
	value: fc.bigInt({min: -1000n, max: 1000n}),
	measuredAtMs: fc.nat(900_000),
	arrivedAtMs: fc.nat(900_000),
	span: fc.constant(0),
});

test('a curve of readings one by one says what one bucket of them all does', t => {
	fc.assert(
		fc.property(fc.uniqueArray(reading, {selector: ({index}) => index, maxLength: 30}), (readings: Reading[]) => {
			const curve = curveOfReadings(readings, 0);
			t.deepEqual(
				curve.times,
				[...curve.times].sort((a, b) => a - b),
			);
			const bucket = createBucket();
			for (const one of [...readings].sort((a, b) => a.index - b.index)) addReading(bucket, one, timeOf(one));
			for (const [at, mark] of marks.entries()) t.is(curve.marks[mark]?.length ?? 0, bucket.marked?.[at] ?? 0, mark);
			const shown = curve.first.filter(value => value !== null);
			t.is(shown.length, bucket.shown);
			t.is(shown[0], bucket.first && String(bucket.first.value));
			t.is(shown.at(-1), bucket.last && String(bucket.last.value));
		}),
	);
});

const channelOf = (id: number, urn: string): Channel => ({
	id,
	urn,
	secret: new Uint8Array(16),
	subject: new Uint8Array(32).fill(id),
	quantity: 1,
	exponent: 0,
	enrolled: 0,
	lastNumber: id,
	session: undefined,
	keyTop: undefined,
});

test('channels are known by their subjects as soon as the log has them, and entries by those of devices alone', t => {
	const all: Channel[] = [channelOf(1, 'urn:kedge:agent:made-up')];
	const table = createChannelTable({channels: () => all, channel: urn => all.find(one => one.urn === urn)});
	t.deepEqual(table.views(), []);
	all.push(channelOf(2, 'urn:kedge:device:boiler:temperature:outlet'), channelOf(3, 'urn:kedge:device:boiler:no-such-quantity'));
	t.deepEqual(
		table.views().map(({urn, device, quantity, part, unit, entries}) => ({urn, device, quantity, part, unit, entries})),
		[
			{urn: all[1]!.urn, device: 'boiler', quantity: 'temperature', part: 'outlet', unit: 'mCel', entries: 2},
			{urn: all[2]!.urn, device: 'boiler', quantity: 'no-such-quantity', part: null, unit: null, entries: 3},
		],
	);
	for (const channel of all) t.is(table.ofSubject(channel.subject), channel);
	const entries = new Uint8Array(2 * 118);
	entries.fill(3, subjectRange.begin, subjectRange.end);
	entries.fill(1, 118 + subjectRange.begin, 118 + subjectRange.end);
	t.is(table.ofEntry(viewOf(entries), 0), all[2]);
	t.is(table.ofEntry(viewOf(entries), 118), undefined);
});

test('a device is silent when one of its channels is, whether or not it was heard since the start', t => {
	const listed = (id: string): ListedDevice => ({
		id,
		from: 'config',
		state: 'enrolled',
		mappings: [],
		topics: [],
		credentials: [],
		key: undefined,
		certificateSha256: undefined,
		certificate: undefined,
		calibration: undefined,
		expired: [],
		binding: undefined,
		changes: 0,
		lastHeardMs: undefined,
		refused: 0,
	});
	const desk = {list: () => [listed('boiler'), listed('truck')], configured: () => undefined};
	t.deepEqual(
		deviceViews(desk, [], ['truck']).map(({id, isSilent, channels}) => [id, isSilent, channels]),
		[
			['boiler', false, 0],
			['truck', true, 0],
		],
	);
});

test('entries are sealed until the gate of the newest order among them', t => {
	const entryOf = (kind: (typeof kinds)[keyof typeof kinds], quantity: number, value: bigint): Uint8Array =>
		encodeEntry({
			kind,
			quantity,
			value,
			salt: new Uint8Array(16),
			subject: new Uint8Array(32),
			source: new Uint8Array(32),
			exponent: 0,
			quality: 0,
			measuredAtMs: 0,
			arrivedAtMs: 0,
			number: 1,
			span: 0,
		});
	const packed = Buffer.concat([
		entryOf(kinds.order, orderKinds.order, 10n),
		entryOf(kinds.order, orderKinds.order, 7n),
		entryOf(kinds.order, orderKinds.cancellation, 99n),
		entryOf(kinds.reading, orderKinds.order, 99n),
	]);
	t.is(sealedUntilMs(packed, 60_000), 10 * 900_000 - 60_000);
	t.is(sealedUntilMs(packed.subarray(2 * 118), 60_000), 0);
});

test('where no pages were built there are none', async t => {
	t.is((await readBuiltPages('no/such/folder/')).size, 0);
});
