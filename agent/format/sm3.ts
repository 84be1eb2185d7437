// SM3 [GB/T 32905-2016], the hash that Chinese commercial cryptography asks for, in plain arithmetic that runs everywhere.

const initial = [0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e] as const;

/** T_j <<< j of each round [§4.2, §5.3.3]. */
const constants = Int32Array.from({length: 64}, (_, j) => {
	const t = j < 16 ? 0x79cc4519 : 0x7a879d8a;
	const by = j % 32;
	return by === 0 ? t : (t << by) | (t >>> (32 - by));
});

/** The 32 bytes of SM3(bytes). */
export function sm3(bytes: Uint8Array): Uint8Array {
	const state = Int32Array.from(initial);
	const words = new Int32Array(68);
	const whole = bytes.length - (bytes.length % 64);
	for (let at = 0; at < whole; at += 64) compress(state, words, bytes, at);
	// The rest, a bit 1, zeros, and the length in bits in eight bytes [§5.2].
	const rest = bytes.length - whole;
	const tail = new Uint8Array(rest < 56 ? 64 : 128);
	tail.set(bytes.subarray(whole));
	tail[rest] = 0x80;
	const view = new DataView(tail.buffer);
	view.setUint32(tail.length - 8, Math.floor(bytes.length / 0x2000_0000));
	view.setUint32(tail.length - 4, (bytes.length % 0x2000_0000) * 8);
	for (let at = 0; at < tail.length; at += 64) compress(state, words, tail, at);
	const digest = new Uint8Array(32);
	const out = new DataView(digest.buffer);
	for (let i = 0; i < 8; i += 1) out.setInt32(4 * i, state[i]!);
	return digest;
}

/** One block: CF of [§5.3.3], with the expansion of [§5.3.2] in front. */
function compress(state: Int32Array, words: Int32Array, bytes: Uint8Array, begin: number): void {
	for (let j = 0, at = begin; j < 16; j += 1, at += 4)
		words[j] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
	for (let j = 16; j < 68; j += 1) {
		const far = words[j - 3]!;
		const x = words[j - 16]! ^ words[j - 9]! ^ ((far << 15) | (far >>> 17));
		const near = words[j - 13]!;
		words[j] = x ^ ((x << 15) | (x >>> 17)) ^ ((x << 23) | (x >>> 9)) ^ ((near << 7) | (near >>> 25)) ^ words[j - 6]!;
	}
	let a = state[0]!;
	let b = state[1]!;
	let c = state[2]!;
	let d = state[3]!;
	let e = state[4]!;
	let f = state[5]!;
	let g = state[6]!;
	let h = state[7]!;
	for (let j = 0; j < 64; j += 1) {
		const a12 = (a << 12) | (a >>> 20);
		const sum = (a12 + e + constants[j]!) | 0;
		const ss1 = (sum << 7) | (sum >>> 25);
		const ss2 = ss1 ^ a12;
		const ff = j < 16 ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
		const gg = j < 16 ? e ^ f ^ g : (e & f) | (~e & g);
		const tt1 = (ff + d + ss2 + (words[j]! ^ words[j + 4]!)) | 0;
		const tt2 = (gg + h + ss1 + words[j]!) | 0;
		d = c;
		c = (b << 9) | (b >>> 23);
		b = a;
		a = tt1;
		h = g;
		g = (f << 19) | (f >>> 13);
		f = e;
		e = tt2 ^ ((tt2 << 9) | (tt2 >>> 23)) ^ ((tt2 << 17) | (tt2 >>> 15));
	}
	state[0]! ^= a;
	state[1]! ^= b;
	state[2]! ^= c;
	state[3]! ^= d;
	state[4]! ^= e;
	state[5]! ^= f;
	state[6]! ^= g;
	state[7]! ^= h;
}
