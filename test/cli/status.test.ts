// Amounts and times in what `kedge status` prints.
import test from 'ava';
import {lastsText, shortAmount} from '../../agent/cli/status.ts';

test('an amount is shown with six digits, and a small one with its first three', t => {
	for (const [amount, shown] of [
		['0.995851903856858542', '0.995851'],
		['0.000137103000959721', '0.000137'],
		['0.000000000000021000', '0.000000000000021'],
		['12.500000000000000000', '12.5'],
		['3.000000000000000001', '3'],
		['0.050000000000000000', '0.05'],
		['0', '0'],
		['0.000000000000000000', '0'],
		['1000', '1000'],
	] as const)
		t.is(shortAmount(amount), shown);
});

test('the disk lasts for days, for less than one, or nobody knows', t => {
	t.deepEqual([undefined, 0, 1, 212].map(lastsText), [
		'',
		', enough for less than a day at this pace',
		', enough for 1 day at this pace',
		', enough for 212 days at this pace',
	]);
});
