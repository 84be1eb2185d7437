// Holds contracts/generated to the Solidity sources.
import {spawnSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import test from 'ava';
import {anchorRegistryAbi, anchorRegistryBytecode} from '../../contracts/generated/anchor-registry.ts';

test('the generated interface and bytecode are what the sources give', t => {
	const {status, stdout, stderr} = spawnSync(process.execPath, ['contracts/build.mjs', '--check'], {encoding: 'utf8'});
	t.is(status, 0, stderr);
	t.regex(stdout, /up to date/);
});

test('an unknown option of the build is refused with what it expects', t => {
	const {status, stderr} = spawnSync(process.execPath, ['contracts/build.mjs', '--chek'], {encoding: 'utf8'});
	t.is(status, 2);
	t.regex(stderr, /unknown arguments "--chek"; expected nothing, --check, --test or --snapshot/);
});

test('the interface has what the agent calls, and the bytecode fits a contract', t => {
	const named = new Set<string>(anchorRegistryAbi.flatMap(item => ('name' in item ? [item.name] : [])));
	const functions = ['open', 'openFor', 'anchor', 'anchorMany', 'latest', 'isAnchored', 'verifyInclusion', 'verifyConsistency'];
	const verbs = ['proposeOperator', 'withdrawProposal', 'acceptOperator', 'close'];
	const events = ['Opened', 'Anchored', 'OperatorProposed', 'ProposalWithdrawn', 'OperatorChanged', 'Closed'];
	for (const name of [...functions, ...verbs, ...events, 'Stale', 'NotConsistent', 'RingFull', 'LogClosed']) t.true(named.has(name), name);
	// ethers asks for a function by its name alone, so there is one of each.
	const names = anchorRegistryAbi.flatMap(item => (item.type === 'function' ? [item.name] : []));
	t.is(new Set(names).size, names.length);
	t.regex(anchorRegistryBytecode, /^0x[0-9a-f]+$/);
	// [EIP-170] limits code to 24,576 bytes; creation code is longer than what it leaves behind.
	t.true((anchorRegistryBytecode.length - 2) / 2 < 24_576);
});

type Layout = {
	readonly storage: readonly {readonly label: string; readonly slot: number; readonly type: string}[];
	readonly types: Readonly<
		Record<
			string,
			{readonly bytes: number; readonly members?: readonly {readonly label: string; readonly slot: number; readonly offset: number}[]}
		>
	>;
};

test('the head of a log fits one word, and where it lies is where tools look for it', t => {
	const {storage, types} = JSON.parse(readFileSync('contracts/storage/AnchorRegistry.json', 'utf8')) as Layout;
	t.deepEqual(storage, [{label: '_logs', slot: 0, offset: 0, type: 't_mapping(t_bytes32,t_struct(Log)_storage)'}] as never);
	const placesOf = (type: string): [string, number, number][] =>
		types[type]!.members!.map(({label, slot, offset}) => [label, slot, offset]);
	t.is(types['t_struct(Head)_storage']!.bytes, 32);
	t.deepEqual(placesOf('t_struct(Head)_storage'), [
		['operator', 0, 0],
		['size', 0, 20],
		['anchors', 0, 27],
		['isClosed', 0, 31],
	]);
	t.deepEqual(placesOf('t_struct(Log)_storage'), [
		['head', 0, 0],
		['root', 1, 0],
		['ring', 2, 0],
		['proposed', 514, 0],
		['successor', 515, 0],
	]);
});
