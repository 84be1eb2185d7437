// What a message becomes, and why, from the command line.
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {formatDeviceKey} from '../../agent/format/device-key.ts';
import {formats} from '../../agent/ingest/decoders/table.ts';
import {createSimSigner} from '../../sim/signing.ts';
import {kedge, type Ran, testFolder} from '../helpers/site.ts';

async function decode(
	t: ExecutionContext,
	files: Readonly<Record<string, string | Uint8Array>>,
	...words: readonly string[]
): Promise<Ran> {
	const directory = testFolder(t);
	for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
	return kedge(t, ['decode', ...words], {directory});
}

const tasmota = '{"Time":"2026-03-01T12:00:00","ENERGY":{"Total":514.153,"Power":56}}';

test('a message is read by the surest decoder, with exact integers, and the time waits for a zone', async t => {
	const without = await decode(t, {m: tasmota}, '--topic', 'tele/plug/SENSOR', 'm');
	t.is(without.code, 0, without.err);
	t.regex(without.out, /read as tasmota: looks like tasmota \(90 of 100, Tasmota\)/);
	t.regex(without.out, /energy-import +514\.153 kWh +514153000 × 10\^-3 Wh +no time +noDeviceTime/);
	t.regex(without.out, /no time, because the device prints local time, and no zone says where its clock stands/);
	const within = await decode(t, {m: tasmota}, '--topic', 'tele/plug/SENSOR', '--zone', '+01:00', 'm');
	t.regex(within.out, /514153000 × 10\^-3 Wh +2026-03-01T11:00:00\.000Z/);
});

test('what nobody knows, and what is refused, is told with its reason and exit code 1', async t => {
	const unknown = await decode(t, {m: 'sunny'}, '--topic', 'weather', 'm');
	t.is(unknown.code, 1);
	t.regex(unknown.out, /no decoder takes it for its own: say with --format what it is/);
	const refused = await decode(t, {m: '{"Time":1'}, '--topic', 'a/b', '--format', 'tasmota', 'm');
	t.is(refused.code, 1);
	t.regex(refused.out, /read as tasmota, as you say/);
	t.regex(refused.out, /refused: payload-malformed: .*\n +\(the payload is not what the mapping expects/);
	const broken = await decode(t, {m: ' {"power_w":1,"c'}, '--topic', 'a/b', 'm');
	t.is(broken.code, 1);
	t.regex(broken.out, /nothing was tried: it begins as JSON does, but cannot be read: .* \(at character 16\)$/m);
	const unread = await decode(t, {m: '{"a":1}'}, '--topic', 'a/b', '--format', 'json', 'm');
	t.is(unread.code, 1);
	t.regex(unread.out, /a mapping of json names its readings: write one, and use --config/);
});

test('messages in lines share what they describe', async t => {
	const state = {topic: 'zigbee2mqtt/lamp', payload: '{"temperature":21.5,"linkquality":9}'};
	const list = {
		topic: 'zigbee2mqtt/bridge/devices',
		payload: JSON.stringify([
			{
				friendly_name: 'lamp',
				definition: {exposes: [{type: 'numeric', name: 'temperature', property: 'temperature', unit: '°C', access: 1}]},
			},
		]),
		retained: true,
	};
	const alone = await decode(t, {m: state.payload}, '--topic', state.topic, 'm');
	t.is(alone.code, 1);
	t.regex(
		alone.out,
		/refused: units-unknown: .*\n.*\n {2}to see more, give the retained message of its list \(…\/bridge\/devices\) in front of this one, .* with --lines$/m,
	);
	const lines = (...some: readonly object[]): string => some.map(one => `${JSON.stringify(one)}\n`).join('');
	const {code, out} = await decode(t, {m: lines(state, list, state)}, '--lines', '--json', 'm');
	t.is(code, 0);
	const shown = out
		.trim()
		.split('\n')
		.map(
			line =>
				JSON.parse(line) as {
					isLearned: boolean;
					refusals: {reason: string}[];
					readings: {channel: string; value: string; exponent: number}[];
				},
		);
	t.deepEqual(
		shown.map(({isLearned, refusals, readings}) => [
			isLearned,
			refusals.map(({reason}) => reason),
			readings.map(({channel, value, exponent}) => `${channel} ${value}e${exponent}`),
		]),
		[
			[false, ['units-unknown'], []],
			[true, ['no-reading'], []],
			[false, [], ['temperature 21500e0']],
		],
	);
});

test('a signed message is opened, and its signature is checked where the config has a key', async t => {
	const signer = createSimSigner('seed', 'm1', {form: 'jws', keyType: 'p256'});
	const message = signer.sign('{"power_w":12.5}') as string;
	const alone = await decode(t, {m: message}, '--topic', 'meters/m1', 'm');
	t.is(alone.code, 0, alone.err);
	t.regex(alone.out, /signed: jws, p256; not checked: no key of the device is known/);
	t.regex(alone.out, /active-power +12\.5 W/);
	const config = (key: string): string =>
		`log: {name: a}\nmappings:\n  m: {topic: "meters/{device}", format: json, readings: [{pointer: /power_w, quantity: active-power, unit: W}]}\ndevices:\n  - {id: m1, mappings: [m], publicKey: "${key}"}\n`;
	const words = ['--topic', 'meters/m1', '--config', 'c.yaml', 'm'];
	const good = await decode(t, {m: message, 'c.yaml': config(formatDeviceKey(signer.key))}, ...words);
	t.is(good.code, 0, good.err);
	t.regex(good.out, /read as json, as the config says/);
	t.regex(good.out, /jws, p256; good: it is of the key of the device/);
	t.regex(good.out, /deviceSigned/);
	const other = createSimSigner('seed', 'm2', {form: 'jws', keyType: 'p256'});
	const wrong = await decode(t, {m: message, 'c.yaml': config(formatDeviceKey(other.key))}, ...words);
	t.is(wrong.code, 1);
	t.regex(wrong.out, /WRONG/);
	t.regex(wrong.out, /refused: signature-wrong/);
	const nobody = await decode(t, {m: '{}', 'c.yaml': config(formatDeviceKey(other.key))}, '--topic', 'x', '--config', 'c.yaml', 'm');
	t.is(nobody.code, 1);
	t.regex(nobody.out, /no mapping and device of the config reads it/);
	t.regex(nobody.out, /refused: device-unknown/);
});

test('what stands in a message reaches no terminal as an order to it', async t => {
	const {out} = await decode(t, {m: '{"power_w":"\u001b[31mred","temperature_c":1}'}, '--topic', 'a/\u001b]0;x', 'm');
	t.false(out.includes('\u001b'));
});

test('the help lists every format', async t => {
	const {out} = await kedge(t, ['decode', '--help']);
	for (const format of formats) t.regex(out, new RegExp(`[ ,]${format}[,.]`));
});
