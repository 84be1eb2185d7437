// What a broker sends, cut into packets: the same however it is split, skimmed where it is too large, and never a crash.
import test from 'ava';
import fc from 'fast-check';
import {type Cut, PublishCutter} from '../../agent/ingest/publish-cutter.ts';
import {packet, pingPacket, publishPacket, remainingLength} from '../broker/wire.ts';

const options = {protocolVersion: 4, packetBytesMax: 1024, skimmedBytesMax: 16} as const;

/** All that a cutter gives for chunks, with payloads as text, since they are views. */
function cutAll(chunks: readonly Buffer[], more: Partial<ConstructorParameters<typeof PublishCutter>[0]> = {}): unknown[] {
	const cutter = new PublishCutter({...options, ...more});
	const all: unknown[] = [];
	for (const chunk of chunks) {
		cutter.feed(chunk);
		for (let cut = cutter.next(); cut !== undefined; cut = cutter.next()) {
			all.push(shown(cut));
			if (cut.kind === 'malformed') return all;
		}
	}
	return all;
}

function shown(cut: Cut): unknown {
	if (cut.kind === 'malformed') return cut.problem;
	if (cut.kind === 'other') return cut.bytes.toString('hex');
	return {...cut.publish, payload: Buffer.from(cut.publish.payload).toString('latin1')};
}

function split(bytes: Buffer, at: readonly number[]): Buffer[] {
	const places = [...new Set(at.map(place => place % (bytes.length + 1)))].sort((a, b) => a - b);
	return [0, ...places].map((place, i) => bytes.subarray(place, places[i] ?? bytes.length));
}

const plain = {topic: 'a/b', qos: 1, isDup: false, isRetained: false, packetId: 7, payload: 'x', payloadLength: undefined};

test('a message is what its PUBLISH says', t => {
	t.deepEqual(cutAll([publishPacket('a/b', 'x', {id: 7})]), [plain]);
	t.deepEqual(cutAll([publishPacket('a/b', 'x', {id: 7, dup: true, retain: true})]), [{...plain, isDup: true, isRetained: true}]);
	t.deepEqual(cutAll([publishPacket('a/b', '', {qos: 0})]), [{...plain, qos: 0, packetId: undefined, payload: ''}]);
	t.deepEqual(cutAll([publishPacket('a/b', 'x', {id: 65_535, qos: 2})]), [{...plain, qos: 2, packetId: 65_535}]);
});

test('with MQTT 5 the properties in front of the payload are passed over', t => {
	const publish = (length: Buffer): Buffer =>
		packet(0x32, Buffer.from([0, 1]), Buffer.from('a'), Buffer.from([0, 7]), length, Buffer.alloc(200, 1), Buffer.from('x'));
	t.deepEqual(cutAll([publish(remainingLength(200))], {protocolVersion: 5}), [{...plain, topic: 'a'}]);
	t.deepEqual(cutAll([publish(remainingLength(202))], {protocolVersion: 5}), ['the properties of a PUBLISH are too long']);
	t.deepEqual(cutAll([packet(0x32, Buffer.from([0, 1, 0x61, 0, 7]))], {protocolVersion: 5}), ['the properties of a PUBLISH are too long']);
	const large = packet(0x32, Buffer.from([0, 1, 0x61, 0, 7]), remainingLength(90_000), Buffer.alloc(90_000, 1), Buffer.from('xyz'));
	t.deepEqual(cutAll([large], {protocolVersion: 5}), [{...plain, topic: 'a', payload: '', payloadLength: 3}]);
});

test('a message that is too large gives its topic, packet id, first bytes and true length once all of it has passed by', t => {
	const large = publishPacket('a/b', `${'0123456789'.repeat(200_000)}`, {id: 7});
	const cutter = new PublishCutter(options);
	for (let at = 0; at < large.length - 1; at += 60_000) {
		cutter.feed(large.subarray(at, Math.min(at + 60_000, large.length - 1)));
		t.is(cutter.next(), undefined);
	}
	cutter.feed(Buffer.concat([large.subarray(-1), pingPacket]));
	t.deepEqual(shown(cutter.next()!), {...plain, payload: '0123456789012345', payloadLength: 2_000_000});
	t.is(shown(cutter.next()!), pingPacket.toString('hex'));
});

test('the limit counts the whole packet', t => {
	const fits = publishPacket('a/b', 'x'.repeat(1024 - 3 - 2 - 3 - 2), {id: 7});
	t.is(fits.length, 1024);
	t.like(cutAll([fits])[0], {payloadLength: undefined});
	t.like(cutAll([publishPacket('a/b', 'x'.repeat(1024 - 3 - 2 - 3 - 1), {id: 7})])[0], {payloadLength: 1015});
});

for (const [what, bytes] of [
	['a length of five bytes', Buffer.from('3280808080', 'hex')],
	['another packet that is too large', packet(0x90, Buffer.alloc(2000))],
	['QoS 3', Buffer.from('3605000161' + '0007', 'hex')],
	['a topic that ends behind the packet', Buffer.from('3205000961' + '0007', 'hex')],
	['no room for a packet id', Buffer.from('32030001' + '61', 'hex')],
	['packet id 0', Buffer.from('3205000161' + '0000', 'hex')],
	['no topic at all', Buffer.from('320100', 'hex')],
] as const)
	test(`${what} is malformed, wherever it is split`, t => {
		const [found, ...others] = cutAll([bytes]);
		t.is(typeof found, 'string');
		t.deepEqual(others, []);
		t.deepEqual(cutAll([...bytes].map(byte => Buffer.of(byte))), [found]);
	});

const anyPacket = fc.oneof(
	fc
		.record({
			topic: fc.string({minLength: 1, maxLength: 300}),
			length: fc.oneof(fc.nat(40), fc.nat(1500), fc.nat(90_000)),
			id: fc.integer({min: 1, max: 65_535}),
			qos: fc.integer({min: 0, max: 2}),
			dup: fc.boolean(),
			retain: fc.boolean(),
		})
		.map(({topic, length, ...rest}) => publishPacket(topic, 'p'.repeat(length), rest)),
	fc.constantFrom(pingPacket, Buffer.from('20020000', 'hex'), Buffer.from('9003000101', 'hex')),
	fc.nat(1000).map(length => packet(0x90, Buffer.alloc(length, 3))),
);

test('packets are the same however they are split', t => {
	fc.assert(
		fc.property(fc.array(anyPacket, {maxLength: 8}), fc.array(fc.nat(), {maxLength: 12}), (packets, places) => {
			const bytes = Buffer.concat(packets);
			t.deepEqual(
				cutAll(split(bytes, places)),
				packets.flatMap(one => cutAll([one])),
			);
		}),
		{numRuns: 200, verbose: 1},
	);
});

test('whatever comes, every byte is taken and nothing is thrown', t => {
	fc.assert(
		fc.property(
			fc.array(anyPacket, {minLength: 1, maxLength: 4}),
			fc.array(fc.tuple(fc.nat(), fc.nat(255)), {maxLength: 6}),
			fc.array(fc.nat(), {maxLength: 6}),
			fc.constantFrom(4 as const, 5 as const),
			(packets, changes, places, protocolVersion) => {
				const bytes = Buffer.concat(packets);
				for (const [place, value] of changes) bytes[place % Math.min(bytes.length, 64)] = value;
				t.deepEqual(cutAll(split(bytes, places), {protocolVersion}), cutAll([bytes], {protocolVersion}));
			},
		),
		{numRuns: 300, verbose: 1},
	);
});
