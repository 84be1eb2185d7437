// File systems of one's own: ext4 images on a loop device, and small tmpfs. What is mounted is unmounted when the harness ends.

import {spawnSync} from 'node:child_process';
import {
	closeSync,
	constants,
	copyFileSync,
	fstatSync,
	mkdirSync,
	openSync,
	readSync,
	truncateSync,
	writeFileSync,
	writeSync,
} from 'node:fs';
import {run} from './process.ts';

const mounted = new Set<string>();
process.on('exit', () => {
	for (const point of mounted) spawnSync('umount', ['-l', point]);
});

async function mount(point: string, words: readonly string[]): Promise<void> {
	mkdirSync(point, {recursive: true});
	await run('mount', ...words, point);
	mounted.add(point);
}

export async function unmount(point: string): Promise<void> {
	if (!mounted.has(point)) return;
	await run('umount', point);
	mounted.delete(point);
}

/** An empty ext4 in a sparse file. */
export async function makeImage(path: string, sizeMiB: number): Promise<void> {
	writeFileSync(path, '');
	truncateSync(path, sizeMiB * 1024 * 1024);
	await run('mkfs.ext4', '-q', '-F', '-m', '0', '-E', 'lazy_itable_init=0,lazy_journal_init=0', path);
}

/** Mounting replays the journal, as the first start after a power cut does. */
export function mountImage(path: string, point: string): Promise<void> {
	return mount(point, ['-t', 'ext4', '-o', 'loop', path]);
}

export function mountTmpfs(point: string, sizeKiB: number): Promise<void> {
	return mount(point, ['-t', 'tmpfs', '-o', `size=${sizeKiB}k,mode=700`, 'tmpfs']);
}

const chunkBytes = 1024 * 1024;

/** Copies only what is not zero. */
export function copySparse(from: string, to: string): void {
	const source = openSync(from, 'r');
	const target = openSync(to, 'w');
	try {
		const {size} = fstatSync(source);
		const zeros = Buffer.alloc(chunkBytes);
		const chunk = Buffer.alloc(chunkBytes);
		for (let at = 0; at < size; ) {
			const length = readSync(source, chunk, 0, chunkBytes, at);
			if (chunk.compare(zeros, 0, length, 0, length) !== 0) writeSync(target, chunk, 0, length, at);
			at += length;
		}
		truncateSync(to, size);
	} finally {
		closeSync(source);
		closeSync(target);
	}
}

/** True if both files hold the same bytes. */
export function isSame(one: string, other: string): boolean {
	const files = [openSync(one, 'r'), openSync(other, 'r')] as const;
	try {
		const chunks = [Buffer.alloc(chunkBytes), Buffer.alloc(chunkBytes)] as const;
		for (let at = 0; ; ) {
			const [length, otherLength] = [readSync(files[0], chunks[0], 0, chunkBytes, at), readSync(files[1], chunks[1], 0, chunkBytes, at)];
			if (length !== otherLength || chunks[0].compare(chunks[1], 0, length, 0, length) !== 0) return false;
			if (length === 0) return true;
			at += length;
		}
	} finally {
		closeSync(files[0]);
		closeSync(files[1]);
	}
}

/**
 * Copies an image whose writer stands still, as it was at one moment: what the kernel writes back meanwhile would make a copy of two moments, so the image is compared
 * with the copy afterwards, and copied again until both are the same. Gives how many copies that took.
 */
export function copyAtOneMoment(from: string, to: string): number {
	for (let copies = 1; copies <= 50; copies += 1) {
		copySparse(from, to);
		if (isSame(from, to)) return copies;
	}
	throw new Error(`${from} never stood still`);
}

/** A plain copy of a file that nobody writes. */
export function copyFile(from: string, to: string): void {
	copyFileSync(from, to, constants.COPYFILE_FICLONE);
}
