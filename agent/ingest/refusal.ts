// Why an arrival or a reading is refused: one short word for counting, one sentence for people.

import {shownText} from '../base/shown-text.ts';

/** Every reason there is, with what it means. They are part of what operators see: counters, status, quarantine. */
export const refusalReasons = {
	retained: 'the broker sent it as retained: old state, never a reading',
	'too-large': 'the message is larger than `client.packetBytesMax`; only its beginning is kept',
	'device-unknown': 'no device of the config owns this topic',
	'topic-unknown': 'the topic fits no mapping of the device',
	'topic-forbidden': 'the topic belongs to another device',
	'payload-malformed': 'the payload is not what the mapping expects: broken JSON, too deep, too long, repeated or forbidden keys',
	'senml-invalid': 'the pack breaks a rule of RFC 8428 and cannot be resolved',
	'no-reading': 'the message is understood, and by its nature holds no reading: a state, a description, a last will',
	'readings-none': 'the message holds nothing that the mapping names',
	'frame-damaged': 'a checksum, a length or the form of a frame is wrong',
	'frame-part': 'one part of a frame that comes in several; the readings come with its last part',
	'frame-locked': 'the frame is encrypted, and the mapping has no key that opens it',
	'birth-missing': 'it names its metrics by numbers that no birth certificate explains; a new one was asked for',
	'not-measured': 'a simulated or test message, which measures nothing',
	'quantity-unknown': 'a name or code of the message stands for no quantity of the registry',
	'units-unknown': 'nothing has said yet which units the device prints',
	'template-unsupported': 'the device describes its value by a template that computes, and only one that points at a value is followed',
	'channels-too-many': 'the device has 256 channels already',
	'span-unknown': 'an amount of an interval whose length nothing says',
	'quantity-forbidden': 'the device may not report this quantity',
	'limit-exceeded': 'the value lies outside of the limits that the device has for it',
	'signature-missing': 'the device has a key, and the message is not signed',
	'signature-malformed': 'the signed message cannot be taken apart',
	'signature-wrong': "the signature is not of the device's key",
	'device-revoked': 'the device was revoked',
	'field-missing': 'a field that the mapping names is not there',
	'value-not-number': 'the value is not a number',
	'value-inexact': "the value does not fit the channel's exponent exactly",
	'value-out-of-range': 'the value does not fit 64 bits',
	'unit-wrong': 'the unit does not measure the quantity',
	'time-malformed': "the time is not in the mapping's format",
	'time-implausible': 'the time is before 2000 or more than a day ahead',
	'older-than-log': 'its repeat key lies among entries that were pruned, so that nobody can say whether it is new',
	'sequence-malformed': 'the sequence is not a whole number below 2^48, or the session is not a short text',
} as const;

export type RefusalReason = keyof typeof refusalReasons;

/** What every healthy home has: counted and kept like the others, and nothing that an owner must look at. */
const setAside: readonly string[] = ['no-reading', 'retained', 'frame-part'] satisfies readonly RefusalReason[];

export function isSetAside(reason: string): boolean {
	return setAside.includes(reason);
}

/** Of what learns from a description: the arrival is kept as others without a reading are. */
export const descriptionDetail = 'a description of devices: learned from, and holds no reading';

export type Refused = {readonly refused: RefusalReason; readonly detail: string};

/** Details are for people; what a device sent in them is cut and cleaned. */
const detailLengthMax = 256;

export function refuse(reason: RefusalReason, detail: string): Refused {
	return {refused: reason, detail: shownText(detail, detailLengthMax)};
}
