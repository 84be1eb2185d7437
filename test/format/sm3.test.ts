// SM3 against the standard's own examples and against OpenSSL.
import {createHash} from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import {toHex, utf8} from '../../agent/base/bytes.ts';
import {nodeSm3} from '../../agent/base/hash-node.ts';
import {sm3} from '../../agent/format/sm3.ts';

test('the examples of GB/T 32905-2016, annex A, come out', t => {
	t.is(toHex(sm3(utf8('abc'))), '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0');
	t.is(toHex(sm3(utf8('abcd'.repeat(16)))), 'debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732');
});

test('bytes of any length have the digest that OpenSSL gives', t => {
	if (nodeSm3 === undefined) {
		t.log('this OpenSSL has no SM3');
		t.pass();
		return;
	}
	const isSame = (bytes: Uint8Array): boolean => {
		const digest = toHex(sm3(bytes));
		return digest === createHash('sm3').update(bytes).digest('hex') && digest === toHex(nodeSm3!(bytes));
	};
	for (let length = 0; length <= 130; length += 1) t.true(isSame(new Uint8Array(length).fill(length)), `${length}`);
	fc.assert(fc.property(fc.uint8Array({maxLength: 2000}), isSame));
});
