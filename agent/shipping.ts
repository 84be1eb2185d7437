// The composition root's part that follows shipments for whoever sends, carries or buys: states what happened through the running agent, lets both parties of a hand-over sign, and tells the account.

import {askAccounts} from './accounts.ts';
import {fromBase64, fromHex, toBase64, toHex} from './base/bytes.ts';
import {createDeviceSigner, type DeviceSigner, verifyDeviceSignature} from './base/device-signature.ts';
import {AgentError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {Random} from './base/random.ts';
import {formatDeviceKey, parseDeviceKey} from './format/device-key.ts';
import {canonicalText, type Json, parseEditedDocument} from './format/document.ts';
import type {StatementBody} from './format/statement.ts';
import {accountUrn, parseAccountUrn, parseChannelUrn} from './format/subject.ts';
import type {ShipmentAccount} from './ledgers/coldchain/account.ts';
import {verdictBody} from './ledgers/coldchain/coldchain.ts';
import {epcisDocument} from './ledgers/coldchain/epcis.ts';
import {type Alarm, decidingAlarms, type Profile, profileOf, profiles} from './ledgers/coldchain/profiles.ts';
import {
	type AssignmentBody,
	assignmentBody,
	endBody,
	type HandoverTerms,
	handoverBody,
	handoverBytes,
	type LegBody,
	type Lot,
	legBody,
	type Party,
	type ShipmentBody,
	type ShipmentKind,
	shipmentBody,
	type VerdictName,
} from './ledgers/coldchain/statements.ts';
import {openLogReader} from './log/reader.ts';
import type {SitePaths} from './site.ts';
import {type Stated, stateAtSite} from './stating.ts';

export type {Alarm, Profile, ShipmentAccount, VerdictName};
export {decidingAlarms};

/** The profiles that are built in: id, name, source and limits. */
export const builtInProfiles: readonly Profile[] = profiles;

/** A file that opens a shipment, as people write it. */
const openingBytesMax = 200_000;
const handoverBytesMax = 100_000;
const lotsMax = 256;
const partiesMax = 32;

/** Ids of the shipments that a site's log knows, in the order in which they were first stated. */
export async function listShipments(paths: Pick<SitePaths, 'log'>): Promise<string[]> {
	await using reader = await openLogReader({path: paths.log, hasher: nodeHasher});
	return (await reader.channels()).flatMap(({urn}) => {
		const account = parseAccountUrn(urn);
		return account?.sort === 'shipment' ? [account.id] : [];
	});
}

/** The account of a shipment, of readings in a time. Fails with ENTRY_UNKNOWN where the log says nothing of it. */
export async function askShipment(
	paths: SitePaths,
	id: string,
	period: {readonly fromMs?: number | undefined; readonly toMs: number},
): Promise<{readonly account: ShipmentAccount; readonly answer: Json; readonly size: number}> {
	const {answer, size} = await askAccounts(paths, {about: 'shipment', id, fromMs: period.fromMs ?? 0, toMs: period.toMs});
	return {account: answer as unknown as ShipmentAccount, answer, size};
}

/** When a shipment was opened, and when it was closed, or `nowMs`. Fails with ENTRY_UNKNOWN where nothing opened it. */
export async function spanOfShipment(
	paths: SitePaths,
	id: string,
	nowMs: number,
): Promise<{readonly fromMs: number; readonly toMs: number}> {
	// Of one moment: only who and what is asked, and no readings.
	const {account} = await askShipment(paths, id, {fromMs: nowMs, toMs: nowMs + 1});
	if (!account.isOpened) throw new AgentError('ENTRY_UNKNOWN', `nothing opened shipment ${id}`);
	const [lot] = account.lots as unknown as readonly {readonly custody: readonly {readonly fromMs: number}[]}[];
	const closing = account.closing as {readonly atMs: number} | undefined;
	return {fromMs: lot!.custody[0]!.fromMs, toMs: closing?.atMs ?? nowMs};
}

/**
 * What a file says that opens a shipment: goods, lots, parties, holder, and profile by its id or whole; from when, in ms or as a time of ISO 8601 with its offset. Fails with FORMAT_INVALID.
 */
export function readOpening(bytes: Uint8Array, path: string, nowMs: number): StatementBody {
	const parsed = parseEditedDocument(bytes, openingBytesMax, (fields): ShipmentBody => {
		fields.only('from', 'goods', 'lots', 'parties', 'holder', 'profile');
		const profile = fields.json('profile');
		const from = fields.has('from') ? fields.json('from') : nowMs;
		return {
			fromMs: typeof from === 'string' ? timeOf(from) : (from as number),
			goods: fields.text('goods'),
			lots: fields.list('lots', lotsMax, (lot): Lot => {
				lot.only('id', 'name', 'gtin', 'batch', 'quantity', 'unit');
				const {text, textMaybe} = lot;
				return {
					id: text('id'),
					name: text('name'),
					gtin: textMaybe('gtin'),
					batch: textMaybe('batch'),
					quantity: textMaybe('quantity'),
					unit: textMaybe('unit'),
				};
			}),
			parties: fields.list('parties', partiesMax, (party): Party => {
				party.only('id', 'name', 'role', 'key', 'gln');
				const {text, textMaybe} = party;
				return {id: text('id'), name: text('name'), role: textMaybe('role'), key: textMaybe('key'), gln: textMaybe('gln')};
			}),
			holder: fields.text('holder'),
			// Whatever it is, the ledger says what is wrong with it.
			profile: (typeof profile === 'string' ? (profileOf(profile) ?? profile) : profile) as unknown as Profile,
		};
	});
	if ('problem' in parsed) throw new AgentError('FORMAT_INVALID', `${path}: ${parsed.problem}`);
	const {profile} = parsed.value;
	if (typeof profile === 'string')
		throw new AgentError('FORMAT_INVALID', `${path}: there is no profile "${profile}"`, {
			hint: `There are ${profiles.map(({id}) => id).join(', ')}; or the profile stands there whole.`,
		});
	return shipmentBody(parsed.value);
}

/** NaN, which the ledger refuses, unless it is a whole time with its offset: local times come twice a year. */
function timeOf(text: string): number {
	return /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
}

function stateOf(
	paths: Pick<SitePaths, 'socket'>,
	id: string,
	says: ShipmentKind,
	body: StatementBody,
	more: {readonly value?: bigint; readonly eventMs?: number} = {},
): Promise<Stated> {
	return stateAtSite(paths, {says, urn: accountUrn('shipment', id), body, ...more});
}

export function openShipment(paths: Pick<SitePaths, 'socket'>, id: string, opening: StatementBody): Promise<Stated> {
	return stateOf(paths, id, 'shipment', opening);
}

export function stateLeg(paths: Pick<SitePaths, 'socket'>, id: string, leg: LegBody): Promise<Stated> {
	return stateOf(paths, id, 'leg', legBody(leg), {eventMs: leg.fromMs});
}

export function assignSensor(paths: Pick<SitePaths, 'socket'>, id: string, assignment: AssignmentBody): Promise<Stated> {
	return stateOf(paths, id, 'assignment', assignmentBody(assignment), {eventMs: assignment.fromMs});
}

/**
 * Why nobody would know how the goods are whom this channel watches: the log has none of this name, as one sentence, and what may have been meant as another. undefined where it has one.
 */
export async function unknownChannel(
	paths: Pick<SitePaths, 'log'>,
	channel: string,
): Promise<{readonly problem: string; readonly hint: string | undefined} | undefined> {
	await using reader = await openLogReader({path: paths.log, hasher: nodeHasher});
	const urns = (await reader.channels()).map(({urn}) => urn);
	if (urns.includes(channel)) return undefined;
	const problem = `the log has no channel ${channel} yet: until it speaks nobody knows how the goods are`;
	const {deviceId} = parseChannelUrn(channel) ?? {deviceId: ''};
	const known = urns.flatMap(urn => parseChannelUrn(urn) ?? []);
	const own = known.filter(one => one.deviceId === deviceId);
	if (own.length > 0) {
		const names = own
			.slice(0, namesToldMax)
			.map(({quantityName, part}) => (part === undefined ? quantityName : `${quantityName} of ${part}`));
		return {problem, hint: `${deviceId} has ${names.join(', ')}${own.length > namesToldMax ? ', …' : ''}.`};
	}
	const near = nearestName(deviceId, new Set(known.map(one => one.deviceId)));
	return {problem, hint: near === undefined ? undefined : `Misspelt? There is a device ${near}.`};
}

const namesToldMax = 10;

/** The name that takes the fewest letters put in, left out or changed, if those are at most a third of it. */
function nearestName(wanted: string, names: Iterable<string>): string | undefined {
	let [best, fewest]: [string | undefined, number] = [undefined, Math.max(2, Math.floor(wanted.length / 3)) + 1];
	for (const name of names) {
		const changes = changesBetween(wanted.toLowerCase(), name.toLowerCase());
		if (changes < fewest) [best, fewest] = [name, changes];
	}
	return best;
}

/** Levenshtein's distance; ids have at most 64 letters. */
function changesBetween(a: string, b: string): number {
	let above = Array.from({length: b.length + 1}, (_, i) => i);
	for (let i = 1; i <= a.length; i += 1) {
		const row = [i];
		for (let j = 1; j <= b.length; j += 1)
			row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
		above = row;
	}
	return above[b.length]!;
}

/** Ends a leg or an assignment that was left open. */
export function endAt(
	paths: Pick<SitePaths, 'socket'>,
	id: string,
	what: 'leg' | 'assignment',
	ends: string,
	atMs: number,
): Promise<Stated> {
	return stateOf(paths, id, what, endBody({ends, atMs}), {eventMs: atMs});
}

/** States the verdict that the readings until `atMs` come to. */
export async function closeShipment(
	paths: SitePaths,
	id: string,
	atMs: number,
): Promise<{readonly stated: Stated; readonly account: ShipmentAccount}> {
	const {account, answer} = await askShipment(paths, id, {toMs: atMs});
	const before = account.closing as {readonly number: number} | undefined;
	const verdict = verdictBody(answer, {atMs, replaces: before?.number});
	if (verdict === undefined) throw new AgentError('ENTRY_UNKNOWN', `nothing opened shipment ${id}`);
	return {stated: await stateOf(paths, id, 'verdict', verdict.body, {value: verdict.value, eventMs: atMs}), account};
}

/** Its events as EPCIS 2.0 in JSON-LD. */
export async function tellEpcis(
	paths: SitePaths,
	id: string,
	options: {readonly toMs: number; readonly createdAtMs: number; readonly evidenceUri: string | undefined},
): Promise<string> {
	const {answer} = await askShipment(paths, id, {toMs: options.toMs});
	const document = epcisDocument(answer, {createdAtMs: options.createdAtMs, evidenceUri: options.evidenceUri});
	if (document === undefined) throw new AgentError('ENTRY_UNKNOWN', `nothing opened shipment ${id}`);
	return canonicalText(document);
}

/** A hand-over on its way from one party to the other: what is signed, with which keys, and by whom so far. */
export type HandoverDocument = {
	readonly shipment: string;
	readonly terms: HandoverTerms;
	readonly keys: {readonly from: string; readonly to: string};
	readonly signatures: {readonly from?: string | undefined; readonly to?: string | undefined};
};

const sides = ['from', 'to'] as const;

export function handoverText({shipment, terms, keys, signatures}: HandoverDocument): string {
	const {lots, from, to, atMs, place, remarks, opening} = terms;
	return canonicalText({
		kind: 'kedge-handover',
		shipment,
		terms: {lots, from, to, atMs, place, remarks, opening},
		keys: {from: keys.from, to: keys.to},
		signatures: {from: signatures.from, to: signatures.to},
	});
}

/** Fails with FORMAT_INVALID. */
export function readHandover(bytes: Uint8Array, path: string): HandoverDocument {
	const parsed = parseEditedDocument(bytes, handoverBytesMax, (fields): HandoverDocument => {
		fields.only('kind', 'shipment', 'terms', 'keys', 'signatures');
		return {
			shipment: fields.text('shipment'),
			terms: fields.object('terms', terms => {
				terms.only('lots', 'from', 'to', 'atMs', 'place', 'remarks', 'opening');
				const {text, textMaybe} = terms;
				return {
					lots: terms.texts('lots', lotsMax),
					from: text('from'),
					to: text('to'),
					atMs: terms.count('atMs'),
					place: textMaybe('place'),
					remarks: textMaybe('remarks'),
					opening: text('opening'),
				};
			}),
			keys: fields.object('keys', keys => ({from: keys.text('from'), to: keys.text('to')})),
			signatures: fields.object('signatures', one => ({from: one.textMaybe('from'), to: one.textMaybe('to')})),
		};
	});
	if ('problem' in parsed) throw new AgentError('FORMAT_INVALID', `${path} is no hand-over: ${parsed.problem}`);
	return parsed.value;
}

/** A hand-over that nobody signed yet. Fails with ARGUMENT_INVALID where a party is not there or has no key. */
export async function prepareHandover(
	paths: SitePaths,
	id: string,
	wish: Omit<HandoverTerms, 'opening' | 'lots'> & {readonly lots: readonly string[] | undefined},
): Promise<HandoverDocument> {
	const {account} = await askShipment(paths, id, {toMs: wish.atMs});
	if (account.opening === undefined) throw new AgentError('ENTRY_UNKNOWN', `nothing opened shipment ${id}`);
	const keyOf = (party: string): string => {
		const found = account.parties?.find(one => one.id === party);
		if (found?.key === undefined)
			throw new AgentError(
				'ARGUMENT_INVALID',
				found === undefined ? `there is no party ${party}` : `party ${party} has no key to sign with`,
			);
		return found.key;
	};
	const all = (account.lots as unknown as readonly {readonly id: string}[]).map(lot => lot.id);
	return {
		shipment: id,
		terms: {...wish, lots: wish.lots ?? all, opening: account.opening},
		keys: {from: keyOf(wish.from), to: keyOf(wish.to)},
		signatures: {},
	};
}

/** Adds the signature of whose key it is. Fails with KEY_INVALID where it is nobody's. */
export function signHandover(
	document: HandoverDocument,
	signer: DeviceSigner,
): {readonly document: HandoverDocument; readonly party: string} {
	const own = formatDeviceKey(signer.publicKey);
	const side = sides.find(one => document.keys[one] === own);
	if (side === undefined)
		throw new AgentError('KEY_INVALID', `${own} is the key of neither ${document.terms.from} nor ${document.terms.to}`);
	const signature = toBase64(signer.sign(handoverBytes(accountUrn('shipment', document.shipment), document.terms)));
	return {document: {...document, signatures: {...document.signatures, [side]: signature}}, party: document.terms[side]};
}

/** Who of the two has signed it, as far as their signatures fit. */
export function signersOf({shipment, terms, keys, signatures}: HandoverDocument): string[] {
	return sides.flatMap(side => {
		const key = parseDeviceKey(keys[side]);
		const signature = fromBase64(signatures[side] ?? '');
		if ('problem' in key || signature === undefined) return [];
		return verifyDeviceSignature(key, handoverBytes(accountUrn('shipment', shipment), terms), signature) ? [terms[side]] : [];
	});
}

/** Fails with ARGUMENT_INVALID where one has not signed. */
export async function stateHandover(paths: Pick<SitePaths, 'socket'>, document: HandoverDocument): Promise<Stated> {
	const signed = signersOf(document);
	const missing = sides.map(side => document.terms[side]).find(party => !signed.includes(party));
	if (missing !== undefined) throw new AgentError('ARGUMENT_INVALID', `${missing} has not signed the hand-over: both parties must`);
	const {shipment, terms, signatures} = document;
	const body = handoverBody(terms, {from: fromBase64(signatures.from!)!, to: fromBase64(signatures.to!)!});
	return stateOf(paths, shipment, 'handover', body, {eventMs: terms.atMs});
}

/** What a party keeps to itself: `ed25519:HEX` or `p256:HEX`. */
export function makePartyKey(random: Random, type: 'ed25519' | 'p256'): {readonly secretText: string; readonly publicText: string} {
	const secret = random.bytes(32);
	return {secretText: `${type}:${toHex(secret)}\n`, publicText: formatDeviceKey(createDeviceSigner(type, secret).publicKey)};
}

/** Fails with KEY_INVALID. */
export function readPartyKey(text: string, path: string): DeviceSigner {
	const found = /^(ed25519|p256):([0-9a-f]{64})\s*$/.exec(text);
	const secret = found === null ? undefined : fromHex(found[2]!);
	if (secret === undefined) throw new AgentError('KEY_INVALID', `${path} does not hold ed25519: or p256: and 64 hexadecimal digits`);
	return createDeviceSigner(found![1] as 'ed25519' | 'p256', secret);
}
