// Shipments: their verdicts, their custody, and every bad statement refused in front of the log and shown as exactly that behind it.
import test from 'ava';
import fc from 'fast-check';
import {fromBase64, toBase64} from '../../../agent/base/bytes.ts';
import type {StatementKind} from '../../../agent/format/entry.ts';
import type {StatementBody} from '../../../agent/format/statement.ts';
import {accountUrn} from '../../../agent/format/subject.ts';
import {verdictBody} from '../../../agent/ledgers/coldchain/coldchain.ts';
import {profileOf} from '../../../agent/ledgers/coldchain/profiles.ts';
import {endBody, type HandoverBody, handoverBytes, legBody} from '../../../agent/ledgers/coldchain/statements.ts';
import {type Subtle, webCryptoVerifiers} from '../../../agent/verify/web-crypto.ts';
import {
	answerOf,
	assigning,
	createShipmentWorld,
	dayMs,
	entriesOfBasis,
	folded,
	handingOver,
	hourMs,
	minuteMs,
	opening,
	type ShipmentWorld,
	sensor,
	shipmentUrn,
	signers,
	wholeQuestion,
} from '../../helpers/shipment-world.ts';

const steady = (count: number, celsius = 5): number[] => new Array(count).fill(celsius);
const leg = (changes: object = {}): StatementBody =>
	legBody({id: 'G1', fromMs: dayMs, from: 'Basel', to: 'Milan', carrier: 'carrier', ...changes});

/** Opened, one sensor with both lots, a day of readings every ten minutes. */
function shippedWorld(celsius: readonly number[] = steady(144)): ShipmentWorld {
	const world = createShipmentWorld();
	world.state('shipment', opening());
	world.state('assignment', assigning());
	world.measure(sensor('s1'), dayMs, 10, celsius);
	return world;
}

test('a day inside the limits is good, and every figure is there', async t => {
	const world = shippedWorld([...steady(72), ...steady(72, 6)]);
	const answer = await world.answer();
	t.is(answer.verdict, 'good');
	t.is(answer.value, 1);
	t.deepEqual(answer.lots[0].reasons, []);
	const [series] = answer.series;
	t.is(series.readings, 144);
	t.deepEqual([series.min.milli, series.max.milli, series.meanMilli], [5000, 6000, 5500]);
	t.is(series.mktMilliC, 5515);
	t.is(series.coveredMs, 24 * hourMs);
	t.is(answer.sensors[0].readings, 144);
	t.deepEqual(answer.lots[1].series, [0]);
});

test('an excursion has its start, end, peak and minutes, and is the lot of whoever was with the sensor', async t => {
	const world = shippedWorld([...steady(30), 8, 8.1, 9.4, 8.2, ...steady(110)]);
	const {verdict, value, series, lots} = await world.answer();
	t.deepEqual([verdict, value], ['excursion', 2]);
	const fromMs = dayMs + 310 * minuteMs;
	t.deepEqual(series[0].excursions, [
		{
			side: 'above',
			fromMs,
			toMs: fromMs + 30 * minuteMs,
			ended: 'inside',
			peakMilli: 9400,
			peakAtMs: fromMs + 10 * minuteMs,
			heldMs: 30 * minuteMs,
		},
	]);
	t.deepEqual(
		lots[0].reasons.map(({because, firedAtMs}: {because: string; firedAtMs: number}) => [because, firedAtMs]),
		[['alarm', fromMs]],
	);
});

test('a gap is indeterminate and not good, and an excursion weighs more than a gap', async t => {
	const world = createShipmentWorld();
	world.state('shipment', opening());
	world.state('assignment', assigning());
	world.measure(sensor('s1'), dayMs, 10, steady(60));
	world.measure(sensor('s1'), dayMs + 12 * hourMs, 10, steady(72));
	const answer = await world.answer();
	t.deepEqual([answer.verdict, answer.value], ['indeterminate', 3]);
	t.deepEqual(answer.series[0].gaps, [{fromMs: dayMs + 590 * minuteMs, toMs: dayMs + 12 * hourMs}]);
	t.is(answer.lots[0].reasons[0].because, 'gap');
	world.measure(sensor('s1'), dayMs + 13 * hourMs + minuteMs, 10, [9]);
	t.is((await world.answer()).verdict, 'excursion');
	// What was silent until the end is a gap too, as is what nobody watched.
	t.is((await shippedWorld(steady(100)).answer()).verdict, 'indeterminate');
	const unwatched = createShipmentWorld();
	unwatched.state('shipment', opening());
	t.is((await unwatched.answer()).lots[0].reasons[0].because, 'unwatched');
});

test('probe errors are no readings: they are counted, and their time is a gap', async t => {
	const broken = Number.NaN;
	const one = await shippedWorld([...steady(10), broken, ...steady(133)]).answer();
	t.deepEqual(one.sensors[0].faults, {count: 1, firstMs: dayMs + 100 * minuteMs, lastMs: dayMs + 100 * minuteMs});
	// Ten minutes apart and a quarter of an hour allowed: one that is missing is a gap.
	t.is(one.verdict, 'indeterminate');
	const impossible = await shippedWorld([...steady(10), -300, ...steady(133)]).answer();
	t.is(impossible.sensors[0].faults.count, 1);
	t.is(impossible.series[0].min.milli, 5000);
});

test('a sensor that moves between lots mid-leg counts for each lot until and from that very moment', async t => {
	const world = createShipmentWorld();
	world.state('shipment', opening());
	world.state('leg', leg());
	world.state('assignment', assigning({lots: ['L1']}));
	const movedMs = dayMs + 12 * hourMs;
	const moved = assigning({id: 'A2', lots: ['L2'], fromMs: movedMs});
	// While it is still with the first lot it cannot be with the second.
	t.is(await world.problem('assignment', moved), `${sensor('s1')} is assigned then already, by assignment A1, which has not ended`);
	world.state('assignment', endBody({ends: 'A1', atMs: movedMs}));
	t.is(await world.problem('assignment', moved), undefined);
	world.state('assignment', moved);
	world.measure(sensor('s1'), dayMs, 10, [...steady(72), 9, ...steady(71)]);
	const {lots, series, sensors} = await world.answer();
	t.deepEqual(
		sensors.map((one: {readings: number}) => one.readings),
		[72, 72],
	);
	// The reading of the moment itself is the second lot's.
	t.is(series[lots[0].series[0]].max.milli, 5000);
	t.is(series[lots[1].series[0]].max.milli, 9000);
	t.is(lots[0].verdict, 'indeterminate');
	t.deepEqual(lots[0].unwatched, [{sort: 'temperature', fromMs: movedMs, toMs: dayMs + 24 * hourMs}]);
	t.is(lots[1].verdict, 'excursion');
});

test('an excursion is not cut in two by a change of sensors', async t => {
	const world = createShipmentWorld();
	world.state('shipment', opening({profile: {...profileOf('cold-2-8')!, id: 'custom', toleratedMinutes: 30}}));
	world.state('assignment', assigning({toMs: dayMs + 12 * hourMs}));
	world.state('assignment', assigning({id: 'A2', channel: sensor('s2'), fromMs: dayMs + 12 * hourMs}));
	world.measure(sensor('s1'), dayMs, 10, [...steady(70), 9, 9]);
	world.measure(sensor('s2'), dayMs + 12 * hourMs, 10, [9, 9, ...steady(70)]);
	const {verdict, series} = await world.answer();
	t.is(verdict, 'excursion');
	t.is(series.length, 1);
	t.is(series[0].excursions[0].heldMs, 40 * minuteMs);
});

test('on the days when clocks change minutes are minutes', async t => {
	// 2026-03-29 has 23 hours in Berlin, 2026-10-25 has 25; UTC has 24 on each.
	for (const fromMs of [Date.UTC(2026, 2, 28, 23), Date.UTC(2026, 9, 24, 22)]) {
		const world = createShipmentWorld();
		world.state('shipment', opening({fromMs}));
		world.state('assignment', assigning({fromMs}));
		world.measure(sensor('s1'), fromMs, 10, [...steady(6), ...steady(18, 9), ...steady(120)]);
		const {series} = await world.answer({toMs: fromMs + 24 * hourMs});
		t.is(series[0].aboveMs, 180 * minuteMs);
		t.is(series[0].gapCount, 0);
	}
});

test('frozen goods have no mean kinetic temperature, and a profile that asks for one is refused', async t => {
	const frozen = profileOf('frozen-20')!;
	const world = createShipmentWorld();
	const wrong = opening({profile: {...frozen, mkt: {activationJPerMol: 83_144, source: 'USP <1079.2>'}}});
	const reason = 'a mean kinetic temperature of frozen goods means nothing: leave mkt out';
	t.is(await world.problem('shipment', wrong), reason);
	world.state('shipment', wrong);
	t.deepEqual(await world.answer(), {
		shipment: 'S1',
		isOpened: false,
		refused: [{index: 0, number: 2, says: 'shipment', reason}],
		refusedCount: 1,
	});
	world.state('shipment', opening({profile: frozen}));
	world.state('assignment', assigning());
	world.measure(sensor('s1'), dayMs, 10, steady(144, -20));
	const {verdict, series} = await world.answer();
	t.deepEqual([verdict, series[0].mktMilliC], ['good', 'frozen']);
});

test('custody goes from the first hand to the last, by what both signed', async t => {
	const world = shippedWorld();
	world.state('handover', handingOver());
	world.state('handover', handingOver({lots: ['L2'], from: 'carrier', to: 'buyer', atMs: dayMs + 20 * hourMs}));
	const {lots, refused} = await world.answer();
	t.deepEqual(refused, []);
	const trace = (lot: {custody: {party: string; fromMs: number; toMs?: number}[]}): unknown[] =>
		lot.custody.map(({party, fromMs, toMs}) => [
			party,
			(fromMs - dayMs) / hourMs,
			toMs === undefined ? undefined : (toMs - dayMs) / hourMs,
		]);
	t.deepEqual(trace(lots[0]), [
		['maker', 0, 1],
		['carrier', 1, undefined],
	]);
	t.deepEqual(trace(lots[1]), [
		['maker', 0, 1],
		['carrier', 1, 20],
		['buyer', 20, undefined],
	]);
});

const signed = handingOver() as unknown as HandoverBody;

/** What is refused: what stood before, what is stated, and the reason. */
const refusals: readonly {
	readonly what: string;
	readonly before?: readonly (readonly [StatementKind, StatementBody])[];
	readonly says: StatementKind;
	readonly body: StatementBody;
	readonly value?: bigint;
	readonly reason: RegExp;
}[] = [
	{
		what: 'a hand-over signed by the giver only',
		says: 'handover',
		body: {...signed, signatures: {from: signed.signatures.from}},
		reason: /signed by one side only, maker, who gives/,
	},
	{
		what: 'a hand-over signed by the taker only',
		says: 'handover',
		body: {...signed, signatures: {to: signed.signatures.to}},
		reason: /signed by one side only, carrier, who takes/,
	},
	{what: 'a hand-over signed by nobody', says: 'handover', body: {...signed, signatures: {}}, reason: /signed by nobody/},
	{
		what: 'a hand-over signed twice by the same',
		says: 'handover',
		body: {...signed, signatures: {from: signed.signatures.from, to: signed.signatures.from}},
		reason: /not signed by carrier/,
	},
	{what: 'a hand-over whose time was changed', says: 'handover', body: {...signed, atMs: signed.atMs + 1}, reason: /not signed by maker/},
	{
		what: 'a hand-over that was signed for another shipment',
		says: 'handover',
		body: handingOver({}, opening(), accountUrn('shipment', 'S2')),
		reason: /not signed by maker/,
	},
	{
		what: 'a hand-over that was signed for other goods',
		says: 'handover',
		body: handingOver({}, opening({goods: 'Insulin'})),
		reason: /names another opening/,
	},
	{
		what: 'a hand-over by who has it not',
		says: 'handover',
		body: handingOver({from: 'buyer'}),
		reason: /lot L1 is in the hands of maker, not of buyer/,
	},
	{
		what: 'a hand-over that comes twice',
		before: [['handover', handingOver()]],
		says: 'handover',
		body: handingOver(),
		reason: /in the hands of carrier, not of maker/,
	},
	{
		what: 'a hand-over before the one before it',
		before: [['handover', handingOver()]],
		says: 'handover',
		body: handingOver({from: 'carrier', to: 'buyer', atMs: dayMs}),
		reason: /came to carrier only after that/,
	},
	{
		what: 'a hand-over to who is no party',
		says: 'handover',
		body: (() => {
			const terms = {...signed, to: 'stranger'};
			const signature = toBase64(signers.maker.sign(handoverBytes(shipmentUrn, terms)));
			return {...terms, signatures: {from: signature, to: signature}} as unknown as StatementBody;
		})(),
		reason: /no party stranger/,
	},
	{
		what: 'an assignment that overlaps another',
		before: [['assignment', assigning()]],
		says: 'assignment',
		body: assigning({id: 'A2', lots: ['L2'], fromMs: dayMs + hourMs}),
		reason: /is assigned then already, by assignment A1/,
	},
	{
		what: 'an assignment of the same id',
		before: [['assignment', assigning()]],
		says: 'assignment',
		body: assigning({channel: sensor('s2')}),
		reason: /an assignment A1 already/,
	},
	{what: 'an assignment to a lot that is not there', says: 'assignment', body: assigning({lots: ['L9']}), reason: /no lot L9/},
	{what: 'an assignment to a leg that is not there', says: 'assignment', body: assigning({leg: 'G9'}), reason: /no leg G9/},
	{
		what: 'an assignment outside its leg',
		before: [['leg', leg({toMs: dayMs + hourMs})]],
		says: 'assignment',
		body: assigning({leg: 'G1', fromMs: dayMs + hourMs}),
		reason: /leg G1 is not under way then/,
	},
	{
		what: 'an assignment to lots and a leg',
		before: [['leg', leg()]],
		says: 'assignment',
		body: assigning({leg: 'G1', lots: ['L1']}),
		reason: /one of the two/,
	},
	{
		what: 'an assignment of a meter',
		says: 'assignment',
		body: assigning({channel: sensor('m1', 'energy-import')}),
		reason: /energy-import is neither a temperature/,
	},
	{
		what: 'an assignment that ends before it begins',
		says: 'assignment',
		body: assigning({toMs: dayMs}),
		reason: /it ends before it begins/,
	},
	{what: 'the end of what is not there', says: 'assignment', body: endBody({ends: 'A7', atMs: dayMs}), reason: /no assignment A7/},
	{
		what: 'the end of what ended',
		before: [['leg', leg({toMs: dayMs + hourMs})]],
		says: 'leg',
		body: endBody({ends: 'G1', atMs: dayMs + 1}),
		reason: /leg G1 ended before/,
	},
	{
		what: 'a leg beside another',
		before: [['leg', leg()]],
		says: 'leg',
		body: leg({id: 'G2', lots: ['L2'], fromMs: dayMs + hourMs}),
		reason: /lot L2 is on leg G1 then, which has not ended/,
	},
	{what: 'a leg of a carrier who is no party', says: 'leg', body: leg({carrier: 'porter'}), reason: /no party porter/},
	{what: 'another opening', says: 'shipment', body: opening({goods: 'Insulin'}), reason: /opened before/},
	{what: 'a word that is not known', says: 'leg', body: {...leg(), speed: 3}, reason: /has no "speed"/},
	{what: 'a factor', says: 'factor', body: {}, reason: /nobody states a factor/},
	{what: 'a leg with a value', says: 'leg', body: leg(), value: 1n, reason: /has no value/},
	{
		what: 'a verdict with the value of another',
		says: 'verdict',
		body: {
			atMs: dayMs + hourMs,
			verdict: 'good',
			lots: [
				{id: 'L1', verdict: 'good'},
				{id: 'L2', verdict: 'good'},
			],
		},
		value: 2n,
		reason: /the value of a verdict "good" is 1, not 2/,
	},
	{
		what: 'a verdict better than its lots',
		says: 'verdict',
		body: {
			atMs: dayMs + hourMs,
			verdict: 'good',
			lots: [
				{id: 'L1', verdict: 'good'},
				{id: 'L2', verdict: 'excursion'},
			],
		},
		value: 1n,
		reason: /the verdict is good, that of a lot excursion/,
	},
	{
		what: 'a verdict on some lots',
		says: 'verdict',
		body: {atMs: dayMs + hourMs, verdict: 'good', lots: [{id: 'L1', verdict: 'good'}]},
		value: 1n,
		reason: /says nothing of lot L2/,
	},
];

for (const {what, before = [], says, body, value = 0n, reason} of refusals)
	test(`${what} is refused, and shown as exactly that where it stands in the log`, async t => {
		const world = createShipmentWorld();
		world.state('shipment', opening());
		for (const [kind, stated] of before) world.state(kind, stated);
		const untouched = await world.answer();
		const problem = await world.problem(says, body, {value});
		t.regex(problem ?? '', reason);
		world.state(says, body, {value});
		const {refused, ...rest} = await world.answer();
		const index = world.entries.length - 1;
		t.deepEqual(refused, [{index, number: index + 2, says, reason: problem}]);
		t.deepEqual({...rest, refused: [], refusedCount: 0}, untouched);
	});

test('openings that are none are refused', async t => {
	const world = createShipmentWorld();
	const cases: readonly (readonly [Parameters<typeof opening>[0] | StatementBody, RegExp])[] = [
		[{lots: []}, /1 to 256 of each lot/],
		[{lots: [{id: 'L1', name: 'A', gtin: '04012345111119'}]}, /its gtin is not 14 digits/],
		[{lots: [{id: 'L1', name: 'A', quantity: '1.0', unit: 'KGM'}]}, /no plain decimal/],
		[{holder: 'thief'}, /none of the parties/],
		[{parties: [{id: 'maker', name: 'M', key: 'ed25519:AAAA'}]}, /has 32 bytes/],
		[
			{
				parties: [
					{
						id: 'maker',
						name: 'M',
						key: `secp256k1:${toBase64(Uint8Array.of(2, ...fromBase64('eb5mfvncu6xVoGKVzocLBwKb/NstzijZWfKBWxb4F5g=')!))}`,
					},
				],
			},
			/secp256k1: parties sign with/,
		],
		[{profile: {...profileOf('cold-2-8')!, toleratedMinutes: undefined}}, /nothing in the profile could ever be an excursion/],
		[{fromMs: -1}, /fromMs is no time/],
	];
	for (const [changes, reason] of cases) t.regex((await world.problem('shipment', opening(changes as object))) ?? '', reason);
	t.regex((await world.problem('leg', leg())) ?? '', /nothing opened the shipment/);
	t.regex((await world.problem('leg', leg(), {urn: accountUrn('site', 'plant')})) ?? '', /stated of a shipment, not of/);
	t.is(await world.problem('site', {}, {urn: accountUrn('site', 'plant')}), undefined);
});

test('who has no key may hold goods first, and hand none over', async t => {
	const world = createShipmentWorld();
	const opened = opening({parties: [...(opening().parties as object[]), {id: 'porter', name: 'A porter'}] as never, holder: 'porter'});
	t.is(await world.problem('shipment', opened), undefined);
	world.state('shipment', opened);
	const {signatures} = handingOver();
	const handover = {...handingOver({}, opened), from: 'porter', signatures} as StatementBody;
	t.is(await world.problem('handover', handover), 'party porter has no key to sign with');
});

test('a sensor in a box is in no other shipment then, one in a vehicle is with all that it carries', async t => {
	const other = accountUrn('shipment', 'S2');
	const world = createShipmentWorld();
	for (const urn of [shipmentUrn, other]) {
		world.state('shipment', opening(), {urn});
		world.state('leg', leg(), {urn});
	}
	world.state('assignment', assigning({toMs: dayMs + hourMs}), {urn: other});
	t.is(await world.problem('assignment', assigning()), `${sensor('s1')} is assigned then already, by assignment A1 of shipment S2`);
	t.is(await world.problem('assignment', assigning({fromMs: dayMs + hourMs})), undefined);
	t.regex((await world.problem('assignment', assigning({leg: 'G1'}))) ?? '', /of shipment S2/);
	world.state('assignment', assigning({id: 'A2', channel: sensor('truck'), leg: 'G1'}), {urn: other});
	t.is(await world.problem('assignment', assigning({channel: sensor('truck'), leg: 'G1'})), undefined);
	t.regex((await world.problem('assignment', assigning({channel: sensor('truck')}))) ?? '', /A2 of shipment S2, which has not ended/);
});

test('a shipment closes with the verdict that its readings come to, and readings that came late can replace it', async t => {
	const world = createShipmentWorld();
	world.state('shipment', opening());
	world.state('assignment', assigning());
	world.measure(sensor('s1'), dayMs, 10, [...steady(60), ...steady(12, Number.NaN), ...steady(72)]);
	const atMs = dayMs + 24 * hourMs;
	const {body, value} = verdictBody(await world.answer({toMs: atMs}), {atMs})!;
	t.is(value, 3n);
	const good = {
		...body,
		verdict: 'good',
		lots: [
			{id: 'L1', verdict: 'good'},
			{id: 'L2', verdict: 'good'},
		],
	};
	t.is(await world.problem('verdict', good, {value: 1n}), 'the readings of lot L1 come to indeterminate, not to good');
	t.is(await world.problem('verdict', body, {value}), undefined);
	world.state('verdict', body, {value});
	const number = (world.entries.at(-1) as {number: number}).number;
	// What is measured afterwards does not count, however far is asked.
	world.measure(sensor('s1'), atMs, 10, steady(10, 30));
	const closed = await world.answer({toMs: atMs + 24 * hourMs});
	t.deepEqual([closed.verdict, closed.toMs, closed.closing.isBorneOut, closed.closing.value], ['indeterminate', atMs, true, 3]);
	t.regex((await world.problem('handover', handingOver())) ?? '', /ended with the verdict of number/);
	t.regex(
		(await world.problem('assignment', endBody({ends: 'A1', atMs}))) ?? '',
		/nothing in it can be ended or added since: .* another shipment/,
	);
	// The logger's own store is read out.
	world.measure(sensor('s1'), dayMs + 600 * minuteMs, 10, steady(12), {quality: 1 << 12});
	const late = await world.answer();
	t.deepEqual([late.verdict, late.closing.isBorneOut], ['good', false]);
	const again = verdictBody(late, {atMs})!;
	t.regex((await world.problem('verdict', again.body, {value: again.value})) ?? '', /names it in replaces/);
	const replacing = verdictBody(late, {atMs, replaces: number})!;
	t.is(await world.problem('verdict', replacing.body, {value: replacing.value}), undefined);
	world.state('verdict', replacing.body, {value: replacing.value});
	const settled = await world.answer();
	t.deepEqual([settled.closing.value, settled.closing.replaces, settled.closing.isBorneOut], [1, number, true]);
});

test('a sensor in the wrong place is taken out at its beginning, and may be somewhere else from then on', async t => {
	const world = createShipmentWorld();
	world.state('shipment', opening());
	world.state('leg', leg());
	world.state('assignment', assigning({lots: ['L1', 'L2']}));
	world.measure(sensor('s1'), dayMs, 10, steady(144, 30));
	t.is((await world.answer()).verdict, 'excursion');
	t.regex(
		(await world.problem('assignment', endBody({ends: 'A1', atMs: dayMs - 1}))) ?? '',
		/^assignment A1 begins after that: one that never held is ended at its beginning$/,
	);
	const taken = endBody({ends: 'A1', atMs: dayMs});
	t.is(await world.problem('assignment', taken), undefined);
	world.state('assignment', taken);
	world.state('leg', endBody({ends: 'G1', atMs: dayMs}));
	const answer = await world.answer();
	t.deepEqual([answer.verdict, answer.lots[0].reasons[0].because, answer.refused], ['indeterminate', 'unwatched', []]);
	t.deepEqual([answer.sensors, answer.series], [[], []]);
	// What never held is in nobody's way, neither at its moment nor around it.
	for (const fromMs of [dayMs, dayMs - hourMs])
		t.is(await world.problem('assignment', assigning({id: 'A2', lots: ['L2'], fromMs})), undefined);
	t.is(await world.problem('leg', leg({id: 'G2', fromMs: dayMs - hourMs})), undefined);
	t.regex((await world.problem('assignment', assigning({id: 'A3', lots: undefined, leg: 'G1'}))) ?? '', /leg G1 is not under way then/);
});

test('doors and power are shown with how often and how long, from how they stood before', async t => {
	const world = shippedWorld();
	const [door, power] = [sensor('truck', 'door'), sensor('truck', 'on')];
	world.measure(door, dayMs - hourMs, 10, [0.001]);
	world.measure(door, dayMs + 10 * minuteMs, 10, [0, 0.001, 0.001, 0]);
	world.measure(power, dayMs + hourMs, 10, [0.001, 0]);
	world.state('assignment', assigning({id: 'D', channel: door}));
	world.state('assignment', assigning({id: 'P', channel: power, toMs: dayMs + 2 * hourMs}));
	const {states, lots, verdict} = await world.answer();
	t.is(verdict, 'good');
	t.deepEqual(lots[0].states, [0, 1]);
	t.deepEqual(
		states.map(({state, count, totalMs, unknownMs}: Record<string, number>) => [state, count, totalMs! / minuteMs, unknownMs! / minuteMs]),
		[
			['open', 2, 30, 0],
			['off', 1, 50, 60],
		],
	);
});

test('a correction can make an excursion and never unmake one', async t => {
	// As `kedge correct` makes them: marked as substituted too.
	const correction = {quality: (1 << 17) | (1 << 1)};
	const warm = shippedWorld([...steady(10), 9, ...steady(133)]);
	warm.measure(sensor('s1'), dayMs + 100 * minuteMs, 10, [5], correction);
	t.is((await warm.answer()).verdict, 'excursion');
	const cold = shippedWorld();
	cold.measure(sensor('s1'), dayMs + 100 * minuteMs, 10, [9], correction);
	const answer = await cold.answer();
	t.is(answer.verdict, 'excursion');
	t.deepEqual(answer.sensors[0].marks, {correction: 1});
});

test('what was estimated or substituted is no measurement', async t => {
	for (const quality of [1 << 0, 1 << 1, 1 << 11]) {
		const world = shippedWorld();
		world.measure(sensor('s1'), dayMs + 5 * minuteMs, 10, [50], {quality});
		const {verdict, sensors} = await world.answer();
		t.deepEqual([verdict, sensors[0].faults.count], ['good', 1]);
	}
});

test('a hand-over with any bit of its signatures changed is refused', async t => {
	const world = createShipmentWorld();
	world.state('shipment', opening());
	for (const side of ['from', 'to'] as const)
		for (let bit = 0; bit < 512; bit += 37) {
			const signature = fromBase64(signed.signatures[side]!)!;
			signature[bit >> 3]! ^= 1 << (bit & 7);
			const changed = {...signed, signatures: {...signed.signatures, [side]: toBase64(signature)}};
			t.regex((await world.problem('handover', changed as unknown as StatementBody)) ?? '', /not signed by/);
		}
});

test('where a profile has limits of humidity, temperature alone is not enough', async t => {
	const world = createShipmentWorld();
	world.state('shipment', opening({profile: profileOf('gsp-storage-2-10')!}));
	world.state('assignment', assigning());
	world.measure(sensor('s1'), dayMs, 10, steady(144));
	const dry = await world.answer();
	t.is(dry.verdict, 'indeterminate');
	t.deepEqual(dry.lots[0].reasons, [{because: 'unwatched', sort: 'humidity', count: 1, ms: 24 * hourMs}]);
	const humidity = sensor('s1', 'relative-humidity');
	world.state('assignment', assigning({id: 'H', channel: humidity}));
	world.measure(humidity, dayMs, 10, [...steady(100, 50), 76, ...steady(43, 50)]);
	const damp = await world.answer();
	t.is(damp.verdict, 'excursion');
	// GSP wants a record every two minutes while it is outside.
	t.is(damp.series[1].sparseCount, 1);
	t.is(damp.series[1].excursions[0].peakMilli, 76_000);
});

test('two sensors of one lot both count, and a short time without either is one gap and not two short ones', async t => {
	const world = createShipmentWorld();
	world.state('shipment', opening());
	world.state('assignment', assigning({fromMs: dayMs + 10 * minuteMs, toMs: dayMs + 14 * hourMs}));
	world.state('assignment', assigning({id: 'A2', channel: sensor('s2'), fromMs: dayMs + 12 * hourMs}));
	world.measure(sensor('s1'), dayMs + 20 * minuteMs, 10, steady(90));
	world.measure(sensor('s2'), dayMs + 12 * hourMs, 10, steady(72, 6));
	const {series, lots} = await world.answer();
	t.is(series.length, 2);
	// Ten minutes without a sensor, and ten more until its first reading.
	t.deepEqual(series[0].gaps, [{fromMs: dayMs, toMs: dayMs + 20 * minuteMs}]);
	t.deepEqual(lots[0].unwatched, []);
	t.is(series[1].gapCount, 0);
});

const bodies: readonly (readonly [StatementKind, StatementBody])[] = [
	['shipment', opening()],
	['leg', leg({toMs: dayMs + hourMs, vehicle: 'Lorry', lots: ['L1']})],
	['leg', endBody({ends: 'G1', atMs: dayMs + hourMs})],
	['assignment', assigning({place: 'door'})],
	['handover', handingOver()],
	['verdict', {atMs: dayMs + hourMs, verdict: 'good', lots: [{id: 'L1', verdict: 'good'}]}],
];

/** The value with one of its parts, however deep, replaced. */
function replaced(value: unknown, path: readonly number[], by: unknown): unknown {
	if (typeof value !== 'object' || value === null || path.length === 0) return by;
	const keys = Object.keys(value);
	if (keys.length === 0) return by;
	const key = keys[path[0]! % keys.length]!;
	const inner = replaced((value as Record<string, unknown>)[key], path.slice(1), by);
	return Array.isArray(value) ? value.map((one, i) => (String(i) === key ? inner : one)) : {...value, [key]: inner};
}

test('no body that anybody could state throws: it stands, or it is refused with a sentence', async t => {
	const odd = fc.oneof(fc.jsonValue({maxDepth: 2}), fc.constantFrom('L1', 'maker', '__proto__', -1, 1.5, 1e300, '\u0000', '\ud800'));
	await fc.assert(
		fc.asyncProperty(fc.nat(bodies.length - 1), fc.array(fc.nat(9), {minLength: 1, maxLength: 4}), odd, async (which, path, by) => {
			const world = createShipmentWorld();
			const [says, body] = bodies[which]!;
			const changed = replaced(body, path, by);
			if (typeof changed !== 'object' || changed === null || Array.isArray(changed)) return;
			// A half of a surrogate pair cannot be in a statement.
			const stated = JSON.parse(JSON.stringify(changed).replace(/\\ud[89a-f][0-9a-f]{2}/g, '?')) as StatementBody;
			if (says !== 'shipment') world.state('shipment', opening());
			const problem = await world.problem(says, stated);
			t.true(problem === undefined || problem.length > 0);
			world.state(says, stated);
			world.measure(sensor('s1'), dayMs, 10, steady(5));
			const {refusedCount} = await world.answer();
			t.is(refusedCount, problem === undefined ? 0 : 1);
		}),
		{numRuns: 400},
	);
});

test("a browser's crypto comes to the same account", async t => {
	const world = shippedWorld();
	world.state('handover', {...handingOver(), atMs: dayMs} as StatementBody);
	world.state('handover', handingOver());
	world.state('handover', handingOver({from: 'carrier', to: 'buyer', atMs: dayMs + 2 * hourMs}));
	const {verifyDeviceSignature} = webCryptoVerifiers(crypto.subtle as unknown as Subtle);
	const {ledger, rows, past} = await folded(world.entries, [], verifyDeviceSignature);
	const inBrowser = JSON.parse(JSON.stringify(await ledger.answer(wholeQuestion, past, rows)));
	t.deepEqual(inBrowser, await world.answer());
	t.is(inBrowser.refusedCount, 1);
	t.is(inBrowser.lots[0].custody.length, 3);
});

/** A shipment by chance: sensors that come and go, readings late and double and broken, statements out of place. */
const worlds = fc
	.array(
		fc.oneof(
			{
				weight: 6,
				arbitrary: fc.record({
					do: fc.constant('measure' as const),
					sensor: fc.integer({min: 1, max: 3}),
					hour: fc.integer({min: -2, max: 25}),
					values: fc.array(fc.oneof(fc.integer({min: 10, max: 100}), fc.constant(Number.NaN)), {minLength: 1, maxLength: 12}),
				}),
			},
			{
				weight: 3,
				arbitrary: fc.record({
					do: fc.constant('assign' as const),
					sensor: fc.integer({min: 1, max: 3}),
					id: fc.integer({min: 1, max: 5}),
					hour: fc.integer({min: -1, max: 24}),
					hours: fc.option(fc.integer({min: 1, max: 20}), {nil: undefined}),
					lot: fc.constantFrom('L1', 'L2', 'L9', 'leg'),
				}),
			},
			{
				weight: 1,
				arbitrary: fc.record({do: fc.constant('end' as const), id: fc.integer({min: 1, max: 5}), hour: fc.integer({min: 0, max: 24})}),
			},
			{weight: 1, arbitrary: fc.record({do: fc.constant('leg' as const), hour: fc.integer({min: 0, max: 20})})},
			{weight: 1, arbitrary: fc.record({do: fc.constant('door' as const), hour: fc.integer({min: -2, max: 24}), isOpen: fc.boolean()})},
			{weight: 1, arbitrary: fc.record({do: fc.constant('close' as const), hour: fc.integer({min: 1, max: 24})})},
		),
		{maxLength: 40},
	)
	.map(steps => {
		const world = createShipmentWorld();
		world.state('shipment', opening());
		for (const step of steps) {
			const atMs = dayMs + ('hour' in step ? step.hour : 0) * hourMs;
			if (step.do === 'measure')
				world.measure(
					sensor(`s${step.sensor}`),
					atMs,
					10,
					step.values.map(value => value / 10),
				);
			else if (step.do === 'assign') {
				const target = step.lot === 'leg' ? {leg: 'G1'} : {lots: [step.lot]};
				const toMs = step.hours === undefined ? undefined : atMs + step.hours * hourMs;
				world.state(
					'assignment',
					assigning({
						id: `A${step.id}`,
						channel: sensor(step.id === 5 ? 'truck' : `s${step.sensor}`, step.id === 5 ? 'door' : 'temperature'),
						...target,
						fromMs: atMs,
						toMs,
					}),
				);
			} else if (step.do === 'end') world.state('assignment', endBody({ends: `A${step.id}`, atMs}));
			else if (step.do === 'leg') world.state('leg', leg({fromMs: atMs}));
			else if (step.do === 'door') world.measure(sensor('truck', 'door'), atMs, 10, [step.isOpen ? 0.001 : 0]);
			else
				world.state(
					'verdict',
					{
						atMs,
						verdict: 'good',
						lots: [
							{id: 'L1', verdict: 'good'},
							{id: 'L2', verdict: 'good'},
						],
					},
					{value: 1n},
				);
		}
		return world;
	});

test('the answer over the whole log is the answer over what its basis names', async t => {
	await fc.assert(
		fc.asyncProperty(worlds, fc.integer({min: -1, max: 20}), async ({entries}, fromHour) => {
			const question = {...wholeQuestion, fromMs: dayMs + fromHour * hourMs};
			const {ledger, rows, past} = await folded(entries);
			const whole = JSON.stringify(await ledger.answer(question, past, rows));
			const basis = (await ledger.basis(question, rows))!;
			t.is(JSON.stringify(await answerOf(entriesOfBasis(entries, basis), question)), whole);
		}),
		{numRuns: 150},
	);
});

test('rows and answers are the same wherever the fold is broken off and taken up again', async t => {
	await fc.assert(
		fc.asyncProperty(worlds, fc.array(fc.nat(60), {maxLength: 8}), async ({entries}, savesAt) => {
			const [one, other] = [await folded(entries), await folded(entries, savesAt)];
			t.deepEqual(other.rows.all(), one.rows.all());
			t.is(
				JSON.stringify(await other.ledger.answer(wholeQuestion, other.past, other.rows)),
				JSON.stringify(await one.ledger.answer(wholeQuestion, one.past, one.rows)),
			);
		}),
		{numRuns: 60},
	);
});

test('the order in which readings came does not matter to a verdict', async t => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.integer({min: 15, max: 85}), {minLength: 10, maxLength: 60}),
			fc.infiniteStream(fc.nat()),
			async (values, chance) => {
				const world = createShipmentWorld();
				world.state('shipment', opening());
				world.state('assignment', assigning());
				const order = values.map((value, i) => ({value, i, at: chance.next().value as number})).sort((a, b) => a.at - b.at);
				for (const {value, i} of order) world.measure(sensor('s1'), dayMs + i * 10 * minuteMs, 10, [value / 10]);
				const toMs = dayMs + values.length * 10 * minuteMs;
				const {series, verdict} = await world.answer({toMs});
				const straight = shippedWorld(values.map(value => value / 10));
				const expected = await straight.answer({toMs});
				t.deepEqual([series, verdict], [expected.series, expected.verdict]);
			},
		),
		{numRuns: 40},
	);
});
