// Covers of evidence packages: both languages say the same, all of the answer is there, and nothing that somebody wrote is taken for markup.
import {fileURLToPath} from 'node:url';
import test from 'ava';
import fc from 'fast-check';
import {decodeQR} from 'qr/decode.js';
import {answerBlocks} from '../../agent/cover/answer.ts';
import {darkRuns, squaresOf} from '../../agent/cover/code.ts';
import {coverOf, rowsInAnnexMax} from '../../agent/cover/cover.ts';
import {type Block, type Cover, coverLanguages, sectionNames} from '../../agent/cover/document.ts';
import {figureText} from '../../agent/cover/figure.ts';
import {readChineseFonts} from '../../agent/cover/fonts.ts';
import {htmlOf} from '../../agent/cover/html.ts';
import {labelOf} from '../../agent/cover/labels.ts';
import {tablesCsv} from '../../agent/cover/lines.ts';
import {pdfOf} from '../../agent/cover/pdf.ts';
import {answerText, checkCovers, makeCovers} from '../../agent/covering.ts';
import type {Json} from '../../agent/format/document.ts';
import {sampleManifest} from '../helpers/sample-manifest.ts';

const abouts = ['site', 'shipment', 'device'] as const;

/** Every text of a cover. */
function textsOf(cover: Cover): string[] {
	const ofBlock = (block: Block): string[] => {
		switch (block.is) {
			case 'text':
			case 'heading':
			case 'notice':
				return [block.text];
			case 'facts':
				return block.rows.flat();
			case 'figures':
				return block.figures.flatMap(({label, value}) => [label, value]);
			case 'table':
				return [block.table.title, ...block.table.columns.map(({title}) => title), ...block.table.rows.flat(), block.table.rest ?? ''];
			case 'list':
				return [...block.items];
			case 'code':
				return [...block.lines];
			case 'blanks':
				return block.rows.map(({label}) => label);
		}
	};
	return [
		cover.title,
		cover.subtitle,
		...cover.head.flat(),
		...cover.sections.flatMap(({title, blocks}) => [title, ...blocks.flatMap(ofBlock)]),
	];
}

/** All numbers in an answer: JSON numbers, and texts that are decimal digits under a name that ends in a unit. */
function numbersIn(value: Json | undefined, name = ''): {readonly name: string; readonly value: number | string}[] {
	if (typeof value === 'number' || (typeof value === 'string' && /^-?\d+$/.test(value))) return [{name, value}];
	if (Array.isArray(value)) return value.flatMap((item: Json) => numbersIn(item, name));
	return typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, own]) => numbersIn(own as Json, key)) : [];
}

/** The digits that a number must show, however it is grouped and wherever its point is. */
const digitsOf = (text: string): string =>
	text
		.replaceAll('CO2e', '')
		.replace(/[^0-9]/g, '')
		.replace(/^0+|0+$/g, '');

test('both languages have all sections, in one order and with the same blocks', t => {
	for (const about of abouts)
		for (const isPoor of [false, true]) {
			const covers = coverLanguages.map(language => coverOf(sampleManifest(about, {isPoor}), language));
			for (const {sections} of covers)
				t.deepEqual(
					sections.map(({name}) => name),
					sectionNames.filter(name => name !== 'rows' || about === 'site'),
				);
			const shapes = covers.map(({sections}) =>
				sections.map(({blocks}) =>
					blocks.map(block =>
						block.is === 'table'
							? [block.is, block.table.columns.length, block.table.rows.length]
							: [block.is, 'rows' in block ? block.rows.length : 'items' in block ? block.items.length : 0],
					),
				),
			);
			t.deepEqual(shapes[0], shapes[1]);
		}
});

test('where no start is shown, a cover says of which entries of the agent that is, and not of the period', t => {
	const manifest = sampleManifest('device', {isPoor: true});
	t.deepEqual(manifest.clock.starts, []);
	const {firstNumber, lastNumber} = manifest.agent;
	for (const language of coverLanguages) {
		const texts = textsOf(coverOf(manifest, language));
		const isOfNumbers = (text: string): boolean => text.includes(String(firstNumber)) && text.includes(String(lastNumber));
		t.is(
			texts.filter(text => /^No (?:start|step) of|中没有(?:程序启动|时钟跳变)的记录/.test(text) && isOfNumbers(text)).length,
			2,
			language,
		);
		t.is(texts.filter(text => text.includes('verify.html')).length, 1, language);
	}
});

test('covers of an earlier edition are still found to be true', async t => {
	const path = fileURLToPath(new URL('../../../test/fixtures/documents/evidence-2.kedge', import.meta.url));
	const {covers, isFalse} = await checkCovers(path);
	t.false(isFalse);
	t.deepEqual(
		covers.find(({name}) => name === 'cover-en.html')?.reason,
		'it says what the manifest says, in the words of an earlier edition of covers, 1',
	);
});

test('every figure of the answer is on the cover in both languages, to the last digit', t => {
	for (const about of abouts) {
		const manifest = sampleManifest(about);
		for (const language of coverLanguages) {
			const shown = textsOf(coverOf(manifest, language));
			const digits = new Set(shown.flatMap(text => (text.replaceAll('CO2e', '').match(/\d[\d,]*(?:\.\d+)?/g) ?? []).map(digitsOf)));
			const all = shown.join('\n');
			for (const {name, value} of numbersIn(manifest.answer)) {
				const isMs = /Ms$/.test(name);
				const isTime = isMs && Number(value) > 1e11;
				if (isMs && !isTime) {
					t.true(all.includes(figureText(name, value, language)!), `${language} ${name}: ${value}`);
					continue;
				}
				const expected = isTime ? new Date(Number(value)).toISOString().slice(0, 16).replace('T', ' ') : digitsOf(String(value));
				t.true(isTime ? shown.some(text => text.includes(expected)) : digits.has(expected), `${language} ${name}: ${value}`);
			}
		}
	}
});

test('a figure is the number in the unit that its name ends in, exactly', t => {
	const cases: readonly [name: string, value: number | string, text: string | undefined][] = [
		['totalMgCo2e', '1234567890123456', '1,234,567.890123456 t CO2e'],
		['totalMgCo2e', 999_999_999, '999.999999 kg CO2e'],
		['totalMgCo2e', -1_500_000_000, '-1.5 t CO2e'],
		['totalMgCo2e', 0, '0 kg CO2e'],
		['peakMilliC', -18_050, '-18.05 °C'],
		['peakMilliC', 8000, '8 °C'],
		['humidityMilliPercent', 45_500, '45.5 %'],
		['energyWh', '34567', '34.567 kWh'],
		['energyWh', '12034567', '12.034567 MWh'],
		['fromMs', Date.UTC(2026, 2, 1), '2026-03-01 00:00 UTC'],
		['fromMs', Date.UTC(2026, 2, 1) + 1, '2026-03-01 00:00:00.001 UTC'],
		['silenceMs', 725_001, '12 min 5.001 s'],
		['outsideMinutes', 90, '90 min'],
		['count', 1_234_567, '1,234,567'],
		// A name of digits is no number.
		['id', '0017', undefined],
		['refrigerant', '134', undefined],
		['totalMgCo2e', 'unknown', undefined],
	];
	for (const [name, value, text] of cases) t.is(figureText(name, value, 'en'), text, `${name} ${value}`);
	t.is(figureText('silenceMs', 90_061_000, 'zh'), '1 天 1 小时 1 分钟 1 秒');
	t.is(labelOf('totalMgCo2e', 'en'), 'Total');
	t.is(labelOf('totalMgCo2e', 'zh'), '合计');
	t.is(labelOf('mgCo2e', 'en'), 'Amount');
	t.is(labelOf('aNameThatNobodyForesaw', 'zh'), 'aNameThatNobodyForesaw');
});

test('a figure keeps every digit of any whole number', t => {
	fc.assert(
		fc.property(
			fc.bigInt({min: -(10n ** 24n), max: 10n ** 24n}),
			fc.constantFrom('totalMgCo2e', 'massMg', 'energyWh', 'peakMilliC', 'gasMicroWh'),
			(value, name) => {
				const text = figureText(name, `${value}`, 'en')!;
				const found = /^(-?)([\d,]+)(?:\.(\d+))? (.+)$/.exec(text)!;
				const power = {'kg CO2e': 6, 't CO2e': 9, kg: 6, t: 9, kWh: name === 'gasMicroWh' ? 9 : 3, MWh: 6, '°C': 3}[found[4]!]!;
				const fraction = (found[3] ?? '').padEnd(power, '0');
				t.is(BigInt(`${found[1]}${found[2]!.replaceAll(',', '')}${fraction}`), value);
			},
		),
		{numRuns: 300},
	);
});

test('a long table stands in the annex, and one that is too long even there says so', t => {
	const hours = Array.from({length: rowsInAnnexMax + 5}, (_, i) => ({hour: i, massMg: i}));
	const cover = coverOf(sampleManifest('site', {answer: {hours}}), 'en');
	const annex = cover.sections.find(({name}) => name === 'rows')!.blocks[0]!;
	t.true(annex.is === 'table' && annex.table.rows.length === rowsInAnnexMax);
	t.regex(annex.is === 'table' ? annex.table.rest! : '', /first 2,000 of 2,005 rows/);
	const answer = cover.sections.find(({name}) => name === 'answer')!.blocks;
	t.true(answer.some(block => block.is === 'text' && /2,005 rows, in the annex/.test(block.text)));
});

test('any answer can be shown, in HTML and as lines, and is never taken for markup', t => {
	fc.assert(
		fc.property(fc.jsonValue({maxDepth: 5}), value => {
			const answer = value as Json;
			for (const language of coverLanguages) {
				const html = htmlOf(coverOf(sampleManifest('device', {isPoor: true, answer}), language));
				t.notRegex(html, /<script|[\u0000-\u0008\u202a-\u202e\u2066-\u2069]/);
			}
			t.is(typeof answerText({answer}, 10), 'string');
			tablesCsv(answer);
		}),
		{numRuns: 60},
	);
	const evil = '<script>alert(1)</script><img src=x onerror=y>"\'\u202e\u0000';
	const html = htmlOf(coverOf(sampleManifest('site', {answer: {[evil]: evil, list: [{[evil]: evil}, {a: 1}]}}), 'en'));
	t.notRegex(html, /<script|<img|\u202e/);
	t.true(html.includes('&lt;img src=x onerror=y&gt;&quot;&#39;\\u{202e}\\u{0}'));
	t.regex(html, /default-src 'none'/);
	t.notRegex(html, /https?:\/\//);
});

test('a table cut for the paper keeps its first column, and what is the same in all rows is said once', t => {
	const wide = Array.from({length: 5}, (_, row) =>
		Object.fromEntries([['name', `row ${row}`], ...Array.from({length: 12}, (_, i) => [`column${i}`, row * i]), ['site', 'plant']]),
	);
	const blocks = answerBlocks({wide}, 'en');
	const tables = blocks.filter(block => block.is === 'table').map(({table}) => table);
	t.is(tables.length, 2);
	for (const {columns, rows} of tables) {
		t.true(columns.length <= 8);
		t.is(columns[0]!.title, 'Name');
		t.is(rows.length, 5);
	}
	t.deepEqual(blocks.at(-1), {
		is: 'facts',
		rows: [
			['Column0 (in all rows)', '0'],
			['Site (in all rows)', 'plant'],
		],
	});
});

test('the CSV of an answer has every row with values as they stand there, and no formula', t => {
	const csv = tablesCsv({
		total: 1,
		hours: [
			{fromMs: 1, massMg: '9007199254740993', by: {factor: 'a,"b"', version: 2}},
			{fromMs: 2, note: '=1+1', low: '-5'},
		],
	});
	t.is(csv, 'list,fromMs,massMg,by.factor,by.version,note,low\r\nhours,1,9007199254740993,"a,""b""",2,,\r\nhours,2,,,,\'=1+1,-5\r\n');
	t.is(tablesCsv({total: 1}), undefined);
});

test('the code holds the checkpoint, and its squares are runs of dark ones', t => {
	const manifest = sampleManifest('site');
	const cover = coverOf(manifest, 'en');
	t.is(cover.code, manifest.checkpoint);
	const squares = squaresOf(cover.code);
	const drawn = squares.map(row => row.map(() => false));
	for (const {x, y, length} of darkRuns(squares)) for (let i = 0; i < length; i += 1) drawn[y]![x + i] = true;
	t.deepEqual(
		drawn,
		squares.map(row => [...row]),
	);
	// As a camera sees it: four pixels a square.
	const side = 4 * squares.length;
	const data = new Uint8Array(side * side * 4).fill(255);
	for (let y = 0; y < side; y += 1)
		for (let x = 0; x < side; x += 1) if (squares[y >> 2]![x >> 2]) data.fill(0, 4 * (y * side + x), 4 * (y * side + x) + 3);
	t.is(decodeQR({height: side, width: side, data}), manifest.checkpoint);
	// Many signatures do not fit: then the head alone is there.
	const many = `${manifest.checkpoint}${'\u2014 witness.example/w AAAAAAAA\n'.repeat(60)}`;
	t.is(coverOf({...manifest, checkpoint: many}, 'en').code, `${manifest.checkpoint.split('\n\n')[0]}\n`);
});

test('the PDF is the same bytes each time, and a name in another script does not stop it', async t => {
	const manifest = sampleManifest('shipment');
	const cover = coverOf(manifest, 'en');
	const [once, again, without] = [
		await pdfOf(cover, manifest.madeAtMs, undefined),
		await pdfOf(cover, manifest.madeAtMs, undefined),
		await pdfOf(coverOf(manifest, 'zh'), manifest.madeAtMs, undefined),
	];
	t.deepEqual(once, again);
	for (const bytes of [once, without]) t.is(Buffer.from(bytes.subarray(0, 5)).toString(), '%PDF-');
});

test('covers come in both languages, and where no font for Chinese is installed that is said', async t => {
	const manifest = sampleManifest('device', {isPoor: true});
	const {files, left} = await makeCovers(manifest);
	const hasFonts = (await readChineseFonts()) !== undefined;
	t.deepEqual(
		files.map(({name}) => name),
		['cover-en.html', 'cover-en.pdf', 'cover-zh.html', ...(hasFonts ? ['cover-zh.pdf'] : [])],
	);
	t.is(left.length, hasFonts ? 0 : 1);
});

/** The shipment of the sample, closed as an excursion two days after its end of the question; `closing` may say otherwise. */
function closedShipment(closing: {readonly [key: string]: Json}, verdict = 'good'): {readonly [key: string]: Json | undefined} {
	const answer = sampleManifest('shipment').answer as {readonly [key: string]: Json | undefined};
	const toMs = answer.toMs as number;
	return {
		...answer,
		verdict,
		closing: {atMs: toMs + 172_800_000, verdict: 'excursion', value: 2, lots: [], index: 99, number: 9, ...closing},
	};
}

test('a package of a part of a shipment\u2019s time says first how the shipment was closed, and colours nothing else', t => {
	const answer = closedShipment({});
	const expected = {
		en: [
			{label: 'Verdict, as the shipment was closed', value: 'excursion', tone: 'bad'},
			{label: 'Of the part of its time that was asked for', value: 'good', tone: 'plain'},
		],
		zh: [
			{label: '货运结案判定', value: '超限', tone: 'bad'},
			{label: '仅就所询问的部分时段', value: '合格', tone: 'plain'},
		],
	} as const;
	for (const language of coverLanguages) {
		const [first, notice] = answerBlocks(answer, language);
		t.deepEqual(first, {is: 'figures', figures: expected[language]});
		t.true(notice?.is === 'notice' && notice.tone === 'unsure');
		const html = htmlOf(coverOf(sampleManifest('shipment', {answer}), language));
		t.notRegex(html, /class="good"><span>/);
	}
	const lines = answerText({answer}, 10).split('\n');
	t.regex(lines[0]!, /^ {2}Verdict, as the shipment was closed +excursion$/);
	t.regex(lines[1]!, /^ {2}Of the part of its time that was asked for +good$/);
	t.false(
		lines.some(line => /^ *Verdict +good$/.test(line)),
		'not of a lot either',
	);
});

test('a part that agrees with the verdict is still a part, and a whole that does not says both', t => {
	const figuresOf = (answer: Json): string[] => {
		const [first] = answerBlocks(answer, 'en');
		return first?.is === 'figures' ? first.figures.map(({label, value, tone}) => `${label}: ${value} (${tone})`) : [];
	};
	const stated = 'Verdict, as the shipment was closed';
	t.deepEqual(figuresOf(closedShipment({verdict: 'good'})), [
		`${stated}: good (good)`,
		'Of the part of its time that was asked for: good (plain)',
	]);
	const atMs = closedShipment({}).toMs as number;
	t.deepEqual(figuresOf(closedShipment({atMs, isBorneOut: true}, 'excursion')), [`${stated}: excursion (bad)`]);
	t.deepEqual(figuresOf(closedShipment({atMs, isBorneOut: false})), [
		`${stated}: excursion (bad)`,
		'What its readings come to: good (good)',
	]);
	// The period ends before the shipment was closed, whatever the answer says.
	t.is(figuresOf(closedShipment({isBorneOut: true})).length, 2);
	t.deepEqual(figuresOf(sampleManifest('shipment').answer), ['Verdict so far: the shipment is not closed: excursion (bad)']);
});

test('what means several things has a name for each, in both languages', t => {
	const hourMs = 3_600_000;
	const atMs = Date.UTC(2026, 2, 1);
	const answer: Json = {
		shipment: 's',
		profile: {id: 'p', toleratedMinutes: 0, alarms: [], gapMaxMs: hourMs},
		lots: [
			{
				id: 'carrier',
				series: [0],
				unwatched: [],
				reasons: [
					{because: 'gap', chain: 0, sort: 'temperature', count: 1, ms: hourMs},
					{
						because: 'alarm',
						chain: 0,
						alarm: {of: 'temperature', side: 'above', limit: 8000, minutes: 30, kind: 'single'},
						heldMs: hourMs,
					},
				],
			},
		],
		legs: [{id: 'l', fromMs: atMs, from: 'Here', to: 'There'}],
		handovers: [{from: 'carrier', to: 'buyer', atMs, signatures: {from: 'AA==', to: 'BB=='}}],
		series: [{sort: 'temperature', excursions: [{side: 'above', heldMs: hourMs}]}],
		totals: {heldWh: '5'},
	};
	const [en, zh] = coverLanguages.map(language => textsOf(coverOf(sampleManifest('shipment', {answer}), language)));
	for (const text of [
		'起点',
		'终点',
		'交出方',
		'接收方',
		'交出方签名',
		'接收方签名',
		'监测中断',
		'持续时长',
		'合计：持有',
		'无：限值本身即为报警限',
		'carrier',
		'buyer',
	])
		t.true(
			zh!.some(shown => shown.includes(text)),
			text,
		);
	t.false(zh!.some(text => /报警之|序号跳变/.test(text)));
	for (const text of ['Place of departure', 'Handed over by', 'Series 1', 'none: the limit itself is the alarm'])
		t.true(
			en!.some(shown => shown.includes(text)),
			text,
		);
	t.notRegex(answerText({answer}, 99), /\b(?:Sort|Chain|Longest Duration|First Number)\b/);
	const series = answerBlocks(answer, 'en')
		.flatMap(block => (block.is === 'facts' ? block.rows : []))
		.find(([label]) => label === 'Series');
	t.deepEqual(series, ['Series', '1']);
});

test('reasons of incompleteness are a list, in the language of the cover', t => {
	const reasons = [
		'source "a "b"": 3 of 48 hours are not known',
		'source "a": 1 of 48 hours are known in part only',
		'source "a": factor "f" was never stated, and is needed in 2 hours',
		'source "a": factor "f" has expired, and is needed in 2 hours',
		'source "a": factor "f" does not hold yet, and is needed in 2 hours',
		'source "a": factor "f" is for another unit than what it is applied to in 2 hours',
		'source "a": a gap longer than the site allows reaches an end of the period: how much of it lies in the period nobody knows',
		'source "a" has no factors by market, by which the site reports',
		'no hour begins in the period',
	];
	const answer = {about: 'emissions', complete: false, reasons};
	const [notice, list] = answerBlocks(answer, 'en');
	t.deepEqual(notice, {is: 'notice', tone: 'unsure', text: 'Not complete: the reasons say what is missing or uncertain.'});
	t.deepEqual(list, {is: 'list', items: reasons});
	const [, chinese] = answerBlocks(answer, 'zh');
	t.true(chinese?.is === 'list' && chinese.items.length === reasons.length);
	for (const item of chinese?.is === 'list' ? chinese.items : []) t.regex(item.replaceAll(/“.*”/g, ''), /^[^a-zA-Z]+$/);
	t.is(chinese?.is === 'list' ? chinese.items[0] : '', '排放源“a "b"”：48 小时中有 3 小时数据未知');
});

test('what a statement says by itself has its unit, or is a word', t => {
	const manifest = sampleManifest('site');
	const [account] = manifest.accounts;
	const statement = account!.statements[0]!;
	const accounts = [
		{
			...account!,
			statements: [
				statement,
				{...statement, says: 'report' as const, value: '1026180'},
				{...statement, says: 'verdict' as const, value: '2'},
			],
		},
	];
	const tableIn = (language: 'en' | 'zh') =>
		coverOf({...manifest, accounts}, language)
			.sections.flatMap(({blocks}) => blocks)
			.flatMap(block => (block.is === 'table' && /stated of the account|声明/.test(block.table.title) ? [block.table] : []))
			.at(-1)!
			.rows.map(row => `${row[2]}: ${row[4]}`);
	t.deepEqual(tableIn('en'), ['site: –', 'report: 1.02618 kg CO2e', 'verdict: excursion']);
	t.deepEqual(tableIn('zh'), ['场所: –', '报告: 1.02618 kg CO2e', '结案判定: 超限']);
});
