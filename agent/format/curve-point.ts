// Finds out whether the bytes of a public key are a point of its curve, and unfolds compressed points. Slow exact arithmetic: for enrolling keys, not for messages.

/** A curve y² = x³ + ax + b over a prime field whose order is 3 mod 4, so that a root is a power [SEC 1 §2.3.4]. */
type Curve = {readonly p: bigint; readonly a: bigint; readonly b: bigint};

/** [SEC 2 §2.4.2] */
export const p256: Curve = {
	p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
	a: -3n,
	b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
};

/** [SEC 2 §2.4.1] */
export const secp256k1: Curve = {p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn, a: 0n, b: 7n};

const coordinateLength = 32;

/** 0x04, x and y of a compressed point (0x02 or 0x03, and x); undefined if the curve has no such point. [SEC 1 §2.3.4] */
export function uncompressedPoint({p, a, b}: Curve, compressed: Uint8Array): Uint8Array | undefined {
	const sign = compressed[0];
	if (compressed.length !== 1 + coordinateLength || (sign !== 2 && sign !== 3)) return undefined;
	const x = bigEndian(compressed.subarray(1));
	if (x >= p) return undefined;
	const square = mod(x * x * x + a * x + b, p);
	const root = power(square, (p + 1n) / 4n, p);
	// Both curves have prime order, so that no point has y = 0.
	if (root === 0n || (root * root) % p !== square) return undefined;
	const y = (root & 1n) === BigInt(sign & 1) ? root : p - root;
	const point = new Uint8Array(1 + 2 * coordinateLength);
	point[0] = 4;
	point.set(compressed.subarray(1), 1);
	for (let [i, left] = [2 * coordinateLength, y]; i > coordinateLength; i -= 1, left >>= 8n) point[i] = Number(left & 255n);
	return point;
}

const edwardsP = 2n ** 255n - 19n;
/** −121665/121666 [RFC 8032 §5.1]. */
const edwardsD = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n;
/** y of two of the four points of order 8; of the other two it is the negative. */
const orderEightY = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
/** y of all eight points that eight times themselves are nothing: with such a key one signature is good for many messages. */
const smallOrderY: readonly bigint[] = [0n, 1n, edwardsP - 1n, orderEightY, edwardsP - orderEightY];

/** True if the 32 bytes are the canonical form of a point of edwards25519 that is not of small order. [RFC 8032 §5.1.3] */
export function isEdwardsPoint(bytes: Uint8Array): boolean {
	if (bytes.length !== coordinateLength) return false;
	const y = bigEndian(Uint8Array.from(bytes).reverse()) & (2n ** 255n - 1n);
	if (y >= edwardsP || smallOrderY.includes(y)) return false;
	// x² = (y² − 1)/(dy² + 1) is a square exactly where u·v is [Euler's criterion], since u/v is u·v over a square.
	const u = mod(y * y - 1n, edwardsP);
	const v = mod(edwardsD * y * y + 1n, edwardsP);
	return power((u * v) % edwardsP, (edwardsP - 1n) / 2n, edwardsP) === 1n;
}

function bigEndian(bytes: Uint8Array): bigint {
	let value = 0n;
	for (const byte of bytes) value = (value << 8n) | BigInt(byte);
	return value;
}

function mod(value: bigint, p: bigint): bigint {
	const rest = value % p;
	return rest < 0n ? rest + p : rest;
}

function power(base: bigint, exponent: bigint, p: bigint): bigint {
	let result = 1n;
	for (let [square, left] = [base, exponent]; left > 0n; left >>= 1n, square = (square * square) % p)
		if ((left & 1n) === 1n) result = (result * square) % p;
	return result;
}
