// Manifests of evidence packages as they might be, for what is shown to people: one of a site, one of a shipment, one of a device.

import {utf8} from '../../agent/base/bytes.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import type {Json} from '../../agent/format/document.ts';
import type {EvidenceManifest, PackageQuestion, PackageSubject} from '../../agent/format/evidence-package.ts';
import {createSmallLog} from './small-log.ts';

const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 2, 1);

const digest = (text: string): Uint8Array => nodeHasher.sha256(utf8(text));

function subjectOf(urn: string, firstNumber: number, lastNumber: number, tallyNumber: number | undefined = lastNumber): PackageSubject {
	return {subject: {urn, secret: digest(urn).slice(0, 16)}, firstNumber, lastNumber, count: lastNumber - firstNumber + 1, tallyNumber};
}

const answers: Readonly<Record<PackageQuestion['about'], Json>> = {
	certificates: {device: 'home-1', holders: [{holder: 'home-1', certifiedWh: '1234'}]},
	// In the shapes of agent/ledgers/emissions/answer.ts and agent/ledgers/coldchain/account.ts.
	site: {
		about: 'emissions',
		site: 'plant',
		name: 'Boiler house 锅炉房',
		zone: 'Asia/Shanghai',
		fromMs: startMs,
		toMs: startMs + 48 * hourMs,
		siteNumber: 2,
		complete: false,
		reasons: ['source "boiler": 3 of 48 hours are not known'],
		totals: {scope1: '1234567890123456', scope2Location: '1034567890123', scope2Market: '998000000001'},
		reported: {mg: '1235602458013579', scopes: [1, 2], scope2: 'location'},
		sources: ['boiler', 'grid'].map((id, i) => ({
			id,
			scope: i + 1,
			method: 'factor',
			mg: i === 0 ? {emitted: '1234567890123456'} : {location: '1034567890123', market: '998000000001'},
			hours: {all: 48, known: 45, partial: 0, missing: 3 * (1 - i), substituted: 0, spread: 2, restated: 1},
			channels: [
				{
					urn: `urn:kedge:device:meter-${i + 1}:energy-import`,
					amount: `${987_654 + i}.321`,
					unit: 'Wh',
					entries: {first: 2, last: 1441, count: 1440},
					unknownMs: 10_800_000,
					resets: 0,
					falls: 0,
					overlaps: 0,
					negative: 0,
					invalid: 0,
					qualities: ['estimated'],
				},
			],
			factors: [{id: i === 0 ? 'natural-gas' : 'grid-cn', number: 2, hours: 45}],
			activities: {list: [], leftOut: 0},
			gaps: {list: [{fromMs: startMs + 7 * hourMs, toMs: startMs + 10 * hourMs, what: 'missing'}], leftOut: 12},
			restatements: {
				list: [{hourMs: startMs + 3 * hourMs, revision: 2, why: ['readings'], mg: {emitted: 987_654_321}, mgBefore: {emitted: null}}],
				leftOut: 0,
			},
			problems: [],
		})),
		factors: [
			{id: 'grid-cn', number: 2, value: '530.6', unit: 'Wh', source: 'MEE and NBS, January 2026', region: 'CN', validFrom: '2026-01-01'},
			{id: 'natural-gas', number: 2, value: '202.2', unit: 'Wh', source: 'GB/T 32151', validFrom: '2026-01-01', validTo: '2026-12-31'},
		],
		days: [1, 2].map(day => ({
			day: `2026-03-0${day}`,
			hours: 24,
			mg: {scope1: `${617_283_945_061_728 * day}`, scope2Location: '517283945061'},
		})),
		hours: Array.from({length: 48}, (_, i) => ({
			hourMs: startMs + i * hourMs,
			mg: {scope1: `${987_654_321_000 + i * 1001}`, scope2Location: `${21_554_000_000 + i}`, scope2Market: `${20_790_000_000 + i}`},
		})),
		reports: {list: [], leftOut: 0},
		refused: [],
	},
	shipment: {
		shipment: 'VAX-2026-0117',
		isOpened: true,
		goods: 'Vaccine, 2000 doses 疫苗',
		opening: 'ab'.repeat(32),
		openedIndex: 12,
		profile: {
			id: 'cold-2-8',
			name: '2–8 °C',
			source: 'GSP 附录3',
			temperature: {low: 2000, high: 8000},
			humidity: {low: 35_000, high: 75_000},
			alarms: [{of: 'temperature', side: 'above', limit: 8000, minutes: 30, kind: 'single', source: 'contract 17'}],
			gapMaxMs: 300_000,
			mkt: {maxMilliC: 8000, activationJPerMol: 83_144, source: 'USP <1079.2>'},
		},
		fromMs: startMs,
		toMs: startMs + 48 * hourMs,
		verdict: 'excursion',
		value: 2,
		parties: [
			{id: 'maker', name: 'Maker Ltd', key: 'ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='},
			{id: 'carrier', name: '杭州冷链', key: 'ed25519:22qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='},
		],
		lots: [
			{
				id: 'LOT-77',
				product: '09501101530003',
				custody: [
					{party: 'maker', fromMs: startMs, toMs: startMs + hourMs, index: 13},
					{party: 'carrier', fromMs: startMs + hourMs, index: 44},
				],
				series: [0],
				states: [0],
				unwatched: [],
				verdict: 'excursion',
				reasons: [
					{
						because: 'alarm',
						chain: 0,
						alarm: {of: 'temperature', side: 'above', limit: 8000, minutes: 30, kind: 'single'},
						firedAtMs: startMs + 1.5 * hourMs,
						fired: 1,
						heldMs: 5_400_000,
					},
				],
			},
		],
		legs: [{id: 'road', mode: 'road', fromMs: startMs, toMs: startMs + 20 * hourMs, lots: ['LOT-77']}],
		handovers: [{from: 'maker', to: 'carrier', atMs: startMs + hourMs, lots: ['LOT-77'], number: 3, index: 44}],
		sensors: [
			{
				assignment: 'a1',
				channel: 'urn:kedge:device:probe-1:temperature',
				sort: 'temperature',
				lots: ['LOT-77'],
				place: 'pallet',
				fromMs: startMs,
				toMs: startMs + 48 * hourMs,
				readings: 576,
				marks: {late: 3},
				index: 14,
			},
		],
		series: [
			{
				sort: 'temperature',
				assignments: ['a1'],
				fromMs: startMs,
				toMs: startMs + 48 * hourMs,
				readings: 576,
				min: {milli: 1875, atMs: startMs + 5 * hourMs},
				max: {milli: 11_725, atMs: startMs + 1.8 * hourMs},
				meanMilli: 5021,
				mktMilliC: 6250,
				coveredMs: 172_500_000,
				aboveMs: 5_400_000,
				belowMs: 720_000,
				excursions: [
					{
						side: 'above',
						fromMs: startMs + hourMs,
						toMs: startMs + 2.5 * hourMs,
						ended: 'inside',
						peakMilli: 11_725,
						peakAtMs: startMs + 1.8 * hourMs,
						heldMs: 5_400_000,
					},
					{
						side: 'below',
						fromMs: startMs + 5 * hourMs,
						toMs: startMs + 5.2 * hourMs,
						ended: 'inside',
						peakMilli: -1500,
						peakAtMs: startMs + 5.1 * hourMs,
						heldMs: 720_000,
					},
				],
				excursionCount: 2,
				alarms: [
					{
						of: 'temperature',
						side: 'above',
						limit: 8000,
						minutes: 30,
						kind: 'single',
						firedAtMs: startMs + 1.5 * hourMs,
						fired: 1,
						heldMs: 5_400_000,
						longestMs: 5_400_000,
					},
				],
				gaps: [],
				gapCount: 0,
				gapMs: 0,
				sparseCount: 0,
			},
		],
		states: [
			{
				sort: 'door',
				assignment: 'a2',
				channel: 'urn:kedge:device:probe-1:door',
				fromMs: startMs,
				toMs: startMs + 48 * hourMs,
				state: 'open',
				spans: [{fromMs: startMs + hourMs, toMs: startMs + 1.2 * hourMs}],
				count: 1,
				totalMs: 720_000,
				unknownMs: 0,
			},
		],
		refused: [],
		refusedCount: 0,
	},
	device: {
		device: 'meter-1',
		readings: 1440,
		channels: [
			{
				urn: 'urn:kedge:device:meter-1:energy-import',
				readings: 1440,
				firstWh: '12000000',
				lastWh: '12034567',
				riseWh: '34567',
				corrections: 0,
			},
		],
	},
};

const ids: Readonly<Record<PackageQuestion['about'], string>> = {
	site: 'plant',
	shipment: 'VAX-2026-0117',
	device: 'meter-1',
	certificates: 'home-1',
};

/** `isPoor`: nothing of what a package need not have. */
export function sampleManifest(
	about: PackageQuestion['about'],
	options: {readonly isPoor?: boolean; readonly answer?: Json} = {},
): EvidenceManifest {
	const log = createSmallLog();
	const isPoor = options.isPoor === true;
	const meter = 'urn:kedge:device:meter-1';
	return {
		question: {about, id: ids[about], fromMs: startMs, toMs: startMs + 48 * hourMs},
		answer: options.answer ?? answers[about],
		method: {
			ledger: about === 'site' ? 'emissions' : about === 'shipment' ? 'coldchain' : 'device',
			ledgerVersion: 1,
			program: 'kedge 0.1.0',
			verifierSha256: isPoor ? undefined : digest('verifier'),
		},
		madeAtMs: startMs + 50 * hourMs + 123,
		origin: log.origin,
		checkpoint: log.checkpoint.note,
		tally: isPoor ? undefined : {index: 2910, channels: 5, madeAtMs: startMs + 49 * hourMs},
		entries: 2911,
		channels: [
			{
				...subjectOf(`${meter}:energy-import`, 2, 1441, isPoor ? undefined : 1441),
				quantity: 'energy-import',
				fromMs: startMs,
				toMs: startMs + 48 * hourMs - 1,
			},
			{
				...subjectOf('urn:kedge:device:probe-1:temperature', 2, 1441, isPoor ? undefined : 1500),
				quantity: 'temperature',
				fromMs: startMs,
				toMs: startMs + 48 * hourMs - 1,
			},
		],
		absent: isPoor ? [] : ['urn:kedge:device:probe-9:temperature'],
		accounts: isPoor
			? []
			: [
					{
						...subjectOf(`urn:kedge:${about === 'device' ? 'site' : about}:${ids[about]}`, 1, 3),
						statements: [
							{index: 12, number: 2, says: about === 'shipment' ? 'shipment' : 'site', statedAtMs: startMs - hourMs, value: '0'},
						],
					},
				],
		devices: isPoor
			? []
			: [
					{
						...subjectOf(meter, 1, 2),
						identities: [
							{
								index: 4,
								number: 1,
								statedAtMs: startMs - 24 * hourMs,
								event: 'enrolled',
								key: 'ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
								certificate: undefined,
								calibration: {sha256: 'ab'.repeat(32), number: 'CAL-2026-118', notBefore: '2026-01-01', notAfter: '2026-12-31'},
								owner: undefined,
							},
							{
								index: 9,
								number: 2,
								statedAtMs: startMs - 2 * hourMs,
								event: 'rotated',
								key: undefined,
								certificate: {sha256: 'cd'.repeat(32), notBeforeMs: startMs, notAfterMs: startMs + 1000 * hourMs},
								calibration: undefined,
								owner: undefined,
							},
						],
					},
				],
		agent: subjectOf('urn:kedge:agent:harbour', 1, 60),
		clock: isPoor
			? {starts: [], steps: [], beaconBefore: undefined, beaconAfter: undefined}
			: {
					starts: [{index: 0, arrivedAtMs: startMs - 30 * hourMs, agent: '0.1.0', synchronisation: 'synchronised'}],
					steps: [
						{
							index: 801,
							arrivedAtMs: startMs + 7 * hourMs,
							expectedMs: startMs + 7 * hourMs - 4500,
							foundMs: startMs + 7 * hourMs,
							synchronisation: 'synchronised',
							synchronisationBefore: 'unsynchronised',
						},
					],
					beaconBefore: {
						index: 3,
						arrivedAtMs: startMs - hourMs,
						chainId: 11_155_111,
						blockNumber: 8_123_456,
						blockHash: `0x${'12'.repeat(32)}`,
						blockTimeS: (startMs - hourMs) / 1000,
					},
					beaconAfter: {
						index: 2999,
						arrivedAtMs: startMs + 49 * hourMs,
						chainId: 11_155_111,
						blockNumber: 8_137_888,
						blockHash: `0x${'34'.repeat(32)}`,
						blockTimeS: (startMs + 49 * hourMs) / 1000,
					},
				},
		gaps: isPoor
			? []
			: [
					{urn: `${meter}:energy-import`, note: 'gap', index: 700, arrivedAtMs: startMs + 6 * hourMs, value: '12'},
					{urn: `${meter}:energy-import`, note: 'silence', index: 720, arrivedAtMs: startMs + 6.5 * hourMs, value: '725000'},
				],
		gapCounts: isPoor ? {gaps: 0, silences: 0} : {gaps: 1, silences: 1},
		refusals: isPoor
			? {counts: [], shown: 0}
			: {
					counts: [
						{reason: 'signature-wrong', count: 2},
						{reason: 'value-not-number', count: 1},
					],
					shown: 3,
				},
		arrivals: isPoor ? 'corrections' : 'all',
		anchors: isPoor ? [] : [log.anchor],
		timestamps: [],
		files: ['question.json', 'entries.bin', 'proof.bin', 'bodies.bin', 'arrivals.bin', 'refusals.bin'].map((name, i) => ({
			name,
			length: 12_345 * (i + 1),
			sha256: digest(name),
			sm3: digest(`sm3 ${name}`),
			unpacked: undefined,
		})),
	};
}
