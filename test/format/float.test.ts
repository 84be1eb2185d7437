// Binary floating point numbers as decimals: the shortest that is them, and no other.
import test from 'ava';
import fc from 'fast-check';
import {type FloatWidth, floatText, shortDigits, shortPlaces} from '../../agent/format/float.ts';

/** What the two ways say of a number, which must be the same. */
function short(value: number, width: FloatWidth): string {
	const places = shortPlaces(value, width);
	return places === undefined ? `text ${floatText(value, width)}` : String(shortDigits(value, places) / 10 ** places);
}

test('a number of single precision is the decimal that it was made from, not the digits of the double', t => {
	for (const value of [0.1, 2413.75, -120.5, 23.1, 5415414, 0.001, 16_777_215, 49.98, 1.5e-5]) {
		t.is(short(Math.fround(value), 32), String(value));
		t.is(Number(floatText(Math.fround(value), 32)), value);
	}
	t.is(short(Math.fround(123_456_789), 32), 'text 1.2345679e+8');
	t.is(short(Math.fround(3e38), 32), 'text 3e+38');
	t.is(short(Math.fround(1e-30), 32), 'text 1e-30');
});

test('a number of double precision is the decimal that JavaScript prints', t => {
	for (const value of [5_415_414.19, 0.1, 1e-7, 999_999_999_999.999, 123_456_789_012_345, -0.5]) t.is(short(value, 64), String(value));
	t.is(short(0.1 + 0.2, 64), 'text 0.30000000000000004');
	t.is(short(1e300, 64), 'text 1e+300');
});

test('zero has no sign, and what is no number has no digits', t => {
	t.is(shortPlaces(-0, 32), 0);
	t.true(Object.is(shortDigits(-0, 0), 0));
	for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
		t.is(shortPlaces(value, 64), undefined);
		t.is(floatText(value, 32), String(value));
	}
});

test('any number comes back from its text, in its own width', t => {
	fc.assert(
		fc.property(fc.float({noNaN: true, noDefaultInfinity: true}), value => {
			t.is(Math.fround(Number(floatText(value, 32))) + 0, value + 0);
			const places = shortPlaces(value, 32);
			if (places !== undefined) t.is(Math.fround(shortDigits(value, places) / 10 ** places) + 0, value + 0);
		}),
	);
	fc.assert(
		fc.property(fc.double({noNaN: true, noDefaultInfinity: true}), value => {
			const places = shortPlaces(value, 64);
			if (places !== undefined) t.is(shortDigits(value, places) / 10 ** places, value + 0);
		}),
	);
});
