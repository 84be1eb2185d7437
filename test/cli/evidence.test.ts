// Evidence as an owner makes it and a stranger checks it: a package and a disclosure, made beside a running agent, checked in an empty folder that has only the file and the trust file.
import {copyFileSync, existsSync, readFileSync, writeFileSync} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {connectAsync} from 'mqtt';
import {openSite, type Site} from '../../agent/site.ts';
import {freePort} from '../helpers/ports.ts';
import {changeConfig, kedge, kedgePath, type Ran, run, startAgent, testFolder, untilStatus} from '../helpers/site.ts';

const count = 12;
const sections = `
sites:
  - id: plant
    name: 锅炉房
    zone: Asia/Shanghai
    sources:
      - {id: grid, scope: 2, method: factor, channels: [{device: meter-1, quantity: energy-import}], locationFactors: [mine]}
factors:
  - {id: mine, value: 0.5, per: kWh, source: "the test", validFrom: "2026-01-01"}
`;

type Owner = {
	readonly site: Site;
	readonly directory: string;
	readonly kedge: (...words: string[]) => Promise<Ran>;
	/** What somebody has who got these files and the trust file, and nothing else. */
	readonly stranger: (...files: string[]) => Promise<(...words: string[]) => Promise<Ran>>;
};

/** A running site whose meter-1 sent readings at 00:00, 00:10 and so on, of 0.25, 1.25 … kWh. */
async function createOwner(t: ExecutionContext): Promise<Owner> {
	const directory = join(testFolder(t), 'street-7');
	await mkdir(directory);
	const made = await kedge(t, ['init'], {directory});
	t.is(made.code, 0, made.err);
	const port = await freePort();
	const site = await changeConfig(
		await openSite(join(directory, 'kedge.yaml')),
		text => `${text.replace('port: 1883', `port: ${port}`).replace('port: 8787', 'port: 0')}\n${sections}`,
	);
	const password = /-P ([a-z0-9]{26}) /.exec(made.out)?.[1] ?? '';
	await startAgent(t, site);
	const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {clientId: 'meter-1', username: 'meter-1', password, reconnectPeriod: 0});
	for (let i = 0; i < count; i += 1) {
		const payload = `{"at":"${new Date(Date.UTC(2026, 2, 1, 0, 10 * i)).toISOString()}","energy_kwh":${i}.25}`;
		await client.publishAsync('meters/meter-1', payload, {qos: 1});
	}
	await client.endAsync();
	await untilStatus(t, site, ({releasedSize, size}) => releasedSize === size && size > count);
	return {
		site,
		directory,
		kedge: (...words) => kedge(t, words, {directory}),
		stranger: async (...files) => {
			const elsewhere = testFolder(t);
			for (const file of [...files, 'trust.json']) copyFileSync(join(directory, file), join(elsewhere, file));
			return (...words) => kedge(t, words, {directory: elsewhere});
		},
	};
}

test('a package on a device is made beside its agent, and checked elsewhere to the last figure', async t => {
	const owner = await createOwner(t);
	const packed = await owner.kedge('evidence', '--device', 'meter-1', '--from', '2026-03-01', '--to', '2026-03-02', '--out', 'x.kedge');
	t.is(packed.code, 0, packed.err);
	t.regex(packed.err, /wrote x\.kedge \(\d+ bytes, \d+ entries\); check it with: kedge verify/);
	t.regex(packed.err, /no anchor covers it yet/);

	const there = await owner.stranger('x.kedge');
	const verified = await there('verify', 'x.kedge');
	t.is(verified.code, 0, verified.out + verified.err);
	t.regex(verified.out, /package: good, committed/);
	t.regex(verified.out, /device meter-1/);
	t.regex(verified.out, /Its answer:[\s\S]*meter-1:energy-import[\s\S]*11000\.000/);
	t.regex(verified.out, /pass\s+cover-en\.html/);
	t.regex(verified.out, /pass\s+cover-zh\.html/);

	// What `sha256sum` prints of the compiled files of these rooms is what the digest is of.
	const rooms = ['base', 'format', 'ledgers', 'merkle', 'verify'].map(room => `agent/${room}`).join(' ');
	const sums = await run(t, 'sh', ['-c', `find ${rooms} -name '*.js' | LC_ALL=C sort | xargs sha256sum | sha256sum`], {
		directory: join(dirname(kedgePath), '..', '..'),
	});
	t.true(verified.out.includes(`same      verifier       SHA-256 ${sums.out.slice(0, 64)}; the one that its maker had`), verified.out);
	const json = await there('verify', 'x.kedge', '--json');
	const verdict = JSON.parse(json.out);
	t.is(verdict.good, true);
	t.is(verdict.facts.package.question.id, 'meter-1');
	t.true(verdict.covers.every(({state}: {state: string}) => state === 'pass'));

	const csv = await there('verify', 'x.kedge', '--csv', 'rows.csv');
	t.is(csv.code, 0, csv.err);

	// A byte anywhere, and it is not good.
	const elsewhere = testFolder(t);
	const bytes = readFileSync(join(owner.directory, 'x.kedge'));
	copyFileSync(join(owner.directory, 'trust.json'), join(elsewhere, 'trust.json'));
	for (const at of [10, Math.floor(bytes.length / 3), Math.floor(bytes.length / 2), bytes.length - 5]) {
		const changed = Buffer.from(bytes);
		changed[at]! ^= 1;
		writeFileSync(join(elsewhere, 'y.kedge'), changed);
		const bad = await kedge(t, ['verify', 'y.kedge'], {directory: elsewhere});
		t.is(bad.code, 1, `byte ${at}: ${bad.out}${bad.err}`);
	}

	const again = await owner.kedge('evidence', '--device', 'meter-1', '--from', '2026-03-01', '--to', '2026-03-02', '--out', 'x.kedge');
	t.is(again.code, 2);
	for (const words of [
		['--device', 'meter-1', '--to', '2026-03-02', '--out', 'y.kedge'],
		['--device', 'meter-1', '--from', '2026-03-01', '--to', '2026-03-02'],
		['--device', 'meter-1', '--from', '2026-03-02', '--to', '2026-03-01', '--out', 'y.kedge'],
		['--device', 'meter-1', '--site', 'plant', '--from', '2026-03-01', '--out', 'y.kedge'],
		['--device', 'nobody', '--from', '2026-03-01', '--to', '2026-03-02', '--out', 'y.kedge'],
		['--device', 'meter-1', '--from', '2026-03-01', '--to', '2026-03-02', '--language', 'xx', '--out', 'y.kedge'],
	]) {
		const wrong = await owner.kedge('evidence', ...words);
		t.is(wrong.code, 2, `${words.join(' ')}: ${wrong.err}`);
		t.false(existsSync(join(owner.directory, 'y.kedge')));
	}
});

test('a package on a site says what it emitted, and a stranger comes to the same total', async t => {
	const owner = await createOwner(t);
	const packed = await owner.kedge(
		'evidence',
		'--site',
		'plant',
		'--from',
		'2026-03-01',
		'--to',
		'2026-03-01T01:00:00Z',
		'--language',
		'en',
		'--out',
		'plant.kedge',
	);
	t.is(packed.code, 0, packed.err);
	const there = await owner.stranger('plant.kedge');
	const verified = await there('verify', 'plant.kedge', '--csv', 'hours.csv');
	t.is(verified.code, 0, verified.out + verified.err);
	// From 00:00 to 01:00 six of them, at half a kilogram.
	t.regex(verified.out, /Its answer:[\s\S]*Reported +3 kg CO2e/);
	t.regex(verified.out, /pass\s+cover-en\.html/);
	t.notRegex(verified.out, /cover-zh/);
	t.regex(verified.err, /wrote hours\.csv/);
});

test('what an owner discloses is checked elsewhere with the trust file alone, and says for whom it is', async t => {
	const owner = await createOwner(t);
	const words = ['disclose', '--device', 'meter-1', '--registers', '--from', '2026-03-01', '--to', '2026-03-01T01:40:30Z'];
	const made = await owner.kedge(...words, '--to-reader', 'City Court', '--purpose', 'case 17', '--out', 'month.json');
	t.is(made.code, 0, made.err);
	const text = readFileSync(join(owner.directory, 'month.json'), 'utf8');
	t.is(Buffer.from(JSON.parse(text).entries, 'base64').length, 2 * 118);
	const there = await owner.stranger('month.json');
	const verified = await there('verify', 'month.json');
	t.is(verified.code, 0, verified.out + verified.err);
	t.regex(verified.out, /disclosure: good, committed/);
	t.regex(verified.out, /City Court[\s\S]*case 17[\s\S]*10000\.000 Wh between 2026-03-01T00:00:00.000Z and 2026-03-01T01:40:00.000Z/);

	const index = JSON.parse((await there('verify', 'month.json', '--json')).out).facts.disclosure.register.pairs[0].from.index as number;
	const one = await owner.kedge('disclose', `${index}`, '--to-reader', 'Neighbour', '--without-channel', '--out', 'one.json');
	t.is(one.code, 0, one.err);
	t.notRegex(readFileSync(join(owner.directory, 'one.json'), 'utf8'), /meter-1/);
	t.is((await (await owner.stranger('one.json'))('verify', 'one.json')).code, 0);

	for (const wrong of [
		words,
		[...words, '--to-reader', ' '],
		['disclose', '1', '--to-reader', 'A', '--registers'],
		['disclose', '--to-reader', 'A'],
		[...words, '--to-reader', 'A', '--without-channel'],
	]) {
		const answer = await owner.kedge(...wrong);
		t.is(answer.code, 2, `${wrong.join(' ')}: ${answer.err}`);
	}
});
