import {scryptSync} from 'node:crypto';
import test from 'ava';
import {checkPassword, generatePassword, hashPassword, passwordHashProblem} from '../../agent/base/password.ts';
import {createSystemRandom} from '../../agent/base/random.ts';

const random = createSystemRandom();

test('a password fits its own hash and no other', async t => {
	const password = generatePassword(random);
	const hash = await hashPassword(password, random);
	t.is(passwordHashProblem(hash), undefined);
	t.true(await checkPassword(Buffer.from(password), hash));
	for (const wrong of ['', `${password}x`, password.slice(1), password.toUpperCase(), ` ${password}`])
		t.false(await checkPassword(Buffer.from(wrong), hash), wrong);
	t.not(await hashPassword(password, random), hash, 'every hash has a salt of its own');
});

test('an empty password can be hashed and is told from others', async t => {
	const hash = await hashPassword('', random);
	t.true(await checkPassword(new Uint8Array(0), hash));
	t.false(await checkPassword(Buffer.from('a'), hash));
});

test('a password is 26 letters and digits that people do not mix up', t => {
	const seen = new Set<string>();
	for (let i = 0; i < 100; i += 1) {
		const password = generatePassword(random);
		t.regex(password, /^[a-km-np-z2-9]{26}$/);
		seen.add(password);
	}
	t.is(seen.size, 100);
});

test('a hash is scrypt as RFC 7914 has it, so that other tools can make one', async t => {
	const salt = Buffer.from('0123456789abcdef');
	const key = scryptSync('pässword', salt, 32, {N: 2 ** 10, r: 8, p: 1});
	const hash = `scrypt$10$${salt.toString('base64')}$${key.toString('base64')}`;
	t.is(passwordHashProblem(hash), undefined);
	t.true(await checkPassword(Buffer.from('pässword'), hash));
	t.false(await checkPassword(Buffer.from('password'), hash));
});

test('what is not such a hash is a problem, and fits no password', async t => {
	const salt = 'MDEyMzQ1Njc4OWFiY2RlZg==';
	const key = `${'A'.repeat(43)}=`;
	const wrong = [
		'',
		'secret',
		`scrypt$10$${salt}`,
		`scrypt$10$${salt}$${key}$`,
		`bcrypt$10$${salt}$${key}`,
		`scrypt$17$${salt}$${key}`,
		`scrypt$99$${salt}$${key}`,
		`scrypt$10$short$${key}`,
		`scrypt$10$${salt}$${'A'.repeat(40)}`,
		`scrypt$10$${salt.replace('==', '')}$${key}`,
		`scrypt$10$${salt.replace('Zg==', 'Zh==')}$${key}`,
		`scrypt$10$${salt}$${'A'.repeat(42)}B=`,
		` scrypt$10$${salt}$${key}`,
	];
	for (const hash of wrong) {
		t.regex(passwordHashProblem(hash) ?? '', /kedge password/, hash);
		t.false(await checkPassword(Buffer.from('secret'), hash), hash);
	}
	t.regex(passwordHashProblem(`scrypt$9$${salt}$${key}`) ?? '', /kedge password/, 'too cheap');
	t.is(passwordHashProblem(`scrypt$10$${salt}$${key}`), undefined);
	t.is(passwordHashProblem(`scrypt$16$${salt}$${key}`), undefined);
});
