import test from 'ava';
import fc from 'fast-check';
import {decimalText, parseDecimal, scaleDecimal} from '../../agent/format/decimal.ts';
import {quantities, quantityOfCode, quantityOfName, unitFactor, unitsOf} from '../../agent/format/quantity.ts';

test('what is not a number as JSON writes it is refused', t => {
	const texts = [
		'',
		' ',
		'+1',
		'01',
		'-',
		'-01',
		'.5',
		'5.',
		'1e',
		'1e+',
		'1,5',
		'0x10',
		'NaN',
		'Infinity',
		'-Infinity',
		'1_000',
		' 1',
		'1 ',
		'1\n',
		'١',
	];
	for (const text of [...texts, '1e401', '1e-401', '1e99999', '1'.repeat(65)]) t.is(parseDecimal(text), undefined, text);
});

test('numbers keep every digit', t => {
	t.deepEqual(parseDecimal('12345678901234567890'), {digits: 12_345_678_901_234_567_890n, exponent: 0});
	t.deepEqual(parseDecimal('-0.0010'), {digits: -10n, exponent: -4});
	t.deepEqual(parseDecimal('1.5e-3'), {digits: 15n, exponent: -4});
	t.deepEqual(parseDecimal('1E+400'), {digits: 1n, exponent: 400});
	t.deepEqual(parseDecimal('-0'), {digits: 0n, exponent: 0});
	t.deepEqual(parseDecimal('0.1'), {digits: 1n, exponent: -1});
});

test('a value scales exactly or not at all', t => {
	const scale = (text: string, exponent: number, numerator?: bigint, denominator?: bigint) =>
		scaleDecimal(parseDecimal(text)!, exponent, numerator, denominator);
	t.is(scale('26.10', -2), 2610n);
	t.is(scale('26.10', -1), 261n);
	t.is(scale('26.10', 0), undefined);
	t.is(scale('12.345', 0, 1000n), 12_345n);
	t.is(scale('3.6', 0, 1n, 3600n), undefined);
	t.is(scale('3600', 0, 1n, 3600n), 1n);
	t.is(scale('-0.000', 5), 0n);
	t.is(scale('0e400', 0), 0n);
	t.is(scale('1e400', 0), undefined);
	t.is(scale('1e-400', 0), undefined);
	t.is(scale('1e400', 400), 1n);
	t.is(scale('9.99e2', 0), 999n);
});

test('scaling a decimal by exact powers of ten is undone by its text', t => {
	const value = fc.bigInt({min: -(2n ** 63n), max: 2n ** 63n - 1n});
	fc.assert(
		fc.property(value, fc.integer({min: -30, max: 30}), (digits, exponent) => {
			const text = decimalText(digits, exponent);
			const decimal = parseDecimal(text);
			return decimal !== undefined && scaleDecimal(decimal, exponent) === digits;
		}),
		{numRuns: 1000},
	);
	t.pass();
});

test('a value scales to what rational arithmetic says', t => {
	const digits = fc.bigInt({min: -(10n ** 18n), max: 10n ** 18n});
	const small = fc.integer({min: -12, max: 12});
	fc.assert(
		fc.property(digits, small, small, fc.constantFrom(1n, 1000n, 3600n), fc.constantFrom(1n, 1000n, 3600n), (n, from, to, up, down) => {
			// n·10^from·up/down = x·10^to, with every power made whole.
			const numerator = n * up * 10n ** BigInt(from + 12);
			const denominator = down * 10n ** BigInt(to + 12);
			const expected = numerator % denominator === 0n ? numerator / denominator : undefined;
			return scaleDecimal({digits: n, exponent: from}, to, up, down) === expected;
		}),
		{numRuns: 1000},
	);
	t.pass();
});

test('the text of a value is plain, and no digit is lost', t => {
	t.is(decimalText(-1234n, -2), '-12.34');
	t.is(decimalText(5n, -3), '0.005');
	t.is(decimalText(-5n, -1), '-0.5');
	t.is(decimalText(0n, -2), '0.00');
	t.is(decimalText(0n, 9), '0');
	t.is(decimalText(7n, 3), '7000');
	t.is(decimalText(-(2n ** 63n), 0), '-9223372036854775808');
	t.is(decimalText(1n, -128).length, 130);
});

test('a number in any of the forms that JSON has is read as what it is', t => {
	fc.assert(
		fc.property(fc.double({noNaN: true, noDefaultInfinity: true}), number => {
			const text = JSON.stringify(number);
			const decimal = parseDecimal(text);
			return decimal !== undefined && Number(`${decimal.digits}e${decimal.exponent}`) === number + 0;
		}),
		{numRuns: 1000},
	);
	t.pass();
});

test('codes and names of quantities are unique, and both find the quantity', t => {
	t.is(new Set(quantities.map(({code}) => code)).size, quantities.length);
	t.is(new Set(quantities.map(({name}) => name)).size, quantities.length);
	for (const quantity of quantities) {
		t.is(quantityOfCode(quantity.code), quantity);
		t.is(quantityOfName(quantity.name), quantity);
		t.true(quantity.code >= 1 && quantity.code <= 0xffff);
		t.regex(quantity.name, /^[a-z0-9-]{1,64}$/);
	}
	t.is(quantityOfCode(0), undefined);
	t.is(quantityOfName('toString'), undefined);
});

test('every quantity converts from its own unit as it is, and from every unit by a positive factor', t => {
	for (const quantity of quantities) {
		t.deepEqual(unitFactor(quantity, quantity.unit), [1n, 1n], quantity.name);
		for (const unit of unitsOf(quantity)) {
			const [numerator, denominator] = unitFactor(quantity, unit)!;
			t.true(numerator > 0n && denominator > 0n, `${quantity.name} in ${unit}`);
		}
		for (const unit of ['', 'toString', '__proto__', 'furlong']) {
			if (quantity.unit !== 'state' || unit !== '') t.is(unitFactor(quantity, unit), undefined, `${quantity.name} in ${unit}`);
		}
	}
});

test('a unit of another size or case is told apart', t => {
	const energy = quantityOfName('energy-import')!;
	t.deepEqual(unitFactor(energy, 'kWh'), [1000n, 1n]);
	t.is(unitFactor(energy, 'KWH'), undefined);
	t.is(unitFactor(energy, 'W'), undefined);
	t.is(scaleDecimal(parseDecimal('12.345')!, energy.exponentDefault, ...unitFactor(energy, 'kWh')!), 12_345_000n);
	const power = quantityOfName('active-power')!;
	t.deepEqual(
		[unitFactor(power, 'mW'), unitFactor(power, 'MW')],
		[
			[1n, 1000n],
			[1_000_000n, 1n],
		],
	);
});
