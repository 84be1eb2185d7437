// A whole agent, looked into over HTTP: every figure is held to the log itself, and a tile reader of our own walks the tree.
import {createHash} from 'node:crypto';
import test, {type ExecutionContext} from 'ava';
import {systemClock} from '../../agent/base/clock.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {until} from '../../agent/base/retry.ts';
import {encodeArrival} from '../../agent/format/arrival.ts';
import {kinds} from '../../agent/format/entry.ts';
import {quantityOfName} from '../../agent/format/quantity.ts';
import {channelUrn} from '../../agent/format/subject.ts';
import {openAgent} from '../../agent/main.ts';
import {simulatedDeviceIds} from '../../agent/simulation.ts';
import type {Site} from '../../agent/site.ts';
import {createTestSite, kedge} from '../helpers/site.ts';
import {openSiteLog} from '../helpers/site-log.ts';

const token = 'token-of-the-tools-0123456789';
const hashOf = (...parts: readonly Uint8Array[]): Buffer => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const device = simulatedDeviceIds(1)[0]!;
const urn = channelUrn(device, 'energy-import');
const startMs = Date.UTC(2026, 5, 1);
const count = 700;

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field, and a wrong guess fails the test.
type Loose = any;

/** A log with one channel that speaks once a minute, and is silent for an hour. */
async function fill(site: Site): Promise<void> {
	const log = await openSiteLog(site.paths);
	const {code, exponentDefault: exponent} = quantityOfName('energy-import')!;
	const channel = log.channel(urn) ?? log.enrol({urn, quantity: code, quantityName: 'energy-import', exponent});
	for (let i = 0; i < count; i += 1) {
		const measuredAtMs = startMs + (i < 300 ? i : i + 60) * 60_000;
		const record = encodeArrival({
			topic: `${device}/energy`,
			payload: Buffer.from(`{"<b>${i}</b>":1}`),
			flags: 1,
			identity: device,
			arrivedAtMs: measuredAtMs + 400,
			deviceSignature: new Uint8Array(0),
			decoder: 'json/1',
		});
		const draft = {
			channel,
			kind: kinds.reading,
			quantity: code,
			exponent,
			quality: i === 10 ? 1 : 0,
			value: BigInt(1000 + i * i),
			measuredAtMs,
			span: 0,
			session: undefined,
			key: measuredAtMs,
			keyTop: measuredAtMs,
		};
		log.append({record, arrivedAtMs: measuredAtMs + 400, drafts: [draft]}, failure => {
			if (failure !== undefined) throw failure;
		});
	}
	await log.settled();
	await log[Symbol.asyncDispose]();
}

async function openLookedInto(t: ExecutionContext) {
	const {site} = await createTestSite(t, {
		homes: 1,
		config: () => `api: {port: 0, tokens: [{name: tools, role: reader, sha256: ${hashOf(Buffer.from(token)).toString('hex')}}]}\n`,
	});
	await fill(site);
	const told: string[] = [];
	const agent = await openAgent({site, logger: silentLogger, onFirstOwner: password => told.push(password)});
	t.teardown(() => agent[Symbol.asyncDispose]());
	const url = `http://127.0.0.1:${agent.apiPort}`;
	t.is(told.length, 1);
	const signed = await fetch(`${url}/v1/session`, {
		method: 'POST',
		body: JSON.stringify({name: 'owner', password: told[0]}),
		headers: {'content-type': 'application/json', origin: url},
	});
	t.is(signed.status, 201);
	const cookie = signed.headers.getSetCookie()[0]!.split(';')[0]!;
	const ask = async (path: string, init: RequestInit = {}): Promise<Loose> => {
		const answer = await fetch(`${url}${path}`, {...init, headers: {cookie, origin: url, ...(init.headers as Record<string, string>)}});
		if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
		return answer.headers.get('content-type')?.includes('json') ? answer.json() : answer.text();
	};
	const bytes = async (path: string): Promise<Buffer> => {
		const answer = await fetch(`${url}${path}`, {headers: {authorization: `Bearer ${token}`}});
		if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
		return Buffer.from(await answer.arrayBuffer());
	};
	return {site, agent, url, cookie, ask, bytes};
}

/** [C2SP tlog-tiles] from the page alone: the root of a tree of `size` leaves, from its tiles. */
async function rootOfTiles(
	size: number,
	tile: (path: string) => Promise<Buffer>,
): Promise<{readonly root: Buffer; readonly leaves: readonly Buffer[]}> {
	const hashesOf = async (level: number, wanted: number): Promise<Buffer[]> => {
		const found: Buffer[] = [];
		for (let n = 0; n * 256 < wanted; n += 1) {
			const width = Math.min(256, wanted - n * 256);
			const packed = await tile(`/tile/${level}/${String(n).padStart(3, '0')}${width === 256 ? '' : `.p/${width}`}`);
			if (packed.length !== width * 32) throw new Error(`a tile of ${width} hashes has ${packed.length} bytes`);
			for (let i = 0; i < width; i += 1) found.push(packed.subarray(i * 32, i * 32 + 32));
		}
		return found;
	};
	/** MTH of hashes [RFC 9162 §2.1.1]. */
	const fold = (hashes: readonly Buffer[]): Buffer => {
		if (hashes.length === 1) return hashes[0]!;
		let split = 1;
		while (split * 2 < hashes.length) split *= 2;
		return hashOf(Buffer.from([1]), fold(hashes.slice(0, split)), fold(hashes.slice(split)));
	};
	const leaves = await hashesOf(0, size);
	// Level 1 must say of whole tiles what level 0 comes to.
	const above = await hashesOf(1, Math.floor(size / 256));
	for (const [n, hash] of above.entries())
		if (!hash.equals(fold(leaves.slice(n * 256, n * 256 + 256)))) throw new Error(`tile 1 lies about ${n}`);
	return {root: fold(leaves), leaves};
}

/** [Prometheus text format 0.0.4], strictly: every line is of a family that was announced, every value a number, no sample twice. */
function parseMetrics(text: string): Map<string, number> {
	const samples = new Map<string, number>();
	const families = new Map<string, string>();
	let family = '';
	if (!text.endsWith('\n')) throw new Error('the last line has no end');
	for (const line of text.slice(0, -1).split('\n')) {
		const help = /^# HELP ([a-z_:][a-z0-9_:]*) (?:[^\\\n]|\\\\|\\n)*$/.exec(line);
		if (help !== null) {
			if (families.has(help[1]!)) throw new Error(`${help[1]} is there twice`);
			family = help[1]!;
			families.set(family, '');
			continue;
		}
		const type = /^# TYPE ([a-z_:][a-z0-9_:]*) (counter|gauge)$/.exec(line);
		if (type !== null) {
			if (type[1] !== family || families.get(family) !== '') throw new Error(`a type out of place: ${line}`);
			families.set(family, type[2]!);
			if (type[2] === 'counter' && !family.endsWith('_total')) throw new Error(`${family} is a counter and does not end in _total`);
			continue;
		}
		const sample =
			/^([a-z_:][a-z0-9_:]*)(\{(?:[a-z_][a-z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"(?:,(?!\})|(?=\})))+\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?)$/.exec(
				line,
			);
		if (sample === null || sample[1] !== family || families.get(family) === '') throw new Error(`no sample: ${line}`);
		const key = `${sample[1]}${sample[2] ?? ''}`;
		if (samples.has(key)) throw new Error(`${key} is there twice`);
		samples.set(key, Number(sample[3]));
	}
	return samples;
}

test.serial('what people see of a log is what the log holds', async t => {
	const {ask, bytes, url, site} = await openLookedInto(t);
	const agent = await ask('/v1/agent');
	t.is(agent.state, 'running');
	t.true(agent.size > count);
	t.is(agent.devices, simulatedDeviceIds(1).length);
	t.is((await ask('/v1/devices')).items.find(({id}: {id: string}) => id === device).channels, 1);
	const channel = (await ask(`/v1/devices/${device}`)).channels[0];
	t.like(channel, {urn, device, quantity: 'energy-import', entries: count + 1});

	const name = encodeURIComponent(`${device}/energy-import`);
	const endMs = startMs + (count + 60) * 60_000;
	// Page by page, the readings are those that were written.
	const readings: Loose[] = [];
	for (let cursor: string | undefined; ; ) {
		const page = await ask(
			`/v1/channels/${name}/readings?from=${startMs}&to=${endMs}&limit=150${cursor === undefined ? '' : `&cursor=${cursor}`}`,
		);
		readings.push(...page.items);
		cursor = page.next;
		if (cursor === undefined) break;
	}
	t.is(readings.length, count);
	t.deepEqual(
		readings.map(({value}) => value),
		Array.from({length: count}, (_, i) => String(1000 + i * i)),
	);
	t.deepEqual(readings[10].quality, ['estimated']);

	const raw = await ask(`/v1/channels/${encodeURIComponent(urn)}/curve?from=${startMs}&to=${startMs + 300 * 60_000}`);
	t.is(raw.level, 'raw');
	const first = readings.slice(0, 300);
	t.deepEqual(
		raw.indexes,
		first.map(({index}) => index),
	);
	t.deepEqual(
		raw.first,
		first.map(({value}) => value),
	);
	t.deepEqual(raw.marks.estimated, [[10, 1]]);
	const curve = await ask(`/v1/channels/${name}/curve?from=${startMs}&to=${endMs}&points=60`);
	t.is(curve.level, 'quarter-hour');
	t.is(
		curve.counts.reduce((sum: number, one: number) => sum + one, 0),
		count,
	);
	for (const [i, beginMs] of curve.times.entries()) {
		const inside = readings
			.filter(({measuredAtMs}) => measuredAtMs >= beginMs && measuredAtMs < beginMs + curve.bucketMs)
			.map(({value}) => Number(value));
		t.deepEqual(
			[curve.counts[i], curve.first[i], curve.last[i], curve.min[i], curve.max[i]],
			[inside.length, String(inside[0]), String(inside.at(-1)), String(Math.min(...inside)), String(Math.max(...inside))],
		);
	}
	// The hour of silence is a gap.
	t.false(curve.times.includes(startMs + 300 * 60_000 + 900_000));

	const {index} = readings[5];
	const entry = await ask(`/v1/log/entries/${index}`);
	t.like(entry, {index, kind: 'reading', sort: 'energy-import', urn, device, value: '1025', arrivalState: 'shown'});
	t.is(entry.arrival.payloadText, '{"<b>5</b>":1}');
	t.is(hashOf(Buffer.from([0]), Buffer.from(entry.bytes, 'hex')).toString('hex'), entry.leafHash);
	const path = await ask(`/v1/log/entries/${index}/path`);
	let sum: Buffer = Buffer.from(path.leafHash, 'hex');
	for (const {side, hash, sum: said} of path.steps) {
		const beside = Buffer.from(hash, 'hex');
		sum = side === 'left' ? hashOf(Buffer.from([1]), beside, sum) : hashOf(Buffer.from([1]), sum, beside);
		t.is(sum.toString('hex'), said);
	}
	t.is(sum.toString('hex'), path.checkpoint.root);
	const receipt = await (await fetch(`${url}/v1/log/entries/${index}/receipt`, {headers: {authorization: 'Bearer nobody'}})).json();
	t.is((receipt as Loose).code, 'unauthorised');
	t.like(await ask(`/v1/log/entries/${index}/receipt`), {entry: Buffer.from(entry.bytes, 'hex').toString('base64')});
	// An enrolment holds a secret, which is shown to nobody.
	const enrolment = await ask(`/v1/log/entries/${readings[0].index - 1}`);
	t.like(enrolment, {kind: 'enrolment', body: null, arrivalState: 'none'});
	await t.throwsAsync(ask('/v1/log/entries/1000000'), {message: /404/});
	t.true((await ask('/v1/log/notes?kinds=start')).items.length >= 1);
	t.deepEqual((await ask('/v1/quarantine')).items, []);
	t.deepEqual((await ask('/v1/shipments')).items, []);

	// Transparency-log tools.
	const [origin, sizeText, root] = (await ask('/checkpoint')).split('\n');
	const size = Number(sizeText);
	t.is(origin, 'harbour/1');
	const walked = await rootOfTiles(size, bytes);
	t.is(walked.root.toString('base64'), root);
	for (let n = 0; n * 256 < size; n += 1) {
		const width = Math.min(256, size - n * 256);
		const bundle = await bytes(`/tile/entries/${String(n).padStart(3, '0')}${width === 256 ? '' : `.p/${width}`}`);
		let at = 0;
		for (let i = 0; i < width; i += 1) {
			const length = bundle.readUInt16BE(at);
			t.deepEqual(hashOf(Buffer.from([0]), bundle.subarray(at + 2, at + 2 + length)), walked.leaves[n * 256 + i]!);
			at += 2 + length;
		}
		t.is(at, bundle.length);
	}
	await t.throwsAsync(bytes(`/tile/0/${String(Math.floor(size / 256)).padStart(3, '0')}`), {message: /404/});

	const metrics = parseMetrics(await ask('/metrics'));
	t.is(metrics.get('kedge_state{state="running"}'), 1);
	t.true(metrics.get('kedge_entries_total')! >= size);
	t.true(metrics.get('kedge_disk_free_bytes')! > 0);
	t.is(await ask('/healthz'), 'ok\n');
	// Rows made again from the log are the same, byte for byte.
	const checked = await kedge(t, ['ledgers', '--check', '--config', site.configPath]);
	t.is(checked.code, 0, checked.err + checked.out);
});

test.serial('a package is packed aside, one at a time, and handed out whole; the first owner is told once', async t => {
	const {ask, url, cookie, site} = await openLookedInto(t);
	const start = (): Promise<Loose> =>
		ask('/v1/evidence', {
			method: 'POST',
			body: JSON.stringify({about: 'device', id: device, fromMs: startMs, toMs: startMs + 86_400_000}),
			headers: {'content-type': 'application/json'},
		});
	const {id} = await start();
	await t.throwsAsync(start(), {message: /503.*busy/});
	const done = await until(async () => (await ask('/v1/evidence')).items.find((one: Loose) => one.id === id && one.state !== 'packing'), {
		clock: systemClock,
		everyMs: 200,
		timeoutMs: 100_000,
	});
	t.is(done.state, 'done', String(done.problem));
	const file = await fetch(`${url}/v1/evidence/${id}/file`, {headers: {cookie}});
	t.regex(file.headers.get('content-disposition')!, new RegExp(`attachment; filename="device-${device}-[0-9a-f]{6}.zip"`));
	const bytes = Buffer.from(await file.arrayBuffer());
	t.is(bytes.length, done.bytes);
	t.is(bytes.subarray(0, 2).toString(), 'PK');
	await t.throwsAsync(ask(`/v1/evidence/${'0'.repeat(16)}/file`), {message: /404/});
	const listed = await kedge(t, ['user', 'list', '--config', site.configPath]);
	t.regex(listed.out, /^owner +owner/);
	const added = await kedge(t, ['user', 'add', 'anna', '--role', 'viewer', '--config', site.configPath]);
	t.regex(added.out, /\n {2}[a-z2-9]{26}\n/);
	t.is((await kedge(t, ['user', 'add', 'anna', '--config', site.configPath])).code, 2);
	t.is((await kedge(t, ['user', 'remove', 'anna', '--config', site.configPath])).code, 0);
});

test('kedge status says where the pages answer, without a market too', async t => {
	const made = await createTestSite(t, {homes: 1, config: () => 'api: {port: 0}\n'});
	const agent = await openAgent({site: made.site, logger: silentLogger});
	t.teardown(() => agent[Symbol.asyncDispose]());
	const said = await kedge(t, ['status', '--config', made.site.configPath]);
	t.regex(said.out, new RegExp(`^pages +http://127\\.0\\.0\\.1:${agent.apiPort} `, 'm'));
	t.is((await agent.status()).api, `http://127.0.0.1:${agent.apiPort}`);
	// It has just started: nobody knows how long the disk lasts.
	t.is((await agent.status()).disk.fillDays, undefined);
	t.notRegex(said.out, /at this pace/);
});
