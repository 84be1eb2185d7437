// Tells where a device's own numbering jumps, over all of its messages and channels.

import {sessionsRemembered} from './repeats.ts';

/** Numbers of the device that were not admitted when a later one came, both ends included. */
export type Gap = {readonly from: number; readonly to: number};

/** Where a session of the device stands. */
type Numbering = {readonly session: string; top: number};

/** What is remembered of one device's numbering. Where a session begins nobody knows: only what is missing behind its first admitted number is a gap. */
export class DeviceNumbers {
	/** The one used last is in front. */
	readonly #sessions: Numbering[] = [];
	/** True while the log holds nothing of this device beyond what is here. */
	#isWhole: boolean;

	/** What the log knew of the device when it was opened: the one session that all of its channels stand in with its largest number, and whether there is nothing else. */
	constructor(known: {readonly newest: {readonly session: string; readonly top: number} | undefined; readonly isWhole: boolean}) {
		this.#isWhole = known.isWhole;
		if (known.newest !== undefined) this.#sessions.push({...known.newest});
	}

	/** False if `admit` needs to be told the largest number that the log has of the device in this session. */
	knows(session: string): boolean {
		return this.#sessions[0]?.session === session || this.#isWhole || this.#find(session) !== undefined;
	}

	/**
	 * Takes a number that is admitted, and gives the gap in front of it, if there is one. A number below the largest is late, or the device began to count anew
	 * within the session: neither is a gap. `topInLog` is the largest that the log has, if `knows` says that it is needed.
	 */
	admit(session: string, sequence: number, topInLog: number | undefined): Gap | undefined {
		let found = this.#sessions[0];
		if (found?.session !== session) {
			found = this.#find(session);
			if (found !== undefined) this.#sessions.splice(this.#sessions.indexOf(found), 1);
			else if (this.#isWhole || topInLog === undefined) found = {session, top: sequence};
			else found = {session, top: topInLog};
			this.#sessions.unshift(found);
			if (this.#sessions.length > sessionsRemembered) {
				this.#sessions.length = sessionsRemembered;
				// What was dropped is only on disk.
				this.#isWhole = false;
			}
		}
		const {top} = found;
		if (sequence <= top) return undefined;
		found.top = sequence;
		return sequence === top + 1 ? undefined : {from: top + 1, to: sequence - 1};
	}

	#find(session: string): Numbering | undefined {
		return this.#sessions.find(one => one.session === session);
	}
}
