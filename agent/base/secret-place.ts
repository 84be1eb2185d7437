// Turns the words of a config that say where a secret is into the path of its file.

import {isAbsolute, join} from 'node:path';
import {AgentError} from './errors.ts';

/** A file, or a credential that systemd hands to the service [systemd.exec(5), LoadCredential=]. */
export type SecretPlace = {readonly file: string} | {readonly credential: string};

const credentialPrefix = 'credential:';
/**
 * systemd takes names that are file names [systemd.exec(5): "an ASCII string suitable as filename"]. These are fewer: no slash and no leading dot, so that a name never leaves the
 * directory of credentials.
 */
const credentialName = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** What `keystorePasswordFile` and its like say: a path, or `credential:NAME`. */
export function secretPlace(text: string): SecretPlace | {readonly problem: string} {
	if (text.includes('\0')) return {problem: 'a path has no NUL in it'};
	if (!text.startsWith(credentialPrefix)) return text === '' ? {problem: 'it is empty'} : {file: text};
	const credential = text.slice(credentialPrefix.length);
	if (!credentialName.test(credential))
		return {
			problem: `"${credential}" is not the name of a credential: 1 to 128 letters, digits, ".", "_" or "-", and no "." in front`,
		};
	return {credential};
}

/** Where systemd has put a credential. `directory` is what $CREDENTIALS_DIRECTORY holds. Fails with KEY_INVALID. */
export function credentialPath(credential: string, directory: string | undefined): string {
	if (directory === undefined || directory === '')
		throw new AgentError('KEY_INVALID', `the credential "${credential}" cannot be read: $CREDENTIALS_DIRECTORY is not set`, {
			hint: `Only a service of systemd has credentials: put LoadCredentialEncrypted=${credential}:FILE into its unit. On a command line, run it with: systemd-run --pty --property=LoadCredentialEncrypted=${credential}:FILE kedge …`,
		});
	if (!isAbsolute(directory))
		throw new AgentError('KEY_INVALID', `$CREDENTIALS_DIRECTORY is "${directory}", which is not an absolute path`);
	return join(directory, credential);
}
