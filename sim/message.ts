// What a simulated device sends, and next to it the truth: which readings an agent that works must end up with.

/** One reading as the simulator knows it from its own integers: value·10^exponent in the quantity's base unit. */
export type ExpectedReading = {
	readonly deviceId: string;
	readonly quantityName: string;
	readonly part?: string;
	readonly value: bigint;
	readonly exponent: number;
	readonly measuredAtMs: number;
};

export type Message = {
	/** Who sends it; also the connection that it goes through. */
	readonly deviceId: string;
	/** Unique for the device, `boot/sequence`. */
	readonly id: string;
	readonly topic: string;
	readonly payload: string;
	/** The truth. For a hostile message: none, whatever its payload says. */
	readonly readings: readonly ExpectedReading[];
	/** Why an agent must refuse it. */
	readonly hostile?: string;
};

/** A message as it leaves: bytes where the device signs in a form that is no text. */
export type Sent = Omit<Message, 'payload'> & {readonly payload: string | Uint8Array};

/** A whole number of 10^−places as a plain decimal text: (−5123, 1) is `-512.3`. Written apart from the agent's own printing on purpose. */
export function printFixed(value: number, places: number): string {
	if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a whole number`);
	if (places === 0) return String(value);
	const unit = 10 ** places;
	const size = Math.abs(value);
	const fraction = String(size % unit).padStart(places, '0');
	return `${value < 0 ? '-' : ''}${Math.floor(size / unit)}.${fraction}`;
}
