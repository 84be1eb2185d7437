// Holds the vectors to their generator, and the reference twin that judges them to figures published by others.
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {standardLeaf, vectorFiles} from '../helpers/make-vectors.ts';
import * as reference from '../helpers/reference-merkle.ts';

function bytes(hex: string): Uint8Array {
	return Uint8Array.from(Buffer.from(hex, 'hex'));
}

function hex(hash: Uint8Array): string {
	return Buffer.from(hash).toString('hex');
}

/** The eight entries that implementations of RFC 6962 have tested with since the first one. */
const publishedLeaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(bytes);

test('the committed vectors are what the generator makes, no file more and none less', t => {
	const files = vectorFiles();
	for (const [path, text] of files) t.true(readFileSync(join('test/vectors', path), 'utf8') === text, `${path} differs`);
	const committed = ['merkle', 'entry'].flatMap(directory =>
		readdirSync(join('test/vectors', directory), {recursive: true, encoding: 'utf8'})
			.filter(path => path.endsWith('.json'))
			.map(path => `${directory}/${path.replaceAll('\\', '/')}`),
	);
	t.deepEqual(committed.sort(), [...files.keys()].sort());
});

test('the reference twin gives the published roots', t => {
	const published = [
		'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
		'6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
		'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
		'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
		'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
		'4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
		'76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
		'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
		'5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
	];
	for (const [size, root] of published.entries()) t.is(hex(reference.MTH(publishedLeaves.slice(0, size))), root);
	t.is(hex(reference.leafHash(Buffer.from('L123456'))), '395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56');
	t.is(
		hex(reference.nodeHash(Buffer.from('N123'), Buffer.from('N456'))),
		'aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb',
	);
});

test('the reference twin gives the published proofs', t => {
	t.deepEqual(
		reference.PATH(5, publishedLeaves).map(hash => hex(hash).slice(0, 8)),
		['bc1a0643', 'ca854ea1', 'd37ee418'],
	);
	t.deepEqual(
		reference.PROOF(6, publishedLeaves).map(hash => hex(hash).slice(0, 8)),
		['0ebc5d34', 'ca854ea1', 'd37ee418'],
	);
});

test('every path and proof of the reference twin leads back to its root', t => {
	const leaves = Array.from({length: 40}, (_, index) => standardLeaf(index));
	for (let size = 1; size <= leaves.length; size++) {
		const tree = leaves.slice(0, size);
		const root = reference.MTH(tree);
		for (let index = 0; index < size; index++) {
			const leaf = reference.leafHash(leaves[index]!);
			t.true(reference.isIncluded(leaf, BigInt(index), BigInt(size), root, reference.PATH(index, tree)));
		}
		for (let earlier = 1; earlier < size; earlier++) {
			const earlierRoot = reference.MTH(leaves.slice(0, earlier));
			t.true(reference.isConsistent(BigInt(earlier), earlierRoot, BigInt(size), root, reference.PROOF(earlier, tree)));
		}
	}
});
