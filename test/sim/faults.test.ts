import test from 'ava';
import {createFaultLine, lateMs, noFaults} from '../../sim/faults.ts';
import {type Message, printFixed} from '../../sim/message.ts';
import {createChance} from '../../sim/seed.ts';

const messages: Message[] = Array.from({length: 300}, (_, i) => ({
	deviceId: 'd',
	id: `b1/${i}`,
	topic: 't',
	payload: String(i),
	readings: [],
}));

test('without faults every message passes at once and in order', t => {
	const line = createFaultLine(noFaults, createChance('a', 'b'));
	const sent = messages.flatMap(message => line.pass(message, 0).send);
	t.deepEqual(sent, messages);
	t.deepEqual(line.rest(), []);
});

test('a message is lost only where it counts as dropped', t => {
	const line = createFaultLine({...noFaults, drop: 0.1, repeat: 0.1, reorder: 0.1, late: 0.1}, createChance('a', 'b'));
	const sent: Message[] = [];
	let dropped = 0;
	for (const [i, message] of messages.entries()) {
		sent.push(...line.due(i * 1000));
		const passed = line.pass(message, i * 1000);
		sent.push(...passed.send);
		if (passed.dropped) dropped += 1;
	}
	const early = new Set(sent).size;
	sent.push(...line.rest());
	t.true(dropped > 10);
	t.is(new Set(sent).size, messages.length - dropped);
	t.true(early < messages.length - dropped, 'some are late');
	t.true(sent.length > new Set(sent).size, 'some are repeated');
	t.notDeepEqual(
		sent.map(({payload}) => Number(payload)),
		sent.map(({payload}) => Number(payload)).sort((a, b) => a - b),
	);
});

test('a late message comes after its time and not before', t => {
	const line = createFaultLine({...noFaults, late: 1}, createChance('a', 'b'));
	t.deepEqual(line.pass(messages[0]!, 0).send, []);
	t.deepEqual(line.due(lateMs.min - 1), []);
	t.deepEqual(line.due(lateMs.max), [messages[0]!]);
	t.deepEqual(line.due(lateMs.max), []);
});

test('a swapped message follows the next one', t => {
	const line = createFaultLine({...noFaults, reorder: 1}, createChance('a', 'b'));
	t.deepEqual(line.pass(messages[0]!, 0).send, []);
	t.deepEqual(line.pass(messages[1]!, 0).send, [messages[1]!, messages[0]!]);
});

test('whole numbers are printed with every digit', t => {
	t.is(printFixed(-5123, 1), '-512.3');
	t.is(printFixed(-3, 1), '-0.3');
	t.is(printFixed(7, 3), '0.007');
	t.is(printFixed(1_234_567, 3), '1234.567');
	t.is(printFixed(0, 3), '0.000');
	t.is(printFixed(12, 0), '12');
	t.throws(() => printFixed(0.5, 1));
});
