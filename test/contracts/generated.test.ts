// Holds contracts/generated to the Solidity sources.
import {spawnSync} from 'node:child_process';
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
	for (const name of ['open', 'anchor', 'latest', 'isAnchored', 'verifyInclusion', 'Anchored', 'Stale', 'NotConsistent', 'RingFull']) {
		t.true(named.has(name), name);
	}
	t.regex(anchorRegistryBytecode, /^0x[0-9a-f]+$/);
	// [EIP-170] limits code to 24,576 bytes; creation code is longer than what it leaves behind.
	t.true((anchorRegistryBytecode.length - 2) / 2 < 24_576);
});
