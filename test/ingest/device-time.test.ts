import test from 'ava';
import fc from 'fast-check';
import {floorToNumber, parseDeviceTime, parseIsoTime, type TimeFormat} from '../../agent/ingest/device-time.ts';
import {JsonNumber, type JsonValue, parseJson} from '../../agent/ingest/json.ts';

const jsonOf = (text: string): JsonValue => {
	const parsed = parseJson(Buffer.from(text));
	if ('problem' in parsed) throw new Error(`${text}: ${parsed.problem}`);
	return parsed.value;
};
const time = (text: string, format: TimeFormat): number | undefined => parseDeviceTime(jsonOf(text), format);

test('times of RFC 3339 are read, with any zone', t => {
	const right: readonly (readonly [text: string, same: string])[] = [
		['1985-04-12T23:20:50.52Z', '1985-04-12T23:20:50.520Z'],
		['1996-12-19T16:39:57-08:00', '1996-12-20T00:39:57.000Z'],
		['1937-01-01T12:00:27.87+00:20', '1937-01-01T11:40:27.870Z'],
		['2024-02-29T00:00:00z', '2024-02-29T00:00:00.000Z'],
		['2024-05-01t12:00:00+02:00', '2024-05-01T10:00:00.000Z'],
		['2024-05-01 12:00:00Z', '2024-05-01T12:00:00.000Z'],
		['2024-05-01T12:00:00-00:00', '2024-05-01T12:00:00.000Z'],
		['2024-05-01T12:00:00+23:59', '2024-04-30T12:01:00.000Z'],
		['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
		['0099-12-31T00:00:00Z', '0099-12-31T00:00:00.000Z'],
		['0000-02-29T00:00:00Z', '0000-02-29T00:00:00.000Z'],
		['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
	];
	for (const [text, same] of right) t.is(parseIsoTime(text), Date.parse(same), text);
});

test('fractions are cut to ms, never rounded up', t => {
	const second = Date.UTC(2024, 4, 1);
	t.is(parseIsoTime('2024-05-01T00:00:00.1Z'), second + 100);
	t.is(parseIsoTime('2024-05-01T00:00:00.0019Z'), second + 1);
	t.is(parseIsoTime('2024-05-01T00:00:00.999999999Z'), second + 999);
	t.is(parseIsoTime('2024-05-01T00:00:00.9999999999Z'), undefined);
});

test('a time without a zone, or with anything else wrong, is none', t => {
	const wrong = [
		'',
		'2024-05-01',
		'2024-05-01T12:00:00',
		'2024-05-01T12:00Z',
		'2024-05-01T12:00:00 Z',
		'2024-05-01T12:00:00+0200',
		'2024-05-01T12:00:00+02',
		'2024-05-01T12:00:00+24:00',
		'2024-05-01T12:00:00+02:60',
		'2024-05-01T24:00:00Z',
		'2024-05-01T12:60:00Z',
		'2024-05-01T12:00:61Z',
		'2024-00-01T12:00:00Z',
		'2024-13-01T12:00:00Z',
		'2024-05-00T12:00:00Z',
		'2024-04-31T12:00:00Z',
		'2023-02-29T12:00:00Z',
		'1900-02-29T12:00:00Z',
		'24-05-01T12:00:00Z',
		'12024-05-01T12:00:00Z',
		'-2024-05-01T12:00:00Z',
		'2024-05-01T12:00:00.Z',
		'2024-05-01T12:00:00,5Z',
		'2024-5-1T12:00:00Z',
		'２０２４-05-01T12:00:00Z',
		' 2024-05-01T12:00:00Z',
		'2024-05-01T12:00:00Z\n',
		`2024-05-01T12:00:00.${'0'.repeat(40)}Z`,
	];
	for (const text of wrong) t.is(parseIsoTime(text), undefined, text);
});

test('a leap second is the second after it, and only the last one of a UTC day', t => {
	t.is(parseIsoTime('2016-12-31T23:59:60Z'), Date.UTC(2017, 0, 1));
	t.is(parseIsoTime('2016-12-31T23:59:60.5Z'), Date.UTC(2017, 0, 1) + 500);
	t.is(parseIsoTime('1990-12-31T15:59:60-08:00'), Date.UTC(1991, 0, 1));
	for (const text of ['2016-12-31T23:58:60Z', '2016-12-31T12:59:60Z', '2016-12-31T23:59:60+01:00', '2016-12-31T23:59:61Z'])
		t.is(parseIsoTime(text), undefined, text);
});

test('every day of a hundred years has its limits', t => {
	for (let year = 1970; year < 2070; year += 1)
		for (let month = 1; month <= 12; month += 1) {
			const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
			const day = (number: number): string => `${year}-${String(month).padStart(2, '0')}-${number}T00:00:00Z`;
			if (parseIsoTime(day(days)) !== Date.UTC(year, month - 1, days)) t.fail(day(days));
			if (parseIsoTime(day(days + 1)) !== undefined) t.fail(day(days + 1));
		}
	t.pass();
});

test('a time that the engine prints is read as what it is', t => {
	fc.assert(
		fc.property(fc.date({min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true}), date => {
			t.is(parseIsoTime(date.toISOString()), date.getTime());
		}),
	);
});

test('unix times may have fractions, which are rounded down', t => {
	t.is(time('1714521600', 'unix-s'), 1_714_521_600_000);
	t.is(time('1714521600.5', 'unix-s'), 1_714_521_600_500);
	t.is(time('1714521600.0009', 'unix-s'), 1_714_521_600_000);
	t.is(time('1714521600.123456789012', 'unix-s'), 1_714_521_600_123);
	t.is(time('1.7145216e9', 'unix-s'), 1_714_521_600_000);
	t.is(time('"1714521600.25"', 'unix-s'), 1_714_521_600_250);
	t.is(time('1714521600123', 'unix-ms'), 1_714_521_600_123);
	t.is(time('1714521600123.9', 'unix-ms'), 1_714_521_600_123);
	t.is(time('"1714521600123"', 'unix-ms'), 1_714_521_600_123);
	t.is(time('0', 'unix-s'), 0);
	t.is(time('-0.0', 'unix-ms'), 0);
	t.is(time('-0.0001', 'unix-s'), -1);
	t.is(time('-1.5', 'unix-s'), -1500);
	t.is(time('-1.5001', 'unix-s'), -1501);
	t.is(time('1e-400', 'unix-s'), 0);
	t.is(time('-1e-400', 'unix-s'), -1);
});

test('a unix time that no clock can mean is none', t => {
	for (const text of ['1e400', '9007199254740992', '9007199254740993', '1e19', '-1e300', '123456789012345678901234567890'])
		t.is(time(text, 'unix-ms'), undefined, text);
	t.is(time('9007199254740991', 'unix-ms'), Number.MAX_SAFE_INTEGER);
	t.is(time('9007199254741', 'unix-s'), undefined);
});

test('a value of another type is no time', t => {
	for (const text of ['null', 'true', '[]', '{}', '[1714521600]', '""', '"soon"', '"0x10"', '" 1"']) {
		t.is(time(text, 'unix-s'), undefined, text);
		t.is(time(text, 'iso'), undefined, text);
	}
	t.is(time('1714521600', 'iso'), undefined);
	t.is(time('"2024-05-01T00:00:00Z"', 'unix-s'), undefined);
	t.is(parseDeviceTime(undefined, 'iso'), undefined);
});

test('rounding down is what whole arithmetic says', t => {
	fc.assert(
		fc.property(fc.bigInt({min: -(10n ** 14n), max: 10n ** 14n}), fc.integer({min: -20, max: 1}), (digits, exponent) => {
			const scaled = exponent >= 0 ? digits * 10n ** BigInt(exponent) : digits;
			const divisor = exponent >= 0 ? 1n : 10n ** BigInt(-exponent);
			const floor = scaled >= 0n || scaled % divisor === 0n ? scaled / divisor : scaled / divisor - 1n;
			t.is(floorToNumber(digits, exponent), Number(floor));
		}),
	);
	t.is(floorToNumber(1n, 21), undefined);
	t.is(floorToNumber(-(10n ** 63n), -80), -1);
	t.is(floorToNumber(10n ** 63n, -80), 0);
});

test('a short number takes the short way to the same time as its text', t => {
	fc.assert(
		fc.property(
			fc.integer({min: -(10 ** 12), max: 10 ** 12}),
			fc.integer({min: 0, max: 6}),
			fc.boolean(),
			(digits, decimals, isSeconds) => {
				const text = (digits / 10 ** decimals).toFixed(decimals);
				const format = isSeconds ? 'unix-s' : 'unix-ms';
				t.is(time(text, format), parseDeviceTime(new JsonNumber(text), format), text);
			},
		),
	);
});
