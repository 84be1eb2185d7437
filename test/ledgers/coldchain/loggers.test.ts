// What loggers for vaccines and shipments printed of themselves, against what the ledger makes of their values: marks, alarms, minutes and means.
import {readFileSync} from 'node:fs';
import test, {type ExecutionContext} from 'ava';
import {type Alarm, type Profile, profileOf} from '../../../agent/ledgers/coldchain/profiles.ts';
import {publishedData} from '../../helpers/published-data.ts';
import {assigning, createShipmentWorld, minuteMs, opening, type ShipmentWorld, sensor} from '../../helpers/shipment-world.ts';

const logger = sensor('logger');
const dayLengthMs = 1440 * minuteMs;
/** Their clocks say no offset; what counts is how long things took. */
const timeOf = (text: string): number => Date.parse(`${text.trim().replace(' ', 'T')}:00Z`);

type Value = {readonly atMs: number; readonly celsius: number; readonly isMarked: boolean};
type Day = {
	readonly atMs: number;
	readonly min: {readonly celsius: number; readonly atMs: number};
	readonly max: {readonly celsius: number; readonly atMs: number};
	/** Minutes beyond each alarm's limit, and when it went off. */
	readonly minutes: readonly number[];
	readonly firedAtMs: readonly (number | undefined)[];
	readonly timeoutMinutes: number;
};

function readFile(t: ExecutionContext, ...path: readonly string[]): string | undefined {
	const found = publishedData(t, 'cold-chain', 'berlinger-fridgetag', ...path);
	return found === undefined ? undefined : readFileSync(found, 'utf8').replaceAll('\r', '');
}

/** The rows behind `Data:`; a value that is no number, such as `--.-`, becomes NaN. */
function valuesOf(text: string): Value[] {
	return [...text.matchAll(/^\t(\d{4}-\d\d-\d\d \d\d:\d\d)\t(\S+)\t?(x?)/gm)].map(([, time, value, mark]) => ({
		atMs: timeOf(time!),
		celsius: /^[+-]?\d+\.\d$/.test(value!) ? Number(value) : Number.NaN,
		isMarked: mark === 'x',
	}));
}

function daysOf(text: string): Day[] {
	return text
		.split(/^ \d+:\n {2}Date: /m)
		.slice(1)
		.map(block => {
			const date = block.slice(0, 10);
			const at = (time: string): number => timeOf(`${date} ${time}`);
			const extreme = (name: string): {celsius: number; atMs: number} => {
				const [, celsius, time] = new RegExp(`${name} T: (\\S+), TS ${name} T: (\\S+)`).exec(block)!;
				return {celsius: Number(celsius), atMs: at(time!)};
			};
			const alarms = [...block.matchAll(/t Acc: (\d+)(?:, TS A: (\d\d:\d\d))?/g)];
			return {
				atMs: at('00:00'),
				min: extreme('Min'),
				max: extreme('Max'),
				minutes: alarms.map(([, minutes]) => Number(minutes)),
				firedAtMs: alarms.map(([, , time]) => (time === undefined ? undefined : at(time))),
				timeoutMinutes: Math.max(...[...block.matchAll(/t AccST: (\d+)/g)].map(([, minutes]) => Number(minutes))),
			};
		})
		.sort((a, b) => a.atMs - b.atMs);
}

function worldOf(values: readonly Pick<Value, 'atMs' | 'celsius'>[], profile: Profile, fromMs = values[0]!.atMs): ShipmentWorld {
	const world = createShipmentWorld();
	world.state('shipment', opening({fromMs, profile}));
	world.state('assignment', assigning({channel: logger, fromMs}));
	for (const {atMs, celsius} of values) world.measure(logger, atMs, 1, [celsius]);
	return world;
}

type Excursion = {readonly side: string; readonly fromMs: number; readonly toMs: number; readonly ended: string};

/** Whether a value lies in an excursion: exactly what the logger's mark says. Where a gap ended it the last value belongs to it. */
function isOutside({excursions}: {excursions: readonly Excursion[]}, atMs: number): boolean {
	return excursions.some(({fromMs, toMs, ended}) => fromMs <= atMs && (ended === 'gap' ? atMs <= toMs : atMs < toMs));
}

test('an ultra-low logger: the same marks, the same alarm, the same minutes as far as its values tell them', async t => {
	const text = readFile(t, 'FridgeTag_UL', '100800001215_202304201410.txt');
	if (text === undefined) return;
	const [values, days] = [valuesOf(text), daysOf(text)];
	t.is(values.length, 841);
	const endMs = timeOf('2023-04-20 14:10');
	const world = worldOf(values, profileOf('ultra-low-70')!);
	const {series, sensors, verdict} = await world.answer({toMs: endMs});
	// Probe errors stand in the file as text: six times, at both ends.
	const broken = values.filter(({celsius}) => Number.isNaN(celsius));
	t.is(broken.length, 6);
	t.is(sensors[0].faults.count, 6);
	for (const {atMs, celsius, isMarked} of values) if (!Number.isNaN(celsius)) t.is(isOutside(series[0], atMs), isMarked);
	t.is(verdict, 'excursion');
	const upper = series[0].alarms.find(({side}: Alarm) => side === 'above');
	const lower = series[0].alarms.find(({side}: Alarm) => side === 'below');
	// It went off after sixty minutes: three times five of them the file has no value for, though the logger counted them.
	const unknownMs = 3 * 5 * minuteMs;
	t.is(upper.firedAtMs, (days[0]!.firedAtMs[1] ?? 0) + unknownMs);
	t.is(lower.firedAtMs, undefined);
	for (const day of days) {
		const isFirst = day === days[0];
		const isLast = day === days.at(-1);
		const toMs = Math.min(day.atMs + dayLengthMs, endMs);
		const ofDay = await world.answer({fromMs: day.atMs, toMs});
		t.is(ofDay.verdict, 'excursion');
		const found = ofDay.series[0].aboveMs / minuteMs + (isFirst ? 15 : 0);
		// Values are five minutes apart: the first of a day comes up to five minutes into it, and before it broke the probe worked on for up to five.
		t.true(Math.abs(found - day.minutes[1]!) < 5, `${found} is not ${day.minutes[1]}`);
		t.is(ofDay.series[0].belowMs / minuteMs, day.minutes[0]!);
		// The quarter of an hour without values at the beginning is just no gap, the 19 minutes at the end are one.
		t.is(ofDay.series[0].gapCount, isLast ? 1 : 0);
		if (!isFirst) t.true(ofDay.series[0].max.milli <= Math.round(day.max.celsius * 1000));
		t.true(ofDay.series[0].min.milli >= Math.round(day.min.celsius * 1000));
	}
	// Over all days nothing is lost at midnight.
	const whole = days.reduce((sum, {minutes}) => sum + minutes[1]!, 0);
	t.true(Math.abs(series[0].aboveMs / minuteMs + 15 - whole) < 5);
});

test('a logger of a shipment: the same minutes, alarms, means and mean kinetic temperature', async t => {
	const text = readFile(t, 'QTag_CLm_doc_LR', 'RCPJ00010_03_202304201359.txt');
	if (text === undefined) return;
	const values = valuesOf(text);
	t.is(values.length, 424);
	const alarms: Alarm[] = [
		{of: 'temperature', side: 'above', limit: 8000, minutes: 30, kind: 'single', source: 'Q-tag, type 2'},
		{of: 'temperature', side: 'above', limit: 8000, minutes: 60, kind: 'cumulative', source: 'Q-tag, type 4'},
		{of: 'temperature', side: 'below', limit: 2000, minutes: 60, kind: 'cumulative', source: 'Q-tag, type 3'},
		{of: 'temperature', side: 'below', limit: 2000, minutes: 30, kind: 'single', source: 'Q-tag, type 1'},
	];
	const profile: Profile = {
		...profileOf('cold-2-8')!,
		id: 'q-tag',
		toleratedMinutes: undefined,
		alarms,
		mkt: {activationJPerMol: 83_000, source: 'MKT Energy: 83.0'},
	};
	const endMs = timeOf('2023-04-20 13:59');
	const whole = (await worldOf(values, profile).answer({toMs: endMs})).series[0];
	for (const {atMs, isMarked} of values) if (atMs < endMs) t.is(isOutside(whole, atMs), isMarked);
	// It prints tenths and drops what comes behind.
	const tenth = (milli: number): number => Math.trunc(milli / 100) / 10;
	t.is(tenth(whole.mktMilliC), 10.4);
	t.is(tenth(whole.meanMilli), 10.4);
	t.deepEqual(whole.max, {milli: 12_700, atMs: timeOf('2023-04-17 15:23')});
	t.is(whole.min.milli, 9700);
	// The logger's alarms begin to count one interval after its first value: TS S.
	const answer = await worldOf(values, profile, timeOf('2023-04-17 15:33')).answer({toMs: endMs});
	t.is(answer.verdict, 'excursion');
	const found = answer.series[0].alarms.map(({firedAtMs, heldMs}: {firedAtMs?: number; heldMs: number}) => [firedAtMs, heldMs / minuteMs]);
	t.deepEqual(found, [
		[timeOf('2023-04-17 16:03'), 4226],
		[timeOf('2023-04-17 16:33'), 4226],
		[undefined, 0],
		[undefined, 0],
	]);
});

test('a refrigerator logger that was too warm for sixty days: the same alarm and minutes', async t => {
	const text = readFile(t, 'FridgeTag_2', '130400191542_202302140605.txt');
	if (text === undefined) return;
	const days = daysOf(text);
	t.is(days.length, 60);
	// It prints of each day the lowest and the highest, and when.
	const values = days.flatMap(({min, max}) => [min, max]).sort((a, b) => a.atMs - b.atMs);
	const first = values[0]!.atMs;
	// The minute in which it was read out counts.
	const endMs = timeOf('2023-02-14 06:06');
	const profile: Profile = {...profileOf('who-pqs-e006')!, id: 'two-a-day', gapMaxMs: 2 * dayLengthMs};
	const {verdict, series} = await worldOf(values, profile).answer({toMs: endMs});
	t.is(verdict, 'excursion');
	const printed = days.reduce((sum, {minutes}) => sum + minutes[1]!, 0);
	t.is(printed, 59 * 1440 + 366);
	t.is(series[0].aboveMs / minuteMs, printed - (first - days[0]!.atMs) / minuteMs);
	const [upper, lower] = series[0].alarms;
	t.is(upper.firedAtMs, first + 600 * minuteMs);
	t.deepEqual([lower.firedAtMs, lower.heldMs], [undefined, 0]);
});

test('a refrigerator logger that was warm for minutes: no alarm, and the time without its probe is shown as that', async t => {
	const text = readFile(t, 'FridgeTag_2', '130400191544_202304201514.txt');
	if (text === undefined) return;
	const days = daysOf(text);
	t.is(days.length, 4);
	const profile: Profile = {...profileOf('who-pqs-e006')!, id: 'few-a-day', gapMaxMs: 2 * dayLengthMs};
	const endMs = timeOf('2023-04-20 15:14');
	const values = days
		.flatMap(({min, max, minutes}) => [min, max, ...(minutes[1]! > 0 ? [{celsius: 5, atMs: max.atMs + minutes[1]! * minuteMs}] : [])])
		.sort((a, b) => a.atMs - b.atMs);
	const {verdict, series} = await worldOf(values, profile).answer({toMs: endMs});
	t.is(verdict, 'good');
	t.is(
		series[0].aboveMs / minuteMs,
		days.reduce((sum, {minutes}) => sum + minutes[1]!, 0),
	);
	// 8.0 itself, which the last day has, is inside.
	t.is(days.at(-1)!.max.celsius, 8);
	t.is(series[0].excursions.filter(({side}: Excursion) => side === 'above').length, 2);
	t.deepEqual(
		days.map(({timeoutMinutes}) => timeoutMinutes),
		[178, 0, 0, 21],
	);
	const silent = {...profile, gapMaxMs: 10 * minuteMs};
	t.is((await worldOf(values, silent).answer({toMs: endMs})).verdict, 'indeterminate');
});
