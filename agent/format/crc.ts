// CRC-32 as ZIP has it [ISO/IEC 3309, polynomial 0xEDB88320], four bytes a step.

const tables: readonly Int32Array[] = (() => {
	const made = [new Int32Array(256), new Int32Array(256), new Int32Array(256), new Int32Array(256)];
	for (let i = 0; i < 256; i += 1) {
		let rest = i;
		for (let bit = 0; bit < 8; bit += 1) rest = (rest >>> 1) ^ (-(rest & 1) & 0xedb8_8320);
		made[0]![i] = rest;
	}
	for (let i = 0; i < 256; i += 1)
		for (let k = 1; k < 4; k += 1) {
			const before = made[k - 1]![i]!;
			made[k]![i] = (before >>> 8) ^ made[0]![before & 0xff]!;
		}
	return made;
})();

export function crc32(bytes: Uint8Array): number {
	const [t0, t1, t2, t3] = tables as [Int32Array, Int32Array, Int32Array, Int32Array];
	let crc = -1;
	let at = 0;
	for (; at + 4 <= bytes.length; at += 4) {
		crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
		crc = t3[crc & 0xff]! ^ t2[(crc >>> 8) & 0xff]! ^ t1[(crc >>> 16) & 0xff]! ^ t0[crc >>> 24]!;
	}
	for (; at < bytes.length; at += 1) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]!) & 0xff]!;
	return ~crc >>> 0;
}
