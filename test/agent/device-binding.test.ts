// A device is bound to its owner from the command line while the agent runs: on the chain, in the log, and where the two are compared.
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {TypedDataEncoder} from 'ethers';
import {openChain} from '../../agent/anchor/chain.ts';
import {transact} from '../../agent/anchor/deploy.ts';
import {signerFromKey} from '../../agent/anchor/keystore.ts';
import {fromHex, toPrefixedHex} from '../../agent/base/bytes.ts';
import {AgentError} from '../../agent/base/errors.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {createSigner} from '../../agent/base/secp256k1.ts';
import {type Command, exitCodes, type Io, readWords} from '../../agent/cli/command.ts';
import {deviceAddCommand, deviceRotateCommand} from '../../agent/cli/device.ts';
import {deviceBindCommand, deviceBindingCommand, deviceUnbindCommand} from '../../agent/cli/device-binding.ts';
import {deviceChangeOf} from '../../agent/device-desk.ts';
import {formatDeviceKey} from '../../agent/format/device-key.ts';
import {decodeEntry, identityKinds, kinds} from '../../agent/format/entry.ts';
import {decodeIdentity, type IdentityBody} from '../../agent/format/identity.ts';
import {openLogReader} from '../../agent/log/reader.ts';
import type {Site} from '../../agent/site.ts';
import {createSimSigner} from '../../sim/signing.ts';
import {hastyClock} from '../anchor/world.ts';
import {type Anvil, anvilChainId, startAnvil} from '../helpers/anvil.ts';
import {anchorSite, changeConfig, createTestSite, kedge, startAgent} from '../helpers/site.ts';

const ownerKey = `0x${'8'.repeat(64)}`;
const owner = signerFromKey(ownerKey).address;

/** The newest identity entry of the log. */
async function newestIdentity(site: Site): Promise<IdentityBody & {readonly kind: number}> {
	await using reader = await openLogReader({path: site.paths.log, hasher: nodeHasher});
	for (let index = (await reader.head())!.size - 1; index >= 0; index -= 1) {
		const {kind, quantity} = decodeEntry(await reader.entry(index));
		if (kind === kinds.identity) return {...decodeIdentity((await reader.source(index)).record)!, kind: quantity};
	}
	throw new Error('no identity');
}

/** The owner sends what was printed for it. */
async function accept(anvil: Anvil, printed: string): Promise<void> {
	await using chain = openChain({url: anvil.url, chainId: anvilChainId});
	const [, to] = /to: (0x[0-9a-f]{40})/.exec(printed)!;
	const [, data] = /data: (0x[0-9a-f]+)/.exec(printed)!;
	const signer = signerFromKey(ownerKey);
	const before = await chain.nonce(owner);
	await transact(
		{chain, clock: hastyClock, signer},
		{to: to!, data: data!, value: 0n},
		async () => (await chain.nonce(owner)) > before,
		'accepting',
	);
}

type Ran = {readonly code: number; readonly out: string; readonly err: string};

const commands: Readonly<Record<string, Command>> = {
	add: deviceAddCommand,
	rotate: deviceRotateCommand,
	bind: deviceBindCommand,
	unbind: deviceUnbindCommand,
	binding: deviceBindingCommand,
};

/** Runs a command of `kedge device` as the command line would, in this process: two dozen of their own would take as many seconds. */
async function saying(t: ExecutionContext, code: number, site: Site, name: string, ...words: string[]): Promise<Ran> {
	const told = {out: '', err: ''};
	const io: Io = {
		out: text => {
			told.out += text;
		},
		error: text => {
			told.err += text;
		},
		isTerminal: false,
		signal: new AbortController().signal,
		clock: hastyClock,
	};
	const command = commands[name]!;
	const found = await command.run(readWords(command, [...words, '--config', site.configPath]), io).catch((error: unknown) => {
		if (!(error instanceof AgentError)) throw error;
		told.err += `${error.message} ${error.hint ?? ''}`;
		return exitCodes[error.remedy];
	});
	t.is(found, code, `${name} ${words.join(' ')}: ${told.out}${told.err}`);
	return {code: found, ...told};
}

test('a device is bound, rotated and unbound, and the log and the chain say the same of it', async t => {
	const anvil = await startAnvil();
	t.teardown(anvil.stop);
	await anvil.rpc('anvil_setBalance', owner, '0xde0b6b3a7640000');
	const made = await createTestSite(t, {homes: 1});
	const nowhere = await saying(t, 2, made.site, 'binding', 'home-01');
	t.regex(nowhere.err, /needs the section anchor/);
	let site = await anchorSite(t, made, anvil);
	await startAgent(t, site);
	const [first, second] = [1, 2].map(keyNumber => formatDeviceKey(createSimSigner('binding', 'meter-1', {form: 'jws', keyNumber}).key));
	const mapping = site.config.devices[0]!.mappings[0]!;
	await saying(t, 0, site, 'add', 'meter-1', '--mapping', mapping, '--key', first!);

	// Nothing is bound, and nobody knows to whom it should be.
	t.regex((await saying(t, 2, site, 'bind', 'meter-1', '--owner', owner)).err, /no device registry is named/);
	t.regex((await saying(t, 2, site, 'bind', 'meter-1', '--deploy')).err, /"meter-1" is bound to nobody yet/);
	t.regex((await saying(t, 2, site, 'bind', 'meter-2', '--deploy', '--owner', owner)).err, /there is no device "meter-2"/);

	// It is proposed, and the log says nothing before the owner does.
	const proposed = await saying(t, 0, site, 'bind', 'meter-1', '--owner', owner, '--deploy');
	const again = await saying(t, 0, site, 'bind', 'meter-1', '--owner', owner, '--deploy');
	t.is(again.out, proposed.out);
	t.is((await newestIdentity(site)).kind, identityKinds.enrolled);
	await accept(anvil, proposed.out);
	const [, registry] = /to: (0x[0-9a-f]{40})/.exec(proposed.out)!;
	site = await changeConfig(site, text => text.replace('anchor:\n', `anchor:\n  deviceRegistry: "${registry}"\n`));
	const unsaid = await saying(t, 1, site, 'binding', 'meter-1');
	t.regex(unsaid.out, /DIFFERENT: the log says that it belongs to nobody, the chain says eip155:31337:0x/);
	t.regex((await saying(t, 0, site, 'bind', 'meter-1')).out, /was bound to 0x\w+ already/);
	t.like(await newestIdentity(site), {
		kind: identityKinds.bound,
		event: 'bound',
		urn: 'urn:kedge:device:meter-1',
		key: first!,
		owner: `eip155:31337:${owner}`,
		registry: `eip155:31337:${registry}`,
	});
	const bound = await saying(t, 0, site, 'binding', 'meter-1', '--rpc', anvil.url);
	t.regex(bound.out, new RegExp(`owner +${owner} since 20`));
	t.regex(bound.out, /certificate +none\n/);
	t.regex(bound.out, /All changes:\n.*\nThe log says the same\./);

	// With another key the chain lags until the opener says it there.
	await saying(t, 0, site, 'rotate', 'meter-1', '--key', second!);
	t.is((await newestIdentity(site)).owner, `eip155:31337:${owner}`);
	t.regex((await saying(t, 1, site, 'binding', 'meter-1')).out, /DIFFERENT: the chain names another key than the log/);
	t.regex((await saying(t, 0, site, 'bind', 'meter-1')).out, /as before, with the key and certificate that it has now/);
	const {changes} = JSON.parse((await saying(t, 0, site, 'binding', 'meter-1', '--json')).out) as {changes: {keyHash: string}[]};
	t.is(changes.length, 2);
	t.not(changes[0]!.keyHash, changes[1]!.keyHash);

	// Another owner waits until it ends.
	t.regex((await saying(t, 2, site, 'bind', 'meter-1', '--owner', `0x${'5'.repeat(40)}`)).err, /"meter-1" belongs to 0x/);
	await saying(t, 0, site, 'unbind', 'meter-1');
	t.regex((await saying(t, 0, site, 'unbind', 'meter-1')).out, /was bound to nobody/);
	t.like(await newestIdentity(site), {kind: identityKinds.bound, owner: undefined, registry: undefined});
	t.regex((await saying(t, 1, site, 'binding', 'meter-1')).out, /bound to nobody\nAll changes:\n(?:.*\n){2}.*ended/);

	// By a signature of what a wallet was given.
	const terms = (await saying(t, 0, site, 'bind', 'meter-1', '--owner', owner, '--typed-data', '--ask-owner')).out;
	const {domain, types, message} = JSON.parse(terms) as Record<string, Record<string, never>>;
	const {EIP712Domain: _, ...own} = types!;
	const digest = fromHex(TypedDataEncoder.hash(domain!, own, message!).slice(2))!;
	const files = {terms: join(made.folder, 'terms.json'), signature: join(made.folder, 'signature')};
	await writeFile(files.terms, terms);
	const signed = ['--terms', files.terms, '--signature', files.signature];
	await writeFile(files.signature, toPrefixedHex(createSigner(fromHex('9'.repeat(64))!)!.sign(digest)));
	t.regex((await saying(t, 3, site, 'bind', 'meter-1', ...signed)).err, /binding urn:kedge:device:meter-1 would fail/);
	await writeFile(files.signature, `${toPrefixedHex(createSigner(fromHex(ownerKey.slice(2))!)!.sign(digest))}\n`);
	t.regex((await saying(t, 2, site, 'bind', 'home-01', ...signed)).err, /they are for urn:kedge:device:meter-1/);
	t.regex((await saying(t, 0, site, 'bind', 'meter-1', ...signed)).out, /is bound to 0x/);
	t.is((await newestIdentity(site)).owner, `eip155:31337:${owner}`);
	t.regex((await saying(t, 0, site, 'binding', 'meter-1')).out, /replaced by +the log's opener and the owner/);

	// A node of another chain, and a contract that is no registry.
	const other = await changeConfig(site, text => text.replace(`chainId: ${anvilChainId}`, 'chainId: 1'));
	t.regex((await saying(t, 2, other, 'binding', 'meter-1')).err, /speaks for chain 31337, not for chain 1/);
	site = await changeConfig(other, text => text.replace('chainId: 1\n', `chainId: ${anvilChainId}\n`));
	t.regex(
		(await saying(t, 2, site, 'binding', 'meter-1', '--registry', site.config.anchor!.chains[0].registry)).err,
		/is no DeviceRegistry/,
	);
	const spawned = await kedge(t, ['device', 'binding', 'meter-1', '--json', '--config', site.configPath]);
	t.is(spawned.code, 0, spawned.err);
	t.is((JSON.parse(spawned.out) as {binding: {owner: string}}).binding.owner, owner);
	t.is((await kedge(t, ['audit', '--config', site.configPath])).code, 0);
});

test('a change that came over the socket is a binding only in its one form', t => {
	const account = `eip155:1:${owner}`;
	const binding = {owner: account, registry: account};
	t.deepEqual(deviceChangeOf({event: 'bind', id: 'a', binding, more: 1}), {event: 'bind', id: 'a', binding});
	t.deepEqual(deviceChangeOf({event: 'bind', id: 'a', binding: null}), {event: 'bind', id: 'a', binding: null});
	const bad: readonly unknown[] = [
		{event: 'bind', id: 'a'},
		{event: 'bind', binding},
		{event: 'bind', id: 'a', binding: account},
		{event: 'bind', id: 'a', binding: {owner: account}},
		{event: 'bind', id: 'a', binding: {...binding, owner: owner}},
		{event: 'bind', id: 'a', binding: {...binding, owner: account.toUpperCase()}},
		{event: 'bind', id: 'a', binding: {...binding, registry: `${account}0`}},
		{event: 'bind', id: 'a', binding: {...binding, registry: account.replace(':1:', ':01:')}},
	];
	for (const value of bad) t.throws(() => deviceChangeOf(value), {code: 'ARGUMENT_INVALID'}, JSON.stringify(value));
});
