// Turns a folder of npm packages into registries of other projects that take a root, for the benchmark of gas to stand beside. Their makers compiled them; none of their code is here.
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {AbiCoder, Interface} from 'ethers';
import type {GasChain} from './gas.ts';

export type Rival = {
	readonly name: string;
	/** What it costs to put this head there. */
	readonly anchor: (logId: string, size: number, root: string) => Promise<number>;
};

const zero = `0x${''.padStart(64, '0')}`;

/** The Ethereum Attestation Service: a stamp of the root alone, and an attestation of log, size and root by a schema. */
async function attestationService(chain: GasChain, folder: string): Promise<Rival[]> {
	const artifact = (contract: string): {readonly abi: object[]; readonly bytecode: string} =>
		JSON.parse(readFileSync(join(folder, 'artifacts', 'contracts', `${contract}.sol`, `${contract}.json`), 'utf8'));
	const schemas = artifact('SchemaRegistry');
	const {address: schemaRegistry} = await chain.deploy(schemas.bytecode, schemas.abi as never);
	const service = artifact('EAS');
	const {address} = await chain.deploy(service.bytecode, service.abi as never, schemaRegistry);
	const noResolver = `0x${''.padStart(40, '0')}`;
	const register = new Interface(schemas.abi as never);
	const terms = ['bytes32 logId, uint64 size, bytes32 root', noResolver, false] as const;
	const schema = await chain.call(schemaRegistry, register.encodeFunctionData('register', terms));
	await chain.send(schemaRegistry, register.encodeFunctionData('register', terms));
	const calls = new Interface(service.abi as never);
	return [
		{
			name: 'EAS 1.9.0, timestamp of a root',
			anchor: async (_logId, _size, root) => (await chain.send(address, calls.encodeFunctionData('timestamp', [root]))).gasUsed,
		},
		{
			name: 'EAS 1.9.0, attestation of log, size and root',
			anchor: async (logId, size, root) => {
				const data = AbiCoder.defaultAbiCoder().encode(['bytes32', 'uint64', 'bytes32'], [logId, size, root]);
				const request = [schema, [noResolver, 0, false, zero, data, 0]];
				return (await chain.send(address, calls.encodeFunctionData('attest', [request]))).gasUsed;
			},
		},
	];
}

/** OpenAttestation's document store, as TradeTrust keeps it: a root is issued by whoever has the role. */
async function documentStore(chain: GasChain, folder: string): Promise<Rival[]> {
	const text = readFileSync(join(folder, 'dist', 'contracts', 'factories', 'DocumentStore__factory.js'), 'utf8');
	const bytecode = /_bytecode = "(0x[0-9a-f]+)"/.exec(text)?.[1];
	if (bytecode === undefined) throw new Error(`expected creation code in ${folder}`);
	const abi = ['constructor(string name, address owner)', 'function issue(bytes32 document)'];
	const {address} = await chain.deploy(bytecode, abi, 'kedge', chain.account);
	const calls = new Interface(abi);
	return [
		{
			name: 'OpenAttestation document store 4.1.1, issue of a root',
			anchor: async (_logId, _size, root) => (await chain.send(address, calls.encodeFunctionData('issue', [root]))).gasUsed,
		},
	];
}

const known: readonly {readonly name: string; readonly open: (chain: GasChain, folder: string) => Promise<Rival[]>}[] = [
	{name: '@ethereum-attestation-service/eas-contracts', open: attestationService},
	{name: '@tradetrust-tt/document-store', open: documentStore},
];

/** Those that are in the folder that `KEDGE_BENCH_REGISTRIES` names, as npm would put them there. */
export async function rivals(chain: GasChain, say: (text: string) => void): Promise<Rival[]> {
	const root = process.env.KEDGE_BENCH_REGISTRIES;
	const found: Rival[] = [];
	for (const {name, open} of known) {
		const folder = root === undefined ? undefined : join(root, 'node_modules', ...name.split('/'));
		if (folder !== undefined && existsSync(folder)) found.push(...(await open(chain, folder)));
		else say(`${name} is left out: KEDGE_BENCH_REGISTRIES names no folder that has it`);
	}
	return found;
}
