// A log changes hands and comes to its end at its registry, on a chain of its own; and the key behind it may be elsewhere.
import test, {type ExecutionContext} from 'ava';
import {encodeAnchor, openChain} from '../../agent/anchor/chain.ts';
import {deployRegistry, openLogAt, transact} from '../../agent/anchor/deploy.ts';
import {guardSigner} from '../../agent/anchor/guard.ts';
import {type Signer, signerFromKey} from '../../agent/anchor/keystore.ts';
import {
	acceptOperator,
	batchLengthMax,
	closeLog,
	encodeAnchorMany,
	encodeOpenFor,
	rotateOperator,
	standingOf,
	withdrawProposal,
} from '../../agent/anchor/registry.ts';
import {openRemoteSigner} from '../../agent/anchor/remote-signer.ts';
import {toHex, utf8} from '../../agent/base/bytes.ts';
import {keccak256} from '../../agent/base/hash.ts';
import {anchorLogId, originHash} from '../../agent/format/log-id.ts';
import {type Anvil, anvilChainId, richKey, startAnvil} from '../helpers/anvil.ts';
import {startRemoteSigner} from '../helpers/remote-signer.ts';
import {createSite, hastyClock, live, type Site} from './world.ts';

let anvil: Anvil;
let site: Site;

test.before(async () => {
	anvil = await startAnvil();
	site = await createSite(anvil);
});

test.after.always(async () => {
	await anvil?.stop();
});

const needsOf = (signer: Signer) => ({chain: openChain({url: anvil.url, chainId: anvilChainId}), clock: hastyClock, signer});
const keyOf = (name: string): string => `0x${toHex(keccak256(utf8(name)))}`;

/** A key of its own, with money. */
async function fundedSigner(name: string): Promise<Signer> {
	const signer = signerFromKey(keyOf(name));
	await anvil.rpc('anvil_setBalance', signer.address, '0xde0b6b3a7640000');
	return signer;
}

/** Two keys of its own, and a log that the first one has opened. */
async function openedLog(t: ExecutionContext) {
	const [old, young] = await Promise.all([fundedSigner(`${t.title} old`), fundedSigner(`${t.title} young`)]);
	const {registry} = site;
	const {logId} = await openLogAt(needsOf(old), {registry, origin: 'harbour/1'});
	const {chain} = needsOf(old);
	return {old, young, place: {registry, logId}, standing: () => standingOf(chain, {registry, logId})};
}

const countOf = async ({address}: Signer): Promise<number> => Number(await anvil.rpc('eth_getTransactionCount', address, 'latest'));
const anchorFirst = (signer: Signer, {registry, logId}: {registry: string; logId: string}, size: number) => {
	const {chain} = needsOf(signer);
	return transact(
		needsOf(signer),
		{to: registry, data: encodeAnchor(logId, size, `0x${'5'.repeat(64)}`, []), value: 0n},
		async () => (await chain.latest(registry, logId)).size === size,
		'anchoring',
	);
};

test('a log is handed on in two steps, each of them once, and the old key anchors nothing more', async t => {
	const {old, young, place, standing} = await openedLog(t);
	t.deepEqual(await standing(), {operator: old.address, proposed: undefined, isClosed: false, successor: undefined});
	const proposal = {...place, to: young.address.toUpperCase().replace('0X', '0x')};
	const proposed = await rotateOperator(needsOf(old), proposal);
	t.true(proposed.changed);
	t.regex(proposed.transactionHash ?? '', /^0x[0-9a-f]{64}$/);
	t.deepEqual(await rotateOperator(needsOf(old), proposal), {changed: false, transactionHash: undefined});
	t.like(await standing(), {operator: old.address, proposed: young.address});
	await t.throwsAsync(acceptOperator(needsOf(old), place), {code: 'KEY_INVALID', message: /is to take it over, not/});
	// Until the other one accepts, the old key anchors.
	await anchorFirst(old, place, 1);

	t.true((await acceptOperator(needsOf(young), place)).changed);
	t.false((await acceptOperator(needsOf(young), place)).changed);
	t.false((await rotateOperator(needsOf(old), proposal)).changed);
	t.deepEqual(await standing(), {operator: young.address, proposed: undefined, isClosed: false, successor: undefined});
	t.deepEqual([await countOf(old), await countOf(young)], [3, 1]);
	await t.throwsAsync(anchorFirst(old, place, 2), {code: 'CHAIN_REFUSED', message: /NotOperator\(/});
	// It is not taken back by the old key either.
	await t.throwsAsync(rotateOperator(needsOf(old), {...place, to: old.address}), {
		code: 'KEY_INVALID',
		message: new RegExp(`is anchored by ${young.address}: ${old.address} cannot hand it on`),
	});
});

test('a proposal that was a slip is taken back, and only the proposed one accepts', async t => {
	const {old, young, place, standing} = await openedLog(t);
	await rotateOperator(needsOf(old), {...place, to: `0x${'9'.repeat(40)}`});
	await t.throwsAsync(acceptOperator(needsOf(young), place), {code: 'KEY_INVALID', message: /0x9{40} is to take it over, not 0x/});
	await t.throwsAsync(withdrawProposal(needsOf(young), place), {code: 'KEY_INVALID'});
	t.true((await withdrawProposal(needsOf(old), place)).changed);
	t.false((await withdrawProposal(needsOf(old), place)).changed);
	t.like(await standing(), {operator: old.address, proposed: undefined});
	const error = await t.throwsAsync(acceptOperator(needsOf(young), place), {code: 'KEY_INVALID', message: /nobody is to take it over/});
	t.regex((error as {hint?: string}).hint ?? '', new RegExp(`kedge anchor rotate --to ${young.address}`));
});

test('a log ends once, names the one that goes on, and takes no heads and no hands from then on', async t => {
	const {old, young, place, standing} = await openedLog(t);
	await anchorFirst(old, place, 3);
	const {logId: successor} = await openLogAt(needsOf(old), {registry: place.registry, origin: 'harbour/2'});
	await t.throwsAsync(closeLog(needsOf(young), {...place, successor}), {code: 'KEY_INVALID', message: /cannot close it/});
	await t.throwsAsync(closeLog(needsOf(old), {...place, successor: `0x${'7'.repeat(64)}`}), {
		code: 'CHAIN_REFUSED',
		message: /would fail: SuccessorRefused\(/,
	});
	await rotateOperator(needsOf(old), {...place, to: young.address});
	t.true((await closeLog(needsOf(old), {...place, successor})).changed);
	t.false((await closeLog(needsOf(old), {...place, successor})).changed);
	t.deepEqual(await standing(), {operator: old.address, proposed: undefined, isClosed: true, successor});
	await t.throwsAsync(closeLog(needsOf(old), {...place, successor: undefined}), {
		code: 'ARGUMENT_INVALID',
		message: new RegExp(`closed already, with successor ${successor}`),
	});
	await t.throwsAsync(anchorFirst(old, place, 4), {code: 'CHAIN_REFUSED', message: /LogClosed\(/});
	await t.throwsAsync(acceptOperator(needsOf(young), place), {code: 'ARGUMENT_INVALID', message: /is closed: nobody takes it over/});
	await t.throwsAsync(rotateOperator(needsOf(old), {...place, to: young.address}), {code: 'ARGUMENT_INVALID'});
});

test('a log that is closed without one that goes on stays so', async t => {
	const {old, place, standing} = await openedLog(t);
	t.true((await closeLog(needsOf(old), {...place, successor: undefined})).changed);
	t.false((await closeLog(needsOf(old), {...place, successor: undefined})).changed);
	t.like(await standing(), {isClosed: true, successor: undefined});
});

test('what is no log there, no registry, or one of before is told apart, and nothing is sent', async t => {
	const {old, place} = await openedLog(t);
	const before = await countOf(old);
	const nothing = {registry: place.registry, logId: `0x${'6'.repeat(64)}`};
	await t.throwsAsync(rotateOperator(needsOf(old), {...nothing, to: old.address}), {code: 'ARGUMENT_INVALID', message: /was never opened/});
	await t.throwsAsync(closeLog(needsOf(old), {...place, registry: `0x${'8'.repeat(40)}`, successor: undefined}), {
		code: 'CHAIN_MISMATCH',
		message: /no contract at 0x8/,
	});
	// Anvil deploys this one by itself: it has code and answers nothing of ours.
	await t.throwsAsync(acceptOperator(needsOf(old), {...place, registry: '0x4e59b44847b379578588920ca78fbf26c0b4956c'}), {
		code: 'CHAIN_MISMATCH',
		message: /it is not an AnchorRegistry of this version/,
	});
	const elsewhere = {...needsOf(old), chain: openChain({url: anvil.url, chainId: 1})};
	await t.throwsAsync(acceptOperator(elsewhere, place), {code: 'CHAIN_MISMATCH', message: /speaks for chain 31337/});
	t.is(await countOf(old), before);
});

test('a hub anchors many logs at once, also those that others have opened for it', async t => {
	const [hub, member] = await Promise.all([fundedSigner('hub'), fundedSigner('member')]);
	const {registry} = site;
	const {chain} = needsOf(hub);
	const {logId: own} = await openLogAt(needsOf(hub), {registry, origin: 'hub/1'});
	const hash = originHash('member/1');
	const theirs = anchorLogId(anvilChainId, registry, member.address, 'member/1');
	const isOpen = async (): Promise<boolean> => (await chain.operatorOf(registry, theirs)) === hub.address;
	await transact(needsOf(member), {to: registry, data: encodeOpenFor(hash, hub.address), value: 0n}, isOpen, 'opening for the hub');
	const root = `0x${'4'.repeat(64)}`;
	const heads = [own, theirs].map(logId => ({logId, size: 7, root, consistencyProof: []}));
	const areAnchored = async (): Promise<boolean> => (await chain.latest(registry, theirs)).size === 7;
	await transact(needsOf(hub), {to: registry, data: encodeAnchorMany(heads), value: 0n}, areAnchored, 'anchoring both');
	t.is((await chain.latest(registry, own)).size, 7);
	t.true((await batchLengthMax(chain, registry)) >= 2);
});

test('a key elsewhere, behind the guard, deploys, opens and hands on; what it may not, it is never asked', async t => {
	const remote = await startRemoteSigner(keyOf('elsewhere'), anvilChainId);
	t.teardown(remote.stop);
	await anvil.rpc('anvil_setBalance', remote.address, '0xde0b6b3a7640000');
	const signer = openRemoteSigner({url: remote.url, address: remote.address});
	const deploying = guardSigner(signer, {chainId: anvilChainId, registry: undefined, mayDeploy: true});
	const {registry} = await deployRegistry(needsOf(deploying), {challengeTimeS: 0});
	const guarded = guardSigner(signer, {chainId: anvilChainId, registry});
	const {logId} = await openLogAt(needsOf(guarded), {registry, origin: 'harbour/1'});
	const rich = signerFromKey(richKey);
	t.true((await rotateOperator(needsOf(guarded), {registry, logId, to: rich.address})).changed);
	const asked = remote.asked.length;
	const paying = transact(needsOf(guarded), {to: rich.address, data: '0x', value: 1n}, async () => false, 'paying');
	await t.throwsAsync(paying, {code: 'KEY_INVALID', message: /would send 1 wei/});
	t.is(remote.asked.length, asked);
});

test('an anchor whose signer is away, or lies, keeps its plan and broadcasts nothing', async t => {
	const world = await site.log('remote');
	const remote = await startRemoteSigner(keyOf('liar'), anvilChainId);
	t.teardown(remote.stop);
	await anvil.rpc('anvil_setBalance', remote.address, '0xde0b6b3a7640000');
	const signer = openRemoteSigner({url: remote.url, address: remote.address, timeoutMs: 5000});
	await openLogAt(needsOf(signer), {registry: site.registry, origin: world.tree.origin});
	const before = await countOf(signer);
	let broadcasts = 0;
	const anchor = world.start({
		needs: {signer},
		chain: chain => ({
			...chain,
			broadcast: raw => {
				broadcasts += 1;
				return chain.broadcast(raw);
			},
		}),
	});
	t.teardown(() => anchor[Symbol.asyncDispose]());
	world.tree.growTo(4);
	const error = async (code: string, says: RegExp): Promise<void> => {
		for (let i = 0; i < 10 && (await anchor.status()).lastError?.code !== code; i += 1) {
			world.clock.advance(1000);
			await anchor.tick(live).catch(() => {});
		}
		const {lastError} = await anchor.status();
		t.is(lastError?.code, code as never);
		t.regex(lastError?.sentence ?? '', says);
		t.is(broadcasts, 0);
		t.is(await countOf(signer), before);
		const [row, ...others] = world.rows();
		t.like(row, {state: 'planned', size: 4, attempts: [], opener: remote.address});
		t.deepEqual(others, []);
	};
	remote.treat = () => 'drop';
	await error('SIGNER_UNREACHABLE', /did not answer/);
	for (const change of [{nonce: 99}, {to: signer.address, value: 10n ** 15n}, {chainId: 1}]) {
		remote.treat = () => ({change});
		await error('KEY_INVALID', /gave back another transaction/);
		remote.treat = () => 'drop';
		await error('SIGNER_UNREACHABLE', /did not answer/);
	}
	remote.treat = () => 'sign';
	await world.settle(anchor, () => world.rows().some(({state}) => state === 'final'));
	t.is(await countOf(signer), before + 1);
});
