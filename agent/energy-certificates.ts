// The composition root's part that energy certificates are asked for, opened and moved by, beside the running agent.

import {askAccounts} from './accounts.ts';
import {AgentError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {StatementBody} from './format/statement.ts';
import {accountUrn, idPattern, parseAccountUrn} from './format/subject.ts';
import type {CertifiedHour, DeviceCertificates, GranularCertificate} from './ledgers/energy/certificates-of.ts';
import {openLogReader} from './log/reader.ts';
import type {Site, SitePaths} from './site.ts';
import {type Stated, stateAtSite} from './stating.ts';

export type {CertifiedHour, DeviceCertificates, GranularCertificate};

/** Certificates of a device, of the hours that begin in a period. Fails with ENTRY_UNKNOWN where none are open. */
export async function certificatesAt(paths: SitePaths, device: string, fromMs: number, toMs: number): Promise<DeviceCertificates> {
	const {answer} = await askAccounts(paths, {about: 'certificates', id: checked(device), fromMs, toMs});
	return answer as unknown as DeviceCertificates;
}

/** Devices that the log says anything of certificates of, by name. */
export async function devicesWithCertificates(paths: Pick<SitePaths, 'log'>): Promise<string[]> {
	await using reader = await openLogReader({path: paths.log, hasher: nodeHasher});
	return (await reader.channels())
		.flatMap(({urn}) => {
			const account = parseAccountUrn(urn);
			return account?.sort === 'certificates' ? [account.id] : [];
		})
		.sort();
}

/** Lets the running agent state something of a device's certificates. Fails with ARGUMENT_INVALID where the ledger refuses it, or AGENT_UNREACHABLE. */
export function stateCertificate(paths: Pick<SitePaths, 'socket'>, device: string, body: StatementBody): Promise<Stated> {
	return stateAtSite(paths, {says: 'certificate', urn: accountUrn('certificates', checked(device)), body});
}

/** How often a device of the config reports at least, in ms; undefined where it does not say. */
export function cadenceOf({config}: Pick<Site, 'config'>, device: string): number | undefined {
	const seconds = config.devices.find(({id}) => id === device)?.cadenceSeconds;
	return seconds === undefined ? undefined : seconds * 1000;
}

function checked(device: string): string {
	if (!idPattern.test(device)) throw new AgentError('ARGUMENT_INVALID', `"${device.slice(0, 64)}" is not the id of a device`);
	return device;
}
