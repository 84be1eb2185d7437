// Frame counters of LoRaWAN devices: repeats stay repeats, and a count that begins anew is another one.
import test from 'ava';
import {createFrameCounts} from '../../../agent/ingest/decoders/pointed.ts';

test('a counter that begins anew under the same address is a new count; what comes twice or late is not', t => {
	const countOf = createFrameCounts();
	const name = (sequence: number, measuredAtMs: number, session = 'A', device = 'd'): string | undefined =>
		countOf(device, {measuredAtMs, session, sequence}).session;
	t.is(name(0, 1000), 'A');
	t.is(name(1, 2000), 'A');
	t.is(name(7, 9000), 'A');
	// Twice, late, and another device with the same address.
	t.is(name(7, 9000), 'A');
	t.is(name(6, 8000), 'A');
	t.is(name(0, 500, 'A', 'e'), 'A');
	// Its power came back.
	t.is(name(0, 20_000), 'A@20000');
	t.is(name(1, 21_000), 'A@20000');
	t.is(name(0, 20_000), 'A@20000');
	t.is(name(7, 9000), 'A', 'what is delivered again keeps the count that it came in');
	t.is(name(0, 30_000), 'A@30000');
	// Without a time nobody can tell, and another session is another one anyway.
	t.is(name(0, 0), 'A');
	t.is(name(0, 40_000, 'B'), 'B');
});

test('devices are followed within bounds', t => {
	const countOf = createFrameCounts();
	for (let i = 0; i < 5000; i += 1) countOf(`d${i}`, {measuredAtMs: 1000, session: 'A', sequence: 5});
	t.is(countOf('d4999', {measuredAtMs: 2000, session: 'A', sequence: 0}).session, 'A@2000');
	t.is(countOf('d0', {measuredAtMs: 2000, session: 'A', sequence: 0}).session, 'A', 'forgotten');
});
