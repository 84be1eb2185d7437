// The words that bind a device, against another implementation of EIP-712 and of ABI encoding.
import test from 'ava';
import {AbiCoder, keccak256, TypedDataEncoder, toUtf8Bytes} from 'ethers';
import {toPrefixedHex} from '../../agent/base/bytes.ts';
import {
	type BindingTerms,
	bindingDigest,
	bindingDomainSeparator,
	bindingHistoryAfter,
	bindingTypedData,
	deviceHash,
	parseBindingTypedData,
	zeroHash,
} from '../../agent/format/device-binding.ts';

const domain = {chainId: 31337, registry: `0x${'1'.repeat(40)}`};
const terms: BindingTerms = {
	anchorRegistry: `0x${'2'.repeat(40)}`,
	opener: `0x${'3'.repeat(40)}`,
	origin: 'kedge.example/straße/1',
	device: 'urn:kedge:device:meter-1',
	owner: `0x${'4'.repeat(40)}`,
	keyHash: `0x${'5'.repeat(64)}`,
	certificateHash: zeroHash,
	openerRotates: true,
	history: `0x${'6'.repeat(64)}`,
	validUntil: 1_800_000_000,
};

type TypedData = {
	readonly domain: Record<string, string>;
	readonly types: Record<string, {name: string; type: string}[]>;
	readonly message: Record<string, unknown>;
};

test('the digest is that of a wallet which is given the typed data', t => {
	const {domain: shown, types, message} = bindingTypedData(domain, terms) as TypedData;
	const {EIP712Domain: _, ...own} = types;
	t.is(toPrefixedHex(bindingDigest(domain, terms)), TypedDataEncoder.hash(shown, own, message));
	t.is(toPrefixedHex(bindingDomainSeparator(domain)), TypedDataEncoder.hashDomain(shown));
	const others: readonly Partial<BindingTerms>[] = [{openerRotates: false}, {validUntil: 2 ** 53 - 1}, {origin: ''}];
	for (const other of others) {
		const changed = {...terms, ...other};
		t.is(toPrefixedHex(bindingDigest(domain, changed)), TypedDataEncoder.hash(shown, own, {...changed}));
	}
});

test('the history is a hash over ABI-encoded words', t => {
	const place = {logId: `0x${'7'.repeat(64)}`, device: deviceHash(terms.device)};
	const change = {...terms, by: terms.opener, timeS: 1_800_000_001};
	const types = ['bytes32', 'bytes32', 'bytes32', 'address', 'bytes32', 'bytes32', 'bool', 'address', 'uint40'];
	const values = [
		terms.history,
		place.logId,
		place.device,
		terms.owner,
		terms.keyHash,
		terms.certificateHash,
		true,
		terms.opener,
		1_800_000_001,
	];
	t.is(bindingHistoryAfter(terms.history, place, change), keccak256(AbiCoder.defaultAbiCoder().encode(types, values)));
	t.is(place.device, keccak256(toUtf8Bytes('urn:kedge:device:meter-1')));
});

test('typed data is read back as it was written, and nothing else is', t => {
	const data = bindingTypedData(domain, terms);
	t.deepEqual(parseBindingTypedData(JSON.stringify(data, undefined, 2)), {domain, terms});
	const {message, types} = data as TypedData;
	const bad: readonly (readonly [string, unknown])[] = [
		['not JSON', '{'],
		['its domain has no chain and contract', 'null'],
		['its domain has no chain and contract', '[]'],
		['its domain has no chain and contract', {...data, domain: {}}],
		['its member owner is no address', {...data, message: {...message, owner: terms.owner.toUpperCase()}}],
		['its member openerRotates is no bool', {...data, message: {...message, openerRotates: 1}}],
		['its member validUntil is no uint64', {...data, message: {...message, validUntil: 1.5}}],
		['its member history is no bytes32', {...data, message: {...message, history: `0x${'6'.repeat(62)}`}}],
		['not the typed data of a binding', {...data, message: {...message, more: 1}}],
		['not the typed data of a binding', {...data, types: {...types, DeviceBinding: types.DeviceBinding!.slice(1)}}],
		['longer than 65536 characters', ' '.repeat(65_537)],
	];
	for (const [problem, value] of bad)
		t.deepEqual(parseBindingTypedData(typeof value === 'string' ? value : JSON.stringify(value)), {problem}, problem);
});

test('a word that is of another kind is no word', t => {
	t.throws(() => bindingDigest(domain, {...terms, owner: '0x1'}), {instanceOf: RangeError, message: '"0x1" is no address'});
	t.throws(() => bindingDigest({...domain, chainId: 1.5}, terms), {instanceOf: RangeError});
});
