import {chown, mkdir, stat} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {replaceFile} from '../../agent/base/durable.ts';
import {takeProcessLock} from '../../agent/base/sqlite.ts';
import {testFolder} from '../helpers/site.ts';

test('a file that root replaces in the directory of another user is that user’s, and so is a lock', async t => {
	if (process.getuid?.() !== 0) {
		t.log('not run by root: nothing to give away');
		t.pass();
		return;
	}
	const folder = join(testFolder(t), 'site');
	await mkdir(folder);
	await chown(folder, 4711, 4712);
	const [file, lock] = [join(folder, 'users.json'), join(folder, 'users.json.lock')];
	await replaceFile(file, '{}', 0o600);
	await replaceFile(file, '{"again":true}', 0o600);
	const held = await takeProcessLock(lock);
	await held[Symbol.asyncDispose]();
	for (const path of [file, lock]) t.like(await stat(path), {uid: 4711, gid: 4712}, path);
	t.is((await stat(file)).mode & 0o777, 0o600);
});

test('what root makes in its own directory stays root’s', async t => {
	const file = join(testFolder(t), 'own');
	await replaceFile(file, 'x', 0o640);
	t.is((await stat(file)).uid, process.getuid!());
});
