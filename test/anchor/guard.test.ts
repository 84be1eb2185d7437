// What the anchoring key may sign, and everything else that it is asked for by mistake or by a thief of the agent.
import test from 'ava';
import {Interface} from 'ethers';
import fc from 'fast-check';
import {encodeAnchor, encodeOpen} from '../../agent/anchor/chain.ts';
import {agentFunctions, guardSigner, registryFunctions, type SpendingRules, spendingProblem} from '../../agent/anchor/guard.ts';
import {signerFromKey, type UnsignedTransaction} from '../../agent/anchor/keystore.ts';
import {
	encodeAcceptOperator,
	encodeAnchorMany,
	encodeClose,
	encodeOpenFor,
	encodeProposeOperator,
	encodeWithdrawProposal,
} from '../../agent/anchor/registry.ts';
import {anchorRegistryAbi, anchorRegistryBytecode} from '../../contracts/generated/anchor-registry.ts';
import {testTokenBytecode} from '../../contracts/generated/test-token.ts';

const registry = `0x${'ab'.repeat(20)}`;
const stranger = `0x${'cd'.repeat(20)}`;
const logId = `0x${'11'.repeat(32)}`;
const root = `0x${'22'.repeat(32)}`;
const rules: SpendingRules = {chainId: 31337, registry};
const challengeTime = `${'0'.repeat(59)}3f480`;

const anchoring = {
	chainId: 31337,
	nonce: 0,
	to: registry,
	data: encodeAnchor(logId, 5, root, []),
	value: 0n,
	gasLimit: 100_000n,
	type: 'dynamic',
	maxFeePerGas: 10n ** 9n,
	maxPriorityFeePerGas: 10n ** 8n,
} as const satisfies UnsignedTransaction;
const creation = {...anchoring, to: undefined, data: anchorRegistryBytecode + challengeTime};

const calls: Readonly<Record<string, string>> = {
	open: encodeOpen(new Uint8Array(32)),
	openFor: encodeOpenFor(new Uint8Array(32), stranger),
	anchor: anchoring.data,
	anchorMany: encodeAnchorMany([{logId, size: 5, root, consistencyProof: [root]}]),
	proposeOperator: encodeProposeOperator(logId, stranger),
	withdrawProposal: encodeWithdrawProposal(logId),
	acceptOperator: encodeAcceptOperator(logId),
	close: encodeClose(logId, undefined),
};

test('every function that changes the registry is known to the guard, and may be called', t => {
	const changing = (anchorRegistryAbi as readonly {type: string; name?: string; stateMutability?: string}[])
		.filter(({type, stateMutability}) => type === 'function' && stateMutability !== 'view' && stateMutability !== 'pure')
		.map(({name}) => name!);
	t.deepEqual(changing.sort(), [...registryFunctions].sort());
	t.deepEqual(Object.keys(calls).sort(), [...registryFunctions].sort());
	for (const [name, data] of Object.entries(calls)) t.is(spendingProblem({...anchoring, data}, rules), undefined, name);
});

test('an agent that anchors by itself calls anchor alone', t => {
	for (const [name, data] of Object.entries(calls)) {
		const problem = spendingProblem({...anchoring, data}, {...rules, functions: agentFunctions});
		if (name === 'anchor') t.is(problem, undefined, name);
		else t.is(problem, `it calls ${name}(), which the key does not pay for here`);
	}
});

const token = new Interface(['function transfer(address to, uint256 amount)', 'function approve(address spender, uint256 amount)']);

const refused: readonly (readonly [
	name: string,
	change: Partial<Record<keyof UnsignedTransaction | 'maxFeePerGas', unknown>>,
	says: RegExp,
	rules?: Partial<SpendingRules>,
])[] = [
	['another chain', {chainId: 1}, /for chain 1, and the key anchors on chain 31337/],
	['a value of 1 wei', {value: 1n}, /would send 1 wei/],
	['all that it holds', {to: stranger, data: '0x', value: 10n ** 18n}, /would send 1000000000000000000 wei/],
	['a call of a stranger', {to: stranger}, /goes to 0xcdcd.*the registry at 0xabab/],
	['a transfer of tokens', {to: stranger, data: token.encodeFunctionData('transfer', [stranger, 1])}, /goes to 0xcdcd/],
	[
		'a transfer of tokens at the registry',
		{data: token.encodeFunctionData('transfer', [stranger, 1])},
		/a function that no AnchorRegistry has/,
	],
	['an approval', {to: stranger, data: token.encodeFunctionData('approve', [stranger, 1])}, /goes to 0xcdcd/],
	['a bare call', {data: '0x'}, /no call of an AnchorRegistry|no AnchorRegistry has/],
	['half a selector', {data: '0x1234'}, /no call of an AnchorRegistry|no AnchorRegistry has/],
	['an unknown selector', {data: '0xdeadbeef'}, /no AnchorRegistry has \(0xdeadbeef\)/],
	['a call that is cut', {data: anchoring.data.slice(0, -64)}, /no call of an AnchorRegistry/],
	['a call with more behind it', {data: `${anchoring.data}00`}, /holds more than the arguments/],
	['a call with a word behind it', {data: anchoring.data + '00'.repeat(32)}, /holds more than the arguments/],
	['a size that fits no type', {data: anchoring.data.slice(0, 74) + 'ff'.repeat(32) + anchoring.data.slice(138)}, /no call|more than/],
	['data that is no text of digits', {data: 'anchor'}, /no call of an AnchorRegistry/],
	['a view', {data: new Interface(anchorRegistryAbi).encodeFunctionData('operatorOf', [logId])}, /calls operatorOf\(\)/],
	['a contract while none may be deployed', {to: undefined, data: creation.data}, /would create a contract/],
	['the registry while there is none', {}, /calls of no contract yet/, {registry: undefined}],
	['another contract', {to: undefined, data: testTokenBytecode}, /another contract than an AnchorRegistry/, {mayDeploy: true}],
	['the registry and more', {to: undefined, data: `${creation.data}00`}, /another contract/, {mayDeploy: true}],
	['the registry without its word', {to: undefined, data: anchorRegistryBytecode}, /another contract/, {mayDeploy: true}],
	[
		'the registry with bytes that were changed',
		{to: undefined, data: creation.data.replace('60', '61')},
		/another contract/,
		{mayDeploy: true},
	],
	['the registry with money', {to: undefined, data: creation.data, value: 1n}, /would send 1 wei/, {mayDeploy: true}],
	['the zero address', {to: `0x${'0'.repeat(40)}`, data: creation.data}, /goes to 0x0000/, {mayDeploy: true}],
	[
		'a price beyond the ceiling',
		{maxFeePerGas: 10n ** 12n},
		/may cost 100000000000000000 wei, and the ceiling of one transaction is 100000000000000/,
		{costWeiMax: 10n ** 14n},
	],
	['gas beyond the ceiling', {gasLimit: 10n ** 9n}, /may cost/, {costWeiMax: 10n ** 14n}],
];

for (const [name, change, says, more = {}] of refused) {
	test(`the key does not sign ${name}, and never sees it`, async t => {
		const transaction = {...anchoring, ...change} as UnsignedTransaction;
		t.regex(spendingProblem(transaction, {...rules, ...more}) ?? '', says);
		const guarded = guardSigner(
			{
				address: stranger,
				signTransaction: async () => {
					throw new Error('the key was asked');
				},
			},
			{...rules, ...more},
		);
		t.is(guarded.address, stranger);
		await t.throwsAsync(guarded.signTransaction(transaction), {code: 'KEY_INVALID', message: /does not sign this transaction: its? /});
	});
}

test('what anchoring needs is signed as without a guard', async t => {
	const signer = signerFromKey(`0x${'5'.repeat(64)}`);
	t.is(await guardSigner(signer, rules).signTransaction(anchoring), await signer.signTransaction(anchoring));
	const written = {...rules, registry: registry.toUpperCase().replace('0X', '0x')};
	t.is(spendingProblem(anchoring, written), undefined);
	t.is(spendingProblem(creation, {...rules, registry: undefined, mayDeploy: true}), undefined);
	t.is(spendingProblem(anchoring, {...rules, costWeiMax: 10n ** 14n}), undefined);
	const {maxFeePerGas: _, maxPriorityFeePerGas: __, ...plain} = anchoring;
	const legacy: UnsignedTransaction = {...plain, type: 'legacy', gasPrice: 10n ** 9n};
	t.is(spendingProblem(legacy, {...rules, costWeiMax: 10n ** 14n}), undefined);
	t.regex(spendingProblem(legacy, {...rules, costWeiMax: 10n ** 14n - 1n}) ?? '', /may cost/);
});

test('bytes that were changed anywhere in a call are another call of the registry, or none', t => {
	fc.assert(
		fc.property(fc.constantFrom(...Object.values(calls)), fc.nat(), fc.integer({min: 1, max: 255}), (call, at, bits) => {
			const bytes = Buffer.from(call.slice(2), 'hex');
			bytes[at % bytes.length]! ^= bits;
			const data = `0x${bytes.toString('hex')}`;
			const problem = spendingProblem({...anchoring, data}, rules);
			if (problem !== undefined) return;
			// What is let through is what the encoder of the registry makes of it, to the byte.
			const registryInterface = new Interface(anchorRegistryAbi);
			const parsed = registryInterface.parseTransaction({data})!;
			t.true(registryFunctions.some(name => name === parsed.name));
			t.is(registryInterface.encodeFunctionData(parsed.fragment, parsed.args), data);
		}),
		{numRuns: 500},
	);
	t.pass();
});
