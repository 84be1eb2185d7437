// Every sentence of the agent that its pages show is there in Chinese: what its sources say is read from them.
import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {certificateAlarms, openDoorWarnings} from '../../agent/access.ts';
import {planPrice} from '../../agent/anchor/fees.ts';
import {problems} from '../../agent/api/problem.ts';
import {remedies} from '../../agent/base/errors.ts';
import {refusalReasons} from '../../agent/ingest/refusal.ts';
import {deviceWarnings, refusalWarnings} from '../../agent/warnings.ts';
import {codesInChinese, inChinese, refusalMeaning, refusalName, refusalsInChinese} from '../../agent/web/dashboard/said.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const read = (file: string): string => readFileSync(join(root, 'agent', file), 'utf8');

/** What a literal that begins at `at` says, with a mark for each value that is put into it; undefined if there is none. */
const mark = '\u2400';

function literalAt(text: string, at: number): string | undefined {
	const quote = text[at];
	if (quote !== '`' && quote !== "'" && quote !== '"') return undefined;
	let said = '';
	for (let i = at + 1; i < text.length; i += 1) {
		if (text[i] === quote) return said;
		if (text[i] === '\\') {
			i += 1;
			said += text[i];
		} else if (quote === '`' && text.startsWith('${', i)) {
			let depth = 1;
			for (i += 2; depth > 0; i += 1) depth += text[i] === '{' ? 1 : text[i] === '}' ? -1 : 0;
			i -= 1;
			said += mark;
		} else said += text[i];
	}
	return undefined;
}

/** With a figure for each value, or with nothing for those that may be nothing. */
function variants(sentence: string): string[] {
	const parts = sentence.split(mark);
	return Array.from({length: 2 ** (parts.length - 1)}, (_, bits) =>
		parts.reduce((text, part, i) => `${text}${((bits >> (i - 1)) & 1) === 0 ? '7' : ''}${part}`),
	);
}

/** The literals behind each place where a source says something. */
function saidBehind(file: string, where: RegExp): string[] {
	const text = read(file);
	return [...text.matchAll(where)].flatMap(found => literalAt(text, found.index + found[0].length) ?? []);
}

/** File, where a sentence stands in it, how many there are at least, and what is built elsewhere and tested below. */
const places: readonly (readonly [file: string, where: RegExp, least: number, not?: RegExp])[] = [
	['state.ts', /(?:warningOf\(|notices\.push\(|sentence: )\s*/g, 12],
	['log/disk-guard.ts', /(?:found\.push\(|return )\s*(?=`)/g, 4],
	['log/release.ts', /(?:reason: |freeze\()\s*(?=['`])/g, 2],
	['log/outside.ts', /(?:reason:|frozen:|return|\? undefined :)\s*(?=['`])/g, 7, /^agrees with/],
	['log/scrub.ts', /return (?=`)/g, 1],
	['main.ts', /release\.freeze\(/g, 1],
	['access.ts', /`\)\]|\[(?=`New)/g, 1],
	['anchor/anchor.ts', /(?:\bwait\(|hold\(|const held = |const why = judgement\.is === 'waiting' \? judgement\.why : )(?=['`])/g, 8],
	['anchor/finality.ts', /why: /g, 3],
	['anchor/timestamping.ts', /(?:const waiting = |unchecked && )/g, 2],
	['anchor/fees.ts', /wait: (?=['`](?!\$\{mayCost))/g, 3],
	['anchor/anchor.ts', /new AgentError\(\s*'[A-Z_]+',\s*/g, 10, /^log "/],
	['anchor/nodes.ts', /new AgentError\(\s*'CHAIN_[A-Z_]+',\s*/g, 3],
	['anchor/rpc.ts', /new AgentError\(\s*'CHAIN_[A-Z_]+',\s*/g, 2],
	['anchor/time-authority.ts', /new AgentError\(\s*'AUTHORITY_[A-Z_]+',\s*/g, 1],
	['anchor/timestamping.ts', /new AgentError\(\s*'AUTHORITY_[A-Z_]+',\s*/g, 1],
];

for (const [file, where, least, not] of places)
	test(`${file} says nothing (${where.source.slice(0, 24)}) that has no Chinese`, t => {
		const sentences = saidBehind(file, where).filter(one => not?.test(one) !== true);
		t.true(sentences.length >= least, `only ${sentences.length}: ${sentences.join(' | ')}`);
		for (const sentence of sentences) {
			const chinese = variants(sentence).map(one => inChinese(one) ?? '');
			t.true(
				chinese.some(one => /\p{Script=Han}/u.test(one)),
				sentence,
			);
		}
	});

test('what is put together from parts has a Chinese of its own', t => {
	const fees = {kind: 'legacy', gasPriceWei: 30_000_000_000n} as const;
	const input = {fees, gasLimit: 100_000n, committedWei: 0n, balanceWei: 0n} as const;
	const waitOf = (policy: Parameters<typeof planPrice>[0]['policy'], parentFeeWei?: bigint): string => {
		const answer = planPrice({...input, policy, ...(parentFeeWei === undefined ? {} : {parentFeeWei})});
		return 'wait' in answer ? answer.wait : '';
	};
	const high = 10n ** 12n;
	const sentences = [
		...deviceWarnings({count: 30, devices: [{deviceId: 'a'}]}, [
			{id: 'a', exceptions: 1, isCalibrationOver: true},
			{id: 'b', exceptions: 0, isCalibrationOver: false},
		]),
		...deviceWarnings({count: 0, devices: []}, [{id: 'a', exceptions: 4, isCalibrationOver: false}]),
		...refusalWarnings([
			{reason: 'payload-malformed', count: 1, detail: 'it is no JSON: at 3', topic: 'a/b', deviceId: 'a'},
			{reason: 'topic-unknown', count: 7, detail: 'x', topic: 'a', deviceId: undefined},
		] as unknown as Parameters<typeof refusalWarnings>[0]),
	].map(({sentence}) => sentence);
	sentences.push(
		...certificateAlarms(
			[0, 3_600_000, 5 * 86_400_000, 86_400_000].map((notAfterMs, i) => ({name: `the certificate ${i}`, notBeforeMs: 0, notAfterMs})),
			1,
		),
		...certificateAlarms([{name: 'one', notBeforeMs: 9, notAfterMs: 10}], 1),
		...certificateAlarms(
			Array.from({length: 30}, (_, i) => ({name: `${i}`, notBeforeMs: 0, notAfterMs: 5})),
			1,
		),
		...openDoorWarnings({broker: {port: 1883, host: '0.0.0.0', anonymous: true}} as unknown as Parameters<typeof openDoorWarnings>[0], [
			{anonymous: true, isRevoked: false},
		]),
		waitOf({feeWeiMax: 1n}),
		waitOf({feeWeiMax: high, costWeiMax: 1n}),
		waitOf({feeWeiMax: high, costWeiMax: 5n}, 4n),
		waitOf({feeWeiMax: high, budgetWeiPerDay: 1n}),
		waitOf({feeWeiMax: high, budgetWeiPerDay: 5n}, 4n),
		waitOf({feeWeiMax: high}),
	);
	t.true(sentences.length > 20);
	for (const sentence of sentences) {
		const chinese = inChinese(sentence) ?? '';
		t.regex(chinese, /\p{Script=Han}/u, sentence);
		t.notRegex(chinese, /\$\d|\{\d\}|<\d>/, chinese);
		const waiting = inChinese(`${sentence}: size 41 waits; newer entries were rolled into it since it was size 7`);
		if (sentence.includes('gas') || sentence.includes('coin')) t.regex(waiting ?? '', /41.*7/, sentence);
	}
	t.is(
		inChinese(
			'Anchoring at sepolia: the chain at node.example did not answer eth_chainId: no answer within 10 s. Hint: check that the node runs.',
		),
		'在 sepolia 锚定未成功：位于 node.example 的链没有应答。',
	);
	for (const whose of ['was never opened', 'belongs to 0x1, not to 0x2,'])
		t.truthy(inChinese(`log "harbour/1" (0x3) ${whose} at registry 0x4`));
	t.is(inChinese('the nodes do not agree about x: a says 1'), '各节点的说法不一致');
	t.is(inChinese('something that nobody has said yet'), undefined);
});

test('each reason of a refusal and each code of an error has a Chinese name', t => {
	for (const reason of Object.keys(refusalReasons)) {
		t.regex(refusalName(reason, 'zh'), /\p{Script=Han}/u, reason);
		t.regex(refusalMeaning(reason) ?? '', /\p{Script=Han}/u, reason);
		t.is(refusalName(reason, 'en'), reason);
	}
	// Orders that came over MQTT are refused by the codes of the market's desk.
	const desk = /export type DeskProblemCode =([^;]+);/.exec(read('api/desk.ts'))![1]!;
	const codes = [...desk.matchAll(/'([a-z-]+)'/g)].map(([, code]) => code!);
	t.true(codes.length > 15 && codes.every(code => Object.hasOwn(problems, code)));
	t.deepEqual(Object.keys(refusalsInChinese).sort(), [...Object.keys(refusalReasons), ...codes.map(code => `order-${code}`)].sort());
	t.deepEqual(Object.keys(codesInChinese).sort(), Object.keys(remedies).sort());
	t.is(refusalName('constructor', 'zh'), 'constructor');
});
