// Programs that a test starts end with it, before what they write into is deleted.
import type {ChildProcess} from 'node:child_process';
import type {ExecutionContext} from 'ava';

/** How long a program may take to end by itself. */
const endMsMax = 20_000;

/** Ends a program when the test ends, and waits until it is gone: a folder that somebody still writes into cannot be deleted. */
export function endWithTest(t: ExecutionContext, child: ChildProcess, signal: NodeJS.Signals): void {
	const gone = new Promise<void>(resolve => child.once('exit', () => resolve()));
	t.teardown(async () => {
		if (child.exitCode !== null || child.signalCode !== null) return;
		const kill = setTimeout(() => child.kill('SIGKILL'), endMsMax);
		child.kill(signal);
		await gone;
		clearTimeout(kill);
	});
}
