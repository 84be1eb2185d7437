// A config with something wrong in it: the agent does not start, and the error has the file, the line, the key and the value.
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {kedge, testFolder} from '../helpers/site.ts';

const good = `log:
  name: street-7
broker:
  port: 0
mappings:
  meter:
    topic: meters/{device}
    format: json
    time: {pointer: /at, format: iso}
    readings:
      - {pointer: /energy_kwh, quantity: energy-import, unit: kWh}
devices:
  - id: meter-1
    mappings: [meter]
`;

/** A change to the good config, the line that is named, and what is said. */
const changes: readonly (readonly [from: string, to: string, line: number, said: RegExp])[] = [
	['  port: 0', '  prot: 0', 4, /broker\.prot: unknown key; did you mean "port"\?/],
	['  port: 0', '  colour: red', 4, /broker\.colour: unknown key$/m],
	['  port: 0', '  port: 70000', 4, /broker\.port: must be a whole number from 0 to 65535, not 70000/],
	['  port: 0', '  port: "1883"', 4, /broker\.port: must be a whole number .* not "1883"/],
	['  port: 0', '  port: 0\n  port: 1', 5, /unique/],
	['  port: 0', '\tport: 0', 4, /[Tt]ab/],
	['  name: street-7', '  name: two words', 2, /log\.name: "two words" is not a log name/],
	['  name: street-7', '  title: street-7', 2, /log\.title: unknown key/],
	['    format: json', '    format: xml', 8, /mappings\.meter\.format: "xml" is no format/],
	['format: iso}', 'format: local}', 9, /mappings\.meter\.time\.format: must be one of iso, unix-s, unix-ms/],
	['unit: kWh', 'unit: furlong', 11, /furlong/],
	['quantity: energy-import', 'quantity: happiness', 11, /happiness/],
	['pointer: /energy_kwh', 'pointer: energy_kwh', 11, /readings\[0\]\.pointer: .*such as \/energy\/total/],
	['topic: meters/{device}', 'topic: meters/#/{device}', 7, /meters\/#\/\{device\}/],
	['id: meter-1', 'id: meter 1', 13, /devices\[0\]\.id: "meter 1" is not 1 to 64 letters, digits, _ or -/],
	['mappings: [meter]', 'mappings: [metre]', 14, /devices\[0\]\.mappings\[0\]: there is no mapping "metre"/],
	['mappings: [meter]', 'mappings: [meter]\n  - {id: meter-1, mappings: [meter]}', 15, /devices\[1\]\.id: "meter-1" is there twice/],
	['mappings: [meter]', 'mappings: [meter]\n    passwordHash: secret', 15, /devices\[0\]\.passwordHash: .*kedge password/],
	[
		'devices:',
		'anchor: {rpcUrl: "http://127.0.0.1:1", chainId: 1, registry: "0x12"}\ndevices:',
		12,
		/anchor\.registry: "0x12" is not an address/,
	],
	['log:', 'logs:', 1, /logs: unknown key; did you mean "log"\?/],
];

test('a wrong config is an error with its line, its key and its value, and the exit code 2', async t => {
	const directory = testFolder(t);
	const path = join(directory, 'kedge.yaml');
	for (const [from, to, line, said] of changes) {
		t.true(good.includes(from), from);
		await writeFile(path, good.replace(from, to));
		const ran = await kedge(t, ['run'], {directory});
		t.is(ran.code, 2, `${to}: ${ran.err}`);
		t.regex(ran.err, new RegExp(`^kedge: kedge\\.yaml:${line}: `), to);
		t.regex(ran.err, said, to);
	}
	await writeFile(path, good);
	const ran = await kedge(t, ['run'], {directory});
	t.is(ran.code, 2);
	t.regex(ran.err, /log\.key/, 'the config is right, and the next thing that is missing is named');
});
