// The words of the command line: help, exit codes, and errors that name the thing, the value and what to do.
import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {quantities} from '../../agent/format/quantity.ts';
import {kedge, testFolder} from '../helpers/site.ts';

const commands = [
	'init',
	'certificate',
	'anchor',
	'anchor key',
	'anchor rotate',
	'anchor accept',
	'anchor close',
	'deploy',
	'run',
	'status',
	'doctor',
	'upgrade',
	'service install',
	'service uninstall',
	'service show',
	'prove',
	'history',
	'verify',
	'trust show',
	'trust pin',
	'trust add-authority',
	'trust need',
	'calldata',
	'ledgers',
	'emissions',
	'report',
	'factor list',
	'factor add',
	'activity add',
	'audit',
	'epoch',
	'quarantine',
	'decode',
	'discover',
	'backup',
	'prune',
	'correct',
	'quantities',
	'slots',
	'clear',
	'disclose',
	'evidence',
	'market',
	'order',
	'certificates list',
	'certificates show',
	'certificates open',
	'certificates transfer',
	'certificates split',
	'certificates cancel',
	'certificates retire',
	'device add',
	'device list',
	'device rotate',
	'device revoke',
	'device bind',
	'device unbind',
	'device binding',
	'shipment open',
	'shipment leg',
	'shipment assign',
	'shipment handover',
	'shipment sign',
	'shipment key',
	'shipment close',
	'shipment show',
	'shipment list',
	'shipment profiles',
	'shipment epcis',
	'user add',
	'user list',
	'user remove',
	'user password',
	'password',
	'sim',
	'sim community',
	'replay',
	'demo',
];

test('kedge alone and kedge --help list every command and the exit codes', async t => {
	const [alone, help, word] = await Promise.all([kedge(t, []), kedge(t, ['--help']), kedge(t, ['help'])]);
	t.is(alone.code, 2);
	t.is(help.code, 0);
	t.deepEqual([alone.out, word.out], [help.out, help.out]);
	const listed = [...help.out.matchAll(/^ {2}kedge (\w+(?: [\w-]+)?) {2,}\S/gm)].map(([, name]) => name);
	t.deepEqual(listed, commands);
	t.regex(help.out, /0 done; 1 .*; 2 .*; 3 .*; 4 /);
	const version = await kedge(t, ['--version']);
	t.regex(version.out, /^\d+\.\d+\.\d+\n$/);
});

for (const name of commands) {
	test(`kedge ${name} --help explains the command and every option, and does nothing`, async t => {
		const directory = testFolder(t);
		const {code, out, err} = await kedge(t, [...name.split(' '), '--help'], {directory});
		t.is(code, 0);
		t.is(err, '');
		t.true(out.startsWith(`kedge ${name}`));
		const options = [...out.matchAll(/^ {2}--([a-z-]+)(.*)$/gm)];
		t.true(options.some(([, option]) => option === 'help'));
		for (const [, option, rest = ''] of options) t.regex(rest, /\S {2,}\S|^ {2,}\S/, `--${option} has no explanation`);
		const unknown = await kedge(t, [...name.split(' '), '--no-such-option'], {directory});
		t.is(unknown.code, 2);
		t.regex(unknown.err, new RegExp(`^kedge: kedge ${name}: .*'--no-such-option'`));
		t.regex(unknown.err, new RegExp(`See: kedge ${name} --help`));
	});
}

/** Words, the exit code, and what must stand in the error. The directory is empty. */
const wrong: readonly (readonly [words: readonly string[], code: number, ...said: RegExp[]])[] = [
	[['frobnicate'], 2, /no command "frobnicate"/, /kedge --help/],
	[['run'], 2, /no config file kedge\.yaml/, /kedge init/],
	[['run', 'other.yaml'], 2, /does not know "other\.yaml"/],
	[['status', '--config', 'there/kedge.yaml'], 2, /no config file there\/kedge\.yaml/],
	[['status', 'now'], 2, /does not know "now"/],
	[['audit', 'log.db'], 2, /does not know "log\.db"/],
	[['password', 'meter-1'], 2, /does not know "meter-1"/],
	[['init', 'a', 'b'], 2, /takes one directory/],
	[['init', 'site', '--tls', 'not a name'], 2, /"not a name" is neither a DNS name nor an IP address/],
	[['certificate', 'a', 'b'], 2, /takes one list of names/],
	[['certificate', 'kedge.lan'], 2, /no config file kedge\.yaml/],
	[['init', '--name'], 2, /'--name <value>' argument missing/],
	[['init', 'site', '--name', 'two words'], 2, /"two words" is not a log name/],
	[['init', 'a-file'], 2, /a-file cannot be made a directory/],
	[['evidence'], 2, /takes a file of a slot, or one of --site/],
	[['evidence', 'a-file'], 2, /a-file is no evidence of a slot/],
	[['order', '--key', 'no-key', '--address'], 2, /cannot read the secret in no-key: ENOENT/],
	[
		['order', '--key', 'a-key', '--token', '--url', 'http://127.0.0.1:1'],
		3,
		/no market answers at http:\/\/127\.0\.0\.1:1: fetch failed: bad port$/m,
	],
	[
		['order', '--key', 'a-key', '--meter', 'm', '--buy', '1', '--limit', '0.2', '--slots', '99999'],
		2,
		/for 1 to 2976 slots, not for 99999/,
	],
	[['sim', 'community', '--draws', '3'], 2, /--draws needs --data/],
	[['sim', 'community', '--homes', '0'], 2, /--homes 0 is not from 1 to 1000/],
	[['sim', 'community', '--start', '2026-06-20T01:00Z'], 2, /--start is no midnight/],
	[['sim', 'community', '--data', 'nowhere', '--days', '2'], 2, /--days does not go with --data/],
	[['sim', 'community', '--data', 'nowhere'], 2, /cannot read nowhere/, /prosumers\/hh/],
	[['sim', 'community', '--data', 'nowhere', '--draws', '2000'], 2, /--draws 2000 is above 1000/],
	[['prove'], 2, /takes either an index or --device/],
	[['prove', '1', '--device', 'meter-1'], 2, /takes either an index or --device/],
	[['prove', '1', '2'], 2, /takes either an index or --device/],
	[
		['prove', '1', '--with-arrival', '--without-channel'],
		2,
		/--with-arrival shows the topic and the device that --without-channel is to leave out/,
	],
	[['quantities', 'energy'], 2, /does not know "energy"/],
	[['history'], 2, /takes one device/],
	[['history', 'meter-1', '--from', 'yesterday'], 2, /--from "yesterday" is not a time such as 2026-/],
	[['epoch'], 2, /no config file kedge\.yaml/],
	[['epoch', 'now'], 2, /does not know "now"/],
	[['verify'], 2, /takes at least one file/],
	[['calldata'], 2, /takes one receipt/],
	[['calldata', 'receipt.json'], 2, /cannot read receipt\.json/],
	[['calldata', 'a-file'], 2, /a-file: it is not JSON/],
	[['verify', 'receipt.json'], 2, /cannot read trust\.json/, /--trust/],
	[['verify', '--trust', 'a-file', 'receipt.json'], 2, /a-file is not a trust file: it is not JSON/],
	[['quarantine', '--limit', 'many'], 2, /--limit "many" is not a whole number/],
	[['quarantine', '--limit=-1'], 2, /--limit "-1" is not a whole number/],
	[['anchor'], 2, /needs --rpc and --chain-id/],
	[['anchor', '--rpc', 'http://127.0.0.1:1', '--chain-id', '1', '--registry', '0x12'], 2, /--registry "0x12" is not an address/],
	[['deploy'], 2, /needs --rpc/],
	[['deploy', '--rpc', 'http://127.0.0.1:1'], 2, /needs --chain-id/],
	[['deploy', '--rpc', 'http://127.0.0.1:1', '--chain-id', 'one'], 2, /--chain-id "one" is not a whole number/],
	[['deploy', '--rpc', 'http://127.0.0.1:1', '--chain-id', '1', '--fees', 'none'], 2, /--fees "none" is neither dynamic nor legacy/],
	[['deploy', '--rpc', 'http://127.0.0.1:1', '--chain-id', '1', '--gas-price', 'free'], 2, /--gas-price "free" is not a price in Gwei/],
	[
		['deploy', '--rpc', 'http://127.0.0.1:1', '--chain-id', '1', '--fees', 'dynamic', '--gas-price', '1'],
		2,
		/--gas-price is for --fees legacy/,
	],
	[['anchor', 'key', '--config', 'none.yaml'], 2, /no config file none\.yaml/],
	[['anchor', 'rotate'], 2, /takes either --to or --withdraw/],
	[['anchor', 'rotate', '--to', '0x12', '--withdraw'], 2, /takes either --to or --withdraw/],
	[['anchor', 'rotate', '--to', '0x12'], 2, /--to "0x12" is not an address/],
	[['anchor', 'accept', '--keystore', 'a-file'], 2, /--keystore and --password-file go together/],
	[['anchor', 'accept', '--opener', 'me'], 2, /--opener "me" is not an address/],
	[['anchor', 'close'], 2, /no config file kedge\.yaml/],
	[['anchor', 'shut'], 2, /does not know "shut"/],
	[['sim', '--url', 'mqtt://127.0.0.1:1', '--for', 'long'], 2, /--for "long" is not a duration such as 60s/],
	[['sim', '--sign', 'xml'], 2, /--sign "xml" is none of jws, jws-detached, cose, plain, mixed/],
	[['sim', '--sign', 'jws', '--key-type', 'rsa'], 2, /--key-type "rsa" is none of ed25519, p256, secp256k1/],
	[['sim', '--keys'], 2, /--keys needs --sign/],
	[['sim', '--key-number', '2'], 2, /need --sign/],
	[['sim', '--url', 'mqtt://127.0.0.1:1', '--faults', 'all'], 2, /--faults "all" is neither none nor demo/],
	[['sim', '--url', 'mqtt://127.0.0.1:1', '--rate', '0'], 2, /--rate "0" is not a number above 0/],
	[['sim', '--url', 'mqtt://127.0.0.1:1', '--passwords', 'none.json'], 2, /no password file none\.json/],
	[['sim', '--url', 'mqtt://127.0.0.1:1', '--passwords', 'a-file'], 2, /a-file is not a JSON object from device ids to passwords/],
	[['replay', '--url', 'mqtt://127.0.0.1:1'], 2, /takes either a file or --citylearn/],
	[['replay', '--url', 'mqtt://127.0.0.1:1', 'rows.csv'], 2, /FILE\.csv with --description/],
	[['replay', '--url', 'mqtt://127.0.0.1:1', '--citylearn', 'nowhere'], 2, /cannot read nowhere/, /schema\.json/],
	[['decode', 'a-file'], 2, /takes either --topic for one message, or --lines/],
	[['decode', '--topic', 'a'], 2, /takes one file, or - for standard input/],
	[['decode', '--topic', 'a', 'nothing-here'], 2, /cannot read nothing-here/],
	[['decode', '--lines', 'a-file'], 2, /a-file:1: is no JSON/, /payloadHex/],
	[['decode', '--topic', 'a', '--format', 'tasmoto', 'a-file'], 2, /"tasmoto" is no format; did you mean "tasmota"\?/, /Formats: /],
	[['decode', '--topic', 'a', '--zone', 'Mars', 'a-file'], 2, /"Mars" is no zone such as UTC/],
	[['decode', '--topic', 'a', '--key', '00', 'a-file'], 2, /--key is not 32 hexadecimal digits/],
	[['decode', '--topic', 'a', '--config', 'kedge.yaml', '--zone', 'UTC', 'a-file'], 2, /takes either --config, which says it, or --zone/],
	[['discover'], 2, /takes --url for a broker, or --lines for a file/],
	[['discover', '--url', 'http://127.0.0.1'], 2, /is not a URL such as mqtt:/],
	[['discover', '--url', 'mqtt://me:secret@127.0.0.1'], 2, /a password does not belong in a URL/],
	[['discover', '--lines', 'a-file', '--whole', 'street-7'], 2, /--whole needs --url/],
	[['demo', 'now'], 2, /does not know "now"/],
	[['demo', '--for', '60'], 2, /--for "60" is not a duration such as 60s/],
	[['demo', '--rate', '-1'], 2, /--rate/],
];

test('wrong words name the thing and the value, say what to do, and leave nothing behind', async t => {
	const directory = testFolder(t);
	await writeFile(join(directory, 'a-file'), 'this is text');
	await writeFile(join(directory, 'a-key'), '11'.repeat(32));
	for (const [words, code, ...said] of wrong) {
		const ran = await kedge(t, words, {directory});
		t.is(ran.code, code, `${words.join(' ')}: ${ran.err}`);
		t.is(ran.out, '', words.join(' '));
		for (const pattern of said) t.regex(ran.err, pattern, words.join(' '));
		const [first = ''] = ran.err.split('\n');
		t.notRegex(first, /(\bE[A-Z]{4,}\b).*\1/, `${words.join(' ')} repeats itself`);
		t.notRegex(ran.err, /\n {4}at /, `${words.join(' ')} shows a stack`);
	}
	t.is(readFileSync(join(directory, 'a-file'), 'utf8'), 'this is text');
});

test('kedge password makes a password and a hash that a config takes', async t => {
	const {code, out} = await kedge(t, ['password']);
	t.is(code, 0);
	const found = /^password {6}([a-z2-9]{26})\npasswordHash: (scrypt\$\S+)\n$/.exec(out);
	t.truthy(found);
	t.not((await kedge(t, ['password'])).out, out);
});

test('kedge quantities lists every quantity with its unit, its kind, its step and what devices may print', async t => {
	const {code, out} = await kedge(t, ['quantities']);
	t.is(code, 0);
	for (const {name, unit, kind} of quantities)
		t.true(
			out.split('\n').some(line => line.startsWith(name) && line.replace(/ +/g, ' ').startsWith(`${name} ${unit} ${kind} `)),
			name,
		);
	t.regex(out, /^temperature +mCel +gauge +0 +mCel, Cel, °C$/m);
	t.regex(out, /exponent/);
	const json = await kedge(t, ['quantities', '--json']);
	t.is(json.code, 0);
	const listed = (JSON.parse(json.out) as {quantities: {name: string; units: string[]}[]}).quantities;
	t.deepEqual(
		listed.map(({name}) => name),
		quantities.map(({name}) => name),
	);
	t.deepEqual(
		listed.find(({name}) => name === 'voltage'),
		{
			code: 12,
			name: 'voltage',
			unit: 'mV',
			kind: 'gauge',
			exponentDefault: 0,
			ucum: 'mV',
			unece: '2Z',
			obis: '12.7.0',
			units: ['mV', 'V', 'kV'],
		} as never,
	);
});
