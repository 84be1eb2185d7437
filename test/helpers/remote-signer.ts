// Stands in for web3signer: signs with a real key what `eth_signTransaction` asks for, or gives back what a faulty or hostile one would.
import {createServer, type IncomingHttpHeaders, type RequestListener} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import {Transaction, type TransactionLike, Wallet} from 'ethers';

/** What happens to one request. */
export type SignerTreatment =
	/** Signed as it was asked. */
	| 'sign'
	/** Nobody ever answers. */
	| 'hang'
	/** The connection is cut. */
	| 'drop'
	/** The headers come, and half of the answer. */
	| 'half'
	/** Signed, after these fields were changed. */
	| {readonly change: TransactionLike}
	/** Signed by another key. */
	| {readonly key: string}
	/** This result in place of a signed transaction; `signed` is what there would have been. */
	| {readonly result: (signed: string) => unknown}
	/** A JSON-RPC error; web3signer puts it under HTTP 500. */
	| {readonly error: {readonly code: number; readonly message: string}; readonly status?: number}
	| {readonly status: number; readonly body: string; readonly headers?: Record<string, string>};

export type AskedSigner = {
	readonly method: string;
	readonly params: readonly Readonly<Record<string, string>>[];
	readonly headers: IncomingHttpHeaders;
};

export type RemoteSigner = {
	readonly url: string;
	readonly address: string;
	/** For each request. */
	treat: () => SignerTreatment;
	readonly asked: AskedSigner[];
	readonly stop: () => Promise<void>;
};

/** PEM texts: its own certificate, and the authority whose clients alone it serves. */
export type SignerTls = {readonly certificate: string; readonly key: string; readonly clientCa: string};

/** `chainId`: web3signer signs for the one that it was started with, whatever it is asked. */
export async function startRemoteSigner(privateKey: string, chainId: number, tls?: SignerTls): Promise<RemoteSigner> {
	const wallet = new Wallet(privateKey);
	const serve: RequestListener = (incoming, outgoing) => {
		const parts: Buffer[] = [];
		incoming.on('data', (part: Buffer) => parts.push(part));
		incoming.on('end', () => {
			const request = JSON.parse(Buffer.concat(parts).toString()) as AskedSigner & {readonly id: number};
			signer.asked.push({method: request.method, params: request.params, headers: incoming.headers});
			const treatment = signer.treat();
			if (treatment === 'hang') return;
			if (treatment === 'drop') {
				incoming.socket.destroy();
				return;
			}
			if (treatment === 'half') {
				outgoing.writeHead(200, {'content-type': 'application/json', 'content-length': '1000'}).write('{"jsonrpc":');
				setImmediate(() => incoming.socket.destroy());
				return;
			}
			if (typeof treatment === 'object' && 'body' in treatment) {
				outgoing.writeHead(treatment.status, treatment.headers).end(treatment.body);
				return;
			}
			const say = (value: object, status = 200): void => {
				outgoing.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify({jsonrpc: '2.0', id: request.id, ...value}));
			};
			if (typeof treatment === 'object' && 'error' in treatment) return say({error: treatment.error}, treatment.status ?? 500);
			const plain = transactionOf(request.params[0]!, chainId);
			const changed = typeof treatment === 'object' && 'change' in treatment ? {...plain, ...treatment.change} : plain;
			const signing = typeof treatment === 'object' && 'key' in treatment ? new Wallet(treatment.key) : wallet;
			const transaction = Transaction.from(changed);
			transaction.signature = signing.signingKey.sign(transaction.unsignedHash);
			const signed = transaction.serialized;
			say({result: typeof treatment === 'object' && 'result' in treatment ? treatment.result(signed) : signed});
		});
	};
	const server =
		tls === undefined
			? createServer(serve)
			: createTlsServer({cert: tls.certificate, key: tls.key, ca: tls.clientCa, requestCert: true, rejectUnauthorized: true}, serve);
	await new Promise<void>(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const {port} = server.address() as AddressInfo;
	const signer: RemoteSigner = {
		url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
		address: wallet.address.toLowerCase(),
		treat: () => 'sign',
		asked: [],
		stop: () =>
			new Promise(resolve => {
				server.closeAllConnections();
				server.close(() => resolve());
			}),
	};
	return signer;
}

/** With both fee caps an EIP-1559 transaction, else a legacy one, as web3signer tells them apart. */
function transactionOf(asked: Readonly<Record<string, string>>, chainId: number): TransactionLike {
	const {to, data, value, gas, nonce, gasPrice, maxFeePerGas, maxPriorityFeePerGas} = asked;
	const common: TransactionLike = {
		to: to ?? null,
		data: data ?? '0x',
		value: BigInt(value ?? 0),
		gasLimit: BigInt(gas ?? 90_000),
		nonce: Number(nonce),
		chainId,
	};
	return maxFeePerGas !== undefined && maxPriorityFeePerGas !== undefined
		? {...common, type: 2, maxFeePerGas: BigInt(maxFeePerGas), maxPriorityFeePerGas: BigInt(maxPriorityFeePerGas)}
		: {...common, type: 0, gasPrice: BigInt(gasPrice ?? 0)};
}
