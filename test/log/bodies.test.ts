// Entries that are not readings: appended with the body that they come from, and followed by whoever folds them.
import test from 'ava';
import {fromUtf8, utf8} from '../../agent/base/bytes.ts';
import {decodeEntry, enrolmentKinds, kinds, orderKinds} from '../../agent/format/entry.ts';
import {marketUrn} from '../../agent/format/subject.ts';
import type {Log} from '../../agent/log/log.ts';
import type {LogReader} from '../../agent/log/reader.ts';
import {checkLog} from '../helpers/check-log.ts';
import {append, createLogWorld, draftOf, enrolMeter} from '../helpers/log-world.ts';

const market = {urn: marketUrn('street'), quantity: 0, quantityName: undefined, exponent: 0};

function put(log: Log, text: string, value: bigint): {readonly number: number; readonly done: Promise<number>} {
	const channel = log.channel(market.urn)!;
	const draft = {...draftOf(channel), kind: kinds.order, quantity: orderKinds.order, value, measuredAtMs: 0};
	const done = new Promise<number>((resolve, reject) => {
		log.appendBody({body: utf8(text), arrivedAtMs: 1_780_000_000_000, drafts: [draft]}, (failure, first) =>
			failure === undefined ? resolve(first) : reject(failure),
		);
	});
	return {number: channel.lastNumber, done};
}

async function follow(reader: LogReader, begin: number): Promise<string[]> {
	const channel = (await reader.channels()).find(({urn}) => urn === market.urn)!;
	const found: string[] = [];
	for await (const {index, entry, record} of reader.withRecords(channel, begin)) {
		const {number, kind} = decodeEntry(entry);
		found.push(`${index} ${kind} ${number} ${kind === kinds.order ? fromUtf8(record) : 'enrolment'}`);
	}
	return found;
}

test('bodies of a subject are numbered at once, durable when told, and followed in order from any index', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const meter = enrolMeter(log, 'm');
	log.enrol(market);
	const first = put(log, 'a', 1n);
	const second = put(log, 'b', 2n);
	t.deepEqual([first.number, second.number], [2, 3]);
	const indexes = [await first.done, await second.done];
	await append(log, [draftOf(meter), draftOf(meter)]);
	const third = put(log, 'c', 3n);
	indexes.push(await third.done);
	await append(log, [draftOf(meter)]);
	const {entries} = await checkLog(t, world.path);
	t.is(decodeEntry(entries[indexes[0]! - 1]!.bytes).quantity, enrolmentKinds.market);

	const reader = await world.reader();
	const all = await follow(reader, 0);
	t.deepEqual(
		all.map(line => line.slice(line.indexOf(' ') + 1)),
		['3 1 enrolment', '4 2 a', '4 3 b', '4 4 c'],
	);
	t.deepEqual(await follow(reader, indexes[1]!), all.slice(2));
	t.deepEqual(await follow(reader, indexes[2]! + 1), []);
	t.is(fromUtf8((await reader.source(indexes[2]!)).record), 'c');
});

test('numbers of a market go on after a restart', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	log.enrol(market);
	await put(log, 'a', 1n).done;
	await log[Symbol.asyncDispose]();
	const again = await world.open();
	const next = put(again, 'b', 2n);
	t.is(next.number, 3);
	await next.done;
	t.deepEqual(
		(await follow(await world.reader(), 0)).map(line => line.split(' ').slice(2).join(' ')),
		['1 enrolment', '2 a', '3 b'],
	);
});
